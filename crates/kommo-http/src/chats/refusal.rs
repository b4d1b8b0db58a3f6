//! What the platform said when it refused, and what a person wants to know when debugging.

use core::fmt;
use core::time::Duration;

use kommo_chats::ErrorBody;

use crate::transport::raw_response::RawResponse;

/// A refusal: the platform was reached and said no.
///
/// May be logged: the texts of the body are bounded and cleaned, see [`ErrorBody`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) error: ErrorBody,
    pub(crate) server_date: Option<u64>,
    pub(crate) clock_difference_seconds: Option<i64>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) tried_offset_seconds: Option<i64>,
    pub(crate) attempts: u32,
    pub(crate) follows_unknown_outcome: bool,
}

impl Refusal {
    /// `signed_at` is the instant that the refused request was dated with.
    pub(crate) fn read(response: &RawResponse, signed_at: i64) -> Self {
        let error = ErrorBody::from_body(
            response.status(),
            response.content_type(),
            response.header("retry-after"),
            response.body(),
        );
        let server_date = response.server_date();
        let in_seconds = error.retry_after_seconds().map(Duration::from_secs);
        Self {
            error,
            server_date,
            clock_difference_seconds: server_date
                .and_then(|date| i64::try_from(date).ok())
                .and_then(|date| date.checked_sub(signed_at)),
            retry_after: in_seconds.or_else(|| response.retry_after()),
            tried_offset_seconds: None,
            attempts: 1,
            follows_unknown_outcome: false,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.error.http_status()
    }

    /// What the body said, and what it means.
    #[must_use]
    pub const fn error(&self) -> &ErrorBody {
        &self.error
    }

    /// The platform's clock by the header `Date`, in Unix seconds.
    #[must_use]
    pub const fn server_date(&self) -> Option<u64> {
        self.server_date
    }

    /// The platform's clock minus the date that the refused request was signed with, in seconds.
    /// More than 900 either way means that the date alone was enough for a refusal (rule D3).
    #[must_use]
    pub const fn clock_difference_seconds(&self) -> Option<i64> {
        self.clock_difference_seconds
    }

    /// How long to wait. Of a 429 always there: what the platform asks for, by its body or its
    /// header, within the bounds of [`PeerPausePolicy`](kommo_account::PeerPausePolicy). Of another
    /// refusal, what it asks for, in whole seconds.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The clock offset that was learned and tried in this call, in seconds; it did not help (rule
    /// T3).
    #[must_use]
    pub const fn tried_offset_seconds(&self) -> Option<i64> {
        self.tried_offset_seconds
    }

    /// How many requests this call sent.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether an earlier attempt of this call may have been carried out: it had no answer, or a
    /// 5xx.
    #[must_use]
    pub const fn follows_unknown_outcome(&self) -> bool {
        self.follows_unknown_outcome
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)
    }
}
