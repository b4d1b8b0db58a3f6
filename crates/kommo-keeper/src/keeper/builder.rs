//! Sets up a keeper.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::AtomicBool;

use kommo_account::ClientId;
use kommo_oauth::integration::Credentials;

use crate::keeper::Keeper;
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::erased::{AnyEndpoint, AnyLifeboat};
use crate::ports::grant_store::GrantStore;
use crate::ports::lifeboat::LifeboatPort;
use crate::ports::shared_clock::SharedClock;
use crate::ports::token_endpoint::TokenEndpoint;
use crate::process::context::Context;
use crate::process::holds::ProcessHolds;
use crate::process::hook_bucket::HookBucket;
use crate::process::identity::Identity;
use crate::reporting::alarm::{Alarm, Listeners, NewGrant};
use crate::settings::KeeperSettings;

/// Sets up a [`Keeper`]. Everything but the store, the token endpoint and the endpoints has a
/// default.
pub struct KeeperBuilder<S> {
    store: S,
    endpoint: Arc<dyn AnyEndpoint>,
    settings: KeeperSettings,
    clock: SharedClock,
    lifeboat: Option<Arc<dyn AnyLifeboat>>,
    client_id: Option<ClientId>,
    credentials: Option<Credentials>,
    listeners: Listeners,
}

impl<S: GrantStore> Keeper<S> {
    /// Starts the setup of a keeper between a store and the token endpoint. `settings` are
    /// [`KeeperSettings`], or `Endpoints` for the default ones.
    #[must_use]
    pub fn builder(
        store: S,
        endpoint: impl TokenEndpoint,
        settings: impl Into<KeeperSettings>,
    ) -> KeeperBuilder<S> {
        KeeperBuilder {
            store,
            endpoint: Arc::new(endpoint),
            settings: settings.into(),
            clock: SharedClock::new(SystemClock::new()),
            lifeboat: None,
            client_id: None,
            credentials: None,
            listeners: Listeners::default(),
        }
    }
}

impl<S: GrantStore> KeeperBuilder<S> {
    /// The integration's credentials. Without them nothing is refreshed and no code is exchanged:
    /// enough for long-lived tokens.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The integration that a keeper without credentials serves. Without this it serves the grants
    /// of every integration, but a sweep finds none.
    #[must_use]
    pub const fn client_id(mut self, client_id: ClientId) -> Self {
        self.client_id = Some(client_id);
        self
    }

    /// Another clock than [`SystemClock`], for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
        self
    }

    /// Where a pair is written that the store does not save. Without one it is in memory alone
    /// until the store is back.
    #[must_use]
    pub fn lifeboat(mut self, lifeboat: impl LifeboatPort) -> Self {
        self.lifeboat = Some(Arc::new(lifeboat));
        self
    }

    /// Called for each new grant, after it is durable, at least once: after a crash, or a failure
    /// of the store, before the code is settled, it is called again with the same `is_first`. Tell
    /// the grants apart by their key. It runs in the keeper's own tasks: return quickly, and do
    /// longer work elsewhere.
    #[must_use]
    pub fn on_grant(mut self, listener: impl Fn(&NewGrant) + Send + Sync + 'static) -> Self {
        self.listeners.on_grant = Some(Box::new(listener));
        self
    }

    /// Called for each alarm: when a condition begins in this process, not each time that it is
    /// found. A hold and a doubt are reported by the process whose request caused them, again for
    /// each attempt that renews them. It runs in the keeper's own tasks: return quickly, and do
    /// longer work elsewhere.
    #[must_use]
    pub fn on_alarm(mut self, listener: impl Fn(&Alarm) + Send + Sync + 'static) -> Self {
        self.listeners.on_alarm = Some(Box::new(listener));
        self
    }

    /// Builds the keeper. Reads and sends nothing.
    #[must_use]
    pub fn build(self) -> Keeper<S> {
        let identity = Identity::new(self.client_id, self.credentials, &self.settings.egress);
        Keeper::from_context(Context {
            store: self.store,
            endpoint: self.endpoint,
            clock: self.clock,
            lifeboat: self.lifeboat,
            identity,
            settings: self.settings,
            listeners: self.listeners,
            metrics: Arc::default(),
            process_holds: ProcessHolds::default(),
            hook_bucket: HookBucket::default(),
            has_read_answers: AtomicBool::new(false),
        })
    }
}

impl<S> fmt::Debug for KeeperBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeeperBuilder")
            .field("endpoints", &self.settings.endpoints)
            .finish_non_exhaustive()
    }
}
