//! Why a hook was not taken, and what its sender learns of that.

use core::{error, fmt};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use kommo_hooks::{Refusal, RefusalKind};

/// Why a hook was not taken.
///
/// As an answer it is a status, and a word as its body that says no more:
///
/// | status | body |
/// | --- | --- |
/// | 400 | `malformed` |
/// | 401 | `not-proven` |
/// | 408 | `too-slow` |
/// | 413 | `too-large` |
/// | 503 | `unavailable` |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookRefused {
    /// It is not proven, or cannot be read.
    Refused(Refusal),
    /// The body is longer than was set.
    BodyTooLarge,
    /// The body did not come in time.
    BodyTooSlow,
    /// The connection ended within the body.
    BodyBroken,
    /// It is proven, and was not kept.
    NotKept,
}

impl HookRefused {
    /// The stable code, for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::BodyTooLarge => "body-too-large",
            Self::BodyTooSlow => "body-too-slow",
            Self::BodyBroken => "body-broken",
            Self::NotKept => "not-kept",
        }
    }

    fn answer(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused(refusal) => match refusal.kind() {
                RefusalKind::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
                RefusalKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
                _ => (StatusCode::UNAUTHORIZED, "not-proven"),
            },
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow"),
            Self::BodyBroken => (StatusCode::BAD_REQUEST, "malformed"),
            Self::NotKept => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }
}

impl From<Refusal> for HookRefused {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl IntoResponse for HookRefused {
    fn into_response(self) -> Response<Body> {
        let (status, word) = self.answer();
        let mut response = Response::new(Body::from(word));
        *response.status_mut() = status;
        let plain = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(CONTENT_TYPE, plain);
        response
    }
}

impl fmt::Display for HookRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(_) => f.write_str("the hook was refused"),
            Self::BodyTooLarge => f.write_str("the body of the hook is too large"),
            Self::BodyTooSlow => f.write_str("the body of the hook did not come in time"),
            Self::BodyBroken => f.write_str("the connection ended within the body of the hook"),
            Self::NotKept => f.write_str("the hook is proven and was not kept"),
        }
    }
}

impl error::Error for HookRefused {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}
