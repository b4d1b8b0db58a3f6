//! An exchange whose answer comes when the disk is full.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use kommo_account::{AccountHost, Endpoints, Realm};
use kommo_keeper::{
    AlarmKind, CodeOutcome, GrantStore as _, Keeper, KeeperSettings, Probe, TokenEndpoint,
};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{
    AccessToken, SubdomainLookup, TOKEN_MAX_BYTES, TokenRequest, read_token_answer,
};
use kommo_store::{Lifeboat, Store, StoreSettings};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::samples::{MARKER, account, client, redirected};
use crate::small_disk::SmallDisk;

/// Takes all room of the disk before it answers, with a pair of the largest size.
#[derive(Clone)]
struct Platform {
    disk: Arc<SmallDisk>,
    sent: Arc<AtomicU32>,
}

fn longest_token() -> String {
    MARKER.repeat(TOKEN_MAX_BYTES / MARKER.len())
}

impl TokenEndpoint for Platform {
    async fn send(&self, _: Realm, _: &TokenRequest) -> SendOutcome {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.disk.fill();
        let token = longest_token();
        let body = format!(
            r#"{{"token_type":"Bearer","expires_in":86400,"access_token":"{token}","refresh_token":"{token}"}}"#
        );
        let now = kommo_keeper::Clock::now(&kommo_keeper::SystemClock::new());
        let json = Some("application/json");
        SendOutcome::Answered(read_token_answer(200, json, None, body.as_bytes(), now))
    }

    async fn locate(&self, _: Realm, _: &SubdomainLookup<'_>) -> Located {
        Located::Unknown
    }

    async fn probe(&self, _: Realm, _: AccountHost, _: &AccessToken) -> Probe {
        Probe::Alive {
            account_id: account(),
            user_id: Some(1),
        }
    }
}

struct Scene {
    disk: Arc<SmallDisk>,
    platform: Platform,
}

impl Scene {
    fn new() -> Option<Self> {
        let disk = Arc::new(SmallDisk::mount("1m")?);
        let platform = Platform {
            disk: Arc::clone(&disk),
            sent: Arc::default(),
        };
        Some(Self { disk, platform })
    }

    async fn store(&self) -> Arc<Store> {
        let store = Store::open(self.disk.path().join("store.db"), StoreSettings::new());
        Arc::new(store.await.unwrap())
    }

    /// A process, and the alarms about a pair that it could not save: whether it lies in the
    /// lifeboat.
    fn process(
        &self,
        store: &Arc<Store>,
        with_lifeboat: bool,
    ) -> (Keeper<Arc<Store>>, mpsc::UnboundedReceiver<bool>) {
        let (told, unsaved) = mpsc::unbounded_channel();
        let secret = ClientSecret::new(format!("{MARKER}-secret")).unwrap();
        let redirect = RedirectUri::parse("https://app.example/callback").unwrap();
        let settings = KeeperSettings::new(Endpoints::real());
        let mut keeper = Keeper::builder(Arc::clone(store), self.platform.clone(), settings)
            .credentials(Credentials::new(client(), secret, redirect))
            .on_alarm(move |alarm| {
                if let AlarmKind::Unsaved { in_lifeboat } = alarm.kind {
                    let _ = told.send(in_lifeboat);
                }
            });
        if with_lifeboat {
            // On the same disk, which is the worst place.
            let lifeboat = Lifeboat::in_directory(self.disk.path().join("lifeboat"), None);
            keeper = keeper.lifeboat(lifeboat.unwrap());
        }
        (keeper.build(), unsaved)
    }

    async fn is_granted(&self, store: &Store, outcomes: &[CodeOutcome]) {
        let [CodeOutcome::Granted(grant)] = outcomes else {
            panic!("{outcomes:?}");
        };
        let kept = store.load(&grant.key).await.unwrap().unwrap();
        let newest = kept.state.pairs().unwrap().newest().pair.clone();
        assert_eq!(newest.refresh_token.expose(), longest_token());
        assert_eq!(self.platform.sent.load(Ordering::Relaxed), 1);
    }
}

fn exchanging(keeper: &Keeper<Arc<Store>>) -> JoinHandle<Vec<CodeOutcome>> {
    let keeper = keeper.clone();
    tokio::spawn(async move { keeper.exchange_codes(5).await.unwrap_or_default() })
}

/// The code is spent and there is no other copy: the pair waits in memory, and is reported.
#[tokio::test(flavor = "multi_thread")]
async fn the_pair_of_an_exchange_waits_for_room_and_becomes_a_grant() {
    let Some(scene) = Scene::new() else { return };
    let store = scene.store().await;
    let (keeper, mut unsaved) = scene.process(&store, false);
    keeper.accept_code(&redirected("code", 1)).await.unwrap();
    let exchanging = exchanging(&keeper);
    assert_eq!(unsaved.recv().await, Some(false));
    assert!(!exchanging.is_finished());
    assert!(store.keys(None, 5).await.unwrap().is_empty());
    scene.disk.make_room();
    scene.is_granted(&store, &exchanging.await.unwrap()).await;
}

/// The room for it was made before the code was sent. The next process finds it there, however full
/// the disk was when the first one ended.
#[tokio::test(flavor = "multi_thread")]
async fn the_pair_of_an_exchange_outlives_its_process_on_a_full_disk() {
    let Some(scene) = Scene::new() else { return };
    let store = scene.store().await;
    let (keeper, mut unsaved) = scene.process(&store, true);
    keeper.accept_code(&redirected("code", 1)).await.unwrap();
    let first = exchanging(&keeper);
    assert_eq!(unsaved.recv().await, Some(true));
    keeper.drain().await;
    let left = first.await.unwrap();
    assert!(matches!(&*left, [] | [CodeOutcome::NotYet]), "{left:?}");
    assert!(store.keys(None, 5).await.unwrap().is_empty());
    drop(keeper);
    store.close().await;

    scene.disk.make_room();
    let store = scene.store().await;
    let (keeper, _) = scene.process(&store, true);
    scene
        .is_granted(&store, &exchanging(&keeper).await.unwrap())
        .await;
    let lifeboat = scene.disk.path().join("lifeboat");
    let files = std::fs::read_dir(lifeboat).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let pairs: Vec<_> = names.filter(|name| !name.ends_with(".slot")).collect();
    assert!(pairs.is_empty(), "{pairs:?}");
}

/// With no room left for a pair, its code is not sent.
#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_sent_without_room_for_its_pair() {
    let Some(scene) = Scene::new() else { return };
    // Only the lifeboat has no room.
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path().join("store.db"), StoreSettings::new());
    let store = Arc::new(store.await.unwrap());
    let (keeper, _) = scene.process(&store, true);
    keeper.accept_code(&redirected("code", 1)).await.unwrap();
    scene.disk.fill();
    assert_eq!(exchanging(&keeper).await.unwrap(), [CodeOutcome::NotYet]);
    assert_eq!(scene.platform.sent.load(Ordering::Relaxed), 0);
    let waiting = store.waiting_codes(Realm::Real, &client(), 5).await;
    assert_eq!(waiting.unwrap().len(), 1, "it is kept");
}
