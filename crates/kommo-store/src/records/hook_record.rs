//! Between a hook and its row. The bytes lie sealed under the hook's key, with the verdict on them.
//!
//! ```text
//! length of the head, 4, big-endian │ head, JSON with `v` │ the proven bytes, or the body
//! ```

use alloc::borrow::Cow;

use kommo_hooks::StoredVerified;
use kommo_hooks::dangerous::{proven_when_stored, recorded_proof};
use kommo_hooks::inbox::{HookOrigin, NewHook, UnsignedKind};
use serde::{Deserialize, Serialize};

use crate::error::StoreFault;
use crate::records::rows::{HookRow, OfInbox};
use crate::sealing::hash_text::{hash_text, hex_text};
use crate::sealing::sealer::{AssociatedData, Sealer};
use crate::sealing::versioned::read_record;

/// The version of the sealed head.
const VERSION: u64 = 1;

/// Unsigned hooks that name no account share the room of one.
const NO_ACCOUNT: &str = "none";

/// Keys and conversations are in two or three indexes, so they are half a hash: 128 bits, as hex
/// digits. No two hooks have one key unless somebody computes 2^64 hashes of texts that the
/// platform signs; two conversations of one hash would keep each other waiting and no more.
pub(crate) const HASH_DIGITS: usize = 32;

/// What is sealed with the bytes: the verdict.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HookRecord {
    v: u64,
    /// Of a verifier or of what has no proof: the names differ.
    kind: String,
    /// The id of the key that proved it, and when. The names are short: they are in each row.
    key: Option<String>,
    at: Option<u64>,
}

/// A hook as it was stored.
#[derive(Clone)]
pub(crate) struct OpenedHook {
    pub(crate) origin: HookOrigin,
    pub(crate) bytes: Vec<u8>,
}

impl OpenedHook {
    /// The proven bytes, with the recorded verdict.
    pub(crate) fn proven(&self) -> Option<StoredVerified<&[u8]>> {
        match self.origin {
            HookOrigin::Proven(proof) => Some(proven_when_stored(&*self.bytes, proof)),
            _ => None,
        }
    }

    /// The body of one without a proof.
    pub(crate) fn unsigned(&self) -> Option<(UnsignedKind, &[u8])> {
        match self.origin {
            HookOrigin::Unsigned(kind) => Some((kind, &self.bytes)),
            _ => None,
        }
    }
}

pub(crate) const fn hook_data(key: &str) -> AssociatedData<'_> {
    AssociatedData {
        purpose: "hook",
        name: key,
        generation: 0,
    }
}

/// What a hook is called in an inbox.
pub(crate) fn key_of(of: &OfInbox, hook: &NewHook<'_>) -> String {
    hashed(of, "kommo-store hook", hook.key().as_bytes())
}

fn hashed(of: &OfInbox, purpose: &str, key: &[u8]) -> String {
    let hash = hash_text(purpose, &[&of.realm, &of.inbox, &hex_text(key)]);
    hash.chars().take(HASH_DIGITS).collect()
}

pub(crate) fn to_row(
    sealer: &Sealer,
    of: &OfInbox,
    hook: &NewHook<'_>,
) -> Result<HookRow, StoreFault> {
    let key = key_of(of, hook);
    let conversation = hook.conversation();
    let proof = match hook.origin() {
        HookOrigin::Proven(proof) => Some(proof),
        _ => None,
    };
    let head = HookRecord {
        v: VERSION,
        kind: hook.origin().name().to_owned(),
        key: proof.map(|proof| proof.key_id.as_str().to_owned()),
        at: proof.map(|proof| proof.verified_at),
    };
    let head = serde_json::to_vec(&head)
        .map_err(|_| StoreFault::damaged(&key, "cannot be written as JSON"))?;
    let length = u32::try_from(head.len())
        .map_err(|_| StoreFault::damaged(&key, "cannot be written as JSON"))?;
    let mut plain = Vec::with_capacity(4 + head.len() + hook.bytes().len());
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(&head);
    plain.extend_from_slice(hook.bytes());
    let is_unsigned = proof.is_none();
    let account = hook.account().map(|account| account.to_string());
    Ok(HookRow {
        record: sealer.seal(hook_data(&key), &plain)?,
        key,
        kind: Cow::Borrowed(hook.origin().name()),
        event: Cow::Borrowed(hook.event()),
        account: account.or_else(|| is_unsigned.then(|| NO_ACCOUNT.to_owned())),
        conversation: conversation
            .map(|key| hashed(of, "kommo-store conversation", key.as_bytes())),
        is_unsigned,
    })
}

/// What was sealed. A column that says something else than the record is damage.
pub(crate) fn open_record(
    sealer: &Sealer,
    key: &str,
    kind: &str,
    record: &[u8],
) -> Result<OpenedHook, StoreFault> {
    let damaged = |what| StoreFault::damaged(key, what);
    let plain = sealer.open(hook_data(key), record)?;
    let (length, rest) = plain
        .split_first_chunk::<4>()
        .ok_or_else(|| damaged("length"))?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged("length"))?;
    let (head, bytes) = rest
        .split_at_checked(length)
        .ok_or_else(|| damaged("length"))?;
    let head: HookRecord = read_record(key, head, VERSION)?;
    if head.kind != kind {
        return Err(damaged("kind"));
    }
    let origin = match (&head.key, head.at) {
        (Some(key_id), Some(at)) => recorded_proof(kind, key_id, at).map(HookOrigin::Proven),
        (None, None) => UnsignedKind::from_name(kind).map(HookOrigin::Unsigned),
        _ => None,
    };
    Ok(OpenedHook {
        origin: origin.ok_or_else(|| damaged("proof"))?,
        bytes: bytes.to_vec(),
    })
}
