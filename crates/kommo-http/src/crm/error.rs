//! Why a call to the CRM API has no result, and whose turn it is.

use alloc::boxed::Box;
use core::time::Duration;
use core::{error, fmt};

use serde_json::error::Category;

use crate::budget::breaker::{BreakReason, OpenBreaker};
use crate::crm::refusal::{CrmRefusal, CrmRefusalKind};
use crate::error::{InvalidRequest, TransportError, may_be_done};

/// Why a call has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum CrmError {
    /// The caller's turn: nothing was sent.
    InvalidRequest(InvalidRequest),
    /// The caller's turn: the payload cannot be written as JSON, such as a map whose keys are not
    /// texts. Nothing was sent.
    Payload,
    /// There is no token; nothing was sent, or nothing more. The source of tokens says whose turn
    /// it is, in its own error: `downcast_ref` returns it, such as a `KeeperError`.
    Tokens(Box<dyn error::Error + Send + Sync>),
    /// An earlier request got a 429, and its pause is longer than this call waits by itself.
    /// Nothing was sent, or nothing more after attempts of this call that were not carried out.
    Throttled {
        /// How long the pause still is.
        left: Duration,
    },
    /// The breaker is open. Nothing was sent, or nothing more after attempts of this call that were
    /// not carried out.
    BreakerOpen(OpenBreaker),
    /// Refused; [`CrmRefusal::kind`] says what it means and whose turn it is.
    Refused(Box<CrmRefusal>),
    /// A redirect, which is never followed (rule T1).
    Redirected {
        /// The HTTP status.
        status: u16,
        /// How many requests the call sent.
        attempts: u32,
    },
    /// Success by its status, nonsense by its body: the peer's fault, or a type that does not fit.
    /// The request was most likely carried out.
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What is wrong.
        fault: AnswerFault,
        /// How many requests the call sent.
        attempts: u32,
    },
    /// A page cannot be asked for, or its link to the next one cannot be followed.
    Paging(PagingError),
    /// The wire. Whether the last attempt was carried out is said at [`TransportError`]; attempts
    /// before it were not, unless it is in doubt too.
    Transport {
        /// What broke, in the last attempt.
        error: TransportError,
        /// How many requests the call tried to send.
        attempts: u32,
    },
    /// An earlier attempt of this call, to write, may have been carried out; then came what is
    /// inside, which says of its own attempt that it was not. Only calls that may be repeated come
    /// to this. [`refusal`](Self::refusal) and [`kind`](Self::kind) look inside.
    AfterDoubt(Box<Self>),
}

/// What is wrong with the body of a success. Says where, and nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerFault {
    /// It is not JSON: a page, a text, a part of something.
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, in bytes.
        column: usize,
    },
    /// It is JSON that does not fit the type asked for.
    OtherShape {
        /// The line, from 1.
        line: usize,
        /// The column, in bytes.
        column: usize,
    },
    /// Nothing at all, where something was needed.
    Empty,
}

impl AnswerFault {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Data => Self::OtherShape { line, column },
            _ => Self::NotJson { line, column },
        }
    }
}

/// Why paging cannot begin or continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PagingError {
    /// The caller's turn: `limit` is not a number from 1 to 250. Nothing was sent.
    Limit,
    /// The caller's turn: only a `GET` without a body can be paged. Nothing was sent.
    Method,
    /// The link to the next page leads to another scheme or host than the account's. Nothing was
    /// sent there.
    ForeignNext,
    /// The link to the next page is not a text, or a URL that cannot be sent. Nothing was sent.
    UnusableNext,
    /// The link to the next page leads to another path than the page itself. Nothing was sent
    /// there.
    OtherPath,
    /// The link leads to a page that was read before. Nothing was sent.
    Loop,
    /// There is a link to yet another page after as many as were allowed. Nothing was sent.
    TooManyPages,
}

impl CrmError {
    /// The refusal, if there is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&CrmRefusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::AfterDoubt(error) => error.refusal(),
            _ => None,
        }
    }

    /// What a refusal means, if it is one.
    #[must_use]
    pub fn kind(&self) -> Option<CrmRefusalKind> {
        self.refusal().map(CrmRefusal::kind)
    }

    /// Whether the request may have been carried out all the same, by any attempt of the call.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        match self {
            Self::Refused(refusal) => may_be_done(refusal.status()),
            Self::Unreadable { .. } | Self::AfterDoubt(_) => true,
            Self::Transport { error, .. } => error.is_in_doubt(),
            _ => false,
        }
    }
}

impl fmt::Display for CrmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(_) => f.write_str("request cannot be sent"),
            Self::Payload => f.write_str("payload cannot be written as json"),
            Self::Tokens(_) => f.write_str("no access token"),
            Self::Throttled { left } => {
                write!(f, "calls pause for another {} s", left.as_secs())
            }
            Self::BreakerOpen(open) => write_open(open, f),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Redirected { status, .. } => {
                write!(f, "http {status}, a redirect, was not followed")
            }
            Self::Unreadable { status, fault, .. } => write!(f, "http {status} with {fault}"),
            Self::Paging(error) => write!(f, "{error}"),
            Self::Transport { error, attempts } => write!(f, "{error} (attempts: {attempts})"),
            Self::AfterDoubt(_) => {
                f.write_str("an earlier attempt may have been carried out, a later one failed")
            }
        }
    }
}

fn write_open(open: &OpenBreaker, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let why = match open.reason {
        BreakReason::Blocked => "the platform has blocked",
        BreakReason::TooManyRequests => "there were too many requests for",
    };
    let whom = if open.is_whole_egress {
        "this address"
    } else {
        "this account or address"
    };
    let seconds = open.left.as_secs();
    write!(f, "nothing is sent for another {seconds} s: {why} {whom}")
}

impl fmt::Display for AnswerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { line, column } => {
                write!(
                    f,
                    "a body that is not json from line {line}, column {column}"
                )
            }
            Self::OtherShape { line, column } => {
                write!(f, "json of another shape at line {line}, column {column}")
            }
            Self::Empty => f.write_str("an empty body"),
        }
    }
}

impl fmt::Display for PagingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Limit => "limit of a page is not a number from 1 to 250",
            Self::Method => "only a get without a body can be paged",
            Self::ForeignNext => "link to the next page leads to another host; it was not followed",
            Self::UnusableNext => "link to the next page cannot be followed",
            Self::OtherPath => "link to the next page leads to another path; it was not followed",
            Self::Loop => "link to the next page leads to a page that was read before",
            Self::TooManyPages => "more pages than were allowed",
        })
    }
}

impl error::Error for CrmError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::InvalidRequest(error) => Some(error),
            Self::Tokens(error) => Some(error.as_ref()),
            // Our text contains the transport's own, so its cause comes next.
            Self::Transport { error, .. } => error.source(),
            Self::AfterDoubt(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl error::Error for PagingError {}

impl From<InvalidRequest> for CrmError {
    fn from(error: InvalidRequest) -> Self {
        Self::InvalidRequest(error)
    }
}

impl From<PagingError> for CrmError {
    fn from(error: PagingError) -> Self {
        Self::Paging(error)
    }
}
