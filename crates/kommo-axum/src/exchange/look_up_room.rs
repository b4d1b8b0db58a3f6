//! How many look-ups of integrations made on the fly are under way. Anyone can cause one, by a
//! forged hook or by a consent, and each costs the application's store a query.

use core::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// The most look-ups at once, out of the store's connections.
const UNDER_WAY_MAX: usize = 2;
/// The most that are under way or wait; more are turned away at once.
const PLACES_MAX: usize = 64;

/// Bounds look-ups in number and in time.
#[derive(Debug)]
pub(crate) struct LookUpRoom {
    places: Semaphore,
    under_way: Semaphore,
    within: Duration,
}

/// Nothing was found out: too many look-ups wait, or this one took too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl LookUpRoom {
    pub(crate) fn new(within: Duration) -> Self {
        Self {
            places: Semaphore::new(PLACES_MAX),
            under_way: Semaphore::new(UNDER_WAY_MAX),
            within,
        }
    }

    /// Looks up when it is this one's turn. The time includes the waiting.
    pub(crate) async fn ask<T>(&self, asked: impl Future<Output = T>) -> Result<T, NoRoom> {
        let _place = self.places.try_acquire().map_err(|_| NoRoom)?;
        let deadline = Instant::now() + self.within;
        let turn = timeout_at(deadline, self.under_way.acquire()).await;
        // One whose time ends with another's has its turn too late, and costs no query.
        let _turn = turn
            .ok()
            .filter(|_| Instant::now() < deadline)
            .ok_or(NoRoom)?;
        timeout_at(deadline, asked).await.map_err(|_| NoRoom)
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use core::time::Duration;

    use super::{LookUpRoom, NoRoom, PLACES_MAX, UNDER_WAY_MAX};

    #[tokio::test(start_paused = true)]
    async fn look_ups_that_hang_end_in_time_and_more_are_turned_away_at_once() {
        let room = Arc::new(LookUpRoom::new(Duration::from_secs(2)));
        let asked = Arc::new(core::sync::atomic::AtomicUsize::new(0));
        let ask = || {
            let (room, asked) = (Arc::clone(&room), Arc::clone(&asked));
            tokio::spawn(async move {
                let hangs = async {
                    asked.fetch_add(1, core::sync::atomic::Ordering::SeqCst);
                    core::future::pending::<()>().await;
                };
                room.ask(hangs).await
            })
        };
        let waiting: Vec<_> = (0..PLACES_MAX).map(|_| ask()).collect();
        tokio::task::yield_now().await;
        let before = tokio::time::Instant::now();
        assert_eq!(ask().await.unwrap(), Err(NoRoom));
        assert!(before.elapsed().is_zero(), "turned away at once");
        let asked_for = asked.load(core::sync::atomic::Ordering::SeqCst);
        assert_eq!(asked_for, UNDER_WAY_MAX);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Err(NoRoom));
        }
        let asked_for = asked.load(core::sync::atomic::Ordering::SeqCst);
        assert_eq!(asked_for, UNDER_WAY_MAX, "the others were too late");
        assert_eq!(room.ask(async { 7 }).await, Ok(7), "there is room again");
    }
}
