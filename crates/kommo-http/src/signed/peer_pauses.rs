//! The pauses that a peer has asked for: one policy with the other endpoints ([`PeerPausePolicy`]),
//! kept between calls.
//!
//! A pause is kept by the beginning of the path that it applies to: of the Chats API the
//! connection, so that one account's does not stop the others; of the Open API all of it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kommo_account::{PeerPause, PeerPausePolicy};
/// The number of rows above which those that ended long ago are dropped; what does not fit then is
/// not kept.
const MANY: usize = 10_000;

/// The pauses of one client and its clones.
#[derive(Debug, Default)]
pub(crate) struct PeerPauses {
    policy: PeerPausePolicy,
    rows: Mutex<HashMap<Box<str>, Row>>,
}

/// A row of 429s without another answer between them.
#[derive(Clone, Copy, Debug)]
struct Row {
    begun_at: u64,
    pause: PeerPause,
    /// How many there were. Requests that left together count as one.
    count: u32,
}

impl Row {
    /// A clock that was set back ends it.
    fn left(&self, now: u64) -> Option<Duration> {
        let since = Duration::from_secs(now.checked_sub(self.begun_at)?);
        self.pause
            .length
            .checked_sub(since)
            .filter(|left| !left.is_zero())
    }

    fn hold(&self, key: &str, now: u64) -> Option<PeerHold> {
        let left = self.left(now).filter(|_| self.pause.is_hold)?;
        Some(PeerHold {
            path: key.into(),
            until_unix_seconds: now.saturating_add(left.as_secs()),
            left,
        })
    }
}

/// Which pause applies to a request, and what was known when it left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Departure<'a> {
    key: &'a str,
    count: u32,
}

/// The platform has asked again and again to wait: nothing is sent below one path until the hold
/// ends. It ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerHold {
    /// The path that the held ones begin with: for a connection of the Chats API
    /// `/v2/origin/custom/{scope_id}`, or with the channel id instead.
    pub path: Box<str>,
    /// When it ends, in Unix seconds.
    pub until_unix_seconds: u64,
    /// How long that is.
    pub left: Duration,
}

impl PeerPauses {
    /// What is left of the pause.
    pub(crate) fn left(&self, key: &str, now: u64) -> Option<Duration> {
        self.rows().get(key).and_then(|row| row.left(now))
    }

    /// The hold below one path.
    pub(crate) fn hold(&self, key: &str, now: u64) -> Option<PeerHold> {
        self.rows().get(key).and_then(|row| row.hold(key, now))
    }

    /// All holds.
    pub(crate) fn holds(&self, now: u64) -> Vec<PeerHold> {
        let rows = self.rows();
        rows.iter()
            .filter_map(|(key, row)| row.hold(key, now))
            .collect()
    }

    /// To be taken before a request leaves.
    pub(crate) fn departure<'a>(&self, key: &'a str) -> Departure<'a> {
        let count = self.rows().get(key).map_or(0, |row| row.count);
        Departure { key, count }
    }

    /// A 429. Returns the pause that follows.
    pub(crate) fn refused(
        &self,
        departure: Departure<'_>,
        named: Option<Duration>,
        now: u64,
    ) -> PeerPause {
        let mut rows = self.rows();
        let before = rows.get(departure.key).copied();
        let is_next = before.is_none_or(|row| row.count == departure.count);
        let previous = before.filter(|_| is_next).map(|row| row.pause.length);
        let count = before.map_or(0, |row| row.count);
        let count = count.saturating_add(u32::from(is_next));
        let pause = self.policy.after_row(named, previous, count);
        let row = match before {
            // Of one that left together with another, the longer pause counts.
            Some(row) if !is_next && row.left(now) >= Some(pause.length) => row,
            _ => Row {
                begun_at: now,
                pause,
                count,
            },
        };
        if rows.len() >= MANY && before.is_none() {
            let longest = self.policy.grows_to.as_secs();
            rows.retain(|_, row| now.saturating_sub(row.begun_at) <= 2 * longest);
        }
        if rows.len() < MANY || before.is_some() {
            rows.insert(departure.key.into(), row);
        }
        pause
    }

    /// Any other answer: the next pause begins anew.
    pub(crate) fn answered(&self, departure: Departure<'_>) {
        let mut rows = self.rows();
        if let Some(row) = rows.get(departure.key)
            && row.count == departure.count
        {
            rows.remove(departure.key);
        }
    }

    /// A panic of another holder does not matter: no change here is left half done.
    fn rows(&self) -> MutexGuard<'_, HashMap<Box<str>, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::PeerPauses;

    const ZERO: Option<Duration> = Some(Duration::ZERO);

    const HERE: &str = "/v2/origin/custom/s";
    const THERE: &str = "/v2/origin/custom/t";

    #[test]
    fn a_pause_grows_while_nothing_else_comes_and_stops_its_own_connection_alone() {
        let pauses = PeerPauses::default();
        let (here, there) = (HERE, THERE);
        let refused = |now| {
            let pause = pauses.refused(pauses.departure(here), ZERO, now);
            (pause.length.as_secs(), pause.is_hold)
        };
        assert_eq!([refused(100), refused(105)], [(5, false), (10, false)]);
        assert_eq!(pauses.left(here, 110), Some(Duration::from_secs(5)));
        assert_eq!(pauses.left(here, 115), None);
        assert_eq!(pauses.left(here, 1), None, "the clock was set back");
        assert_eq!(pauses.left(there, 106), None);
        pauses.answered(pauses.departure(here));
        assert_eq!(refused(200), (5, false));
    }

    #[test]
    fn the_third_in_a_row_is_a_hold_of_its_own_connection() {
        let pauses = PeerPauses::default();
        let (here, there) = (HERE, THERE);
        for now in [100, 105] {
            pauses.refused(pauses.departure(here), ZERO, now);
            assert_eq!(pauses.hold(here, now), None);
        }
        assert!(pauses.refused(pauses.departure(here), ZERO, 115).is_hold);
        let hold = pauses.hold(here, 915).unwrap();
        assert_eq!((hold.left.as_secs(), hold.until_unix_seconds), (100, 1015));
        assert_eq!(&*hold.path, "/v2/origin/custom/s");
        assert_eq!(pauses.hold(there, 915), None);
        assert_eq!(pauses.holds(915), [hold]);
        assert_eq!(pauses.holds(1015), []);
    }

    #[test]
    fn requests_that_left_together_are_one_and_an_early_one_ends_no_row() {
        let pauses = PeerPauses::default();
        let here = HERE;
        let early = pauses.departure(here);
        for _ in 0..9 {
            assert_eq!(pauses.refused(early, ZERO, 100).length.as_secs(), 5);
        }
        pauses.answered(early);
        assert!(pauses.left(here, 101).is_some());
        let next = pauses.departure(here);
        assert_eq!(pauses.refused(next, ZERO, 105).length.as_secs(), 10);
    }
}
