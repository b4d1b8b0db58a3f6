//! Codes on their way to a grant: a few helpers take whatever code waits, and whoever brought it is
//! told.
//!
//! ```text
//!   callback ── await this code ── accept ── wake ──> helpers of consents ──> told, or the time is up: the helper goes on all the same
//!   install  ───────────────────── accept ── wake ──> one helper, which pauses after each code, and takes consents first
//! ```
//!
//! Anybody can send an install hook. So what those take of the platform's requests is set
//! beforehand, and no consent waits for a helper that is busy with one.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kommo_keeper::{CodeOutcome, ExchangeError};
use kommo_oauth::AuthorizationCode;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, oneshot};

use crate::grant_desk::{CodeLane, GrantDesk};

/// The most callbacks that wait at once.
const WAITING_MAX: usize = 4096;
/// The most codes of one process that are exchanged side by side.
const HELPERS_MAX: usize = 8;
/// The same of install hooks.
const HOOK_HELPERS_MAX: usize = 1;

type CodeDigest = [u8; 32];
type Told = Result<CodeOutcome, ExchangeError>;

/// Exchanges codes in tasks of its own. Cheap to clone.
pub(crate) struct Exchanging<K> {
    shared: Arc<Shared<K>>,
}

struct Shared<K> {
    desk: K,
    waiting: Mutex<HashMap<CodeDigest, oneshot::Sender<Told>>>,
    consents: Helpers,
    hooks: Helpers,
    /// After each code of the hooks' helper.
    hook_pause: Duration,
}

/// The helpers of one lane.
struct Helpers {
    free: Arc<Semaphore>,
    /// How often they were woken: one that finds no code left looks again if it was woken
    /// meanwhile.
    woken: AtomicU64,
}

impl Helpers {
    fn new(most: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(most)),
            woken: AtomicU64::new(0),
        }
    }

    fn woken(&self) -> u64 {
        self.woken.load(Ordering::SeqCst)
    }
}

/// Waits for the outcome of one code. Dropping it ends the waiting, not the exchange.
pub(crate) struct Awaited<K> {
    shared: Arc<Shared<K>>,
    digest: CodeDigest,
    told: oneshot::Receiver<Told>,
}

impl<K: GrantDesk> Exchanging<K> {
    pub(crate) fn new(desk: K, hook_pause: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                desk,
                waiting: Mutex::default(),
                consents: Helpers::new(HELPERS_MAX),
                hooks: Helpers::new(HOOK_HELPERS_MAX),
                hook_pause,
            }),
        }
    }

    /// Waits for a code that will be accepted in a moment. `None` if too many wait, or somebody
    /// waits for the same code.
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

    /// Has the waiting codes of a lane looked after.
    pub(crate) fn wake(&self, lane: CodeLane) {
        let helpers = self.shared.helpers(lane);
        helpers.woken.fetch_add(1, Ordering::SeqCst);
        self.start_helper(lane);
    }

    fn start_helper(&self, lane: CodeLane) {
        let helpers = self.shared.helpers(lane);
        let Ok(permit) = Arc::clone(&helpers.free).try_acquire_owned() else {
            return;
        };
        let exchanging = self.clone();
        tokio::spawn(async move {
            let seen = exchanging.shared.drain(lane).await;
            drop(permit);
            // Woken after the last look, when there was perhaps no room for another helper.
            if exchanging.shared.helpers(lane).woken() != seen {
                exchanging.start_helper(lane);
            }
        });
    }
}

impl<K: GrantDesk> Shared<K> {
    /// Exchanges until no code is left; gives the last count of wakes that it looked for.
    async fn drain(&self, lane: CodeLane) -> u64 {
        let helpers = self.helpers(lane);
        loop {
            let seen = helpers.woken();
            match self.desk.exchange_one(lane).await {
                Ok(Some(taken)) => self.tell(&taken.code, taken.outcome),
                Ok(None) if helpers.woken() == seen => return seen,
                Ok(None) => continue,
                // The keeper raised the alarm. The codes are durable; the next wake looks for them.
                Err(_) => return helpers.woken(),
            }
            if lane == CodeLane::All {
                tokio::time::sleep(self.hook_pause).await;
            }
        }
    }

    const fn helpers(&self, lane: CodeLane) -> &Helpers {
        match lane {
            CodeLane::Consents => &self.consents,
            CodeLane::All => &self.hooks,
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
