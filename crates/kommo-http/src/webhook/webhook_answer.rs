//! What a receiver answered: the status, and when to come again.

use core::time::Duration;

/// What a receiver answered. Its body is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The pause that `Retry-After` asks for: seconds, or until a date.
    pub retry_after: Option<Duration>,
}

impl WebhookAnswer {
    /// Whether the receiver has taken it: 200 to 299. Source: rule W3 of `docs/protocol.md`.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Whether the receiver will never take it: 410.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        self.status == 410
    }
}
