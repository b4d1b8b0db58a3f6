//! The spool: hooks that the database did not take, in files, until it takes them.
//!
//! ```text
//!   directory        0700
//!   GROUP.hooks      0600   one group of hooks
//!   GROUP.part       0600   a group that is being written; gets its name when it is on the disk
//!   GROUP.damaged    0600   a group that is not as it was written
//!   INBOX.lock       0600   held while a group is rewritten
//!
//!   GROUP      INBOX-RUN-NUMBER-RANDOM-CONVERSATIONS
//!   INBOX      a hash of realm and name
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
//!
//! A file that the disk does not give back stays, and is tried again. Its name says which
//! conversations may be in it: their later hooks wait behind it, and all others pass.

mod name;
mod seen;
mod left;
mod place;
mod rewriting;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use core::ops::Bound;
use core::time::Duration;

use kommo_hooks::inbox::{SpoolGroup, SpooledHook};

use crate::error::StoreFault;
use crate::private_files::{new_private_file, private_directory, sync_directory};
use crate::records::hook_record::fault_of;
use crate::records::rows::{HookRow, OfInbox};
use crate::sealing::hash_text::hash_text;

use left::Left;
use name::Conversations;
use seen::HASH_BYTES;

pub(crate) use name::GroupName;
pub(crate) use place::SpoolPlace;
pub(crate) use seen::Seen;

const ENDING: &str = "hooks";
const PART: &str = "part";
const DAMAGED: &str = "damaged";
/// No write takes this long: an older torn file has no writer any more.
const TORN_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// A disk gives a file whole blocks, however short it is.
const BLOCK_BYTES: u64 = 4_096;

/// The oldest hooks of a spool that can be merged.
#[derive(Debug)]
pub(crate) struct Oldest {
    pub(crate) hooks: Vec<HookRow>,
    /// The groups that they are.
    pub(crate) groups: Vec<GroupName>,
    /// Groups of which they are a part; the rest waits behind a group that cannot be read.
    pub(crate) parts: Vec<(GroupName, BTreeSet<String>)>,
    pub(crate) seen: Seen,
    /// Whether nothing came after them when they were read.
    pub(crate) is_all: bool,
}

/// What is in a group.
enum Read {
    Hooks {
        hooks: Vec<HookRow>,
        hash: [u8; HASH_BYTES],
    },
    /// Nothing: another process has merged it, or it is damaged and was set aside.
    Gone,
    /// It is damaged, and cannot be set aside.
    Damaged,
}

/// The directory, for one inbox and one process.
#[derive(Debug)]
pub(crate) struct Spool {
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
    /// Those of them that are not merged now, and why.
    left: BTreeMap<GroupName, Left>,
    /// Those whose hooks all wait behind one that cannot be read.
    behind: BTreeSet<GroupName>,
    /// How often the directory was read.
    #[cfg(test)]
    listings: u32,
}

impl Spool {
    pub(crate) fn at(place: &SpoolPlace) -> Result<Self, StoreFault> {
        Self::open(&place.directory, &place.of, place.bytes_at_most)
    }

    /// Makes the directory if it is not there; its parent must be.
    fn open(directory: &Path, of: &OfInbox, bytes_at_most: u64) -> Result<Self, StoreFault> {
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
            left: BTreeMap::new(),
            behind: BTreeSet::new(),
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
    pub(crate) fn refresh(&mut self) -> Result<(), StoreFault> {
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
        self.groups = groups;
        let gone = |name: &GroupName| !self.groups.contains_key(name);
        let gone: Vec<GroupName> = self.left.keys().copied().filter(gone).collect();
        gone.into_iter().for_each(|name| self.unleave(name));
        Ok(names)
    }

    fn path(&self, name: GroupName, ending: &str) -> PathBuf {
        self.directory
            .join(format!("{}-{name}.{ending}", self.prefix))
    }

    /// Whether a group waits that this program may merge, now or when it can be read.
    fn is_empty(&self) -> bool {
        let waits = |name| self.left.get(name).is_none_or(|left| left.is_unreadable());
        !self.groups.keys().any(waits)
    }

    /// How many groups cannot be read.
    pub(crate) fn unreadable(&self) -> usize {
        let left = self.left.values();
        left.filter(|left| left.is_unreadable()).count()
    }

    /// The oldest groups, until they are so many hooks or bytes, at least one group. `None`: there
    /// is no group, also not of another process, or all that is there waits behind one that cannot
    /// be read.
    pub(crate) fn oldest(
        &mut self,
        hooks_at_most: usize,
        bytes_at_most: u64,
    ) -> Result<Option<Oldest>, StoreFault> {
        if self.is_empty() {
            self.refresh()?;
        }
        let (mut hooks, mut groups, mut parts, mut bytes) = (vec![], vec![], vec![], 0);
        let (mut seen, mut last, mut held) = (vec![], None, Conversations::NONE);
        while hooks.len() < hooks_at_most && bytes < bytes_at_most {
            let Some((name, size)) = self.after(last) else {
                break;
            };
            last = Some(name);
            let is_due = self.left.get_mut(&name).is_none_or(Left::is_due);
            let read = match is_due {
                true => self.read_or_leave(name)?,
                false => None,
            };
            let (read, hash) = match read {
                Some(Read::Hooks { hooks, hash }) => (hooks, hash),
                Some(_) => {
                    groups.push(name);
                    continue;
                }
                None => {
                    if self.left.get(&name).is_some_and(Left::is_unreadable) {
                        held = held.with(name.conversations);
                    }
                    continue;
                }
            };
            let count = read.len();
            let waits = |hook: &HookRow| {
                let conversation = hook.conversation.as_deref();
                conversation.is_some_and(|one| held.may_have(one))
            };
            let free: Vec<HookRow> = read.into_iter().filter(|hook| !waits(hook)).collect();
            if free.is_empty() && count > 0 {
                self.behind.insert(name);
                continue;
            }
            match free.len() == count {
                true => groups.push(name),
                false => parts.push((name, free.iter().map(|hook| hook.key.clone()).collect())),
            }
            bytes += size;
            hooks.extend(free);
            seen.push((self.path(name, ENDING), hash));
        }
        if groups.is_empty() && parts.is_empty() {
            return Ok(None);
        }
        let is_all = held.is_empty() && self.after(last).is_none();
        Ok(Some(Oldest {
            hooks,
            groups,
            parts,
            seen: Seen::new(seen),
            is_all,
        }))
    }

    /// The next group that may be merged, or cannot be read.
    fn after(&self, last: Option<GroupName>) -> Option<(GroupName, u64)> {
        let start = last.map_or(Bound::Unbounded, Bound::Excluded);
        let mut later = self.groups.range((start, Bound::Unbounded));
        let (name, size) = later.find(|(name, _)| {
            let is_passed = self
                .left
                .get(name)
                .is_some_and(|left| !left.is_unreadable());
            !is_passed && !self.behind.contains(name)
        })?;
        Some((*name, *size))
    }

    /// `None`: it is left, and is not read again for a while.
    fn read_or_leave(&mut self, name: GroupName) -> Result<Option<Read>, StoreFault> {
        match self.read(name) {
            Ok(Read::Damaged) => self.leave(name, Left::Damaged, None),
            Ok(read) => {
                self.unleave(name);
                return Ok(Some(read));
            }
            Err(problem @ StoreFault::NewerRecord { .. }) => {
                self.leave(name, Left::Newer, Some(&problem));
            }
            Err(problem @ StoreFault::File { .. }) => {
                let left = self.left.get(&name).map_or(Left::UNREADABLE, Left::again);
                self.leave(name, left, Some(&problem));
            }
            Err(problem) => return Err(problem),
        }
        Ok(None)
    }

    fn leave(&mut self, name: GroupName, left: Left, problem: Option<&StoreFault>) {
        let file = self.path(name, ENDING);
        let problem = problem.map(tracing::field::display);
        tracing::error!(problem, file = %file.display(), "a group of hooks {left}");
        self.left.insert(name, left);
    }

    fn unleave(&mut self, name: GroupName) {
        if self
            .left
            .remove(&name)
            .is_some_and(|left| left.is_unreadable())
        {
            self.behind.clear();
        }
    }

    /// Writes a group. On the disk when this returns.
    pub(crate) fn write(&mut self, hooks: &[HookRow]) -> Result<(), StoreFault> {
        let content = self.pack(hooks);
        let size = on_disk(content.len() as u64);
        let failed = |error| StoreFault::file("writing the spool", &self.directory, error);
        if self.bytes.saturating_add(size) > self.bytes_at_most {
            return Err(failed(io::ErrorKind::StorageFull.into()));
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|_| StoreFault::misconfigured("operating system returned no random bytes"))?;
        let conversations = hooks.iter().filter_map(|hook| hook.conversation.as_deref());
        let name = GroupName {
            run: self.run,
            number: self.number,
            random: u64::from_be_bytes(random),
            conversations: Conversations::of(conversations),
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

    /// Reads a group. One that is damaged is set aside, since it would keep all others from the
    /// database.
    fn read(&self, name: GroupName) -> Result<Read, StoreFault> {
        let path = self.path(name, ENDING);
        let content = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read::Gone),
            content => {
                content.map_err(|error| StoreFault::file("reading the spool", &path, error))?
            }
        };
        match (self.unpack(&content), content.first_chunk()) {
            (Ok(hooks), Some(hash)) => Ok(Read::Hooks { hooks, hash: *hash }),
            // A newer program merges it.
            (Err(newer @ StoreFault::NewerRecord { .. }), _) => Err(newer),
            (read, _) => {
                let problem = read.err().map(tracing::field::display);
                if fs::rename(&path, self.path(name, DAMAGED)).is_err() {
                    tracing::error!(problem, "a group of hooks cannot be set aside");
                    return Ok(Read::Damaged);
                }
                tracing::error!(problem, file = %path.display(), "a group of hooks was set aside");
                Ok(Read::Gone)
            }
        }
    }

    /// Forgets what the database has. A group that cannot be removed is not merged again by this
    /// process.
    pub(crate) fn forget_merged(
        &mut self,
        groups: Vec<GroupName>,
        parts: Vec<(GroupName, BTreeSet<String>)>,
    ) {
        for name in groups {
            if let Err(problem) = self.forget(name) {
                self.leave(name, Left::Merged, Some(&problem));
            }
        }
        for (name, keys) in parts {
            if let Err(problem) = self.remove(name, &keys) {
                // The rest of it waits, and later all of it is put again: it is known then.
                tracing::warn!(%problem, "a group of hooks stays whole");
                self.behind.insert(name);
            }
        }
    }

    /// Removes a group.
    fn forget(&mut self, name: GroupName) -> Result<(), StoreFault> {
        let path = self.path(name, ENDING);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreFault::file("emptying the spool", &path, error));
            }
            _ => {}
        }
        self.behind.remove(&name);
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
