//! An exchange whose answer comes when the disk is full.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use kommo_account::{AccountHost, Endpoints, Realm};
use kommo_keeper::{AlarmKind, CodeOutcome, GrantStore as _, Keeper, Probe, TokenEndpoint};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{
    AccessToken, SubdomainLookup, TOKEN_MAX_BYTES, TokenRequest, read_token_answer,
};
use kommo_store::{Store, StoreSettings};
use tokio::sync::mpsc;

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

/// The code is spent and there is no other copy: the pair waits in memory, and is reported.
#[tokio::test(flavor = "multi_thread")]
async fn the_pair_of_an_exchange_waits_for_room_and_becomes_a_grant() {
    let Some(disk) = SmallDisk::mount("1m") else {
        return;
    };
    let disk = Arc::new(disk);
    let store = Store::open(disk.path().join("store.db"), StoreSettings::new());
    let store = Arc::new(store.await.unwrap());
    let platform = Platform {
        disk: Arc::clone(&disk),
        sent: Arc::default(),
    };
    let (told, mut unsaved) = mpsc::unbounded_channel();
    let secret = ClientSecret::new(format!("{MARKER}-secret")).unwrap();
    let redirect = RedirectUri::parse("https://app.example/callback").unwrap();
    let keeper = Keeper::builder(Arc::clone(&store), platform.clone(), Endpoints::real())
        .credentials(Credentials::new(client(), secret, redirect))
        .on_alarm(move |alarm| {
            if matches!(alarm.kind, AlarmKind::Unsaved { .. }) {
                let _ = told.send(());
            }
        })
        .build();
    keeper.accept_code(&redirected("code", 1)).await.unwrap();
    let exchanging = tokio::spawn({
        let keeper = keeper.clone();
        async move { keeper.exchange_codes(5).await }
    });
    unsaved.recv().await.unwrap();
    assert!(!exchanging.is_finished());
    assert!(store.keys(None, 5).await.unwrap().is_empty());

    disk.make_room();
    let outcomes = exchanging.await.unwrap().unwrap();
    let [CodeOutcome::Granted(grant)] = &*outcomes else {
        panic!("{outcomes:?}");
    };
    let kept = store.load(&grant.key).await.unwrap().unwrap();
    let newest = kept.state.pairs().unwrap().newest().pair.clone();
    assert_eq!(newest.refresh_token.expose(), longest_token());
    assert_eq!(platform.sent.load(Ordering::Relaxed), 1);
}
