//! When to refresh and how long to wait: settings with defaults. No decision about a token is made
//! here.

use core::time::Duration;

use kommo_account::{PeerPausePolicy, doubled};

use crate::grant::{CLOCKS_MAY_DIFFER, HoldKind};

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// From a quarter of a second to eight.
const SAVE_DOUBLINGS_AT_MOST: u32 = 5;

/// Times of the refresh protocol.
///
/// The defaults are choices; where a source advises something it is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// A token with less than this left is due. Default: an hour.
    pub refresh_before: Duration,
    /// A random part of this is added to [`refresh_before`](Self::refresh_before), so that tenants
    /// do not align. Default: 20 minutes.
    pub jitter: Duration,
    /// A token with less than this left is not handed out without an attempt to refresh it.
    /// Default: 60 seconds.
    pub must_before: Duration,
    /// A pair older than this is to be refreshed to keep it alive, although no call is made.
    /// Default: 7 of the 90 days that a refresh token is valid (advice of users, who lost idle
    /// grants).
    ///
    /// This crate and the sweep do not read it: a sweep refreshes each grant whenever its access
    /// token is due. It is for programs that do not sweep and call
    /// [`TokenRequirement::obtained_since`](crate::refresh::TokenRequirement::obtained_since) with
    /// it, as `kommo auth keep-alive` does.
    pub keep_alive_after: Duration,
    /// Pauses between tries in doubt; the last one repeats. Default: 1, 5, 30, 120 seconds, 10
    /// minutes, an hour.
    pub doubt_pauses: [Duration; 6],
    /// The longest of those pauses while there is no token to hand out, or one in its last minutes.
    /// Default: a minute.
    pub doubt_pause_without_token: Duration,
    /// How long a worker that has lost its lock may wait for the answer to its request and save it.
    /// Default: a minute; the HTTP client gives up after half of that.
    pub request_limit: Duration,
    /// What is added to that before a refusal of its refresh token counts: the clocks of two
    /// machines may differ by as much. Default: five minutes.
    pub request_margin: Duration,
    /// The pause after an attempt that certainly did not leave. Default: 2 seconds.
    pub unreachable_pause: Duration,
    /// The first pause between tries to save a pair; later ones double. Default: 250 milliseconds.
    pub save_pause: Duration,
    /// 429 without a length. Default: 60 seconds.
    pub throttled: Duration,
    /// The shortest pause that a 429 leads to, whatever it asks for. Default: 5 seconds.
    pub throttled_at_least: Duration,
    /// The longest wait that a 429 may ask for. Default: 300 seconds, which is what the vendor's
    /// sample says.
    pub throttled_at_most: Duration,
    /// The longest pause that 429s lead to which are repeated without a success between them: each
    /// doubles the one before. Default: an hour.
    pub throttled_grows_to: Duration,
    /// The first pause after a block of one account, which doubles with each repetition, up to the
    /// [hold of a block](Self::hold_length). Default: 15 minutes.
    pub blocked_at_first: Duration,
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
            doubt_pause_without_token: seconds(60),
            request_limit: seconds(60),
            request_margin: CLOCKS_MAY_DIFFER,
            unreachable_pause: seconds(2),
            save_pause: Duration::from_millis(250),
            throttled: seconds(60),
            throttled_at_least: seconds(5),
            throttled_at_most: seconds(300),
            throttled_grows_to: seconds(HOUR),
            blocked_at_first: seconds(15 * MINUTE),
        }
    }

    /// The pause after this number of attempts that ended in doubt.
    #[must_use]
    pub fn doubt_pause(&self, tries: u32) -> Duration {
        let last = self.doubt_pauses.len() - 1;
        let index = usize::try_from(tries.saturating_sub(1)).map_or(last, |tries| tries.min(last));
        self.doubt_pauses.get(index).copied().unwrap_or_default()
    }

    /// The same, for a token that is valid for this long: the next try comes before the token must
    /// be refreshed. Without a usable token, pauses stay short.
    #[must_use]
    pub fn doubt_pause_while(&self, tries: u32, left: Duration) -> Duration {
        let pause = self.doubt_pause(tries);
        // One `must_before` ahead, so that callers need not wait for that try.
        let ahead = left.saturating_sub(self.must_before.saturating_mul(2));
        if ahead.is_zero() {
            pause.min(self.doubt_pause_without_token)
        } else {
            pause.min(ahead)
        }
    }

    /// The pause before a pair is saved again, after this number of pauses: each doubles the one
    /// before, up to the sixth.
    #[must_use]
    pub const fn save_pause_after(&self, pauses: u32) -> Duration {
        let doublings = if pauses < SAVE_DOUBLINGS_AT_MOST {
            pauses
        } else {
            SAVE_DOUBLINGS_AT_MOST
        };
        doubled(self.save_pause, doublings)
    }

    /// How long an attempt that was taken over may still be answered.
    #[must_use]
    pub const fn orphan_limit(&self) -> Duration {
        self.request_limit.saturating_add(self.request_margin)
    }

    /// The pauses after 429.
    #[must_use]
    pub const fn throttle_pauses(&self) -> PeerPausePolicy {
        let mut pauses = PeerPausePolicy::new();
        pauses.floor = self.throttled_at_least;
        pauses.unnamed = self.throttled;
        pauses.named_at_most = self.throttled_at_most;
        pauses.grows_to = self.throttled_grows_to;
        pauses
    }

    /// The pauses after blocks of one account.
    #[must_use]
    pub const fn block_pauses(&self) -> PeerPausePolicy {
        let mut pauses = PeerPausePolicy::new();
        pauses.floor = self.blocked_at_first;
        pauses.unnamed = self.blocked_at_first;
        pauses.named_at_most = self.hold_length(HoldKind::Blocked);
        pauses.grows_to = self.hold_length(HoldKind::Blocked);
        pauses
    }

    /// The longest pause that a doubt can have: its own, or that of a hold that stops all
    /// requesters.
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
        longest
            .unwrap_or_default()
            .max(self.throttled_grows_to)
            .max(self.orphan_limit())
    }

    /// How long a hold of this kind lasts if the platform did not say. Then the platform is asked
    /// again.
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
