//! Codes on their way to a grant: a few helpers take whatever code waits, and whoever brought it is told.
//!
//! ```text
//!   callback ── await this code ── accept ── wake ──┐        ┌──> told, or the time is up: the helper goes on all the same
//!   install  ───────────────────── accept ── wake ──┴ helper ┘
//! ```

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kommo_keeper::{CodeOutcome, ExchangeError};
use kommo_oauth::AuthorizationCode;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, oneshot};

use crate::grant_desk::GrantDesk;

/// The most callbacks that wait at once.
const WAITING_MAX: usize = 4096;
/// The most codes of one process that are exchanged side by side.
const HELPERS_MAX: usize = 8;

type CodeDigest = [u8; 32];
type Told = Result<CodeOutcome, ExchangeError>;

/// Exchanges codes in tasks of its own. Cheap to clone.
pub(crate) struct Exchanging<K> {
    shared: Arc<Shared<K>>,
}

struct Shared<K> {
    desk: K,
    waiting: Mutex<HashMap<CodeDigest, oneshot::Sender<Told>>>,
    helpers: Arc<Semaphore>,
    /// How often helpers were woken: one that finds no code left looks again if it was woken meanwhile.
    woken: AtomicU64,
}

/// Waits for the outcome of one code. Dropping it ends the waiting, not the exchange.
pub(crate) struct Awaited<K> {
    shared: Arc<Shared<K>>,
    digest: CodeDigest,
    told: oneshot::Receiver<Told>,
}

impl<K: GrantDesk> Exchanging<K> {
    pub(crate) fn new(desk: K) -> Self {
        Self {
            shared: Arc::new(Shared {
                desk,
                waiting: Mutex::default(),
                helpers: Arc::new(Semaphore::new(HELPERS_MAX)),
                woken: AtomicU64::new(0),
            }),
        }
    }

    /// Waits for a code that will be accepted in a moment. `None` if too many wait, or somebody waits for the same code.
    pub(crate) fn awaiting(&self, code: &AuthorizationCode) -> Option<Awaited<K>> {
        let digest: CodeDigest = Sha256::digest(code.expose().as_bytes()).into();
        let (tell, told) = oneshot::channel();
        let mut waiting = self.shared.waiting();
        if waiting.len() >= WAITING_MAX || waiting.contains_key(&digest) {
            return None;
        }
        waiting.insert(digest, tell);
        Some(Awaited {
            shared: Arc::clone(&self.shared),
            digest,
            told,
        })
    }

    /// Has the waiting codes looked after.
    pub(crate) fn wake(&self) {
        self.shared.woken.fetch_add(1, Ordering::SeqCst);
        self.start_helper();
    }

    fn start_helper(&self) {
        let Ok(permit) = Arc::clone(&self.shared.helpers).try_acquire_owned() else {
            return;
        };
        let exchanging = self.clone();
        tokio::spawn(async move {
            let seen = exchanging.shared.drain().await;
            drop(permit);
            // Woken after the last look, when there was perhaps no room for another helper.
            if exchanging.shared.woken.load(Ordering::SeqCst) != seen {
                exchanging.start_helper();
            }
        });
    }
}

impl<K: GrantDesk> Shared<K> {
    /// Exchanges until no code is left; gives the last count of wakes that it looked for.
    async fn drain(&self) -> u64 {
        loop {
            let seen = self.woken.load(Ordering::SeqCst);
            match self.desk.exchange_one().await {
                Ok(Some(taken)) => self.tell(&taken.code, taken.outcome),
                Ok(None) if self.woken.load(Ordering::SeqCst) == seen => return seen,
                Ok(None) => {}
                // The keeper raised the alarm. The codes are durable; the next wake looks for them.
                Err(_) => return self.woken.load(Ordering::SeqCst),
            }
        }
    }
}

impl<K> Shared<K> {
    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<CodeDigest, oneshot::Sender<Told>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, code: &AuthorizationCode, outcome: Told) {
        let digest: CodeDigest = Sha256::digest(code.expose().as_bytes()).into();
        if let Some(tell) = self.waiting().remove(&digest) {
            // Whoever does not listen any more has answered already.
            let _ = tell.send(outcome);
        }
    }
}

impl<K> Awaited<K> {
    /// The outcome; [`CodeOutcome::NotYet`] if nobody will tell.
    pub(crate) async fn outcome(mut self) -> Told {
        (&mut self.told).await.unwrap_or(Ok(CodeOutcome::NotYet))
    }
}

impl<K> Drop for Awaited<K> {
    fn drop(&mut self) {
        self.shared.waiting().remove(&self.digest);
    }
}

impl<K> Clone for Exchanging<K> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}
