//! How often an entry is tried, and how long it waits in between.

use core::time::Duration;

use kommo_account::doubled;

use crate::inbox::outcome::{HandlingOutcome, Settlement, kept_reason};

/// How often an entry is tried, and how long it waits in between. The defaults are choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The pause after the first attempt; each later one is twice as long. Default: 5 seconds.
    pub first_pause: Duration,
    /// The longest pause, of ours and of a handler's `not_before`. Default: an hour.
    pub longest_pause: Duration,
    /// The longest pause of ours while the other side is away. Default: 5 minutes.
    pub longest_away_pause: Duration,
    /// How old an entry becomes before an other side that is away counts as a failed attempt.
    /// Default: 7 days.
    pub away_at_most: Duration,
    /// How many attempts an entry has before it fails for good. An attempt whose worker crashed
    /// counts. Default: 24, which is some 14 hours.
    pub attempts: u32,
}

impl RetryPolicy {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        first_pause: Duration::from_secs(5),
        longest_pause: Duration::from_secs(3_600),
        longest_away_pause: Duration::from_secs(300),
        away_at_most: Duration::from_secs(7 * 24 * 3_600),
        attempts: 24,
    };

    /// The pause after an attempt: it doubles up to the longest one, and of that between a half and
    /// the whole is taken by `random`, so that what failed together does not come back together.
    #[must_use]
    pub fn pause_after(&self, attempt: u32, random: u64) -> Duration {
        let whole = doubled(self.first_pause, attempt.saturating_sub(1));
        spread(whole.min(self.longest_pause), random)
    }

    /// The pause while the other side is away. Attempts do not count then, so it grows with the age
    /// of the entry: a quarter of it, from the first pause up to the longest, spread as above.
    #[must_use]
    pub fn pause_away(&self, age: Duration, random: u64) -> Duration {
        let whole = (age / 4).max(self.first_pause).min(self.longest_away_pause);
        spread(whole, random)
    }

    /// What becomes of an entry of this age after this attempt.
    #[must_use]
    pub fn settle(
        &self,
        outcome: HandlingOutcome,
        attempt: u32,
        age: Duration,
        random: u64,
    ) -> Settlement {
        let outcome = match outcome {
            HandlingOutcome::Away { reason, not_before } if age > self.away_at_most => {
                HandlingOutcome::Later { reason, not_before }
            }
            outcome => outcome,
        };
        let asked = |not_before: Option<Duration>| {
            let asked = not_before.unwrap_or_default();
            asked.min(self.longest_pause)
        };
        match outcome {
            HandlingOutcome::Done => Settlement::Done,
            HandlingOutcome::Refused { reason } => Settlement::Failed {
                reason: kept_reason(&reason),
            },
            HandlingOutcome::Later { reason, .. } if self.is_last(attempt) => Settlement::Failed {
                reason: kept_reason(&reason),
            },
            HandlingOutcome::Later { reason, not_before } => Settlement::Again {
                pause: self.pause_after(attempt, random).max(asked(not_before)),
                reason: kept_reason(&reason),
            },
            HandlingOutcome::Away { reason, not_before } => Settlement::Away {
                pause: self.pause_away(age, random).max(asked(not_before)),
                reason: kept_reason(&reason),
            },
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

/// Between a half and the whole.
fn spread(whole: Duration, random: u64) -> Duration {
    let half = whole / 2;
    let span = u64::try_from((whole - half).as_millis()).unwrap_or(u64::MAX);
    half + Duration::from_millis(random % span.saturating_add(1).max(1))
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}
