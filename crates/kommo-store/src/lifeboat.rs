//! The lifeboat: a directory of files, each with one pair that the store would not take.
//!
//! ```text
//!   directory       0700
//!   HASH.pair       0600   sealed; HASH is made of the grant's key and the attempt
//!   code-HASH.pair  0600   sealed; the pair of an exchange, and its claim; HASH is made of the code
//!   HASH.part       0600   a pair that is being written; the file gets its name when it is on the disk
//!   HASH.pair.new   0600   the same pair while it is sealed anew; nobody reads it, and the next rotation writes over it
//!   RANDOM.slot     0600   room for a pair, see `slots.rs`; with a pair in it, if it could not be renamed
//! ```
//!
//! A file that cannot be read is an error and stays: it may be the only valid pair of an account. A
//! `.part` that a crash left is read like any other if it is complete, which its seal shows. A torn
//! one has no pair in it and is removed after a day.

mod slots;
mod resealing;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alloc::sync::Arc;
use core::time::Duration;

use kommo_keeper::{ClaimedCode, LifeboatPort, PendingCode};
use kommo_oauth::grant::{GrantKey, UnsavedPair};
use kommo_oauth::token::TokenPair;
use zeroize::Zeroizing;

use crate::error::StoreFault;
use crate::private_files::{crash_point, new_private_file, private_directory, sync_directory};
use crate::records::code_record::{answer_from_stored, answer_to_stored};
use crate::records::realm_text::realm_text;
use crate::sealing::encryption_key::EncryptionKeys;
use crate::sealing::hash_text::{hash_text, hex_text};
use crate::sealing::sealer::{AssociatedData, Sealer};

use self::slots::{Content, SLOT, Slots, is_slot, parse, read_slot, remove_empty, slots_in};

const ENDING: &str = "pair";
const PART: &str = "part";
/// The names of files with pairs of codes begin with it. No hash does.
const CODE: &str = "code-";

/// No write takes this long: an older torn file has no writer any more.
const TORN_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// A directory for pairs that the store could not take. Cheap to clone.
///
/// Keep it on another disk than the store, so that one full disk does not take both. A file that a
/// crash left in the middle of writing is read if it is whole; [`keys`](LifeboatPort::keys) removes
/// those that are not, when they are older than a day.
#[derive(Clone, Debug)]
pub struct Lifeboat {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    sealer: Sealer,
    slots: Slots,
}

impl Inner {
    fn new(directory: PathBuf, keys: Option<EncryptionKeys>) -> Self {
        Self {
            directory,
            sealer: Sealer::new(keys),
            slots: Slots::default(),
        }
    }
}

impl Lifeboat {
    /// Uses this directory, and creates it if it does not exist. Its parent must exist; its mode
    /// becomes 0700. Pass the keys that the store has: without keys the tokens are in clear text in
    /// files of mode 0600.
    ///
    /// # Errors
    ///
    /// A directory that cannot be made or narrowed: [`StoreFault::File`].
    pub fn in_directory(
        path: impl AsRef<Path>,
        keys: Option<EncryptionKeys>,
    ) -> Result<Self, StoreFault> {
        let directory = path.as_ref().to_path_buf();
        private_directory(&directory)
            .map_err(|error| StoreFault::file("making the lifeboat", &directory, error))?;
        Ok(Self {
            inner: Arc::new(Inner::new(directory, keys)),
        })
    }

    /// The content of this directory, which is only read: its mode stays, and so does a torn file.
    ///
    /// # Errors
    ///
    /// A directory that cannot be read: [`StoreFault::File`]. As [`keys`](LifeboatPort::keys) and
    /// [`answers`](LifeboatPort::answers), if no file can be read.
    pub async fn look_into(
        path: impl AsRef<Path>,
        keys: Option<EncryptionKeys>,
    ) -> Result<LifeboatContents, StoreFault> {
        let directory = path.as_ref().to_path_buf();
        let looked_at = Self {
            inner: Arc::new(Inner::new(directory, keys)),
        };
        looked_at
            .blocking(|inner| {
                Ok(LifeboatContents {
                    grants: inner.readable_keys()?,
                    exchanges: inner.answers()?.len(),
                })
            })
            .await
    }

    /// The files of this directory that cannot be read, each as its error; and whether files can be
    /// created there, which is tried with one that is removed again. Nothing else is changed.
    ///
    /// # Errors
    ///
    /// A directory that cannot be read: [`StoreFault::File`].
    pub async fn problems_in(
        path: impl AsRef<Path>,
        keys: Option<EncryptionKeys>,
    ) -> Result<Vec<StoreFault>, StoreFault> {
        let directory = path.as_ref().to_path_buf();
        let looked_at = Self {
            inner: Arc::new(Inner::new(directory, keys)),
        };
        looked_at
            .blocking(|inner| {
                let mut problems = inner.problems()?;
                problems.extend(inner.try_to_write().err());
                Ok(problems)
            })
            .await
    }

    /// The files that cannot be read, each as its error. They stay where they are.
    ///
    /// # Errors
    ///
    /// A directory that cannot be read: [`StoreFault::File`].
    pub async fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        self.blocking(Inner::problems).await
    }

    /// File work runs on a thread that may block. It continues to its end even if the caller is
    /// dropped.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|_| {
            Err(StoreFault::File {
                doing: "working on the lifeboat",
                name: String::new(),
                source: io::ErrorKind::Interrupted.into(),
            })
        })
    }
}

impl LifeboatPort for Lifeboat {
    type Error = StoreFault;

    async fn reserve(&self, key: &GrantKey) -> Result<(), StoreFault> {
        let owner = prefix_of(key);
        self.blocking(move |inner| inner.reserve(owner)).await
    }

    async fn release_slot(&self, key: &GrantKey) -> Result<(), StoreFault> {
        let owner = prefix_of(key);
        self.blocking(move |inner| inner.release(&owner)).await
    }

    async fn write(&self, unsaved: &UnsavedPair) -> Result<(), StoreFault> {
        let (name, owner) = (name_of(unsaved), prefix_of(&unsaved.key));
        let plain = unsaved.to_stored();
        self.blocking(move |inner| inner.write(&name, &owner, &plain))
            .await
    }

    /// An error only if none of the grant's files can be read.
    async fn read(&self, key: &GrantKey) -> Result<Option<UnsavedPair>, StoreFault> {
        let key = *key;
        self.blocking(move |inner| inner.read_oldest(&key)).await
    }

    async fn delete(&self, unsaved: &UnsavedPair) -> Result<(), StoreFault> {
        let name = name_of(unsaved);
        self.blocking(move |inner| inner.delete(&name)).await
    }

    /// An error only if no file can be read; see [`problems`](Lifeboat::problems) for those that
    /// cannot.
    async fn keys(&self) -> Result<Vec<GrantKey>, StoreFault> {
        self.blocking(Inner::keys).await
    }

    async fn reserve_for_code(&self, code: &ClaimedCode) -> Result<(), StoreFault> {
        let owner = name_of_code(&code.pending);
        self.blocking(move |inner| inner.reserve(owner)).await
    }

    async fn release_code_slot(&self, code: &ClaimedCode) -> Result<(), StoreFault> {
        let owner = name_of_code(&code.pending);
        self.blocking(move |inner| inner.release(&owner)).await
    }

    async fn write_answer(&self, code: &ClaimedCode, pair: &TokenPair) -> Result<(), StoreFault> {
        let name = name_of_code(&code.pending);
        let plain = answer_to_stored(&name, code, pair)?;
        self.blocking(move |inner| inner.write(&name, &name, &plain))
            .await
    }

    /// An error only if no file of a code can be read.
    async fn answers(&self) -> Result<Vec<ClaimedCode>, StoreFault> {
        self.blocking(Inner::answers).await
    }

    async fn delete_answer(&self, code: &ClaimedCode) -> Result<(), StoreFault> {
        let name = name_of_code(&code.pending);
        self.blocking(move |inner| inner.delete(&name)).await
    }
}

/// The content of a lifeboat, as [`Lifeboat::look_into`] finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LifeboatContents {
    /// The grants that have pairs there, each once.
    pub grants: Vec<GrantKey>,
    /// How many codes have a pair there that is no grant yet.
    pub exchanges: usize,
}

/// The content of a file.
enum Unsaved {
    Pair(UnsavedPair),
    Answer(ClaimedCode),
}

impl Unsaved {
    fn pair(self) -> Option<UnsavedPair> {
        match self {
            Self::Pair(unsaved) => Some(unsaved),
            Self::Answer(_) => None,
        }
    }

    fn answer(self) -> Option<ClaimedCode> {
        match self {
            Self::Answer(code) => Some(code),
            Self::Pair(_) => None,
        }
    }
}

/// The name begins with the grant, so that the files of one grant are found without being opened.
fn name_of(unsaved: &UnsavedPair) -> String {
    let attempt = hex_text(unsaved.attempt.as_bytes());
    format!("{}-{attempt}", prefix_of(&unsaved.key))
}

fn prefix_of(key: &GrantKey) -> String {
    hash_text("kommo-store lifeboat", &[&key.to_string()])
}

/// It is not known yet which grant the pair belongs to.
fn name_of_code(pending: &PendingCode) -> String {
    let parts = [
        &*realm_text(pending.realm),
        &*pending.client_id.to_string(),
        pending.code.expose(),
    ];
    format!("{CODE}{}", hash_text("kommo-store lifeboat code", &parts))
}

fn is_of_code(name: &str) -> bool {
    name.starts_with(CODE)
}

impl Inner {
    fn path(&self, name: &str, ending: &str) -> PathBuf {
        self.directory.join(format!("{name}.{ending}"))
    }

    fn reserve(&self, owner: String) -> Result<(), StoreFault> {
        let reserved = self.slots.reserve(owner, &self.directory);
        reserved.map_err(|error| {
            StoreFault::file("reserving room in the lifeboat", &self.directory, error)
        })
    }

    fn release(&self, owner: &str) -> Result<(), StoreFault> {
        self.slots.release(owner);
        Ok(())
    }

    /// Into the slot that was reserved. Without one: on the disk under a name that is not read,
    /// then renamed, then the directory on the disk too.
    fn write(&self, name: &str, owner: &str, plain: &[u8]) -> Result<(), StoreFault> {
        let sealed = self.sealer.seal(place(name), plain)?;
        let part = self.path(name, PART);
        let path = self.path(name, ENDING);
        if let Some(slot) = self.slots.take(owner)
            && matches!(slot.fill(name, &sealed), Ok(true))
        {
            // The pair is durable, and read from the slot if it cannot get its name.
            if fs::rename(slot.path(), &path).is_ok() {
                crash_point();
                let _ = sync_directory(&self.directory);
            }
            return Ok(());
        }
        self.put_whole(&part, &path, &sealed)
    }

    fn try_to_write(&self) -> Result<(), StoreFault> {
        let path = self.path(&format!("try-{}", std::process::id()), "tmp");
        let made = new_private_file(&path).and_then(|_| fs::remove_file(&path));
        made.map_err(|error| StoreFault::file("making a file in the lifeboat", &path, error))
    }

    fn put_whole(&self, part: &Path, path: &Path, sealed: &[u8]) -> Result<(), StoreFault> {
        let written = || -> io::Result<()> {
            match fs::remove_file(part) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = new_private_file(part)?;
            file.write_all(sealed)?;
            crash_point();
            file.sync_all()?;
            crash_point();
            fs::rename(part, path)?;
            crash_point();
            sync_directory(&self.directory)
        };
        written().map_err(|error| StoreFault::file("writing a lifeboat", path, error))
    }

    /// A file that cannot be read hides no other of the same grant.
    fn read_oldest(&self, key: &GrantKey) -> Result<Option<UnsavedPair>, StoreFault> {
        let prefix = prefix_of(key);
        let is_of_grant = |name: &String| {
            let rest = name.strip_prefix(&prefix);
            rest.is_some_and(|rest| rest.starts_with('-'))
        };
        let names = self.names()?.into_iter().filter(is_of_grant);
        let (found, problems) = self.read_all(names);
        let oldest = found
            .into_iter()
            .filter_map(Unsaved::pair)
            .min_by_key(|unsaved| (unsaved.base, unsaved.pair.obtained_at, unsaved.attempt));
        match (oldest, problems.into_iter().next()) {
            (None, Some(problem)) => Err(problem),
            (oldest, _) => Ok(oldest),
        }
    }

    fn read_all(&self, names: impl Iterator<Item = String>) -> (Vec<Unsaved>, Vec<StoreFault>) {
        let mut found = Vec::new();
        let mut problems = Vec::new();
        for name in names {
            match self.read(&name) {
                Ok(unsaved) => found.extend(unsaved),
                Err(problem) => problems.push(problem),
            }
        }
        (found, problems)
    }

    /// `None` if another process removed it meanwhile, or is writing it.
    fn read(&self, name: &str) -> Result<Option<Unsaved>, StoreFault> {
        let whole = self.read_one(name, ENDING);
        if let Ok(Some(_)) = whole {
            return whole;
        }
        match self.read_one(name, PART) {
            Ok(Some(unsaved)) => Ok(Some(unsaved)),
            Ok(None) if matches!(whole, Ok(None)) => match self.slot_of(name)? {
                Some((_, _, sealed)) => self.open(name, SLOT, &sealed).map(Some),
                // A file that is gone has got its name since.
                None => self.read_one(name, ENDING),
            },
            Err(problem) if whole.is_ok() && !is_torn(&problem) => Err(problem),
            _ => whole,
        }
    }

    fn read_one(&self, name: &str, ending: &str) -> Result<Option<Unsaved>, StoreFault> {
        match read_file(&self.path(name, ending))? {
            Some(sealed) => self.open(name, ending, &sealed).map(Some),
            None => Ok(None),
        }
    }

    fn open(&self, name: &str, ending: &str, sealed: &[u8]) -> Result<Unsaved, StoreFault> {
        let file = format!("{name}.{ending}");
        let plain = self.sealer.open(place(name), sealed)?;
        if is_of_code(name) {
            let code = answer_from_stored(&file, &plain)?;
            return match name_of_code(&code.pending) == name {
                true => Ok(Unsaved::Answer(code)),
                false => Err(StoreFault::damaged(&file, "the pair of another code")),
            };
        }
        let unsaved = UnsavedPair::from_stored(&plain)
            .map_err(|error| StoreFault::of_record(&file, error))?;
        if name_of(&unsaved) != name {
            return Err(StoreFault::damaged(&file, "the pair of another attempt"));
        }
        Ok(Unsaved::Pair(unsaved))
    }

    /// The slot that this pair is in, and the pair, sealed.
    fn slot_of(&self, name: &str) -> Result<Option<SlotWithPair>, StoreFault> {
        let mut slots = self.slots_with_pairs()?.into_iter();
        Ok(slots.find(|(_, named, _)| named == name))
    }

    fn slots_with_pairs(&self) -> Result<Vec<SlotWithPair>, StoreFault> {
        let mut found = Vec::new();
        for (path, content) in self.all_slots()? {
            if let Content::Pair(name, sealed) = content {
                found.push((path, name, sealed));
            }
        }
        Ok(found)
    }

    fn all_slots(&self) -> Result<Vec<(PathBuf, Content)>, StoreFault> {
        let failed = |error| StoreFault::file("listing the lifeboat", &self.directory, error);
        let mut found = Vec::new();
        for path in slots_in(&self.directory).map_err(failed)? {
            let read = read_slot(&path);
            let read =
                read.map_err(|error| StoreFault::file("reading a lifeboat", &path, error))?;
            found.extend(read.map(|content| (path, content)));
        }
        Ok(found)
    }

    fn delete(&self, name: &str) -> Result<(), StoreFault> {
        for ending in [ENDING, PART] {
            self.remove(&self.path(name, ending))?;
        }
        while let Some((path, ..)) = self.slot_of(name)? {
            self.remove(&path)?;
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<(), StoreFault> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            done => done.and_then(|()| {
                crash_point();
                sync_directory(&self.directory)
            }),
        }
        .map_err(|error| StoreFault::file("removing a lifeboat", path, error))
    }

    fn keys(&self) -> Result<Vec<GrantKey>, StoreFault> {
        let keys = self.readable_keys();
        // A torn file that stays hides no pair.
        let stays = self.remove_torn();
        let keys = keys?;
        match keys.is_empty() {
            true => stays.map(|()| keys),
            false => Ok(keys),
        }
    }

    fn readable_keys(&self) -> Result<Vec<GrantKey>, StoreFault> {
        let names = self.names()?.into_iter().filter(|name| !is_of_code(name));
        let (found, problems) = self.read_all(names);
        let pairs = found.into_iter().filter_map(Unsaved::pair);
        let mut keys: Vec<_> = pairs.map(|unsaved| unsaved.key).collect();
        keys.sort();
        keys.dedup();
        match (keys.is_empty(), problems.into_iter().next()) {
            (true, Some(problem)) => Err(problem),
            _ => Ok(keys),
        }
    }

    fn answers(&self) -> Result<Vec<ClaimedCode>, StoreFault> {
        let names = self.names()?.into_iter().filter(|name| is_of_code(name));
        let (found, problems) = self.read_all(names);
        let codes: Vec<_> = found.into_iter().filter_map(Unsaved::answer).collect();
        match (codes.is_empty(), problems.into_iter().next()) {
            (true, Some(problem)) => Err(problem),
            _ => Ok(codes),
        }
    }

    fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        let mut problems = self.read_all(self.names()?.into_iter()).1;
        for (path, content) in self.all_slots()? {
            if matches!(content, Content::Torn) && is_old(&path) {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                problems.push(StoreFault::damaged(name, "slot"));
            }
        }
        Ok(problems)
    }

    /// A torn slot stays: it cannot be told from a damaged one.
    fn remove_torn(&self) -> Result<(), StoreFault> {
        remove_empty(&self.directory)
            .map_err(|error| StoreFault::file("removing empty slots", &self.directory, error))?;
        for name in self.names()? {
            let path = self.path(&name, PART);
            if is_old(&path)
                && self
                    .read_one(&name, PART)
                    .is_err_and(|problem| is_torn(&problem))
            {
                self.remove(&path)?;
            }
        }
        Ok(())
    }

    /// The names of the files, without their endings, each once, in order.
    fn names(&self) -> Result<Vec<String>, StoreFault> {
        let failed = |error| StoreFault::file("listing the lifeboat", &self.directory, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_string_lossy();
            let stem = match name.rsplit_once('.') {
                Some((stem, ENDING | PART)) => Some(stem.to_owned()),
                _ => None,
            };
            names.extend(stem);
        }
        let in_slots = self.slots_with_pairs()?;
        names.extend(in_slots.into_iter().map(|(_, name, _)| name));
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// A slot with a pair in it: its file, the name of the pair, and the pair, sealed.
type SlotWithPair = (PathBuf, String, Zeroizing<Vec<u8>>);

/// Whether it is older than any write takes. `false` for a file whose age is unknown.
fn is_old(path: &Path) -> bool {
    let written_at = fs::metadata(path).and_then(|file| file.modified());
    let age = written_at.ok().and_then(|at| at.elapsed().ok());
    age.is_some_and(|age| age > TORN_AT_MOST)
}

/// The sealed pair of a file, which may have been a slot. `None` if it is not there.
fn read_file(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreFault> {
    match fs::read(path).map(Zeroizing::new) {
        Ok(bytes) if is_slot(&bytes) => match parse(&bytes) {
            Content::Pair(_, sealed) => Ok(Some(sealed)),
            _ => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Err(StoreFault::damaged(name, "slot"))
            }
        },
        Ok(sealed) => Ok(Some(sealed)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreFault::file("reading a lifeboat", path, error)),
    }
}

/// Whether a writer may have died in the middle of such a file. One that needs another key, or a
/// newer program, is whole for all we know.
const fn is_torn(problem: &StoreFault) -> bool {
    matches!(problem, StoreFault::Damaged { .. })
}

const fn place(name: &str) -> AssociatedData<'_> {
    AssociatedData {
        purpose: "lifeboat",
        name,
        generation: 0,
    }
}
