//! The virtual clock: it moves only when a caller moves it, or runs with the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The last second of the year 9999: what a date header with four digits of the year can say.
pub(crate) const LATEST_UNIX: u64 = 253_402_300_799;

/// A clock in Unix seconds, never later than [`LATEST_UNIX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Clock {
    Standing { unix: u64 },
    Following { ahead_seconds: u64 },
}

impl Clock {
    pub(crate) fn standing(unix: u64) -> Self {
        Self::Standing {
            unix: unix.min(LATEST_UNIX),
        }
    }

    pub(crate) fn following() -> Self {
        Self::Following { ahead_seconds: 0 }
    }

    pub(crate) fn now(self) -> u64 {
        match self {
            Self::Standing { unix } => unix,
            Self::Following { ahead_seconds } => {
                wall_unix().saturating_add(ahead_seconds).min(LATEST_UNIX)
            }
        }
    }

    /// Whether it moves by itself.
    pub(crate) const fn is_following(self) -> bool {
        matches!(self, Self::Following { .. })
    }

    /// Moves on; a clock that follows the wall keeps running, from then on ahead of it.
    pub(crate) fn advance(&mut self, seconds: u64) {
        match self {
            Self::Standing { unix } => *unix = unix.saturating_add(seconds).min(LATEST_UNIX),
            Self::Following { ahead_seconds } => {
                *ahead_seconds = ahead_seconds.saturating_add(seconds)
            }
        }
    }
}

/// `now` moved by a fault's skew, inside what a date header can say.
pub(crate) fn skewed(now: u64, skew_seconds: i64) -> u64 {
    now.saturating_add_signed(skew_seconds).min(LATEST_UNIX)
}

/// One instant, as the sandbox counts it and as its answers show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The sandbox's clock, which every lifetime goes by.
    pub(crate) now: u64,
    /// What stands in claims, `server_time` and `Date`: the clock, off by a fault's skew.
    pub(crate) told: u64,
}

impl Moment {
    /// The same for both.
    pub(crate) fn at(now: u64) -> Self {
        Self { now, told: now }
    }

    /// Answers show a skewed time.
    pub(crate) fn told_askew(now: u64, skew_seconds: i64) -> Self {
        let told = skewed(now, skew_seconds);
        Self { now, told }
    }
}

/// The wall clock; a time before 1970 reads as 1970.
pub(crate) fn wall_unix() -> u64 {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where the sandbox reads the wall: once at the start, and while it follows"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
