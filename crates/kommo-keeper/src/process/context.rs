//! What all parts of a keeper share.

use alloc::sync::Arc;
use core::sync::atomic::AtomicBool;

use kommo_oauth::grant::{AttemptId, GrantKey};

use crate::ports::clock::Clock as _;
use crate::ports::erased::{AnyEndpoint, AnyLifeboat};
use crate::ports::grant_store::StoreError;
use crate::ports::shared_clock::SharedClock;
use crate::process::holds::ProcessHolds;
use crate::process::hook_bucket::HookBucket;
use crate::process::identity::Identity;
use crate::reporting::alarm::{AlarmKind, Listeners};
use crate::reporting::metrics::{Counter, Metrics};
use crate::settings::KeeperSettings;

/// The ports, the settings, and the state of this process.
pub(crate) struct Context<S> {
    pub(crate) store: S,
    pub(crate) endpoint: Arc<dyn AnyEndpoint>,
    pub(crate) clock: SharedClock,
    pub(crate) lifeboat: Option<Arc<dyn AnyLifeboat>>,
    pub(crate) identity: Identity,
    pub(crate) settings: KeeperSettings,
    pub(crate) listeners: Listeners,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) process_holds: ProcessHolds,
    pub(crate) hook_bucket: HookBucket,
    /// Whether what earlier programs left of exchanges in the lifeboat was read.
    pub(crate) has_read_answers: AtomicBool,
}

impl<S> Context<S> {
    pub(crate) fn alarm(&self, key: GrantKey, kind: AlarmKind) {
        self.listeners.raise_alarm(Some(key), kind);
    }

    pub(crate) fn store_failed(&self, key: Option<GrantKey>, error: &dyn StoreError) {
        self.metrics.add(Counter::StoreFailures);
        tracing::error!(%error, "the store failed");
        self.listeners
            .raise_alarm(key, AlarmKind::StoreFailed(error.kind()));
    }

    pub(crate) fn new_attempt(&self) -> AttemptId {
        AttemptId::new(self.clock.random_bytes())
    }

    pub(crate) fn random_u64(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.clock.random_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}
