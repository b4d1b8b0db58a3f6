//! What all parts of a keeper have in common.

use alloc::sync::Arc;

use kommo_oauth::{AttemptId, GrantKey};

use crate::alarm::{AlarmKind, Listeners};
use crate::clock::Clock;
use crate::grant_store::{GrantStore, StoreError};
use crate::hook_bucket::HookBucket;
use crate::identity::Identity;
use crate::lifeboat_port::LifeboatPort;
use crate::metrics::{Counter, Metrics};
use crate::own_holds::OwnHolds;
use crate::settings::KeeperSettings;
use crate::token_endpoint::TokenEndpoint;

/// The ports, and what is told and counted.
pub(crate) struct Ports<S, E, C, L> {
    pub(crate) store: S,
    pub(crate) endpoint: E,
    pub(crate) clock: C,
    pub(crate) lifeboat: L,
    pub(crate) identity: Identity,
    pub(crate) settings: KeeperSettings,
    pub(crate) listeners: Listeners,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) own_holds: OwnHolds,
    pub(crate) hook_bucket: HookBucket,
}

impl<S, E, C, L> Ports<S, E, C, L>
where
    S: GrantStore,
    E: TokenEndpoint,
    C: Clock,
    L: LifeboatPort,
{
    pub(crate) fn alarm(&self, key: GrantKey, kind: AlarmKind) {
        self.listeners.tell_alarm(Some(key), kind);
    }

    pub(crate) fn store_failed(&self, key: Option<GrantKey>, error: &dyn StoreError) {
        self.metrics.add(Counter::StoreFailures);
        tracing::error!(%error, "the store failed");
        self.listeners
            .tell_alarm(key, AlarmKind::StoreFailed(error.trouble()));
    }

    pub(crate) fn new_attempt(&self) -> AttemptId {
        AttemptId::new(self.clock.random_bytes())
    }

    pub(crate) fn chance(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.clock.random_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}
