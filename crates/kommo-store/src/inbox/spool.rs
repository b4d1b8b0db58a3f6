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
//!
//! The names and sizes are in memory too, so that a write costs the same however many files there
//! are. What other processes write and remove is seen when the directory is listed: at the start,
//! when a merge begins, and before the spool counts as empty.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;
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

/// A disk gives a file whole blocks, however short it is.
const BLOCK_BYTES: u64 = 4_096;

/// The name of a group, after the prefix. The order is that of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupName {
    run: u32,
    number: u32,
    random: u64,
}

impl GroupName {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = |digits: usize| parts.next().filter(|part| part.len() == digits);
        let name = Self {
            run: u32::from_str_radix(next(8)?, 16).ok()?,
            number: u32::from_str_radix(next(8)?, 16).ok()?,
            random: u64::from_str_radix(next(16)?, 16).ok()?,
        };
        // One way to write it, so that the name leads back to its file.
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            run,
            number,
            random,
        } = self;
        write!(f, "{run:08x}-{number:08x}-{random:016x}")
    }
}

/// The oldest hooks of a spool.
#[derive(Debug)]
pub(super) struct Oldest {
    pub(super) hooks: Vec<HookRow>,
    /// The groups that they are.
    pub(super) groups: Vec<GroupName>,
    /// Whether nothing came after them when they were read.
    pub(super) is_all: bool,
}

/// The directory, for one inbox and one process.
#[derive(Debug)]
pub(super) struct Spool {
    directory: PathBuf,
    prefix: String,
    of: OfInbox,
    run: u32,
    number: u32,
    bytes_at_most: u64,
    /// The groups as they were listed, and written and forgotten since, with their sizes.
    groups: BTreeMap<GroupName, u64>,
    /// The sum of the sizes.
    bytes: u64,
    /// Those of a newer program, which merges them.
    newer: BTreeSet<GroupName>,
    /// How often the directory was read.
    #[cfg(test)]
    listings: u32,
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
            groups: BTreeMap::new(),
            bytes: 0,
            newer: BTreeSet::new(),
            #[cfg(test)]
            listings: 0,
        };
        for (name, ending) in spool.list()? {
            let part = spool.path(name, PART);
            if ending == PART && is_older_than(&part, TORN_AT_MOST) {
                let _ = fs::remove_file(part);
            }
        }
        let newest = spool.groups.last_key_value();
        spool.run = newest.map_or(0, |(name, _)| name.run).saturating_add(1);
        Ok(spool)
    }

    /// Takes in what other processes have written and removed.
    pub(super) fn refresh(&mut self) -> Result<(), StoreFault> {
        self.list().map(|_| ())
    }

    /// Reads the directory. Returns what is there, with its endings.
    fn list(&mut self) -> Result<Vec<(GroupName, &'static str)>, StoreFault> {
        let failed = |error| StoreFault::file("reading the spool", &self.directory, error);
        #[cfg(test)]
        {
            self.listings += 1;
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let file = entry.map_err(failed)?.file_name();
            let text = file.to_str().and_then(|text| text.split_once('.'));
            let Some((text, ending)) = text else { continue };
            let known = [ENDING, PART];
            let ending = known.into_iter().find(|known| *known == ending);
            let text = text.strip_prefix(&self.prefix);
            let name = text.and_then(|text| GroupName::parse(text.strip_prefix('-')?));
            names.extend(name.zip(ending));
        }
        let mut groups = BTreeMap::new();
        for (name, _) in names.iter().filter(|(_, ending)| *ending == ENDING) {
            // A group is written once: its size is asked for once.
            let size = match self.groups.get(name) {
                Some(size) => *size,
                // One that another process has just merged has none.
                None => {
                    fs::metadata(self.path(*name, ENDING)).map_or(0, |file| on_disk(file.len()))
                }
            };
            groups.insert(*name, size);
        }
        self.bytes = groups.values().sum();
        self.newer.retain(|name| groups.contains_key(name));
        self.groups = groups;
        Ok(names)
    }

    fn path(&self, name: GroupName, ending: &str) -> PathBuf {
        self.directory
            .join(format!("{}-{name}.{ending}", self.prefix))
    }

    /// Whether a group waits that this program can merge.
    fn is_empty(&self) -> bool {
        self.groups.len() == self.newer.len()
    }

    /// The oldest groups, until they are so many hooks or bytes, at least one group. `None`: there
    /// is no group, also not of another process.
    pub(super) fn oldest(
        &mut self,
        hooks_at_most: usize,
        bytes_at_most: u64,
    ) -> Result<Option<Oldest>, StoreFault> {
        if self.is_empty() {
            self.refresh()?;
        }
        let (mut hooks, mut groups, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut last = None;
        while hooks.len() < hooks_at_most && bytes < bytes_at_most {
            let Some((name, size)) = self.after(last) else {
                break;
            };
            last = Some(name);
            match self.read(name) {
                Ok(read) => {
                    bytes += size;
                    hooks.extend(read);
                    groups.push(name);
                }
                Err(problem @ StoreFault::NewerRecord { .. }) => {
                    let file = self.path(name, ENDING);
                    tracing::error!(
                        %problem, file = %file.display(),
                        "a group of hooks waits for a newer program, and later ones pass it"
                    );
                    self.newer.insert(name);
                }
                Err(problem) => return Err(problem),
            }
        }
        if groups.is_empty() {
            return Ok(None);
        }
        let is_all = self.after(last).is_none();
        Ok(Some(Oldest {
            hooks,
            groups,
            is_all,
        }))
    }

    /// The next group that this program can merge.
    fn after(&self, last: Option<GroupName>) -> Option<(GroupName, u64)> {
        use core::ops::Bound;
        let start = last.map_or(Bound::Unbounded, Bound::Excluded);
        let mut later = self.groups.range((start, Bound::Unbounded));
        let (name, size) = later.find(|(name, _)| !self.newer.contains(name))?;
        Some((*name, *size))
    }

    /// Writes a group. On the disk when this returns.
    pub(super) fn write(&mut self, hooks: &[HookRow]) -> Result<(), StoreFault> {
        let content = self.pack(hooks);
        let size = on_disk(content.len() as u64);
        let failed = |error| StoreFault::file("writing the spool", &self.directory, error);
        if self.bytes.saturating_add(size) > self.bytes_at_most {
            return Err(failed(io::ErrorKind::StorageFull.into()));
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|_| StoreFault::misconfigured("operating system returned no random bytes"))?;
        let name = GroupName {
            run: self.run,
            number: self.number,
            random: u64::from_be_bytes(random),
        };
        let part = self.path(name, PART);
        let written = new_private_file(&part)
            .and_then(|mut file| {
                file.write_all(&content)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&part, self.path(name, ENDING)));
        if let Err(error) = written {
            let _ = fs::remove_file(&part);
            return Err(failed(error));
        }
        let synced = sync_directory(&self.directory).map_err(failed);
        // It is merged whether its name is on the disk already or not.
        self.number += 1;
        self.groups.insert(name, size);
        self.bytes += size;
        synced
    }

    /// Reads a group. There is nothing in one that another process has merged, and in one that is
    /// damaged: that is set aside, since it would keep all others from the database.
    fn read(&self, name: GroupName) -> Result<Vec<HookRow>, StoreFault> {
        let path = self.path(name, ENDING);
        let failed = |error| StoreFault::file("reading the spool", &path, error);
        let content = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            content => content.map_err(failed)?,
        };
        match self.unpack(&content) {
            Ok(hooks) => Ok(hooks),
            // A newer program merges it.
            Err(newer @ StoreFault::NewerRecord { .. }) => Err(newer),
            Err(problem) => {
                tracing::error!(%problem, file = %path.display(), "a group of hooks was set aside");
                fs::rename(&path, self.path(name, DAMAGED)).map_err(failed)?;
                Ok(Vec::new())
            }
        }
    }

    /// Forgets a group that the database has confirmed.
    pub(super) fn forget(&mut self, name: GroupName) -> Result<(), StoreFault> {
        let path = self.path(name, ENDING);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreFault::file("emptying the spool", &path, error));
            }
            _ => {}
        }
        if let Some(size) = self.groups.remove(&name) {
            self.bytes -= size;
        }
        Ok(())
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

const fn on_disk(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK_BYTES).saturating_mul(BLOCK_BYTES)
}

fn is_older_than(path: &Path, age: Duration) -> bool {
    let written = fs::metadata(path).and_then(|file| file.modified());
    let elapsed = written.ok().and_then(|at| at.elapsed().ok());
    elapsed.is_some_and(|elapsed| elapsed > age)
}

#[cfg(test)]
mod tests;
