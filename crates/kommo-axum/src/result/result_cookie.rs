//! The cookies of results: one per attempt that came back, and one for browsers that come back
//! without an attempt.

use axum::http::header::{HeaderMap, HeaderValue};
use kommo_oauth::UnixSeconds;

use crate::cookies::cookie_kind::{CookieKind, RESULT};
use crate::result::sealed_result::{ConsentResult, RESULT_SECONDS, ResultName, ResultSealer};

impl CookieKind {
    /// `Set-Cookie` for a result.
    pub(crate) fn set_result(
        self,
        sealer: &ResultSealer,
        name: &ResultName,
        result: &ConsentResult,
        now: UnixSeconds,
    ) -> Option<HeaderValue> {
        let value = sealer.seal(name, result, now);
        self.set(RESULT, name.as_str(), &value, RESULT_SECONDS)
    }

    /// A result of this browser's, if its seal holds and its time is not over.
    pub(crate) fn result(
        self,
        sealer: &ResultSealer,
        name: &ResultName,
        headers: &HeaderMap,
        now: UnixSeconds,
    ) -> Option<ConsentResult> {
        self.family(RESULT, headers)
            .filter(|(found, _)| *found == name.as_str())
            .find_map(|(_, value)| sealer.unseal(name, value, now))
    }
}
