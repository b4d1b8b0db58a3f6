//! What a hook and its conversation are known by: SHA-256 over parts that are kept apart by their
//! lengths. A store learns nothing of a person by them.

use alloc::string::ToString;

use sha2::{Digest, Sha256};

use crate::inbox::account::HookAccount;
use crate::verified::HookKind;

/// What a hook is known by: two with one key are one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey([u8; 32]);

/// What a conversation of an account is known by. Its hooks are handled in their order, one at a
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationKey([u8; 32]);

impl EntryKey {
    /// Of the bytes that a signature covered.
    pub(crate) fn of_bytes(kind: HookKind, bytes: &[u8]) -> Self {
        Self(hash("bytes", &[kind.name().as_bytes(), bytes]))
    }

    /// Of the id that the platform gave to what the hook reports. The event is a part of it: a
    /// reaction names a message too.
    pub(crate) fn of_id(
        kind: HookKind,
        event: &str,
        account: Option<HookAccount>,
        id: &str,
    ) -> Self {
        let account = text(account);
        Self(hash(
            "id",
            &[
                kind.name().as_bytes(),
                event.as_bytes(),
                account.as_bytes(),
                id.as_bytes(),
            ],
        ))
    }

    /// Of an unsigned hook: of its request. Equal bodies are not one hook, since they report two
    /// changes as often as one.
    pub(crate) fn of_request(kind: &str, request: &[u8], bytes: &[u8]) -> Self {
        Self(hash("request", &[kind.as_bytes(), request, bytes]))
    }

    /// Of an unsigned hook: of its content alone, which the caller has chosen.
    pub(crate) fn of_content(kind: &str, bytes: &[u8]) -> Self {
        Self(hash("content", &[kind.as_bytes(), bytes]))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ConversationKey {
    pub(crate) fn new(origin: &str, account: Option<HookAccount>, conversation: &str) -> Self {
        let account = text(account);
        Self(hash(
            "conversation",
            &[
                origin.as_bytes(),
                account.as_bytes(),
                conversation.as_bytes(),
            ],
        ))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn text(account: Option<HookAccount>) -> alloc::string::String {
    account
        .map(|account| account.to_string())
        .unwrap_or_default()
}

fn hash(purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"kommo-hooks inbox ");
    for part in core::iter::once(&purpose.as_bytes()).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
