//! Why a hook was not taken, and what its sender learns of that.

use core::{error, fmt};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use kommo_hooks::{Refusal, RefusalKind, ReturnUrlError};

/// Why a hook, or a call of a widget, was not taken.
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
    /// The path of an unsigned hook is not one that was handed out.
    UnknownPath,
    /// The bot waits at an address that no token may be sent to.
    ReturnUrl(ReturnUrlError),
    /// The page of a call is not one of an account, or not of the account of its token.
    ForeignOrigin,
    /// The one-time token was used before.
    Replayed,
    /// The body is longer than was set.
    BodyTooLarge,
    /// The body did not come in time.
    BodyTooSlow,
    /// The connection ended within the body.
    BodyBroken,
    /// More came of its account than is taken.
    TooMany,
    /// It was not kept.
    NotKept,
}

impl HookRefused {
    /// The stable code, for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::UnknownPath => "unknown-path",
            Self::ReturnUrl(_) => "return-url",
            Self::ForeignOrigin => "foreign-origin",
            Self::Replayed => "replayed",
            Self::BodyTooLarge => "body-too-large",
            Self::BodyTooSlow => "body-too-slow",
            Self::BodyBroken => "body-broken",
            Self::TooMany => "too-many",
            Self::NotKept => "not-kept",
        }
    }

    /// Only what a person should look at is more than a line for debugging: the others can be
    /// caused by anyone, any number of times.
    pub(crate) fn log(&self, what: &'static str) {
        match self {
            Self::NotKept => tracing::warn!("{what} was not kept"),
            refused => tracing::debug!(code = refused.code(), "{what} was refused"),
        }
    }

    const fn answer(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused(refusal) => match refusal.kind() {
                RefusalKind::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
                RefusalKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
                _ => (StatusCode::UNAUTHORIZED, "not-proven"),
            },
            Self::UnknownPath | Self::ReturnUrl(_) | Self::ForeignOrigin | Self::Replayed => {
                (StatusCode::UNAUTHORIZED, "not-proven")
            }
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow"),
            Self::BodyBroken => (StatusCode::BAD_REQUEST, "malformed"),
            Self::TooMany | Self::NotKept => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }
}

impl From<Refusal> for HookRefused {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ReturnUrlError> for HookRefused {
    fn from(error: ReturnUrlError) -> Self {
        Self::ReturnUrl(error)
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
        f.write_str(match self {
            Self::Refused(_) => "the hook was refused",
            Self::UnknownPath => "the path is not that of an account",
            Self::ReturnUrl(_) => "the bot waits at an address that is not allowed",
            Self::ForeignOrigin => "the call comes from a page of another account",
            Self::Replayed => "the one-time token was used before",
            Self::BodyTooLarge => "the body of the hook is too large",
            Self::BodyTooSlow => "the body of the hook did not arrive in time",
            Self::BodyBroken => "the connection ended within the body of the hook",
            Self::TooMany => "too many hooks of this account",
            Self::NotKept => "the hook was not kept",
        })
    }
}

impl error::Error for HookRefused {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::ReturnUrl(error) => Some(error),
            _ => None,
        }
    }
}
