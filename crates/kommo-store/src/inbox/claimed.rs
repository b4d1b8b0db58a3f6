//! A hook that is being handled.

use core::fmt;
use core::time::Duration;

use kommo_hooks::inbox::{HookOrigin, Lease, UnsignedKind};
use kommo_hooks::{Proof, StoredVerified};
use kommo_oauth::UnixSeconds;

use crate::records::hook_record::{OpenedHook, named_account};
use crate::records::rows::ClaimedHookRow;

/// A hook that is being handled, under a lease. Its bytes are there in one of two forms: proven
/// when they were stored, or unsigned.
#[derive(Clone)]
pub struct ClaimedHook {
    id: i64,
    key: String,
    event: String,
    account: Option<String>,
    conversation: Option<String>,
    stored_at: UnixSeconds,
    age: Duration,
    lease: Lease,
    opened: OpenedHook,
}

impl ClaimedHook {
    pub(crate) fn new(attempt: u32, row: ClaimedHookRow, token: u128, opened: OpenedHook) -> Self {
        let age = u64::try_from(row.now - row.stored_at).unwrap_or_default();
        Self {
            id: row.id,
            key: row.key,
            event: row.event,
            account: named_account(row.account),
            conversation: row.conversation,
            stored_at: UnixSeconds::new(u64::try_from(row.stored_at / 1_000).unwrap_or_default()),
            age: Duration::from_millis(age),
            lease: Lease::new(token, attempt),
            opened,
        }
    }

    /// Its number in the inbox: later ones have higher numbers.
    #[must_use]
    pub const fn id(&self) -> i64 {
        self.id
    }

    /// Its name: the same for every attempt and every repeat. A receiver that may get a hook twice
    /// knows it by this. 32 hex digits.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Which event, as it was put.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Whose it is, as text: `crm:…` or `chats:…`.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The hash of its conversation, if it has one.
    #[must_use]
    pub fn conversation(&self) -> Option<&str> {
        self.conversation.as_deref()
    }

    /// When it was stored, by the database's clock.
    #[must_use]
    pub const fn stored_at(&self) -> UnixSeconds {
        self.stored_at
    }

    /// How long ago it was stored.
    #[must_use]
    pub const fn age(&self) -> Duration {
        self.age
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.lease.attempt
    }

    /// The lease.
    #[must_use]
    pub const fn lease(&self) -> Lease {
        self.lease
    }

    /// The proven bytes, with the verdict that was recorded. `None`: it had no proof.
    #[must_use]
    pub fn proven(&self) -> Option<StoredVerified<&[u8]>> {
        self.opened.proven()
    }

    /// How it came.
    #[must_use]
    pub const fn origin(&self) -> &HookOrigin {
        &self.opened.origin
    }

    /// The body of a hook whose token alone was proven, with the verdict that was recorded. **What
    /// stands around the token is not proven.**
    #[must_use]
    pub fn token_proven(&self) -> Option<(&Proof, &[u8])> {
        self.opened.token_proven()
    }

    /// The body of a hook that had no proof.
    #[must_use]
    pub fn unsigned(&self) -> Option<(UnsignedKind, &[u8])> {
        self.opened.unsigned()
    }
}

/// Hides the bytes: a body is a person's message.
impl fmt::Debug for ClaimedHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedHook")
            .field("id", &self.id)
            .field("event", &self.event)
            .field("origin", &self.opened.origin)
            .field("attempt", &self.lease.attempt)
            .finish_non_exhaustive()
    }
}
