//! Pauses that a peer names, bounded: one policy for every endpoint that answers "not now, ask
//! again later".
//!
//! ```text
//!   429, 503: "ask again in 0 s"   floor, twice, four times …   the longest: a hold
//!   ─────────────────────────────────────────────────────────────────────────────────>
//!                                  a success begins anew
//! ```

use core::time::Duration;

/// How long to wait for a peer that names a pause, or names none. Pure: it reads no clock and keeps
/// nothing.
///
/// A peer may name no time, a time in the past, zero, or a year. So every pause has a floor and a
/// cap, it doubles while the peer repeats itself, and the longest one is a hold: a person should
/// know of it.
///
/// # Examples
///
/// ```
/// # use core::time::Duration;
/// # use kommo_account::PeerPausePolicy;
/// let policy = PeerPausePolicy::new();
/// let first = policy.after(Some(Duration::ZERO), None);
/// assert_eq!(first.length, policy.floor);
/// let second = policy.after(Some(Duration::ZERO), Some(first.length));
/// assert_eq!(second.length, policy.floor * 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PeerPausePolicy {
    /// The shortest pause, whatever the peer names. Default: 5 seconds.
    pub floor: Duration,
    /// The pause if the peer names none. Default: 60 seconds.
    pub unnamed: Duration,
    /// The longest pause that the peer may name. Default: 300 seconds, which is what the vendor's
    /// sample says.
    pub named_at_most: Duration,
    /// The longest pause that repetition leads to. It is a hold. Default: an hour.
    pub grows_to: Duration,
    /// How many such answers in a row are a hold, however short the pauses that they name; 0 counts
    /// as 1. Default: 3.
    pub hold_after: u32,
    /// The shortest hold. Default: 15 minutes.
    pub hold_at_least: Duration,
}

/// One pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PeerPause {
    /// How long nothing is sent to the peer.
    pub length: Duration,
    /// Whether it is a hold: the peer has repeated itself, and a person should know.
    pub is_hold: bool,
}

impl PeerPausePolicy {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            floor: Duration::from_secs(5),
            unnamed: Duration::from_secs(60),
            named_at_most: Duration::from_secs(300),
            grows_to: Duration::from_secs(3_600),
            hold_after: 3,
            hold_at_least: Duration::from_secs(15 * 60),
        }
    }

    /// The pause after an answer that named one, or none. `previous` is the length of the pause
    /// before it if no success came between the two. Never panics; nothing overflows.
    ///
    /// The result is at least [`floor`](Self::floor), at least twice `previous`, and at most
    /// [`grows_to`](Self::grows_to), which wins.
    #[must_use]
    pub fn after(&self, named: Option<Duration>, previous: Option<Duration>) -> PeerPause {
        let named = named.unwrap_or(self.unnamed).min(self.named_at_most);
        let grown = previous.unwrap_or_default().saturating_mul(2);
        let length = named.max(self.floor).max(grown).min(self.grows_to);
        PeerPause {
            length,
            is_hold: previous.is_some() && length >= self.grows_to,
        }
    }

    /// Like [`after`](Self::after), for the answer number `in_a_row` (from 1) without a success
    /// between them: from [`hold_after`](Self::hold_after) on, the pause is a hold and as long as
    /// one.
    #[must_use]
    pub fn after_row(
        &self,
        named: Option<Duration>,
        previous: Option<Duration>,
        in_a_row: u32,
    ) -> PeerPause {
        let pause = self.after(named, previous);
        if !pause.is_hold && in_a_row < self.hold_after {
            return pause;
        }
        PeerPause {
            length: pause.length.max(self.hold_at_least),
            is_hold: true,
        }
    }
}

impl Default for PeerPausePolicy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::PeerPausePolicy;

    const SECOND: Duration = Duration::from_secs(1);

    /// How many requests a peer gets within a time if it names the same pause again and again.
    fn requests_within(time: Duration, named: Option<Duration>) -> u32 {
        let policy = PeerPausePolicy::new();
        let (mut at, mut previous, mut requests) = (Duration::ZERO, None, 0);
        while at <= time {
            requests += 1;
            let pause = policy.after(named, previous);
            at += pause.length;
            previous = Some(pause.length);
        }
        requests
    }

    #[test]
    fn a_peer_that_names_no_time_at_all_is_not_asked_in_a_loop() {
        for named in [Some(Duration::ZERO), Some(SECOND), None] {
            assert!(requests_within(30 * SECOND, named) <= 3);
            assert!(requests_within(24 * 3_600 * SECOND, named) <= 40);
        }
    }

    #[test]
    fn a_pause_that_is_repeated_ends_in_a_hold() {
        let policy = PeerPausePolicy::new();
        let (mut previous, mut pauses) = (None, 0);
        loop {
            let pause = policy.after(Some(Duration::ZERO), previous);
            assert!(pause.length >= policy.floor && pause.length <= policy.grows_to);
            assert!(previous.is_none_or(|previous| pause.length > previous || pause.is_hold));
            previous = Some(pause.length);
            pauses += 1;
            if pause.is_hold {
                break;
            }
        }
        assert_eq!(pauses, 11);
        assert_eq!(previous, Some(policy.grows_to));
    }

    #[test]
    fn the_third_in_a_row_is_a_hold_and_holds_grow() {
        let policy = PeerPausePolicy::new();
        let mut previous = None;
        let pauses = [1, 2, 3, 4, 5, 6].map(|in_a_row| {
            let pause = policy.after_row(Some(Duration::ZERO), previous, in_a_row);
            previous = Some(pause.length);
            (pause.length.as_secs(), pause.is_hold)
        });
        let holds = [900, 1_800, 3_600, 3_600].map(|seconds| (seconds, true));
        assert_eq!(pauses[..2], [(5, false), (10, false)]);
        assert_eq!(pauses[2..], holds);
    }

    #[test]
    fn no_peer_can_stop_us_for_long_with_its_first_word() {
        let policy = PeerPausePolicy::new();
        let pause = policy.after(Some(Duration::MAX), None);
        assert_eq!(pause.length, policy.named_at_most);
        assert!(!pause.is_hold);
        assert_eq!(
            policy
                .after(Some(Duration::MAX), Some(Duration::MAX))
                .length,
            policy.grows_to
        );
    }
}
