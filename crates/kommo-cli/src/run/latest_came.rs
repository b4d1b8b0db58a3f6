//! What the token endpoint refused last: the keeper reports what a refusal means, and an operator
//! also wants to know what was answered.

use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use kommo_oauth::token::{TokenRefusal, TokenRefusalKind};

/// The latest refusal. It has a status and a hint that is known, and no text of the peer's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct LatestRefusal(Arc<Mutex<Option<TokenRefusal>>>);

impl LatestRefusal {
    /// Takes it out: a later question is about a later request.
    pub(crate) fn take(&self) -> Option<TokenRefusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn set(&self, refusal: Option<TokenRefusal>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
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
