//! How many codes are exchanged at once. Anyone can send an install hook, or finish a consent that
//! is bound to no session. So what those take of the platform's requests is set beforehand, and a
//! user who is signed in waits for none of them.
//!
//! ```text
//!   callback ── code durable ─┬─ of a session ──> exchange of this code, eight at once ────────> its page, or the time is up
//!                             └─ of no session ─> the same, at the pace that is set ──────────┘
//!   install  ── code durable ──> exchange of this code, one at once, with a pause after each
//! ```

use alloc::sync::Arc;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use kommo_keeper::{CodeOutcome, CodeStore, ExchangeError, Keeper, PendingCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The most callbacks that wait at once.
const WAITING_MAX: usize = 4096;
/// The most codes of consents that one process exchanges side by side: of sessions, and again of no
/// session.
const CONSENTS_MAX: u32 = 8;

/// Runs exchanges in tasks of their own. Clones share the room.
#[derive(Clone)]
pub(crate) struct ExchangeRoom {
    waiting: Arc<Semaphore>,
    consents: Arc<Semaphore>,
    unbound: Arc<Semaphore>,
    hooks: Arc<Semaphore>,
    unbound_pace: Arc<Pace>,
    /// After each code of an install hook.
    hook_pause: Duration,
}

impl ExchangeRoom {
    /// With the pace of consents that are bound to no session, and of hooks.
    pub(crate) fn new(unbound_pace: Duration, hook_pause: Duration) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self {
            waiting: semaphore(WAITING_MAX),
            consents: semaphore(CONSENTS_MAX as usize),
            unbound: semaphore(CONSENTS_MAX as usize),
            hooks: semaphore(1),
            unbound_pace: Arc::new(Pace::new(unbound_pace)),
            hook_pause,
        }
    }

    /// A permit for a callback; `None` if too many wait.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.waiting).try_acquire_owned().ok()
    }

    /// Exchanges the code of a callback. Dropping the handle ends the waiting, not the exchange.
    pub(crate) fn exchange<S: CodeStore>(
        &self,
        keeper: Keeper<S>,
        pending: PendingCode,
        place: OwnedSemaphorePermit,
    ) -> JoinHandle<Result<CodeOutcome, ExchangeError>> {
        let (turns, pace) = if pending.origin.is_strangers() {
            (Arc::clone(&self.unbound), Some(&self.unbound_pace))
        } else {
            (Arc::clone(&self.consents), None)
        };
        // In the order in which they came.
        let begins_at = pace.map(|pace| pace.next(Instant::now()));
        tokio::spawn(async move {
            if let Some(begins_at) = begins_at {
                tokio::time::sleep_until(begins_at).await;
            }
            let _turn = turns.acquire().await;
            let outcome = keeper.exchange_code(&pending).await;
            drop(place);
            outcome
        })
    }

    /// Exchanges the code of an install hook, when those before it are done.
    pub(crate) fn exchange_hook<S: CodeStore>(&self, keeper: Keeper<S>, pending: PendingCode) {
        let (hooks, pause) = (Arc::clone(&self.hooks), self.hook_pause);
        tokio::spawn(async move {
            let _turn = hooks.acquire().await;
            // The keeper raises the alarm. The code is durable; it is exchanged with those that
            // wait.
            let _ = keeper.exchange_code(&pending).await;
            tokio::time::sleep(pause).await;
        });
    }

    /// Exchanges the codes that wait in the store: those that anyone may have sent one after
    /// another, after the others.
    pub(crate) fn exchange_waiting<S: CodeStore>(&self, keeper: Keeper<S>) {
        let room = self.clone();
        tokio::spawn(async move {
            // Until none is left. If the store fails, the keeper raises the alarm.
            let is_more =
                |done: Result<Vec<_>, ExchangeError>| done.is_ok_and(|done| !done.is_empty());
            loop {
                let _turn = room.consents.acquire().await;
                if !is_more(keeper.exchange_consents_each(CONSENTS_MAX).await) {
                    break;
                }
            }
            loop {
                let _turn = room.hooks.acquire().await;
                if !is_more(keeper.exchange_codes_each(1).await) {
                    break;
                }
                tokio::time::sleep(room.hook_pause).await;
            }
        });
    }
}

/// When each of a row of exchanges begins: a few at once after a rest, then one in each interval.
struct Pace {
    interval: Duration,
    /// When there are as many again as begin at once.
    full_at: Mutex<Option<Instant>>,
}

impl Pace {
    const fn new(interval: Duration) -> Self {
        Self {
            interval,
            full_at: Mutex::new(None),
        }
    }

    fn next(&self, now: Instant) -> Instant {
        let at_once = self.interval.saturating_mul(CONSENTS_MAX);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full = full_at.map_or(now, |at| at.max(now)) + self.interval;
        *full_at = Some(full);
        full.checked_sub(at_once).map_or(now, |at| at.max(now))
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[test]
    fn eight_begin_at_once_after_a_rest_and_then_one_in_each_interval() {
        let pace = Pace::new(Duration::from_secs(2));
        let now = Instant::now() + Duration::from_secs(1_000);
        for rest in [0, 3_600] {
            let now = now + Duration::from_secs(rest);
            let waits = (0..12).map(|_| (pace.next(now) - now).as_secs());
            assert_eq!(
                waits.collect::<Vec<_>>(),
                [0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 6, 8]
            );
        }
    }
}
