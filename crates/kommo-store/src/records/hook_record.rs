//! Between a hook and its row. The bytes lie sealed under the hook's key, with the verdict on them:
//! the form is [`HookRecord`].

use alloc::borrow::Cow;

use kommo_hooks::dangerous::proven_when_stored;
use kommo_hooks::inbox::{HookOrigin, HookRecord, NewHook, StoredFormError, UnsignedKind};
use kommo_hooks::{Proof, StoredVerified};

use crate::error::StoreFault;
use crate::records::rows::{HookRow, OfInbox};
use crate::sealing::hash_text::{hash_text, hex_text};
use crate::sealing::sealer::{AssociatedData, Sealer};

/// Unsigned hooks that name no account share the room of one.
pub(crate) const NO_ACCOUNT: &str = "none";

/// Keys and conversations are in two or three indexes, so they are half a hash: 128 bits, as hex
/// digits. No two hooks have one key unless somebody computes 2^64 hashes of texts that the
/// platform signs; two conversations of one hash would keep each other waiting and no more.
pub(crate) const HASH_DIGITS: usize = 32;

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

    /// The body of one whose token alone was proven.
    pub(crate) fn token_proven(&self) -> Option<(&Proof, &[u8])> {
        match &self.origin {
            HookOrigin::TokenProven(proof) => Some((proof, &self.bytes)),
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

/// Whose a hook is, as its column says it.
pub(crate) fn named_account(column: Option<String>) -> Option<String> {
    column.filter(|account| account != NO_ACCOUNT)
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
    let is_unsigned = matches!(hook.origin(), HookOrigin::Unsigned(_));
    let account = hook.account().map(|account| account.to_string());
    let plain = HookRecord::new(*hook.origin(), hook.bytes()).to_stored();
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
    let plain = sealer.open(hook_data(key), record)?;
    let opened = HookRecord::from_stored(kind, &plain);
    let opened = opened.map_err(|error| fault_of(key, error))?;
    Ok(OpenedHook {
        origin: opened.origin,
        bytes: opened.bytes.to_vec(),
    })
}

pub(crate) fn fault_of(name: &str, error: StoredFormError) -> StoreFault {
    match error {
        StoredFormError::Newer { version } => StoreFault::NewerRecord {
            record: name.to_owned(),
            version,
        },
        StoredFormError::Damaged(what) => StoreFault::damaged(name, what),
        _ => StoreFault::damaged(name, "in a way that is not known"),
    }
}
