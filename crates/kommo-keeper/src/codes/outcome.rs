//! What became of a code.

use core::fmt;

use kommo_account::AccountHost;
use kommo_oauth::token::{AuthorizationCode, TokenRefusal, TokenRefusalKind};

use crate::ports::grant_store::StoreErrorKind;
use crate::ports::pending_codes::{CodeOrigin, PendingCode};
use crate::reporting::alarm::NewGrant;

/// What became of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeOutcome {
    /// There is a durable grant.
    Granted(NewGrant),
    /// The platform refused the code. The user must start again; if the operator pasted the code
    /// with an account that is not its own (`InvalidAccount`, `NotFound`), it is not spent, and may
    /// be accepted again with the right one.
    Refused(TokenRefusalKind),
    /// The platform refused the client id, the client secret or the redirect URI. The code stays
    /// for another try.
    ClientRefused(TokenRefusalKind),
    /// The platform refused for now (402, 403, 404, 429), or for an unknown reason. The code stays
    /// for another try.
    Deferred(TokenRefusal),
    /// The code was sent as often as allowed, and no readable answer came. It is not known to be
    /// refused, but the user must start again.
    Lost,
    /// The account was erased during the exchange, at its owner's request, and the pair was not
    /// stored.
    Erased,
    /// Not known yet; a later claim continues.
    NotYet,
}

/// An outcome and its code.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExchangedCode {
    /// The host where it was or will be exchanged.
    pub host: AccountHost,
    /// How it came.
    pub origin: CodeOrigin,
    /// What became of it.
    pub outcome: CodeOutcome,
    code: AuthorizationCode,
}

impl ExchangedCode {
    pub(crate) fn new(pending: &PendingCode, outcome: CodeOutcome) -> Self {
        Self {
            host: pending.host,
            origin: pending.origin,
            outcome,
            code: pending.code.clone(),
        }
    }

    /// Whether this is the outcome of the given code. Compared in constant time.
    #[must_use]
    pub fn is_of(&self, code: &AuthorizationCode) -> bool {
        self.code == *code
    }
}

/// Why a code could not be processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The store failed. A code that was stored stays stored.
    Store(StoreErrorKind),
    /// The code belongs to another realm or integration than the keeper.
    NotOurs,
    /// The keeper knows no integration, so it has no codes.
    NoCredentials,
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(_) => {
                f.write_str("the store failed while an authorization code was processed")
            }
            Self::NoCredentials => f.write_str("the keeper knows no integration"),
            Self::NotOurs => {
                f.write_str("the authorization code belongs to another realm or integration")
            }
        }
    }
}

impl core::error::Error for ExchangeError {}
