//! How fast requests leave: evenly spaced, in the order in which they were asked for.

use alloc::sync::Arc;
use core::fmt;
use core::num::NonZeroU32;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use crate::signed::clock::SigningClock;

/// How many requests a second leave at most. Cheap to clone; clones count together, so pass one to
/// every client that shares an address.
///
/// # Examples
///
/// ```
/// # use core::num::NonZeroU32;
/// # use kommo_http::Pace;
/// let pace = Pace::per_second(NonZeroU32::new(3).unwrap());
/// assert_eq!(format!("{pace:?}"), "Pace(333.333333ms)");
/// ```
#[derive(Clone)]
pub struct Pace {
    turns: Option<Arc<Turns>>,
}

struct Turns {
    interval: Duration,
    /// When the next request may leave, by the clock's monotonic time.
    next: Mutex<Duration>,
}

impl Pace {
    /// This many a second, evenly spaced.
    #[must_use]
    pub fn per_second(requests: NonZeroU32) -> Self {
        let turns = Turns {
            interval: Duration::from_secs(1) / requests.get(),
            next: Mutex::default(),
        };
        Self {
            turns: Some(Arc::new(turns)),
        }
    }

    /// As fast as they come.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { turns: None }
    }

    /// Waits for a turn. One whose future is dropped is lost.
    pub(crate) async fn wait(&self, clock: &dyn SigningClock) {
        let Some(turns) = &self.turns else {
            return;
        };
        let left = turns.take(clock.monotonic());
        if !left.is_zero() {
            clock.pause(left).await;
        }
    }
}

impl Turns {
    /// How long it is until the turn that was taken.
    fn take(&self, now: Duration) -> Duration {
        // A panic of another holder does not matter: no change here is left half done.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = now.max(*next);
        *next = turn.saturating_add(self.interval);
        turn.saturating_sub(now)
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.turns {
            Some(turns) => write!(f, "Pace({:?})", turns.interval),
            None => f.write_str("Pace(unlimited)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;
    use core::time::Duration;

    use super::Pace;

    // Rule L4 for the figure.
    #[test]
    fn turns_are_evenly_spaced_and_a_rest_is_not_saved_up() {
        let pace = Pace::per_second(NonZeroU32::new(4).unwrap());
        let turns = pace.turns.unwrap();
        let at = |milliseconds| Duration::from_millis(milliseconds);
        let waits = [1000, 1000, 1100, 5000, 5000].map(|now| turns.take(at(now)));
        assert_eq!(waits, [0, 250, 400, 0, 250].map(at));
    }
}
