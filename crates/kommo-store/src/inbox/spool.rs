//! The spool: hooks that the database did not take, in files, until it takes them.
//!
//! ```text
//!   directory                          0700
//!   INBOX-RUN-NUMBER-RANDOM.hooks      0600   one group of hooks; INBOX is a hash of realm and name
//!   INBOX-RUN-NUMBER-RANDOM.part       0600   a group that is being written; gets its name when it is on the disk
//!   INBOX-RUN-NUMBER-RANDOM.damaged    0600   a group that could not be read
//!
//!   a file     the form is that of SpoolGroup
//! ```
//!
//! The names sort in the order of writing. RUN is one more than the highest that was there when the
//! spool was opened, so what an earlier process left comes first. No clock is asked. Bodies are
//! sealed as they are in the database.
//!
//! Any process may merge any file: a hook that is merged twice is one entry. A `.part` was never
//! answered 200; one that a crash left is removed at a start after a day.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alloc::borrow::Cow;
use core::time::Duration;

use kommo_hooks::inbox::{SpoolGroup, SpooledHook};

use crate::error::StoreFault;
use crate::private_files::{new_private_file, private_directory, sync_directory};
use crate::records::hook_record::fault_of;
use crate::records::rows::{HookRow, OfInbox};
use crate::sealing::hash_text::hash_text;

const ENDING: &str = "hooks";
const PART: &str = "part";
const DAMAGED: &str = "damaged";
/// No write takes this long: an older torn file has no writer any more.
const TORN_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// The directory, for one inbox and one process.
#[derive(Debug)]
pub(super) struct Spool {
    directory: PathBuf,
    prefix: String,
    of: OfInbox,
    run: u32,
    number: u32,
    bytes_at_most: u64,
}

impl Spool {
    /// Makes the directory if it is not there; its parent must be.
    pub(super) fn open(
        directory: &Path,
        of: &OfInbox,
        bytes_at_most: u64,
    ) -> Result<Self, StoreFault> {
        private_directory(directory)
            .map_err(|error| StoreFault::file("making the spool", directory, error))?;
        let hash = hash_text("kommo-store spool", &[&of.realm, &of.inbox]);
        let mut spool = Self {
            directory: directory.to_owned(),
            prefix: hash.chars().take(16).collect(),
            of: of.clone(),
            run: 0,
            number: 0,
            bytes_at_most,
        };
        for part in spool.files(PART)? {
            if is_older_than(&part, TORN_AT_MOST) {
                let _ = fs::remove_file(part);
            }
        }
        let runs = spool.files(ENDING)?;
        let run = |path: &PathBuf| {
            let name = path.file_name()?.to_str()?.split('-').nth(1)?;
            u32::from_str_radix(name, 16).ok()
        };
        spool.run = runs.iter().filter_map(run).max().unwrap_or(0) + 1;
        Ok(spool)
    }

    /// The groups, the oldest first.
    pub(super) fn waiting(&self) -> Result<Vec<PathBuf>, StoreFault> {
        self.files(ENDING)
    }

    fn files(&self, ending: &str) -> Result<Vec<PathBuf>, StoreFault> {
        let failed = |error| StoreFault::file("reading the spool", &self.directory, error);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let is_ours = name.is_some_and(|name| name.starts_with(&self.prefix));
            if is_ours && path.extension().is_some_and(|own| own == ending) {
                files.push(path);
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Writes a group. On the disk when this returns.
    pub(super) fn write(&mut self, hooks: &[HookRow]) -> Result<(), StoreFault> {
        let failed = |error| StoreFault::file("writing the spool", &self.directory, error);
        let content = self.pack(hooks);
        let mut used = content.len() as u64;
        for path in self.files(ENDING)? {
            used += fs::metadata(path).map_or(0, |file| file.len());
        }
        if used > self.bytes_at_most {
            return Err(failed(io::ErrorKind::StorageFull.into()));
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|_| StoreFault::misconfigured("operating system returned no random bytes"))?;
        let name = format!(
            "{}-{:08x}-{:08x}-{:016x}",
            self.prefix,
            self.run,
            self.number,
            u64::from_be_bytes(random)
        );
        let part = self.directory.join(&name).with_extension(PART);
        let written = new_private_file(&part)
            .and_then(|mut file| {
                file.write_all(&content)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&part, part.with_extension(ENDING)));
        if let Err(error) = written {
            let _ = fs::remove_file(&part);
            return Err(failed(error));
        }
        self.number += 1;
        sync_directory(&self.directory).map_err(failed)
    }

    /// Reads a group. There is nothing in one that another process has merged, and in one that is
    /// damaged: that is set aside, since it would keep all others from the database.
    pub(super) fn read(&self, path: &Path) -> Result<Vec<HookRow>, StoreFault> {
        let failed = |error| StoreFault::file("reading the spool", path, error);
        let content = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            content => content.map_err(failed)?,
        };
        match self.unpack(&content) {
            Ok(hooks) => Ok(hooks),
            // A newer program merges it.
            Err(newer @ StoreFault::NewerRecord { .. }) => Err(newer),
            Err(problem) => {
                tracing::error!(%problem, file = %path.display(), "a group of hooks was set aside");
                fs::rename(path, path.with_extension(DAMAGED)).map_err(failed)?;
                Ok(Vec::new())
            }
        }
    }

    /// Forgets a group that the database has confirmed.
    pub(super) fn forget(&self, path: &Path) -> Result<(), StoreFault> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreFault::file("emptying the spool", path, error))
            }
            _ => Ok(()),
        }
    }

    fn pack(&self, hooks: &[HookRow]) -> Vec<u8> {
        let spooled = |hook: &HookRow| SpooledHook {
            key: hook.key.clone(),
            kind: hook.kind.to_string(),
            event: hook.event.to_string(),
            account: hook.account.clone(),
            conversation: hook.conversation.clone(),
            record: hook.record.clone(),
        };
        let group = SpoolGroup {
            realm: self.of.realm.clone(),
            inbox: self.of.inbox.clone(),
            hooks: hooks.iter().map(spooled).collect(),
        };
        group.to_file()
    }

    fn unpack(&self, content: &[u8]) -> Result<Vec<HookRow>, StoreFault> {
        const NAME: &str = "of the spool";
        let group = SpoolGroup::from_file(content).map_err(|error| fault_of(NAME, error))?;
        if (&group.realm, &group.inbox) != (&self.of.realm, &self.of.inbox) {
            return Err(StoreFault::damaged(NAME, "inbox"));
        }
        let row = |hook: SpooledHook| HookRow {
            key: hook.key,
            kind: Cow::Owned(hook.kind),
            event: Cow::Owned(hook.event),
            account: hook.account,
            conversation: hook.conversation,
            // Only proven hooks are spooled.
            is_unsigned: false,
            record: hook.record,
        };
        Ok(group.hooks.into_iter().map(row).collect())
    }
}

fn is_older_than(path: &Path, age: Duration) -> bool {
    let written = fs::metadata(path).and_then(|file| file.modified());
    let elapsed = written.ok().and_then(|at| at.elapsed().ok());
    elapsed.is_some_and(|elapsed| elapsed > age)
}
