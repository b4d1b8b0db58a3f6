//! The cookies of attempts: one per attempt, so that two tabs do not disturb each other.

use axum::http::header::{COOKIE, HeaderMap, HeaderValue};
use kommo_oauth::{ConsentState, UnixSeconds};

use crate::sealed_attempt::{ATTEMPT_SECONDS, AttemptSealer, LiveAttempt, StateDigest};

/// The most cookies of ours that one request is searched for.
const LOOKED_AT_MAX: usize = 16;
/// The most attempts that one browser has under way; a further one ends the oldest.
const KEPT_MAX: usize = 6;

/// What cookies are called, and what they are marked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieKind {
    /// `__Host-…`, `Secure`: no other host and no plain connection can set it.
    Host,
    /// For an application without TLS on this machine: there, not all browsers keep a `Secure` cookie.
    Loopback,
}

impl CookieKind {
    /// By the Redirect URI, which is `https`, or `http` on a loopback host.
    pub(crate) fn of(redirect_uri: &str) -> Self {
        if redirect_uri.starts_with("https://") {
            Self::Host
        } else {
            Self::Loopback
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Host => "__Host-kommo-state-",
            Self::Loopback => "kommo-state-",
        }
    }

    const fn marks(self) -> &'static str {
        match self {
            Self::Host => "; Path=/; Secure; HttpOnly; SameSite=Lax",
            Self::Loopback => "; Path=/; HttpOnly; SameSite=Lax",
        }
    }

    /// `Set-Cookie` for an attempt.
    pub(crate) fn set(self, sealer: &AttemptSealer, attempt: &LiveAttempt) -> Option<HeaderValue> {
        let name = StateDigest::of(&attempt.state).short_text();
        let (prefix, value, marks) = (self.prefix(), sealer.seal(attempt), self.marks());
        secret_header(&format!(
            "{prefix}{name}={value}; Max-Age={ATTEMPT_SECONDS}{marks}"
        ))
    }

    /// `Set-Cookie` that ends a cookie.
    pub(crate) fn clear(self, state: &ConsentState) -> Option<HeaderValue> {
        let name = StateDigest::of(state).short_text();
        let (prefix, marks) = (self.prefix(), self.marks());
        secret_header(&format!("{prefix}{name}=; Max-Age=0{marks}"))
    }

    /// The attempts that this browser has under way or had, those with a seal of ours, the oldest first.
    pub(crate) fn read(self, sealer: &AttemptSealer, headers: &HeaderMap) -> Vec<LiveAttempt> {
        let prefix = self.prefix();
        let mut attempts: Vec<LiveAttempt> = pairs(headers)
            .filter(|(name, _)| name.starts_with(prefix))
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
        let attempts = self.read(sealer, headers);
        let surplus = (attempts.len() + 1).saturating_sub(KEPT_MAX);
        attempts
            .iter()
            .enumerate()
            .filter(|(place, attempt)| *place < surplus || attempt.ends_at < now)
            .filter_map(|(_, attempt)| self.clear(&attempt.state))
            .collect()
    }

    /// The cookies of a request without ours, for the application's eyes.
    pub(crate) fn without_ours(self, headers: &HeaderMap) -> Option<HeaderValue> {
        let prefix = self.prefix();
        let rest: Vec<String> = pairs(headers)
            .filter(|(name, _)| !name.starts_with(prefix))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if rest.is_empty() {
            return None;
        }
        secret_header(&rest.join("; "))
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// Marked as sensitive, so that no layer prints it.
fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
