//! When to refresh, how long to wait. Settings with defaults; nothing here decides about a token.

use core::time::Duration;

use crate::hold::HoldKind;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// Times of the refresh protocol.
///
/// The defaults are choices; where a source advises something it is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// A token with less than this left is due. Default: an hour.
    pub refresh_before: Duration,
    /// A random part of this is added to [`refresh_before`](Self::refresh_before), so that tenants do not align. Default: 20 minutes.
    pub jitter: Duration,
    /// A token with less than this left is not handed out without an attempt to refresh it. Default: 60 seconds.
    pub must_before: Duration,
    /// A pair older than this is to be refreshed to keep it alive, although nobody calls. Default: 7 days of the 90 that a
    /// refresh token lives (advice of users, who lost grants that lay idle).
    ///
    /// Nothing here and no sweep reads it: a sweep refreshes each grant whenever its access token is due. It is for programs that do not
    /// sweep and call [`Want::obtained_since`](crate::Want::obtained_since) with it, as `kommo auth keep-alive` does.
    pub keep_alive_after: Duration,
    /// Pauses between tries in doubt; the last one repeats. Default: 1, 5, 30, 120 seconds, 10 minutes, an hour.
    pub doubt_pauses: [Duration; 6],
    /// The pause after an attempt that certainly did not leave. Default: 2 seconds.
    pub unreachable_pause: Duration,
    /// The pause between tries to save a pair. Default: 250 milliseconds.
    pub save_pause: Duration,
    /// 429 without a length. Default: 60 seconds.
    pub throttled: Duration,
    /// The longest wait that a 429 may ask for. Default: 300 seconds, which is what the vendor's sample says.
    pub throttled_at_most: Duration,
}

impl RefreshPolicy {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        let seconds = Duration::from_secs;
        Self {
            refresh_before: seconds(HOUR),
            jitter: seconds(20 * MINUTE),
            must_before: seconds(60),
            keep_alive_after: seconds(7 * 24 * HOUR),
            doubt_pauses: [
                seconds(1),
                seconds(5),
                seconds(30),
                seconds(120),
                seconds(10 * MINUTE),
                seconds(HOUR),
            ],
            unreachable_pause: seconds(2),
            save_pause: Duration::from_millis(250),
            throttled: seconds(60),
            throttled_at_most: seconds(300),
        }
    }

    /// The pause after so many attempts that ended in doubt.
    #[must_use]
    pub fn doubt_pause(&self, tries: u32) -> Duration {
        let last = self.doubt_pauses.len() - 1;
        let index = usize::try_from(tries.saturating_sub(1)).map_or(last, |tries| tries.min(last));
        self.doubt_pauses.get(index).copied().unwrap_or_default()
    }

    /// The longest pause that a doubt can have: its own, or that of a hold that stops everybody.
    #[must_use]
    pub fn longest_doubt_pause(&self) -> Duration {
        let holds = [
            HoldKind::Throttled,
            HoldKind::PaymentRequired,
            HoldKind::Suspect,
            HoldKind::MovedHost,
        ];
        let holds = holds.map(|kind| self.hold_length(kind));
        let longest = self.doubt_pauses.into_iter().chain(holds).max();
        longest.unwrap_or_default().max(self.throttled_at_most)
    }

    /// How long a hold of this kind lasts if the platform did not say. Then it is asked again.
    #[must_use]
    pub const fn hold_length(&self, kind: HoldKind) -> Duration {
        match kind {
            HoldKind::Throttled => self.throttled,
            HoldKind::Blocked => Duration::from_secs(6 * HOUR),
            HoldKind::PaymentRequired => Duration::from_secs(HOUR),
            HoldKind::ClientMisconfigured | HoldKind::MovedHost => Duration::from_secs(15 * MINUTE),
            HoldKind::Suspect => Duration::from_secs(10 * MINUTE),
        }
    }
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self::new()
    }
}
