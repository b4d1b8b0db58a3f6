//! When and after what pause a request is repeated (rule T2).

use core::time::Duration;

use kommo_account::doubled;

/// Whether a request may be sent again when it is not known whether the first one was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Repeat {
    /// No: a message would be delivered twice.
    #[default]
    Never,
    /// Yes, sending it twice does what sending it once does: reading, or a write that carries its
    /// own id.
    WhenSafe,
}

/// How often a call that may be repeated is repeated, and after what pauses.
///
/// Before repetition *n* the pause is random between zero and `first_pause` × 2ⁿ⁻¹ ("full jitter",
/// so that many clients that failed together do not come back together), at most `longest_pause`.
/// If the platform asks for a pause, it is that pause and the random one on top; if it asks for
/// more than `longest_retry_after`, the call ends with an error.
///
/// Source: rule T2 of `docs/protocol.md`; the figures are our choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    max_attempts: u32,
    first_pause: Duration,
    longest_pause: Duration,
    longest_retry_after: Duration,
}

impl RetryPolicy {
    /// The defaults: 3 attempts, 500 ms, 8 s, 10 s. So pauses of up to 0.5 s and up to 1 s.
    pub const fn new() -> Self {
        Self {
            max_attempts: 3,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(8),
            longest_retry_after: Duration::from_secs(10),
        }
    }

    /// Every request is sent once. One more may follow after a refusal that our clock explains
    /// (rule T3).
    pub const fn once() -> Self {
        Self::new().max_attempts(1)
    }

    /// How many attempts a call has, the first one included; 0 counts as 1.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The upper bound of the first pause; it doubles each time.
    pub const fn first_pause(mut self, bound: Duration) -> Self {
        self.first_pause = bound;
        self
    }

    /// What the doubling stops at.
    pub const fn longest_pause(mut self, bound: Duration) -> Self {
        self.longest_pause = bound;
        self
    }

    /// The longest pause on the platform's word that a call waits out by itself.
    pub const fn longest_retry_after(mut self, bound: Duration) -> Self {
        self.longest_retry_after = bound;
        self
    }

    /// The longest pause that a call waits out by itself.
    #[must_use]
    pub const fn longest_wait(&self) -> Duration {
        self.longest_retry_after
    }

    /// The pause before repetition number `repetition` (from 1), if the platform has `asked` for
    /// one or not; none if there is to be no repetition. `random_up_to` draws a length up to its
    /// bound.
    pub fn pause(
        &self,
        repetition: u32,
        asked: Option<Duration>,
        random_up_to: impl FnOnce(Duration) -> Duration,
    ) -> Option<Duration> {
        let asked = asked.unwrap_or_default();
        if repetition >= self.max_attempts || asked > self.longest_retry_after {
            return None;
        }
        let bound = doubled(self.first_pause, repetition.saturating_sub(1)).min(self.longest_pause);
        // Chance that answers more than it was asked for does not lengthen a pause.
        Some(asked.saturating_add(random_up_to(bound).min(bound)))
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::RetryPolicy;

    // Rule T2.
    #[test]
    fn a_pause_never_exceeds_its_bound() {
        let policy = RetryPolicy::new().max_attempts(u32::MAX);
        // Always answers the same, however little was asked for.
        let bound_of = |repetition| policy.pause(repetition, None, |_| Duration::MAX);
        let bounds: [Option<Duration>; 6] = [1, 2, 3, 4, 5, 6].map(bound_of);
        let expected = [500, 1000, 2000, 4000, 8000, 8000].map(Duration::from_millis);
        assert_eq!(bounds, expected.map(Some));
        assert_eq!(bound_of(u32::MAX - 1), Some(Duration::from_secs(8)));
    }

    // Rules T2, E4.
    #[test]
    fn a_pause_is_never_shorter_than_the_platform_asks() {
        let none = |_| Duration::ZERO;
        let pause = |asked| RetryPolicy::new().pause(1, Some(Duration::from_secs(asked)), none);
        assert_eq!(pause(10), Some(Duration::from_secs(10)));
        assert_eq!(pause(11), None);
        assert_eq!(
            RetryPolicy::new().pause(1, None, none),
            Some(Duration::ZERO)
        );
        let patient = RetryPolicy::new().longest_retry_after(Duration::MAX);
        assert_eq!(
            patient.pause(1, Some(Duration::MAX), |_| Duration::MAX),
            Some(Duration::MAX)
        );
    }
}
