//! How often an entry is tried, and how long it waits in between.

use core::time::Duration;

use crate::inbox::outcome::{HandlingOutcome, Settlement, kept_reason};

/// How often an entry is tried, and how long it waits in between. The defaults are choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The pause after the first attempt; each later one is twice as long. Default: 5 seconds.
    pub first_pause: Duration,
    /// The longest pause, of ours and of a handler's `not_before`. Default: an hour.
    pub longest_pause: Duration,
    /// How many attempts an entry has before it fails for good. An attempt whose worker crashed
    /// counts. Default: 24, which is some 14 hours.
    pub attempts: u32,
}

impl RetryPolicy {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        first_pause: Duration::from_secs(5),
        longest_pause: Duration::from_secs(3_600),
        attempts: 24,
    };

    /// The pause after an attempt: it doubles up to the longest one, and of that between a half and
    /// the whole is taken by `random`, so that what failed together does not come back together.
    #[must_use]
    pub fn pause_after(&self, attempt: u32, random: u64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let whole = self
            .first_pause
            .saturating_mul(1 << doublings)
            .min(self.longest_pause);
        let half = whole / 2;
        let span = u64::try_from((whole - half).as_millis()).unwrap_or(u64::MAX);
        let extra = random % span.saturating_add(1).max(1);
        half + Duration::from_millis(extra)
    }

    /// What becomes of an entry after this attempt.
    #[must_use]
    pub fn settle(&self, outcome: HandlingOutcome, attempt: u32, random: u64) -> Settlement {
        match outcome {
            HandlingOutcome::Done => Settlement::Done,
            HandlingOutcome::Refused { reason } => Settlement::Failed {
                reason: kept_reason(&reason),
            },
            HandlingOutcome::Later { reason, .. } if self.is_last(attempt) => Settlement::Failed {
                reason: kept_reason(&reason),
            },
            HandlingOutcome::Later { reason, not_before } => {
                let asked = not_before.unwrap_or_default().min(self.longest_pause);
                Settlement::Again {
                    pause: self.pause_after(attempt, random).max(asked),
                    reason: kept_reason(&reason),
                }
            }
        }
    }

    /// Whether no attempt follows this one.
    #[must_use]
    pub const fn is_last(&self, attempt: u32) -> bool {
        attempt >= self.attempts
    }

    /// Whether this attempt is one too many: those before ended without a word, with their workers.
    #[must_use]
    pub const fn is_over(&self, attempt: u32) -> bool {
        attempt > self.attempts
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}
