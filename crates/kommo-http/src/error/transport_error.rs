//! What can break between a request that is in order and a whole answer.

use alloc::string::String;
use core::{error, fmt};

use super::cause::{self, Cause};
use super::invalid_request::InvalidRequest;

/// Why there is no whole answer to a request. It is about one attempt; a call may have had others
/// before.
///
/// After [`Timeout`](Self::Timeout) and [`Cut`](Self::Cut) it is not known whether the request was
/// carried out. Of an answer that came and cannot be read, the status says it: see
/// [`is_in_doubt`](Self::is_in_doubt).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// The caller's mistake; nothing was sent.
    Invalid(InvalidRequest),
    /// No connection: no such name, no listener, no route, or not in time. Nothing of the request
    /// was sent.
    Connect(Cause),
    /// The other side could not prove who it is, or speaks no TLS that we accept. Nothing of the
    /// request was sent.
    Tls(Cause),
    /// The connection stood, and the whole answer did not come in time.
    Timeout(Cause),
    /// The connection ended before the whole answer, or what came is not HTTP.
    Cut(Cause),
    /// The body of the answer is in a content coding that was not asked for and is not understood,
    /// such as `br`. A refusal, by its status, is one all the same; what it says is not known.
    Coded {
        /// Status of the answer.
        status: u16,
        /// The name of the coding, cut and cleaned.
        coding: String,
    },
    /// The body of the answer is longer than the limit.
    BodyTooLarge {
        /// Status of the answer.
        status: u16,
        /// The limit, in bytes.
        limit_bytes: usize,
    },
}

impl TransportError {
    /// Sorts an error of the HTTP library.
    pub(crate) fn from_reqwest(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let cause = Cause::of(&error);
        if error.is_connect() {
            return if has_tls_error(&error) {
                Self::Tls(cause)
            } else {
                Self::Connect(cause)
            };
        }
        if error.is_timeout() {
            Self::Timeout(cause)
        } else {
            Self::Cut(cause)
        }
    }

    /// Whether another try could fare better: no connection, no answer in time, or a cut one.
    ///
    /// Whether it does harm is another question, which only the caller can answer.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Timeout(_) | Self::Cut(_))
    }
}

impl TransportError {
    /// Whether the request may have been carried out: at least a part of it may have left, and no
    /// status says that it was refused.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        match self {
            Self::Timeout(_) | Self::Cut(_) => true,
            Self::Coded { status, .. } | Self::BodyTooLarge { status, .. } => may_be_done(*status),
            Self::Invalid(_) | Self::Connect(_) | Self::Tls(_) => false,
        }
    }

    /// The status of an answer that came and could not be read.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Coded { status, .. } | Self::BodyTooLarge { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// Whether a request that was answered with this status may have been carried out. A 3xx or 4xx
/// says that it was not; a 408 says only that the server waited too long.
pub(crate) const fn may_be_done(status: u16) -> bool {
    !matches!(status, 300..=407 | 409..=499)
}

fn has_tls_error(error: &(dyn error::Error + 'static)) -> bool {
    core::iter::successors(Some(error), |error| cause::next(*error))
        .any(|error| error.is::<rustls::Error>())
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(_) => f.write_str("request cannot be sent"),
            Self::Connect(_) => f.write_str("no connection"),
            Self::Tls(_) => f.write_str("no trusted tls connection"),
            Self::Timeout(_) => f.write_str("no whole answer in time"),
            Self::Cut(_) => f.write_str("connection ended before the whole answer"),
            Self::Coded { status, coding } => {
                write!(
                    f,
                    "http {status} with a body in the content coding {coding}, which was not asked for"
                )
            }
            Self::BodyTooLarge {
                status,
                limit_bytes,
            } => {
                write!(
                    f,
                    "http {status} with a body of more than {limit_bytes} bytes"
                )
            }
        }
    }
}

impl error::Error for TransportError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Invalid(error) => Some(error),
            Self::Connect(cause) | Self::Tls(cause) | Self::Timeout(cause) | Self::Cut(cause) => {
                Some(cause)
            }
            Self::Coded { .. } | Self::BodyTooLarge { .. } => None,
        }
    }
}

impl From<InvalidRequest> for TransportError {
    fn from(error: InvalidRequest) -> Self {
        Self::Invalid(error)
    }
}
