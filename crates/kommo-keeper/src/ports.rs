//! What all parts of a keeper have in common.

use alloc::sync::Arc;

use kommo_oauth::grant::{AttemptId, GrantKey};

use crate::alarm::{AlarmKind, Listeners};
use crate::clock::Clock as _;
use crate::erased::{AnyEndpoint, AnyLifeboat};
use crate::grant_store::StoreError;
use crate::hook_bucket::HookBucket;
use crate::identity::Identity;
use crate::metrics::{Counter, Metrics};
use crate::own_holds::OwnHolds;
use crate::settings::KeeperSettings;
use crate::shared_clock::SharedClock;

/// The ports, and what is told and counted.
pub(crate) struct Ports<S> {
    pub(crate) store: S,
    pub(crate) endpoint: Arc<dyn AnyEndpoint>,
    pub(crate) clock: SharedClock,
    pub(crate) lifeboat: Option<Arc<dyn AnyLifeboat>>,
    pub(crate) identity: Identity,
    pub(crate) settings: KeeperSettings,
    pub(crate) listeners: Listeners,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) own_holds: OwnHolds,
    pub(crate) hook_bucket: HookBucket,
}

impl<S> Ports<S> {
    pub(crate) fn alarm(&self, key: GrantKey, kind: AlarmKind) {
        self.listeners.tell_alarm(Some(key), kind);
    }

    pub(crate) fn store_failed(&self, key: Option<GrantKey>, error: &dyn StoreError) {
        self.metrics.add(Counter::StoreFailures);
        tracing::error!(%error, "the store failed");
        self.listeners
            .tell_alarm(key, AlarmKind::StoreFailed(error.kind()));
    }

    pub(crate) fn new_attempt(&self) -> AttemptId {
        AttemptId::new(self.clock.random_bytes())
    }

    pub(crate) fn chance(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.clock.random_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}
