//! Why a consent failed, as a stable code, a status and the sentence for the user.

use core::{error, fmt};

use axum::http::StatusCode;
use kommo_keeper::ExchangeError;
use kommo_oauth::consent::{CallbackFieldError, QueryError, RedirectError};
use kommo_oauth::token::TokenRefusalKind;

use crate::pages::page_texts::Sentence;

/// Why a consent failed. An existing grant is not changed by any of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The user refused.
    AccessDenied,
    /// The redirect cannot be used, and no part of it was used. The state is checked first.
    Redirect(RedirectError),
    /// The consent took longer than 20 minutes.
    StateExpired,
    /// The consent was finished before, with another redirect than this one, and without a grant.
    StateUsed,
    /// The application's session differs from the one at the start.
    SessionChanged,
    /// Another site led the browser to the start.
    OtherSite,
    /// The start was asked for by something that is not a page: a frame, a picture, a script.
    NoPage,
    /// The account is on the other platform than this integration.
    OtherPlatform,
    /// The same code came before, perhaps to another process.
    CodeRepeated,
    /// The platform refused the code.
    CodeRefused(TokenRefusalKind),
    /// The platform refused us: our client id, secret or Redirect URI. The code is kept and tried
    /// again.
    ClientRefused(TokenRefusalKind),
    /// Another account than the expected one consented. Its grant is kept, and not bound.
    OtherAccount,
    /// The code could not be kept.
    NotKept(ExchangeError),
    /// There are too many codes waiting, or too many consents at once.
    Busy,
    /// Too many consents lately that are bound to no session of the application.
    TooMany,
    /// The start was asked for a mode that is neither `popup` nor `post_message`.
    UnknownMode,
    /// The request's query has more than 8 KiB.
    QueryTooLong,
    /// The operating system returned no random bytes.
    NoRandomness,
}

impl Refusal {
    /// The stable code: on the page, in the message to the opener, in logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AccessDenied => "access-denied",
            Self::Redirect(error) => redirect_code(error),
            Self::StateExpired => "state-expired",
            Self::StateUsed => "state-used",
            Self::SessionChanged => "session-changed",
            Self::OtherSite => "other-site",
            Self::NoPage => "no-page",
            Self::OtherPlatform => "other-platform",
            Self::CodeRepeated => "code-repeated",
            Self::CodeRefused(_) => "code-refused",
            Self::ClientRefused(_) => "client-refused",
            Self::OtherAccount => "other-account",
            Self::NotKept(_) => "not-kept",
            Self::Busy => "busy",
            Self::TooMany => "too-many",
            Self::UnknownMode => "mode-unknown",
            Self::QueryTooLong => "query-too-long",
            Self::NoRandomness => "no-randomness",
        }
    }

    /// The status of the answer. A refusal by the user is not an error.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::AccessDenied => StatusCode::OK,
            Self::QueryTooLong
            | Self::Redirect(RedirectError::Query(QueryError::TooLong { .. })) => {
                StatusCode::URI_TOO_LONG
            }
            Self::Redirect(_)
            | Self::StateExpired
            | Self::StateUsed
            | Self::OtherPlatform
            | Self::CodeRepeated
            | Self::CodeRefused(_)
            | Self::UnknownMode => StatusCode::BAD_REQUEST,
            Self::OtherAccount => StatusCode::CONFLICT,
            Self::SessionChanged | Self::OtherSite | Self::NoPage => StatusCode::FORBIDDEN,
            Self::ClientRefused(_) => StatusCode::BAD_GATEWAY,
            Self::NotKept(_) | Self::Busy | Self::TooMany => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoRandomness => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the user reads.
    pub(crate) const fn sentence(&self) -> Sentence {
        match self {
            Self::AccessDenied => Sentence::AccessDenied,
            Self::Redirect(RedirectError::StateMissing | RedirectError::StateMismatch) => {
                Sentence::NotBegunHere
            }
            Self::Redirect(_) | Self::UnknownMode | Self::QueryTooLong | Self::NoPage => {
                Sentence::NotUnderstood
            }
            Self::StateExpired => Sentence::TooLate,
            Self::StateUsed | Self::CodeRepeated => Sentence::FinishedBefore,
            Self::OtherSite => Sentence::OtherSite,
            Self::SessionChanged => Sentence::SessionChanged,
            Self::OtherPlatform => Sentence::OtherPlatform,
            Self::CodeRefused(_) => Sentence::CodeRefused,
            Self::ClientRefused(_) => Sentence::ClientRefused,
            Self::OtherAccount => Sentence::OtherAccount,
            Self::NotKept(_) | Self::Busy | Self::TooMany | Self::NoRandomness => {
                Sentence::TryLater
            }
        }
    }
}

const fn redirect_code(error: &RedirectError) -> &'static str {
    match error {
        RedirectError::Query(QueryError::TooLong { .. }) => "query-too-long",
        RedirectError::Query(QueryError::Duplicate { .. }) => "parameter-repeated",
        RedirectError::Query(_) => "query-unreadable",
        RedirectError::InstallHookOnBrowserRoute => "install-hook-on-browser-route",
        RedirectError::StateMissing => "state-missing",
        RedirectError::StateMismatch => "state-unknown",
        RedirectError::CodeAndError => "code-and-error",
        RedirectError::UnknownError => "error-unknown",
        RedirectError::Field(field) => field_code(field),
        _ => "redirect-refused",
    }
}

/// The code of a parameter's fault, for the install hook too.
pub(crate) const fn field_code(error: &CallbackFieldError) -> &'static str {
    match error {
        CallbackFieldError::OtherClient => "other-client",
        CallbackFieldError::CodeMissing => "code-missing",
        CallbackFieldError::Code(_) => "code-malformed",
        CallbackFieldError::RefererMissing => "referer-missing",
        CallbackFieldError::Referer(_) => "referer-refused",
        CallbackFieldError::PlatformUnknown => "platform-unknown",
        CallbackFieldError::PlatformDisagrees { .. } => "platform-disagrees",
        _ => "parameter-refused",
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the consent failed: {}", self.code())
    }
}

impl error::Error for Refusal {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Redirect(error) => Some(error),
            Self::NotKept(error) => Some(error),
            _ => None,
        }
    }
}
