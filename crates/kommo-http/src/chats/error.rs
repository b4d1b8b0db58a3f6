//! Why a call to the Chats API has no result, by whose turn it is.

use alloc::boxed::Box;
use core::time::Duration;
use core::{error, fmt};

use kommo_chats::{DecodeError, UnexpectedBody};

use crate::chats::refusal::Refusal;
use crate::error::{InvalidRequest, TransportError};
use crate::signed::failure_text::FailureText;
use crate::signed::peer_pauses::PeerHold;

/// Why a call has no result.
///
/// `Debug`, `Display` and the chain of sources hold no secret, no signature and no body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChatsError {
    /// The caller's turn: nothing was sent.
    InvalidRequest(InvalidRequest),
    /// The platform refused. What it means is in [`ErrorBody::kind`](kommo_chats::ErrorBody::kind).
    Refused(Box<Refusal>),
    /// 429: the caller's turn to wait, [`Refusal::retry_after`] if the platform said how long (rule
    /// E4).
    TooManyRequests(Box<Refusal>),
    /// An earlier request of this connection got a 429, and its pause is longer than this call
    /// waits by itself. Nothing was sent, or nothing more.
    Paused {
        /// How long the pause still is.
        left: Duration,
        /// How many requests this call sent.
        attempts: u32,
    },
    /// Several 429s in a row: a hold. Nothing was sent, or nothing more.
    Held {
        /// What is held, and when that ends.
        hold: PeerHold,
        /// How many requests this call sent.
        attempts: u32,
    },
    /// A redirect, which is never followed (rule T1).
    Redirected {
        /// The HTTP status.
        status: u16,
        /// How many requests this call sent.
        attempts: u32,
    },
    /// Success by its status, nonsense by its body. The request was most likely carried out: see
    /// [`is_unconfirmed`](Self::is_unconfirmed).
    Unreadable(Unreadable),
    /// The wire. Whether the request was carried out is said at [`TransportError`].
    Transport {
        /// What broke, in the last attempt.
        error: TransportError,
        /// How many requests this call tried to send.
        attempts: u32,
    },
}

impl ChatsError {
    /// How many requests this call sent, or tried to send.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        match self {
            Self::InvalidRequest(_) => 0,
            Self::Refused(refusal) | Self::TooManyRequests(refusal) => refusal.attempts,
            Self::Redirected { attempts, .. }
            | Self::Paused { attempts, .. }
            | Self::Held { attempts, .. }
            | Self::Transport { attempts, .. } => *attempts,
            Self::Unreadable(unreadable) => unreadable.attempts,
        }
    }

    /// The HTTP status of the last answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) | Self::TooManyRequests(refusal) => Some(refusal.status()),
            Self::Redirected { status, .. } => Some(*status),
            Self::Unreadable(unreadable) => Some(unreadable.status),
            Self::Transport { error, .. } => error.status(),
            Self::InvalidRequest(_) | Self::Paused { .. } | Self::Held { .. } => None,
        }
    }

    /// Whether the platform reported success by its status alone: its answer could not be read, so
    /// the request was most likely carried out, and nothing confirms it. Connecting and
    /// disconnecting may be repeated.
    #[must_use]
    pub fn is_unconfirmed(&self) -> bool {
        match self {
            Self::Unreadable(unreadable) => unreadable.reason != UnreadableReason::OtherConnection,
            _ => matches!(self.status(), Some(200..=299)),
        }
    }

    /// The refusal, if the platform refused; 429 is one.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::TooManyRequests(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl fmt::Display for ChatsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(_) => FailureText::InvalidRequest.fmt(f),
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
            Self::TooManyRequests(refusal) => {
                FailureText::TooManyRequests(refusal.retry_after).fmt(f)
            }
            Self::Paused { left, .. } => FailureText::Paused(*left).fmt(f),
            Self::Held { hold, .. } => FailureText::Held(hold).fmt(f),
            Self::Redirected { status, .. } => FailureText::Redirected(*status).fmt(f),
            Self::Unreadable(unreadable) => unreadable.fmt(f),
            Self::Transport { error, attempts } => FailureText::Transport(error, *attempts).fmt(f),
        }
    }
}

impl error::Error for ChatsError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::InvalidRequest(error) => Some(error),
            Self::Unreadable(unreadable) => unreadable.reason.source(),
            // Our text contains the transport's own, so its cause comes next.
            Self::Transport { error, .. } => error.source(),
            Self::Refused(_)
            | Self::TooManyRequests(_)
            | Self::Paused { .. }
            | Self::Held { .. }
            | Self::Redirected { .. } => None,
        }
    }
}

/// An answer that says success and is not what was asked for: the peer's nonsense, such as a page
/// of a proxy under a 200.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreadable {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong.
    pub reason: UnreadableReason,
    /// How many requests this call sent.
    pub attempts: u32,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreadableReason {
    /// The body does not say what it should.
    Body(DecodeError),
    /// A body that the Chats API does not send, where no data is expected.
    NoDataExpected(UnexpectedBody),
    /// The answer names another channel or another account than the request.
    OtherConnection,
}

impl UnreadableReason {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Body(error) => Some(error),
            Self::NoDataExpected(error) => Some(error),
            Self::OtherConnection => None,
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            UnreadableReason::Body(_) => "with an unreadable answer",
            UnreadableReason::NoDataExpected(_) => "with an unexpected body",
            UnreadableReason::OtherConnection => "with the answer to another request",
        };
        write!(f, "http {} {what}", self.status)
    }
}
