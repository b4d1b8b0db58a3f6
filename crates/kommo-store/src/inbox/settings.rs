//! How an inbox is to be used.

use core::time::Duration;

use kommo_hooks::inbox::RetryPolicy;

/// Settings of an inbox, with defaults. The defaults are choices.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InboxSettings {
    /// How long a transaction that takes hooks may last before they go to the spool, or fail.
    /// [`Inbox::put`](crate::Inbox::put) waits for four times as long at most: for the transaction
    /// before, its own transaction, and a slow disk of the spool. A merge of the spool may last ten
    /// times as long; hooks that come do not wait for it, but are spooled meanwhile. Default: 1
    /// second. A chat hook comes once, and must be answered within five; one of the CRM within two,
    /// but the CRM sends it again.
    pub put_within: Duration,
    /// How many hooks are written in one transaction at most. Default: 128.
    pub group_at_most: usize,
    /// How many hooks wait for the transaction before theirs at most; further ones wait outside,
    /// within `put_within`. Default: 1,024.
    pub waiting_at_most: usize,
    /// How many bytes the spool of this inbox takes on the disk at most, in whole blocks of 4 KiB:
    /// a hook that comes alone is a file of its own. Files that other processes write to the same
    /// directory count as soon as it is listed again, at most 30 seconds later. Default: 1 GiB.
    pub spool_bytes_at_most: u64,
    /// The pause before the spool is merged, and before it is tried again; it doubles up to 30
    /// seconds. Default: 1 second.
    pub spool_retry: Duration,
    /// How long a worker has for an attempt before another may begin one, unless it renews its
    /// lease. At most a day. Default: a minute.
    pub lease: Duration,
    /// How often a hook is tried.
    pub retry: RetryPolicy,
    /// How many unsigned hooks of one account wait at most; a further one is
    /// [`Put::Full`](kommo_hooks::inbox::Put::Full). Anybody who knows the address can send them.
    /// Default: 1,000.
    pub unsigned_at_most: u32,
    /// How many unsigned hooks of one account that are done stay known, the newest, without their
    /// bytes: the platform repeats a request for up to 95 minutes if it had no answer in time. 0:
    /// none, so that a repeat is handled again. Default: 1,000.
    pub unsigned_known_at_most: u32,
    /// How long a hook that is done stays known, so that its repeat is a duplicate. Its bytes go at
    /// once. Default: 7 days.
    pub keep_done: Duration,
    /// How long a hook that failed stays. Default: 30 days.
    pub keep_failed: Duration,
}

impl InboxSettings {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            put_within: Duration::from_secs(1),
            group_at_most: 128,
            waiting_at_most: 1_024,
            spool_bytes_at_most: 1 << 30,
            spool_retry: Duration::from_secs(1),
            lease: Duration::from_secs(60),
            retry: RetryPolicy::DEFAULT,
            unsigned_at_most: 1_000,
            unsigned_known_at_most: 1_000,
            keep_done: DAY.saturating_mul(7),
            keep_failed: DAY.saturating_mul(30),
        }
    }
}

impl Default for InboxSettings {
    fn default() -> Self {
        Self::new()
    }
}
