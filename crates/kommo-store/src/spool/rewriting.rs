//! Taking hooks out of groups that stay: those of an erased account, and those that the database
//! has while others of the group wait.
//!
//! Two that rewrite one group would undo each other's work, so one at a time does it, under a lock
//! of the operating system, which ends with its process. Those that merge need no lock: [`Seen`]
//! says how.
//!
//! [`Seen`]: super::seen::Seen

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread::sleep;

use alloc::collections::BTreeSet;
use core::time::Duration;

use crate::error::StoreFault;
use crate::private_files::{crash_point, new_private_file, private_file, sync_directory};
use crate::records::rows::HookRow;

use super::name::GroupName;
use super::{ENDING, PART, Read, Spool};

/// Rewriting a group takes some milliseconds.
const LOOKS: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);

impl Spool {
    /// Removes the hooks of an account. They are off the disk when this returns, and are merged by
    /// no process that had read them before: what such a process puts is in the database before
    /// this returns, or is not committed. Returns their number.
    ///
    /// An error if a group cannot be read, or is one of a newer program: then it is not known
    /// whether there are others.
    pub(crate) fn erase(&mut self, account: &str) -> Result<u64, StoreFault> {
        let _lock = self.lock()?;
        self.refresh()?;
        let names: Vec<GroupName> = self.groups.keys().copied().collect();
        let mut erased = 0;
        for name in names {
            erased += self.retain(name, |hook| hook.account.as_deref() != Some(account))?;
        }
        self.sync()?;
        Ok(erased)
    }

    /// Removes hooks with these keys from a group: the database has them.
    pub(super) fn remove(
        &mut self,
        name: GroupName,
        keys: &BTreeSet<String>,
    ) -> Result<(), StoreFault> {
        let _lock = self.lock()?;
        self.retain(name, |hook| !keys.contains(&hook.key))?;
        self.sync()
    }

    fn sync(&self) -> Result<(), StoreFault> {
        sync_directory(&self.directory)
            .map_err(|error| StoreFault::file("emptying the spool", &self.directory, error))
    }

    fn lock(&self) -> Result<File, StoreFault> {
        let path = self.directory.join(format!("{}.lock", self.prefix));
        lock(&path).map_err(|error| StoreFault::file("locking the spool", &path, error))
    }

    /// Under the lock. Returns how many were removed.
    fn retain(
        &mut self,
        name: GroupName,
        stays: impl Fn(&HookRow) -> bool,
    ) -> Result<u64, StoreFault> {
        let hooks = match self.read(name)? {
            Read::Hooks { hooks, .. } => hooks,
            // What was merged is in the database, and what is damaged never will be.
            Read::Gone | Read::Damaged => return Ok(0),
        };
        let rest: Vec<HookRow> = hooks.iter().filter(|hook| stays(hook)).cloned().collect();
        let removed = hooks.len() - rest.len();
        if rest.is_empty() {
            self.forget(name)?;
            crash_point();
        } else if removed > 0 {
            self.replace(name, &rest)?;
        }
        Ok(removed as u64)
    }

    /// A crash leaves the old content or the new one.
    fn replace(&self, name: GroupName, hooks: &[HookRow]) -> Result<(), StoreFault> {
        let part = self.path(name, PART);
        // What a crash left: the group has its name, so nobody writes it now.
        let _ = fs::remove_file(&part);
        let content = self.pack(hooks);
        let written = new_private_file(&part)
            .and_then(|mut file| {
                file.write_all(&content)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&part, self.path(name, ENDING)));
        crash_point();
        written.map_err(|error| {
            let _ = fs::remove_file(&part);
            StoreFault::file("writing the spool", &self.directory, error)
        })
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let file = private_file(path)?;
    for _ in 0..LOOKS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}
