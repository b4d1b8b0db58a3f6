//! A refusal of the Open API, and what a person wants to know when debugging.

use core::fmt;

use kommo_open_api::{FailureKind, OpenApiFailure};

use crate::open_api::answer::OpenApiAttempts;

/// A refusal: the platform was reached, and its code is not that of a success.
///
/// `Debug` and `Display` show code and kind; [`msg`](Self::msg) is the platform's own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenApiRefusal {
    pub(crate) failure: OpenApiFailure,
    pub(crate) status: u16,
    pub(crate) clock_difference_seconds: Option<i64>,
    pub(crate) attempts: OpenApiAttempts,
}

impl OpenApiRefusal {
    /// The code; `-1` is the only one that is documented.
    #[must_use]
    pub const fn code(&self) -> i64 {
        self.failure.code
    }

    /// The text as it came, mostly in Chinese. Clean it before it is shown on a terminal; it may
    /// repeat what was sent.
    #[must_use]
    pub fn msg(&self) -> &str {
        &self.failure.msg
    }

    /// A guess at the reason, from the text: for people, never to decide what to do with data.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        self.failure.kind
    }

    /// The HTTP status, which decides nothing.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The platform's clock by the header `Date` minus the `timestamp` of the refused request, in
    /// seconds. More than 300 either way may explain a refusal.
    #[must_use]
    pub const fn clock_difference_seconds(&self) -> Option<i64> {
        self.clock_difference_seconds
    }

    /// The requests of this call. If an earlier one may have been carried out, a chat that is gone
    /// now may have been removed by that one.
    #[must_use]
    pub const fn attempts(&self) -> OpenApiAttempts {
        self.attempts
    }
}

impl fmt::Display for OpenApiRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}
