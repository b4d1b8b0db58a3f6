//! Rows of the inbox.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use sqlx::{FromRow, Row as _};

use crate::sealing::hash_text::hash_number;

/// Which inbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OfInbox {
    pub(crate) realm: String,
    pub(crate) inbox: String,
}

impl OfInbox {
    /// What its rows have in common.
    pub(crate) fn number(&self) -> i64 {
        hash_number("kommo-store inbox", &[&self.realm, &self.inbox])
    }
}

/// A hook to be put.
#[derive(Clone, Debug)]
pub(crate) struct HookRow {
    pub(crate) key: String,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) event: Cow<'static, str>,
    pub(crate) account: Option<String>,
    pub(crate) conversation: Option<String>,
    pub(crate) is_unsigned: bool,
    pub(crate) record: Vec<u8>,
}

row! {
    /// A hook that was claimed.
    ClaimedHookRow {
        id: i64,
        key: String,
        kind: String,
        event: String,
        account: Option<String>,
        conversation: Option<String>,
        attempts: i64,
        stored_at: i64,
        record: Vec<u8>,
        now: i64,
    }
}

/// An attempt that is over.
#[derive(Clone, Debug)]
pub(crate) struct SettledHookRow {
    pub(crate) id: i64,
    pub(crate) conversation: Option<String>,
    /// Of the lease.
    pub(crate) token: Vec<u8>,
    pub(crate) attempts: i64,
    /// It leaves no trace.
    pub(crate) is_removed: bool,
    /// Whose it is, if it stays known as an unsigned hook that is done.
    pub(crate) known_of: Option<String>,
    /// The attempt does not count.
    pub(crate) is_uncounted: bool,
    pub(crate) state: &'static str,
    /// Of what waits again, in milliseconds.
    pub(crate) pause: Option<i64>,
    pub(crate) reason: Option<String>,
}

/// Where a hook stands that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedState {
    Done,
    Failed,
}

/// Which hooks a person means.
#[derive(Clone, Debug, Default)]
pub(crate) struct HookChoice {
    pub(crate) state: Option<&'static str>,
    pub(crate) kind: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) conversation: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) id: Option<i64>,
    /// In milliseconds.
    pub(crate) older_than: Option<i64>,
    pub(crate) younger_than: Option<i64>,
}

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HookPage {
    pub(crate) after: Option<i64>,
    pub(crate) before: Option<i64>,
    pub(crate) newest_first: bool,
    pub(crate) limit: i64,
    pub(crate) with_records: bool,
}

row! {
    /// What is read of a hook's row for a list.
    ListedHookRow {
        id: i64,
        key: String,
        kind: String,
        event: String,
        account: Option<String>,
        conversation: Option<String>,
        state: String,
        attempts: i64,
        stored_at: i64,
        ended_at: Option<i64>,
        due_at: Option<i64>,
        reason: Option<String>,
        is_leased: bool,
        now: i64,
        /// Empty unless it was asked for.
        record: Vec<u8>,
    }
}

row! {
    /// An inbox that has taken a hook.
    InboxRow {
        realm: String,
        name: String,
    }
}

row! {
    /// How much waits.
    HookDepthRow {
        waiting: i64,
        failed: i64,
        oldest: Option<i64>,
        now: i64,
    }
}

/// The accounts of unsigned hooks that stay known, of those that were settled.
pub(crate) fn accounts_done<'a>(settled: &'a [SettledHookRow], done: &[bool]) -> BTreeSet<&'a str> {
    let ended = settled
        .iter()
        .zip(done)
        .filter(|(_, is_settled)| **is_settled);
    ended
        .filter_map(|(hook, _)| hook.known_of.as_deref())
        .collect()
}
