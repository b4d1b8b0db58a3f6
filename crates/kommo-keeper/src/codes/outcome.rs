//! What becomes of a code, for the one who brought it.

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
    /// The platform refused the code. The user must start again.
    Refused(TokenRefusalKind),
    /// The platform refused us: client id, secret or redirect URI. The code is kept for another
    /// try.
    ClientRefused(TokenRefusalKind),
    /// The platform refused for now (402, 403, 404, 429), or gave a reason that nobody knows. The
    /// code is kept for another try.
    Deferred(TokenRefusal),
    /// The code was sent as often as it may be, and no answer came that could be read. Nothing was
    /// refused as far as anybody knows, but the user must start again.
    Lost,
    /// The account was erased while the exchange was on its way, at its owner's wish, and the pair
    /// was not kept.
    Erased,
    /// Nobody knows yet; a later claim goes on.
    NotYet,
}

/// An outcome, and which code it is of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExchangedCode {
    /// Where it was exchanged, or is to be.
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

    /// Whether it is the outcome of this code. Compared in constant time.
    #[must_use]
    pub fn is_of(&self, code: &AuthorizationCode) -> bool {
        self.code == *code
    }
}

/// Why a code could not be looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The store failed. A code that was put stays put.
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
                f.write_str("the store failed while an authorization code was looked after")
            }
            Self::NoCredentials => f.write_str("the keeper knows no integration"),
            Self::NotOurs => {
                f.write_str("the authorization code belongs to another realm or integration")
            }
        }
    }
}

impl core::error::Error for ExchangeError {}
