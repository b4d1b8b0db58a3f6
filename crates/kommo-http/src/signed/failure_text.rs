//! What a failed call says where all clients that sign each attempt fail alike.

use core::fmt;
use core::time::Duration;

use crate::error::TransportError;
use crate::signed::peer_pauses::PeerHold;

/// The text of a failure.
pub(crate) enum FailureText<'a> {
    InvalidRequest,
    TooManyRequests(Option<Duration>),
    Paused(Duration),
    Held(&'a PeerHold),
    Redirected(u16),
    Transport(&'a TransportError, u32),
}

impl fmt::Display for FailureText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest => f.write_str("request cannot be sent"),
            Self::TooManyRequests(None) => f.write_str("too many requests"),
            Self::TooManyRequests(Some(pause)) => write!(
                f,
                "too many requests, to be repeated after {} s",
                pause.as_secs()
            ),
            Self::Paused(left) => write!(f, "calls pause for another {} s", left.as_secs()),
            Self::Held(hold) => write!(
                f,
                "calls are held for another {} s: there were too many requests",
                hold.left.as_secs()
            ),
            Self::Redirected(status) => write!(f, "http {status}, a redirect, was not followed"),
            Self::Transport(error, attempts) => write!(f, "{error} (attempts: {attempts})"),
        }
    }
}
