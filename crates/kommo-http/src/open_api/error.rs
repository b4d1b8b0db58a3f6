//! Why a call to the Open API has no result, by whose turn it is.

use alloc::boxed::Box;
use core::time::Duration;
use core::{error, fmt};

use crate::error::{InvalidRequest, TransportError};
use crate::open_api::answer::OpenApiAttempts;
use crate::open_api::refusal::OpenApiRefusal;
use crate::open_api::unreadable::{UnreadableAnswer, UnreadableAnswerReason};
use crate::signed::failure_text::FailureText;
use crate::signed::peer_pauses::PeerHold;

/// Why a call has no result.
///
/// `Debug`, `Display` and the chain of sources hold no secret, no signature and no body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenApiError {
    /// The caller's turn: nothing was sent.
    InvalidRequest(InvalidRequest),
    /// The platform refused.
    Refused(Box<OpenApiRefusal>),
    /// 429: the caller's turn to wait.
    TooManyRequests {
        /// How long: what the platform asks for, within the bounds of
        /// [`PeerPausePolicy`](kommo_account::PeerPausePolicy).
        pause: Duration,
        /// The requests of this call.
        attempts: OpenApiAttempts,
    },
    /// An earlier request got a 429, and its pause is longer than this call waits by itself.
    /// Nothing was sent, or nothing more.
    Paused {
        /// How long the pause still is.
        left: Duration,
        /// The requests of this call.
        attempts: OpenApiAttempts,
    },
    /// Several 429s in a row: a hold. Nothing was sent, or nothing more.
    Held {
        /// When that ends.
        hold: PeerHold,
        /// The requests of this call.
        attempts: OpenApiAttempts,
    },
    /// A redirect, which is never followed (rule T1).
    Redirected {
        /// The HTTP status.
        status: u16,
        /// The requests of this call.
        attempts: OpenApiAttempts,
    },
    /// The peer's nonsense.
    Unreadable(Box<UnreadableAnswer>),
    /// The wire. Whether the request was carried out is said at [`TransportError`].
    Transport {
        /// What broke, in the last attempt.
        error: TransportError,
        /// The requests of this call.
        attempts: OpenApiAttempts,
    },
}

impl OpenApiError {
    /// The requests of this call.
    #[must_use]
    pub const fn attempts(&self) -> OpenApiAttempts {
        match self {
            Self::InvalidRequest(_) => OpenApiAttempts::NONE,
            Self::Refused(refusal) => refusal.attempts,
            Self::Unreadable(answer) => answer.attempts,
            Self::TooManyRequests { attempts, .. }
            | Self::Paused { attempts, .. }
            | Self::Held { attempts, .. }
            | Self::Redirected { attempts, .. }
            | Self::Transport { attempts, .. } => *attempts,
        }
    }

    /// Whether the request may have been carried out all the same, by the last attempt or an
    /// earlier one of this call. Send it again only if it is safe to repeat, or after a look.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        let is_last_in_doubt = match self {
            Self::Unreadable(answer) => match answer.reason {
                UnreadableAnswerReason::Data => true,
                UnreadableAnswerReason::NotAnEnvelope => {
                    matches!(answer.status, 200..=299 | 500..)
                }
            },
            Self::Transport { error, .. } => error.is_in_doubt(),
            _ => false,
        };
        is_last_in_doubt || self.attempts().has_unknown_outcome
    }
}

impl fmt::Display for OpenApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(_) => FailureText::InvalidRequest.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::TooManyRequests { pause, .. } => {
                FailureText::TooManyRequests(Some(*pause)).fmt(f)
            }
            Self::Paused { left, .. } => FailureText::Paused(*left).fmt(f),
            Self::Held { hold, .. } => FailureText::Held(hold).fmt(f),
            Self::Redirected { status, .. } => FailureText::Redirected(*status).fmt(f),
            Self::Unreadable(answer) => answer.fmt(f),
            Self::Transport { error, attempts } => {
                FailureText::Transport(error, attempts.count).fmt(f)
            }
        }
    }
}

impl error::Error for OpenApiError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::InvalidRequest(error) => Some(error),
            // Our text contains the transport's own, so its cause comes next.
            Self::Transport { error, .. } => error.source(),
            _ => None,
        }
    }
}
