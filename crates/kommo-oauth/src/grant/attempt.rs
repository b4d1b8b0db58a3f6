//! The record of a refresh that is written before it is sent, and what stays if no answer comes.

use core::time::Duration;

use crate::grant::generation::PairNumber;
use crate::grant::hold::lasts;
use crate::token::DoubtCause;
use crate::unix_time::UnixSeconds;

/// Names one attempt: sixteen random bytes, given by the adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId([u8; 16]);

impl AttemptId {
    /// Takes the bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The name of the attempt after this one in the same run.
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        Self(u128::from_be_bytes(self.0).wrapping_add(1).to_be_bytes())
    }
}

/// A refresh that is, or was, on its way. Durable before the request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Attempt {
    /// Its name.
    pub id: AttemptId,
    /// The pair whose refresh token it sends.
    pub used: PairNumber,
    /// When it was recorded.
    pub started_at: UnixSeconds,
}

impl Attempt {
    /// An attempt that begins now.
    #[must_use]
    pub const fn new(id: AttemptId, used: PairNumber, started_at: UnixSeconds) -> Self {
        Self {
            id,
            used,
            started_at,
        }
    }
}

/// Why the outcome of a refresh is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DoubtReason {
    /// The request may have left, and no whole answer came.
    AnswerLost,
    /// The platform, or something before it, answered 5xx or 408.
    ServerError,
    /// The answer was a success without both tokens, or could not be read.
    Unreadable,
    /// The worker that recorded the attempt is gone.
    HolderDied,
    /// A pair was refused for good, and others are left to try.
    PairRefused,
}

impl DoubtReason {
    /// The reason for a doubt that an answer leaves.
    #[must_use]
    pub const fn of_answer(cause: &DoubtCause) -> Self {
        match cause {
            DoubtCause::Status { .. } => Self::ServerError,
            _ => Self::Unreadable,
        }
    }

    /// The name that logs, metrics and the stored record use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnswerLost => "answer-lost",
            Self::ServerError => "server-error",
            Self::Unreadable => "unreadable",
            Self::HolderDied => "holder-died",
            Self::PairRefused => "pair-refused",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::AnswerLost,
            Self::ServerError,
            Self::Unreadable,
            Self::HolderDied,
            Self::PairRefused,
        ]
        .into_iter()
        .find(|reason| reason.name() == name)
    }
}

/// An attempt whose worker lost the lock or died: it was taken over, and its answer may still
/// arrive there.
///
/// A worker that only lost its lock continues: it gets its answer within its request limit, and
/// saves it. Until then `Token has been revoked` in answer to the same refresh token is what that
/// worker's success looks like from here, and no proof of death.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Orphan {
    /// When it was taken over, by the clock of the worker that did.
    pub since: UnixSeconds,
    /// From this instant on its answer is not waited for.
    pub until: UnixSeconds,
}

impl Orphan {
    /// How long an orphan may answer by default: a request limit of a minute, and five minutes by
    /// which clocks may differ.
    pub const DEFAULT_LIMIT: Duration = Duration::from_secs(60 + 5 * 60);

    /// An attempt that is taken over now.
    #[must_use]
    pub const fn new(now: UnixSeconds, limit: Duration) -> Self {
        Self {
            since: now,
            until: now.plus(limit),
        }
    }

    /// Whether its answer may still be saved. Bounded as a [`Hold`](crate::grant::Hold) is: a clock
    /// that was ahead does not make it longer.
    #[must_use]
    pub fn may_answer(&self, now: UnixSeconds) -> bool {
        lasts(self.since, self.until, now)
    }
}

/// A refresh whose outcome is unknown. It is tried again with the same refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Doubt {
    /// Why.
    pub reason: DoubtReason,
    /// The pair whose refresh token was sent, and will be sent again.
    pub used: PairNumber,
    /// Since when.
    pub since: UnixSeconds,
    /// How many attempts ended in doubt.
    pub tries: u32,
    /// Not before this instant.
    pub next_try: UnixSeconds,
    /// The latest attempt that was taken over since then.
    pub orphan: Option<Orphan>,
}
