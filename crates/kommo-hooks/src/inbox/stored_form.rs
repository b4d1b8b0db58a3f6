//! How a hook lies in a store, and a group of hooks in a spool, as bytes.
//!
//! ```text
//! a record   length of the head, 4, big-endian │ head, JSON with `v` │ the proven bytes, or the body
//! a group    SHA-256 of the rest, 32 │ length of the head, 4 │ head, JSON with `v` │ records, one after the other
//! ```
//!
//! A store seals a record before it is kept; the records of a group are sealed ones.

use alloc::string::String;
use alloc::vec::Vec;
use core::{error, fmt};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dangerous::recorded_proof;
use crate::inbox::origin::{HookOrigin, UnsignedKind};

/// The version of both heads.
const VERSION: u64 = 1;
const HASH_BYTES: usize = 32;

/// Why stored bytes are not read. Says nothing of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredFormError {
    /// A later program wrote it.
    Newer {
        /// Its version.
        version: u64,
    },
    /// It is not as it was written; where.
    Damaged(&'static str),
}

impl fmt::Display for StoredFormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { version } => write!(f, "stored hook has version {version}"),
            Self::Damaged(what) => write!(f, "stored hook is damaged: {what}"),
        }
    }
}

impl error::Error for StoredFormError {}

/// What a store keeps of a hook: how it came, and its bytes.
///
/// What is read back is what was written: that it was proven then, the reader believes the store.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookRecord<'a> {
    /// How it came.
    pub origin: HookOrigin,
    /// The proven bytes, or the body.
    pub bytes: &'a [u8],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordHead {
    v: u64,
    /// Of a verifier or of what has no proof: the names differ.
    kind: String,
    /// The id of the key that proved it, and when. The names are short: they are in each row.
    key: Option<String>,
    at: Option<u64>,
}

impl<'a> HookRecord<'a> {
    /// A record.
    #[must_use]
    pub const fn new(origin: HookOrigin, bytes: &'a [u8]) -> Self {
        Self { origin, bytes }
    }

    /// The bytes to be sealed and kept.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        let proof = self.origin.proof();
        let head = RecordHead {
            v: VERSION,
            kind: self.origin.name().into(),
            key: proof.map(|proof| proof.key_id.as_str().into()),
            at: proof.map(|proof| proof.verified_at),
        };
        let mut stored = with_length(&head);
        stored.extend_from_slice(self.bytes);
        stored
    }

    /// Reads it back. `kind` is what stands beside it.
    ///
    /// # Errors
    ///
    /// Bytes that [`to_stored`](Self::to_stored) does not write, or those of another kind.
    pub fn from_stored(kind: &str, stored: &'a [u8]) -> Result<Self, StoredFormError> {
        let (head, bytes): (RecordHead, _) = split_head(stored)?;
        if head.kind != kind {
            return Err(StoredFormError::Damaged("kind"));
        }
        let origin = match (&head.key, head.at) {
            (Some(key_id), Some(at)) => {
                recorded_proof(kind, key_id, at).map(HookOrigin::of_recorded)
            }
            (None, None) => UnsignedKind::from_name(kind).map(HookOrigin::Unsigned),
            _ => None,
        };
        let origin = origin.ok_or(StoredFormError::Damaged("proof"))?;
        Ok(Self { origin, bytes })
    }
}

/// Hides the bytes.
impl fmt::Debug for HookRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookRecord")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// A hook in a spool: what its row will be.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "the form of a version")]
pub struct SpooledHook {
    /// What it is known by, as text.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// Its event.
    pub event: String,
    /// Whose it is.
    pub account: Option<String>,
    /// Its conversation, as text.
    pub conversation: Option<String>,
    /// Its record, sealed.
    pub record: Vec<u8>,
}

/// Hides the record.
impl fmt::Debug for SpooledHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpooledHook")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// A group of hooks that was written to a spool at once: one file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "the form of a version")]
pub struct SpoolGroup {
    /// The realm of their inbox.
    pub realm: String,
    /// The name of their inbox.
    pub inbox: String,
    /// The hooks, in the order in which they came.
    pub hooks: Vec<SpooledHook>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupHead {
    v: u64,
    realm: String,
    inbox: String,
    hooks: Vec<GroupEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupEntry {
    key: String,
    kind: String,
    event: String,
    account: Option<String>,
    conversation: Option<String>,
    record_bytes: usize,
}

impl SpoolGroup {
    /// The content of its file. The hash at its beginning finds whatever a disk changes.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        let entry = |hook: &SpooledHook| GroupEntry {
            key: hook.key.clone(),
            kind: hook.kind.clone(),
            event: hook.event.clone(),
            account: hook.account.clone(),
            conversation: hook.conversation.clone(),
            record_bytes: hook.record.len(),
        };
        let mut rest = with_length(&GroupHead {
            v: VERSION,
            realm: self.realm.clone(),
            inbox: self.inbox.clone(),
            hooks: self.hooks.iter().map(entry).collect(),
        });
        for hook in &self.hooks {
            rest.extend_from_slice(&hook.record);
        }
        let mut file = Vec::with_capacity(HASH_BYTES + rest.len());
        file.extend_from_slice(&Sha256::digest(&rest));
        file.append(&mut rest);
        file
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Bytes that [`to_file`](Self::to_file) does not write.
    pub fn from_file(file: &[u8]) -> Result<Self, StoredFormError> {
        let (hash, rest) = file
            .split_first_chunk::<HASH_BYTES>()
            .ok_or(StoredFormError::Damaged("too short"))?;
        if *hash != <[u8; HASH_BYTES]>::from(Sha256::digest(rest)) {
            return Err(StoredFormError::Damaged("hash"));
        }
        let (head, mut rest): (GroupHead, _) = split_head(rest)?;
        let mut hooks = Vec::with_capacity(head.hooks.len());
        for entry in head.hooks {
            let (record, others) = rest
                .split_at_checked(entry.record_bytes)
                .ok_or(StoredFormError::Damaged("record"))?;
            rest = others;
            hooks.push(SpooledHook {
                key: entry.key,
                kind: entry.kind,
                event: entry.event,
                account: entry.account,
                conversation: entry.conversation,
                record: record.into(),
            });
        }
        match rest {
            [] => Ok(Self {
                realm: head.realm,
                inbox: head.inbox,
                hooks,
            }),
            _ => Err(StoredFormError::Damaged("length")),
        }
    }
}

/// Texts and numbers alone: writing them as JSON does not fail.
fn with_length(head: &impl Serialize) -> Vec<u8> {
    let head = serde_json::to_vec(head).unwrap_or_default();
    let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
    let mut stored = Vec::with_capacity(4 + head.len());
    stored.extend_from_slice(&length.to_be_bytes());
    stored.extend_from_slice(&head);
    stored
}

fn split_head<T: DeserializeOwned>(stored: &[u8]) -> Result<(T, &[u8]), StoredFormError> {
    let length = || StoredFormError::Damaged("length");
    let (bytes, rest) = stored.split_first_chunk::<4>().ok_or_else(length)?;
    let bytes = usize::try_from(u32::from_be_bytes(*bytes)).map_err(|_| length())?;
    let (head, rest) = rest.split_at_checked(bytes).ok_or_else(length)?;
    Ok((read_head(head)?, rest))
}

/// What every version has.
#[derive(Deserialize)]
struct Versioned {
    v: u64,
}

/// The version is judged first: what is newer is not damaged, whatever its fields are.
fn read_head<T: DeserializeOwned>(json: &[u8]) -> Result<T, StoredFormError> {
    let found: Versioned =
        serde_json::from_slice(json).map_err(|_| StoredFormError::Damaged("no JSON with `v`"))?;
    match found.v {
        VERSION => serde_json::from_slice(json).map_err(|_| StoredFormError::Damaged("fields")),
        version if version > VERSION => Err(StoredFormError::Newer { version }),
        _ => Err(StoredFormError::Damaged("v")),
    }
}
