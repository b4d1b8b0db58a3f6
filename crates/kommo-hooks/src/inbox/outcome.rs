//! What came of an attempt, and what becomes of the entry for it.

use alloc::string::String;
use core::time::Duration;

/// The longest reason that is kept, in characters.
pub const REASON_MAX_CHARS: usize = 200;

/// What a handler reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlingOutcome {
    /// It is handled.
    Done,
    /// It could not be handled now: again, after a pause.
    Later {
        /// Why, for a person. No secret and nothing of the body: it is kept as it is.
        reason: String,
        /// The pause that the other side asked for (`Retry-After`).
        not_before: Option<Duration>,
    },
    /// What it is handed to is away, and the hook has no part in that: no connection, a broker that
    /// is stopped, a server that is overloaded. Again, after a pause, and this counts as no
    /// attempt.
    Away {
        /// Why, as above.
        reason: String,
        /// The pause that the other side asked for (`Retry-After`).
        not_before: Option<Duration>,
    },
    /// It never can be handled: it stays, to be seen and replayed.
    Refused {
        /// Why, as above.
        reason: String,
    },
}

impl HandlingOutcome {
    /// Again, after the usual pause. The reason is for a person: no secret, nothing of the body.
    #[must_use]
    pub fn later(reason: impl Into<String>) -> Self {
        Self::Later {
            reason: reason.into(),
            not_before: None,
        }
    }

    /// The other side is away: again, and this counts as no attempt. The reason as above.
    #[must_use]
    pub fn away(reason: impl Into<String>) -> Self {
        Self::Away {
            reason: reason.into(),
            not_before: None,
        }
    }

    /// Never: it stays, to be seen and replayed. The reason as above.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused {
            reason: reason.into(),
        }
    }
}

/// What becomes of an entry when an attempt ends: an outcome, judged by a
/// [`RetryPolicy`](crate::inbox::RetryPolicy).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// It is done.
    Done,
    /// It waits again, for this pause. It stays the head of its conversation.
    Again {
        /// How long.
        pause: Duration,
        /// Why.
        reason: String,
    },
    /// The same, and the attempt does not count.
    Away {
        /// How long.
        pause: Duration,
        /// Why.
        reason: String,
    },
    /// It has failed for good.
    Failed {
        /// Why.
        reason: String,
    },
}

/// A reason as it is kept: short, on one line, without control characters.
pub(crate) fn kept_reason(reason: &str) -> String {
    let clean = |letter: char| if letter.is_control() { ' ' } else { letter };
    reason.chars().take(REASON_MAX_CHARS).map(clean).collect()
}
