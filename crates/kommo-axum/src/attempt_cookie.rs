//! The cookies of attempts: one per attempt, so that two tabs do not disturb each other.

use axum::http::header::{HeaderMap, HeaderValue};
use kommo_oauth::{ConsentState, UnixSeconds};

use crate::cookie_kind::{CookieKind, STATE};
use crate::sealed_attempt::{ATTEMPT_SECONDS, AttemptSealer, LiveAttempt, StateDigest};

/// The most cookies of ours that one request is searched for.
const LOOKED_AT_MAX: usize = 16;
/// The most attempts that one browser has under way; a further one ends the oldest.
const KEPT_MAX: usize = 6;

impl CookieKind {
    /// `Set-Cookie` for an attempt.
    pub(crate) fn set_attempt(
        self,
        sealer: &AttemptSealer,
        attempt: &LiveAttempt,
    ) -> Option<HeaderValue> {
        let name = StateDigest::of(&attempt.state).short_text();
        self.set(STATE, &name, &sealer.seal(attempt), ATTEMPT_SECONDS)
    }

    /// `Set-Cookie` that ends the cookie of an attempt.
    pub(crate) fn clear_attempt(self, state: &ConsentState) -> Option<HeaderValue> {
        let name = StateDigest::of(state).short_text();
        self.set(STATE, &name, "", 0)
    }

    /// The attempts that this browser has under way or had, those with a seal of ours, the oldest first.
    pub(crate) fn attempts(self, sealer: &AttemptSealer, headers: &HeaderMap) -> Vec<LiveAttempt> {
        let mut attempts: Vec<LiveAttempt> = self
            .family(STATE, headers)
            .take(LOOKED_AT_MAX)
            .filter_map(|(_, value)| sealer.unseal(value))
            .collect();
        attempts.sort_by_key(|attempt| attempt.ends_at);
        attempts
    }

    /// The cookies that must go before one more comes: those that ended, and the oldest beyond what a browser may have.
    pub(crate) fn clear_before_next(
        self,
        sealer: &AttemptSealer,
        headers: &HeaderMap,
        now: UnixSeconds,
    ) -> Vec<HeaderValue> {
        let attempts = self.attempts(sealer, headers);
        let surplus = (attempts.len() + 1).saturating_sub(KEPT_MAX);
        attempts
            .iter()
            .enumerate()
            .filter(|(place, attempt)| *place < surplus || attempt.ends_at < now)
            .filter_map(|(_, attempt)| self.clear_attempt(&attempt.state))
            .collect()
    }
}
