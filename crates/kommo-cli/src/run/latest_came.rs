//! What came last from the token endpoint: the keeper reports what an answer means, and an operator
//! also wants to know what was answered.

use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use kommo_oauth::refresh::SendOutcome;
use kommo_oauth::token::{DoubtCause, TokenAnswer, TokenRefusal, TokenRefusalKind};

/// What came of a token request that was not granted. It has a status and a hint that is known, and
/// no text of the peer's own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Came {
    Refusal(TokenRefusal),
    /// 408 or 5xx.
    Failure(u16),
    /// A success that cannot be read.
    Unreadable,
    /// It was sent, and no whole answer came.
    Cut,
    /// It was not sent: no connection.
    NotSent,
    /// It was not sent: another request found this address blocked.
    Withheld,
}

impl Came {
    /// What it was, of an outcome without a pair.
    pub(crate) fn of(outcome: &SendOutcome) -> Option<Self> {
        Some(match outcome {
            SendOutcome::Answered(TokenAnswer::Granted(_)) => return None,
            SendOutcome::Answered(TokenAnswer::Refused(refusal)) => Self::Refusal(*refusal),
            SendOutcome::Answered(TokenAnswer::InDoubt(DoubtCause::Status { status, .. })) => {
                Self::Failure(*status)
            }
            SendOutcome::Answered(_) => Self::Unreadable,
            SendOutcome::NotSent => Self::NotSent,
            SendOutcome::Withheld { .. } => Self::Withheld,
            _ => Self::Cut,
        })
    }

    pub(crate) const fn refusal(self) -> Option<TokenRefusal> {
        match self {
            Self::Refusal(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// What came last.
#[derive(Clone, Debug, Default)]
pub(crate) struct LatestCame(Arc<Mutex<Option<Came>>>);

impl LatestCame {
    /// Takes it out: a later question is about a later request.
    pub(crate) fn take(&self) -> Option<Came> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn set(&self, came: Option<Came>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = came;
    }
}

/// What a refusal means, and what it was read from.
pub(crate) struct RefusalText {
    pub(crate) kind: TokenRefusalKind,
    /// What came, if it is known.
    pub(crate) came: Option<TokenRefusal>,
}

impl fmt::Display for RefusalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        match self.came.filter(|came| came.kind == self.kind) {
            None => Ok(()),
            Some(came) => match came.hint {
                Some(hint) => write!(f, " (status {}, hint \"{}\")", came.status, hint.as_str()),
                None => write!(f, " (status {}, no hint that is known)", came.status),
            },
        }
    }
}
