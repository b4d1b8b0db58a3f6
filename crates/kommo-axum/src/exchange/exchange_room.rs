//! How many codes are exchanged at once. Anyone can send an install hook, so what those take of the
//! platform's requests is set beforehand, and no consent waits for one of them.
//!
//! ```text
//!   callback ── code durable ──> exchange of this code, eight at once ──> its page, or the time is up
//!   install  ── code durable ──> exchange of this code, one at once, with a pause after each
//! ```

use alloc::sync::Arc;
use core::time::Duration;

use kommo_keeper::{CodeOutcome, CodeStore, ExchangeError, Keeper, PendingCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// The most callbacks that wait at once.
const WAITING_MAX: usize = 4096;
/// The most codes of consents that one process exchanges side by side.
const CONSENTS_MAX: u32 = 8;

/// Runs exchanges in tasks of their own. Clones share the room.
#[derive(Clone)]
pub(crate) struct ExchangeRoom {
    waiting: Arc<Semaphore>,
    consents: Arc<Semaphore>,
    hooks: Arc<Semaphore>,
    /// After each code of an install hook.
    hook_pause: Duration,
}

impl ExchangeRoom {
    pub(crate) fn new(hook_pause: Duration) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self {
            waiting: semaphore(WAITING_MAX),
            consents: semaphore(CONSENTS_MAX as usize),
            hooks: semaphore(1),
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
        let consents = Arc::clone(&self.consents);
        tokio::spawn(async move {
            let _turn = consents.acquire().await;
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

    /// Exchanges the codes that wait in the store, and those of install hooks if asked for.
    pub(crate) fn exchange_waiting<S: CodeStore>(&self, keeper: Keeper<S>, with_hooks: bool) {
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
            if !with_hooks {
                return;
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
