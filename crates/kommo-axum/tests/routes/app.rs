//! An application with the routes in it, whose parts a test can reach.

use core::num::NonZeroU32;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use kommo_account::{ClientId, Endpoints, Platform};
use kommo_axum::{Connect, ConnectBuilder, StateKey};
use kommo_keeper::testing::{MemoryStore, VirtualClock};
use kommo_keeper::{BucketSize, Keeper, KeeperSettings, NewGrant, StoreErrorKind};
use kommo_oauth::UnixSeconds;
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};

use crate::fake_platform::FakePlatform;

pub(crate) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const SECRET: &str = "PLANTED-CLIENT-SECRET";
pub(crate) const REDIRECT: &str = "https://app.example/kommo/callback";
pub(crate) const START: u64 = 1_700_000_000;

/// The most codes that wait.
pub(crate) const CODES_MAX: usize = 20;

/// From now on the store fails.
pub(crate) fn fail(store: &MemoryStore) {
    store.with(|state| state.faults.error = Some(StoreErrorKind::Unavailable));
}

pub(crate) type TestKeeper = Keeper<MemoryStore>;

pub(crate) struct App {
    pub(crate) store: MemoryStore,
    pub(crate) platform: FakePlatform,
    pub(crate) clock: VirtualClock,
    pub(crate) told: Arc<Mutex<Vec<NewGrant>>>,
    pub(crate) connect: Connect<MemoryStore>,
    pub(crate) router: Router,
}

pub(crate) fn key() -> StateKey {
    StateKey::new(&[42; 32]).unwrap()
}

pub(crate) fn keeper(
    client: &str,
    redirect: &str,
    store: &MemoryStore,
    platform: &FakePlatform,
    clock: &VirtualClock,
    told: &Arc<Mutex<Vec<NewGrant>>>,
) -> TestKeeper {
    let credentials = Credentials::new(
        ClientId::parse(client).unwrap(),
        ClientSecret::new(SECRET).unwrap(),
        RedirectUri::parse(redirect).unwrap(),
    );
    let told = Arc::clone(told);
    let mut settings = KeeperSettings::new(Endpoints::real());
    // The keeper's own limit of hooks counts by a clock that stands here; the routes' pace is
    // another one.
    settings.hook_exchanges = BucketSize::new(Duration::from_secs(1), NonZeroU32::MAX);
    Keeper::builder(store.clone(), platform.clone(), settings)
        .clock(clock.clone())
        .credentials(credentials)
        .on_grant(move |grant| told.lock().unwrap().push(grant.clone()))
        .build()
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// Nothing was kept, nothing was sent.
    #[track_caller]
    pub(crate) fn assert_untouched(&self) {
        assert!(self.store.codes().is_empty() && self.store.grants().is_empty());
        assert_eq!(self.platform.exchanges.load(Ordering::SeqCst), 0);
    }

    /// With settings of the test's.
    pub(crate) fn with(
        shape: impl FnOnce(ConnectBuilder<MemoryStore>) -> ConnectBuilder<MemoryStore>,
    ) -> Self {
        let clock = VirtualClock::standing_at(UnixSeconds::new(START));
        let store = MemoryStore::new(clock.clone());
        store.with(|state| state.codes_at_most = Some(CODES_MAX));
        Self::of(store, clock, shape)
    }

    /// One more process with the same store, and with the same time.
    pub(crate) fn beside(
        other: &Self,
        shape: impl FnOnce(ConnectBuilder<MemoryStore>) -> ConnectBuilder<MemoryStore>,
    ) -> Self {
        Self::of(other.store.clone(), other.clock.clone(), shape)
    }

    fn of(
        store: MemoryStore,
        clock: VirtualClock,
        shape: impl FnOnce(ConnectBuilder<MemoryStore>) -> ConnectBuilder<MemoryStore>,
    ) -> Self {
        let platform = FakePlatform::default();
        let told = Arc::default();
        let keeper = keeper(CLIENT, REDIRECT, &store, &platform, &clock, &told);
        let connect = shape(Connect::builder(keeper, Platform::Global, key()))
            .build()
            .unwrap();
        let router = Router::new().nest("/kommo", connect.router());
        Self {
            store,
            platform,
            clock,
            told,
            connect,
            router,
        }
    }
}

/// A query as the platform sends it.
pub(crate) fn redirect_query(code: &str, state: &str) -> String {
    format!(
        "/kommo/callback?code={code}&state={state}&referer=myshop.kommo.com&client_id={CLIENT}&platform=2"
    )
}

/// Lets the tasks of this thread go on until `done`, and fails if it never is.
#[track_caller]
pub(crate) fn eventually(done: impl Fn() -> bool) -> impl Future<Output = ()> {
    let caller = core::panic::Location::caller();
    async move {
        for _ in 0..10_000 {
            if done() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("it never came to that: {caller}");
    }
}
