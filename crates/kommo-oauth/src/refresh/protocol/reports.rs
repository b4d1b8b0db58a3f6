//! What is reported to a run.

use core::fmt;
use core::time::Duration;

use kommo_account::{AccountHost, AccountId};

use crate::grant::{Generation, Grant, Revision, UnsavedPair};
use crate::refresh::store_error_kind::StoreErrorKind;
use crate::token::TokenAnswer;

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "a report is passed on at once and never stored; a box would cost each load an allocation"
)]
pub enum Report {
    /// The store returned the record, or has none.
    Loaded(Option<Grant>),
    /// The lock is held now.
    Locked,
    /// Another worker has the lock.
    Busy,
    /// The lifeboat held this pair, or no readable pair.
    LifeboatRead(Option<UnsavedPair>),
    /// The store confirmed a record without a new pair.
    Recorded(Revision),
    /// The store confirmed the record with the new pair. This alone makes it usable (I4).
    Saved {
        /// The generation that was written.
        generation: Generation,
        /// The revision that the record has now.
        revision: Revision,
    },
    /// The record no longer has the revision that the write named. Nothing was written.
    Conflict,
    /// The result of the refresh request.
    Sent(SendOutcome),
    /// What the look-up returned.
    Located(Located),
    /// A step that has no result was carried out, or need not be.
    Done,
    /// The store or the lifeboat failed. A write may or may not have happened.
    Failed(StoreErrorKind),
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendOutcome {
    /// A whole answer came.
    Answered(TokenAnswer),
    /// It certainly did not leave: no name, no connection, no TLS.
    NotSent,
    /// It was held back, so it did not leave: another call found this address or account blocked,
    /// and no request is sent for this long.
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
    /// The account with this number has this host now.
    At {
        /// The number.
        account_id: AccountId,
        /// The host, which passed the allow-list.
        host: AccountHost,
    },
    /// No answer, or no usable one.
    Unknown,
}

/// A report that the run did not ask for. The run is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnexpectedReport;

impl UnexpectedReport {
    /// For an adapter that gets a step which it does not know.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Default for UnexpectedReport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for UnexpectedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the refresh protocol received a report on a step that it did not ask for")
    }
}

impl core::error::Error for UnexpectedReport {}
