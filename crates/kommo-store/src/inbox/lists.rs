//! What a person sees of an inbox, and by which filter.

use core::fmt;
use core::time::Duration;

use kommo_hooks::inbox::{HookAccount, UnsignedKind};
use kommo_hooks::{Proof, StoredVerified};

use crate::error::StoreFault;
use crate::records::hook_record::{HASH_DIGITS, OpenedHook, named_account, open_record};
use crate::records::rows::{HookChoice, ListedHookRow};
use crate::sealing::sealer::Sealer;
use crate::store::milliseconds;

/// Where a hook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookState {
    /// It waits, or is being handled.
    Waiting,
    /// It was handled.
    Done,
    /// It failed for good.
    Failed,
}

impl HookState {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Done, Self::Failed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// Which hooks are meant. What is `None` does not count.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct HookFilter {
    /// Where they stand.
    pub state: Option<HookState>,
    /// Their kind: a name of [`HookKind`](kommo_hooks::HookKind) or
    /// [`UnsignedKind`](kommo_hooks::inbox::UnsignedKind).
    pub kind: Option<String>,
    /// Their event.
    pub event: Option<String>,
    /// Whose they are.
    pub account: Option<HookAccount>,
    /// Those of a conversation: its hash, as [`HookLine::conversation`] has it.
    pub conversation: Option<String>,
    /// The one with this [`key`](crate::ClaimedHook::key).
    pub key: Option<String>,
    /// The one with this number.
    pub id: Option<i64>,
    /// Those that were stored this long ago, or longer.
    pub older_than: Option<Duration>,
    /// Those that were stored after that.
    pub younger_than: Option<Duration>,
}

impl HookFilter {
    /// All.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: None,
            kind: None,
            event: None,
            account: None,
            conversation: None,
            key: None,
            id: None,
            older_than: None,
            younger_than: None,
        }
    }

    pub(crate) fn choice(&self) -> HookChoice {
        HookChoice {
            state: self.state.map(HookState::name),
            kind: self.kind.clone(),
            event: self.event.clone(),
            account: self.account.map(|account| account.to_string()),
            conversation: self.conversation.as_ref().map(|hash| digits(hash)),
            key: self.key.as_ref().map(|key| digits(key)),
            id: self.id,
            older_than: self.older_than.map(milliseconds),
            younger_than: self.younger_than.map(milliseconds),
        }
    }
}

/// What is not such a hash is the empty one, which no hook has: a database refuses to read its
/// digits.
fn digits(text: &str) -> String {
    let is_hash = text.len() == HASH_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.chars().filter(|_| is_hash).collect()
}

/// A hook, as a list shows it. Nothing of its body is here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookLine {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// Its event.
    pub event: String,
    /// Whose it is: `crm:…` or `chats:…`.
    pub account: Option<String>,
    /// The hash of its conversation.
    pub conversation: Option<String>,
    /// Where it stands.
    pub state: HookState,
    /// How many attempts have begun.
    pub attempts: u32,
    /// How long ago it was stored.
    pub age: Duration,
    /// How long ago it ended.
    pub ended: Option<Duration>,
    /// How long before it can be claimed. `None` if it has ended, or waits behind another of its
    /// conversation.
    pub due_in: Option<Duration>,
    /// Whether a worker has it.
    pub is_leased: bool,
    /// Why it waits again or has failed.
    pub reason: Option<String>,
}

pub(crate) fn to_line(row: ListedHookRow) -> Result<HookLine, StoreFault> {
    let state = HookState::from_name(&row.state)
        .ok_or_else(|| StoreFault::damaged(&row.key, "column state"))?;
    let length =
        |milliseconds: i64| Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    Ok(HookLine {
        id: row.id,
        state,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        age: length(row.now - row.stored_at),
        ended: row.ended_at.map(|at| length(row.now - at)),
        due_in: row.due_at.map(|at| length(at - row.now)),
        is_leased: row.is_leased,
        key: row.key,
        kind: row.kind,
        event: row.event,
        account: named_account(row.account),
        conversation: row.conversation,
        reason: row.reason,
    })
}

/// A hook as a whole, for a person. Reading it changes nothing.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredHook {
    /// Its line in a list.
    pub line: HookLine,
    opened: Option<OpenedHook>,
}

impl StoredHook {
    pub(crate) fn open(sealer: &Sealer, row: ListedHookRow) -> Result<Self, StoreFault> {
        let opened = match &*row.record {
            // It is done.
            [] => None,
            record => Some(open_record(sealer, &row.key, &row.kind, record)?),
        };
        let line = to_line(row)?;
        Ok(Self { line, opened })
    }

    /// The proven bytes, with the verdict that was recorded. `None`: it had no proof, or is done
    /// and its bytes are gone.
    #[must_use]
    pub fn proven(&self) -> Option<StoredVerified<&[u8]>> {
        self.opened.as_ref()?.proven()
    }

    /// The body of a hook whose token alone was proven, with the verdict that was recorded. **What
    /// stands around the token is not proven.**
    #[must_use]
    pub fn token_proven(&self) -> Option<(&Proof, &[u8])> {
        self.opened.as_ref()?.token_proven()
    }

    /// The body of a hook that had no proof.
    #[must_use]
    pub fn unsigned(&self) -> Option<(UnsignedKind, &[u8])> {
        self.opened.as_ref()?.unsigned()
    }
}

/// Hides the bytes: a body is a person's message.
impl fmt::Debug for StoredHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredHook")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// How full an inbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxDepth {
    /// How many wait or are being handled.
    pub waiting: u64,
    /// How many have failed for good and are still here.
    pub failed: u64,
    /// How long the oldest of those that wait has waited.
    pub oldest: Option<Duration>,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// Hooks that were done and are forgotten.
    pub done: u64,
    /// Hooks that had failed and are forgotten.
    pub failed: u64,
    /// Hooks that a clock which was far ahead had put off.
    pub mended: u64,
}
