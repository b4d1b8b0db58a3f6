//! The cookies of attempts: one per attempt, so that two tabs do not disturb each other.

use axum::http::header::{HeaderMap, HeaderValue};
use kommo_oauth::UnixSeconds;
use kommo_oauth::consent::ConsentState;

use crate::consent::sealed_attempt::{ATTEMPT_SECONDS, AttemptSealer, LiveAttempt, StateDigest};
use crate::cookies::cookie_kind::{CookieKind, RESULT, STATE};

/// The most cookies of ours that one request is searched for.
const LOOKED_AT_MAX: usize = 32;
/// The most attempts that one browser has under way; a further one ends the oldest.
const KEPT_MAX: usize = 6;

/// The most bytes of our cookies together, names included.
const OURS_MAX_BYTES: usize = 4_096;
/// The most bytes of the header with all cookies. Common proxies take 8 KiB for the whole line and
/// answer 400 to a longer one, to every request of that browser until the cookies end.
const ALL_MAX_BYTES: usize = 8_000;

/// A cookie of ours that a browser sent.
struct Held {
    family: &'static str,
    name: String,
    bytes: usize,
    /// `None`: it has ended, or is not sealed by us.
    ends_at: Option<UnixSeconds>,
}

impl CookieKind {
    /// `Set-Cookie` for an attempt, after those that end what must be removed before it: attempts
    /// that are over, the oldest beyond what a browser may have, and the oldest beyond the bytes
    /// that a request may have. Results are removed before attempts.
    pub(crate) fn set_attempt(
        self,
        sealer: &AttemptSealer,
        attempt: &LiveAttempt,
        headers: &HeaderMap,
        now: UnixSeconds,
    ) -> Vec<HeaderValue> {
        let name = StateDigest::of(&attempt.state).short_text();
        let value = sealer.seal(attempt);
        let new_bytes = self.bytes(STATE, &name, &value);
        let mut cookies = self.clear_before(sealer, headers, now, new_bytes);
        cookies.extend(self.set(STATE, &name, &value, ATTEMPT_SECONDS));
        cookies
    }

    /// `Set-Cookie` that ends the cookie of an attempt.
    pub(crate) fn clear_attempt(self, state: &ConsentState) -> Option<HeaderValue> {
        let name = StateDigest::of(state).short_text();
        self.set(STATE, &name, "", 0)
    }

    /// The attempts that this browser has under way or had, those with a seal of ours, the oldest
    /// first.
    pub(crate) fn attempts(self, sealer: &AttemptSealer, headers: &HeaderMap) -> Vec<LiveAttempt> {
        let mut attempts: Vec<LiveAttempt> = self
            .family(STATE, headers)
            .take(LOOKED_AT_MAX)
            .filter_map(|(_, value)| sealer.unseal(value))
            .collect();
        attempts.sort_by_key(|attempt| attempt.ends_at);
        attempts
    }

    fn clear_before(
        self,
        sealer: &AttemptSealer,
        headers: &HeaderMap,
        now: UnixSeconds,
        new_bytes: usize,
    ) -> Vec<HeaderValue> {
        let mut held = self.held(sealer, headers, now);
        // In the order of removal: ended ones, then results, then attempts, the oldest before the
        // newer.
        held.sort_by_key(|cookie| {
            (
                cookie.ends_at.is_some(),
                cookie.family == STATE,
                cookie.ends_at,
            )
        });
        let mut attempts = held.iter().filter(|cookie| cookie.family == STATE).count() + 1;
        let mut ours = new_bytes + held.iter().map(|cookie| cookie.bytes).sum::<usize>();
        let mut all = new_bytes + Self::all_bytes(headers);
        let mut ended = Vec::new();
        for cookie in held {
            let is_over = cookie.ends_at.is_none();
            let is_surplus = cookie.family == STATE && attempts > KEPT_MAX;
            if !is_over && !is_surplus && ours <= OURS_MAX_BYTES && all <= ALL_MAX_BYTES {
                continue;
            }
            attempts -= usize::from(cookie.family == STATE);
            ours -= cookie.bytes;
            all = all.saturating_sub(cookie.bytes);
            ended.extend(self.set(cookie.family, &cookie.name, "", 0));
        }
        ended
    }

    /// The cookies of ours that a request has. How long a result lasts is not considered: results
    /// have no order among themselves.
    fn held(self, sealer: &AttemptSealer, headers: &HeaderMap, now: UnixSeconds) -> Vec<Held> {
        let attempts = self.family(STATE, headers).map(|(name, value)| {
            let attempt = sealer.unseal(value);
            let ends_at = attempt
                .map(|attempt| attempt.ends_at)
                .filter(|ends_at| *ends_at >= now);
            (STATE, name, value, ends_at)
        });
        let results = self
            .family(RESULT, headers)
            .map(|(name, value)| (RESULT, name, value, Some(now)));
        let held = |(family, name, value, ends_at): (&'static str, &str, &str, _)| Held {
            family,
            name: name.to_owned(),
            bytes: self.bytes(family, name, value),
            ends_at,
        };
        attempts.chain(results).map(held).collect()
    }
}
