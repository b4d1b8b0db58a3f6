//! A grant's history and its line in a list. Neither has secrets.

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Generation, GrantKey, Revision};

/// One line of a grant's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryLine {
    /// When, by the clock of the worker that wrote it.
    pub at: UnixSeconds,
    /// What: a name as [`GrantEvent::name`](kommo_oauth::grant::GrantEvent::name) returns it; a
    /// newer program may write others.
    pub happened: String,
    /// The reason or kind that belongs to it, or an empty text.
    pub detail: String,
    /// The grant's generation after it.
    pub generation: Generation,
    /// The record's revision after it.
    pub revision: Revision,
}

/// The line of a grant in a list, read from its columns only: its record is not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantSummary {
    /// Whose it is.
    pub key: GrantKey,
    /// The host of the account.
    pub host: AccountHost,
    /// The name of its state, as [`GrantState::name`](kommo_oauth::grant::GrantState::name) returns
    /// it.
    pub state: String,
    /// The fence.
    pub generation: Generation,
    /// Whether the user was an administrator, if that is known.
    pub is_admin: Option<bool>,
    /// When the access token ends.
    pub expires_at: Option<UnixSeconds>,
    /// When a sweep visits it next.
    pub due_at: Option<UnixSeconds>,
    /// When the record was written last.
    pub updated_at: UnixSeconds,
}

impl GrantSummary {
    /// Whether it can still get an access token without a person's help.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(&*self.state, "disconnected" | "reauth-required")
    }
}

/// A code that waits for its exchange, or a pair of one that waits to become a grant. It has no
/// secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeLine {
    /// Where it is exchanged.
    pub host: AccountHost,
    /// How it came: a name of [`CodeOrigin`](kommo_keeper::CodeOrigin); a newer program may write
    /// others.
    pub origin: String,
    /// How long it has waited.
    pub age: Duration,
    /// How often it was claimed.
    pub tries: u32,
    /// Why it still waits, as [`note_code`](kommo_keeper::PendingCodes::note_code) noted it last.
    pub why: Option<String>,
    /// Whether a worker holds it.
    pub is_claimed: bool,
    /// The shortest time until it can be claimed again.
    pub pause: Duration,
    /// Whether its pair is kept already, and is not a grant yet.
    pub has_answer: bool,
}

/// A key that proved something, and when it did so last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyUse {
    /// What it proves: the caller's word, such as `chat-hook`.
    pub purpose: String,
    /// The id of the key, never the key.
    pub key_id: String,
    /// The last time.
    pub used_at: UnixSeconds,
}
