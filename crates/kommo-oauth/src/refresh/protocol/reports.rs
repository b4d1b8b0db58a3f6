//! What a run is told about requests, and what it answers when nobody asked.

use core::fmt;
use core::time::Duration;

use kommo_account::{AccountHost, AccountId};

use crate::token::TokenAnswer;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendOutcome {
    /// A whole answer came.
    Answered(TokenAnswer),
    /// It certainly did not leave: no name, no connection, no TLS.
    NotSent,
    /// It was held back, so it did not leave: a call was met by a block of this address or account, and nothing is sent to it for so long.
    Withheld {
        /// How long.
        left: Duration,
    },
    /// It may have left, and no whole answer came.
    Lost,
}

/// What the look-up of an account said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Located {
    /// The account with this number lives at this host.
    At {
        /// The number.
        account_id: AccountId,
        /// The host, which passed the allow-list.
        host: AccountHost,
    },
    /// No answer, or none that can be used.
    Unknown,
}

/// Something was reported that the run did not ask for. It changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutOfTurn;

impl OutOfTurn {
    /// For an adapter that meets a step which it does not know.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Default for OutOfTurn {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for OutOfTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the refresh protocol was told about a step that it did not ask for")
    }
}

impl core::error::Error for OutOfTurn {}
