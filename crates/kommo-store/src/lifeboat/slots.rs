//! Room for a pair, made before a refresh token is sent: a file of the largest size, on the disk
//! with all its blocks. A pair is written over what is in it, which needs no new room; then the
//! file gets the pair's name.
//!
//! ```text
//! RANDOM.slot   16     │ 2              │ 4                │ 32                    │ name │ sealed pair │ filler
//!               magic  │ length of name │ length of sealed │ SHA-256 of the next 2 │
//! ```
//!
//! An empty slot has lengths of zero. A crash while a pair is being written leaves a hash that does
//! not match, or the empty slot. A slot belongs to the process that has its lock, and to any grant
//! of that process; one that an ended process left empty is used again or removed.
//!
//! On a copy-on-write file system (Btrfs, ZFS), and on one that compresses, overwriting blocks may
//! still need room: there the slot makes a loss less likely, but not impossible.

use alloc::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::private_files::{crash_point, leads_to, new_private_file, sync_directory};
use crate::sealing::hash_text::hex_text;

pub(super) const SLOT: &str = "slot";

/// Two tokens of the largest size, with each byte escaped, and the other fields.
const SLOT_BYTES: usize = 72 * 1024;
const MAGIC: &[u8; 16] = b"kommo-lifeboat-1";
const HEADER_BYTES: usize = 16 + 2 + 4 + 32;
/// What an empty slot is filled with, so that its blocks are written and not only promised.
const FILLER: u8 = 0xff;

/// Empty slots that are kept for the next refreshes. More of them are removed.
const KEPT_AT_MOST: usize = 32;

/// What is in a file that may be a slot.
pub(super) enum Content {
    /// A pair, sealed, and the name that it is sealed for.
    Pair(String, Zeroizing<Vec<u8>>),
    /// Room, or a slot that was not finished.
    Empty,
    /// Neither: the writing of a pair was cut off, or the file is damaged.
    Torn,
}

/// Whether these bytes are those of a slot, whatever the file is called.
pub(super) fn is_slot(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

pub(super) fn parse(bytes: &[u8]) -> Content {
    match header(bytes) {
        Some((0, 0, _)) | None if is_blank(bytes) => Content::Empty,
        Some((name, sealed, hash)) => pair_in(bytes, name, sealed, hash).unwrap_or(Content::Torn),
        None => Content::Torn,
    }
}

/// The lengths and the hash.
fn header(bytes: &[u8]) -> Option<(usize, usize, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (name, rest) = rest.split_first_chunk::<2>()?;
    let (sealed, rest) = rest.split_first_chunk::<4>()?;
    let name = usize::from(u16::from_be_bytes(*name));
    let sealed = usize::try_from(u32::from_be_bytes(*sealed)).ok()?;
    Some((name, sealed, rest.get(..32)?))
}

fn pair_in(bytes: &[u8], name: usize, sealed: usize, hash: &[u8]) -> Option<Content> {
    let content = bytes.get(HEADER_BYTES..HEADER_BYTES.checked_add(name)?.checked_add(sealed)?)?;
    if name == 0 || Sha256::digest(content)[..] != *hash {
        return None;
    }
    let (name, sealed) = content.split_at(name);
    let name = core::str::from_utf8(name).ok()?.to_owned();
    Some(Content::Pair(name, Zeroizing::new(sealed.to_vec())))
}

/// Only a header and filler; also true of a file that a crash left shorter, or with blocks that
/// were not written.
fn is_blank(bytes: &[u8]) -> bool {
    if MAGIC.starts_with(bytes) {
        return true;
    }
    let rest = bytes.strip_prefix(MAGIC).unwrap_or(bytes);
    rest.iter().all(|byte| [0, FILLER].contains(byte))
}

fn empty() -> Vec<u8> {
    let mut bytes = vec![FILLER; SLOT_BYTES];
    let header = MAGIC.iter().copied().chain([0; HEADER_BYTES - 16]);
    for (byte, header) in bytes.iter_mut().zip(header) {
        *byte = header;
    }
    bytes
}

/// `None`: the pair does not fit.
fn filled(name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let name_length = u16::try_from(name.len()).ok()?;
    let sealed_length = u32::try_from(sealed.len()).ok()?;
    let length = HEADER_BYTES + name.len() + sealed.len();
    if length > SLOT_BYTES {
        return None;
    }
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update(sealed);
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&name_length.to_be_bytes());
    bytes.extend_from_slice(&sealed_length.to_be_bytes());
    bytes.extend_from_slice(&hash.finalize());
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(sealed);
    Some(bytes)
}

/// The slots of this process.
#[derive(Debug, Default)]
pub(super) struct Slots {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    free: Vec<Slot>,
    /// By the name of the grant, or of the code.
    reserved: BTreeMap<String, Slot>,
}

/// An empty slot, locked while this value exists.
#[derive(Debug)]
pub(super) struct Slot {
    path: PathBuf,
    file: File,
}

impl Slots {
    /// A panic elsewhere leaves the lists as good as they were.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A slot for this grant or code: the one that it has, one that is free, one that an ended
    /// process left, or a new one.
    pub(super) fn reserve(&self, owner: String, directory: &Path) -> io::Result<()> {
        let mine = self.held().reserved.remove(&owner);
        if let Some(slot) = mine.filter(Slot::is_there) {
            self.held().reserved.insert(owner, slot);
            return Ok(());
        }
        let free = loop {
            let free = self.held().free.pop();
            match free {
                Some(slot) if !slot.is_there() => {}
                free => break free,
            }
        };
        let slot = match free {
            Some(slot) => slot,
            None => match left_behind(directory)? {
                Some(slot) => slot,
                None => Slot::make(directory)?,
            },
        };
        self.held().reserved.insert(owner, slot);
        Ok(())
    }

    /// The slot of this grant or code, to be written into.
    pub(super) fn take(&self, owner: &str) -> Option<Slot> {
        self.held().reserved.remove(owner)
    }

    pub(super) fn release(&self, owner: &str) {
        let Some(slot) = self.take(owner) else {
            return;
        };
        let mut held = self.held();
        if held.free.len() < KEPT_AT_MOST {
            held.free.push(slot);
        } else {
            drop(held);
            slot.remove();
        }
    }
}

/// What is empty has no pair in it.
impl Drop for Slots {
    fn drop(&mut self) {
        let held = core::mem::take(&mut *self.held());
        let reserved = held.reserved.into_values();
        for slot in held.free.into_iter().chain(reserved) {
            slot.remove();
        }
    }
}

impl Slot {
    fn make(directory: &Path) -> io::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|_| io::Error::other("operating system returned no random bytes"))?;
        let path = directory.join(format!("{}.{SLOT}", hex_text(&random)));
        let slot = Self {
            file: new_private_file(&path)?,
            path,
        };
        let made = || -> io::Result<bool> {
            slot.file.try_lock()?;
            crash_point();
            (&slot.file).write_all(&empty())?;
            crash_point();
            slot.file.sync_all()?;
            crash_point();
            sync_directory(directory)?;
            leads_to(&slot.path, &slot.file)
        };
        match made() {
            Ok(true) => Ok(slot),
            Ok(false) => Err(io::Error::other("slot was removed while it was made")),
            Err(error) => {
                slot.remove();
                Err(error)
            }
        }
    }

    /// Whether it still exists.
    fn is_there(&self) -> bool {
        leads_to(&self.path, &self.file).unwrap_or(false)
    }

    /// Writes a pair over what is in the slot, durably. `false`: it does not fit, and the slot was
    /// not written.
    pub(super) fn fill(&self, name: &str, sealed: &[u8]) -> io::Result<bool> {
        let Some(bytes) = filled(name, sealed) else {
            return Ok(false);
        };
        (&self.file).seek(SeekFrom::Start(0))?;
        (&self.file).write_all(&bytes)?;
        crash_point();
        self.file.sync_all()?;
        crash_point();
        if !self.is_there() {
            return Err(io::Error::other("slot was removed"));
        }
        Ok(true)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn remove(self) {
        // If it stays, another process removes it.
        let _ = fs::remove_file(&self.path);
        crash_point();
    }
}

pub(super) fn slots_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == SLOT) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A slot that no running process has, locked now. `None`: there is no such slot any more, or it
/// has an owner.
fn ownerless(path: &Path) -> io::Result<Option<(Slot, Zeroizing<Vec<u8>>)>> {
    let file = match File::options().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Ok(None),
        Err(fs::TryLockError::Error(error)) => return Err(error),
    }
    let slot = Slot {
        path: path.to_path_buf(),
        file,
    };
    let mut bytes = Zeroizing::new(Vec::new());
    (&slot.file).read_to_end(&mut bytes)?;
    Ok(slot.is_there().then_some((slot, bytes)))
}

/// One that an ended process left as it was made.
fn left_behind(directory: &Path) -> io::Result<Option<Slot>> {
    for path in slots_in(directory)? {
        if let Ok(Some((slot, bytes))) = ownerless(&path)
            && bytes[..] == empty()[..]
        {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

/// Removes what ended processes left empty. A pair, and what may have been one, stays.
pub(super) fn remove_empty(directory: &Path) -> io::Result<()> {
    for path in slots_in(directory)? {
        if let Some((slot, bytes)) = ownerless(&path)?
            && matches!(parse(&bytes), Content::Empty)
        {
            slot.remove();
        }
    }
    Ok(())
}

/// The pair of a slot. Reads no more than the header of one that is empty.
pub(super) fn read_slot(path: &Path) -> io::Result<Option<Content>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Zeroizing::new(vec![0; HEADER_BYTES]);
    match file.read_exact(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Ok(Some(Content::Empty));
        }
        read => read?,
    }
    if matches!(header(&bytes), Some((0, 0, _))) {
        return Ok(Some(Content::Empty));
    }
    file.read_to_end(&mut bytes)?;
    Ok(Some(parse(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot_file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.slot");
        fs::write(&path, bytes).unwrap();
        (directory, path)
    }

    #[test]
    fn a_slot_that_was_cut_off_at_any_byte_is_never_taken_for_a_pair() {
        let whole = filled("name", b"\x00sealed pair").unwrap();
        let mut after = empty();
        after[..whole.len()].copy_from_slice(&whole);
        match parse(&after) {
            Content::Pair(name, sealed) => {
                assert_eq!((&*name, &sealed[..]), ("name", &b"\x00sealed pair"[..]));
            }
            _ => panic!("the whole pair is read"),
        }
        for cut in 0..whole.len() {
            // Only the first bytes reached the disk, or only the last.
            let mut first = empty();
            first[..cut].copy_from_slice(&whole[..cut]);
            assert!(!matches!(parse(&first), Content::Pair(..)), "{cut}");
            let mut last = after.clone();
            last[..=cut].copy_from_slice(&empty()[..=cut]);
            let is_same = last == after;
            assert!(
                is_same || !matches!(parse(&last), Content::Pair(..)),
                "{cut}"
            );
        }
    }

    #[test]
    fn what_a_crash_leaves_of_a_reservation_is_empty_and_goes() {
        let empty = empty();
        for length in [0, 1, 16, 40, HEADER_BYTES, 4_096, SLOT_BYTES] {
            let mut unwritten = vec![0; length];
            for bytes in [&empty[..length], &mut unwritten] {
                let (directory, path) = slot_file(bytes);
                assert!(matches!(parse(bytes), Content::Empty), "{length}");
                remove_empty(directory.path()).unwrap();
                assert!(!path.exists(), "{length}");
            }
        }
    }

    #[test]
    fn a_pair_and_a_torn_slot_stay() {
        let whole = filled("name", b"\x00sealed").unwrap();
        for bytes in [&whole[..], &whole[..whole.len() - 1]] {
            let (directory, path) = slot_file(bytes);
            remove_empty(directory.path()).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }
}
