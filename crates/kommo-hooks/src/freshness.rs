//! How old or how far ahead a signed time may be.
//!
//! Source: rules H5 and O6 of `docs/protocol.md`.

use crate::refusal::Refusal;

/// The signed times that a verifier admits, around its own clock. Unix seconds.
///
/// The platform promises no delay: a slow receiver is moved to a slower queue, and how long that
/// one waits is not published. [`GENEROUS`](Self::GENEROUS) is our choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FreshnessWindow {
    /// The oldest signed time, in seconds before now.
    pub past_seconds: u64,
    /// The newest signed time, in seconds after now.
    pub future_seconds: u64,
}

impl FreshnessWindow {
    /// One day back, ten minutes ahead.
    pub const GENEROUS: Self = Self::new(86_400, 600);

    /// A window of two widths in seconds.
    #[must_use]
    pub const fn new(past_seconds: u64, future_seconds: u64) -> Self {
        Self {
            past_seconds,
            future_seconds,
        }
    }

    /// Judges a signed time. Both edges are inside.
    ///
    /// # Errors
    ///
    /// [`Refusal::Stale`] or [`Refusal::FromTheFuture`], with the distance.
    pub const fn check(&self, signed: u64, now: u64) -> Result<(), Refusal> {
        let age = now.saturating_sub(signed);
        let ahead = signed.saturating_sub(now);
        if age > self.past_seconds {
            return Err(Refusal::Stale { age_seconds: age });
        }
        if ahead > self.future_seconds {
            return Err(Refusal::FromTheFuture {
                ahead_seconds: ahead,
            });
        }
        Ok(())
    }
}
