//! The disconnect hook: proven, answered at once, believed never.

use core::num::NonZeroU64;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use kommo_axum::{ProofLog, SecretProof};
use kommo_oauth::UnixSeconds;
use kommo_oauth::integration::{ClientSecret, ClientSecrets};
use kommo_sign::DisconnectKey;

use crate::app::{App, CLIENT, SECRET, START, eventually, redirect_query};
use crate::browser::{Browser, fetch};

fn hook(secret: &str, account: u64) -> String {
    let key = DisconnectKey::new(&kommo_sign::ClientSecret::new(secret).unwrap());
    let signature = key.sign(CLIENT, NonZeroU64::new(account).unwrap());
    format!(
        "/kommo/disconnect?account_id={account}&client_uuid={CLIENT}&signature={}",
        signature.as_str()
    )
}

async fn connect_one(app: &App) {
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let seen = browser
        .come_back(&redirect_query("def502-77-5", &state))
        .await;
    assert_eq!(seen.code(), "connected");
}

#[tokio::test]
async fn a_proven_one_is_answered_empty_and_only_then_probed() {
    let app = App::new();
    connect_one(&app).await;
    let probes = Arc::clone(&app.platform.probes);
    let before = probes.load(Ordering::SeqCst);
    let seen = fetch(&app.router, &hook(SECRET, 77)).await;
    assert_eq!((seen.status, seen.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(
        probes.load(Ordering::SeqCst),
        before,
        "the answer waited for no probe"
    );
    eventually(|| probes.load(Ordering::SeqCst) == before + 1).await;
    assert_eq!(
        app.store.grants()[0].state.name(),
        "active",
        "the token works, so nothing ends"
    );
}

#[tokio::test]
async fn a_replay_costs_nothing() {
    let app = App::new();
    connect_one(&app).await;
    let probes = Arc::clone(&app.platform.probes);
    let before = probes.load(Ordering::SeqCst);
    for _ in 0..50 {
        assert_eq!(
            fetch(&app.router, &hook(SECRET, 77)).await.status,
            StatusCode::OK
        );
    }
    eventually(|| probes.load(Ordering::SeqCst) == before + 1).await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(probes.load(Ordering::SeqCst), before + 1);
}

#[tokio::test]
async fn a_disconnect_that_the_probes_confirm_ends_the_grant() {
    let app = App::new();
    connect_one(&app).await;
    app.platform.is_revoked.store(true, Ordering::SeqCst);
    assert_eq!(
        fetch(&app.router, &hook(SECRET, 77)).await.status,
        StatusCode::OK
    );
    let store = app.store.clone();
    eventually(|| store.grants()[0].state.name() == "disconnected").await;
}

#[tokio::test]
async fn an_unknown_account_is_no_error() {
    let app = App::new();
    assert_eq!(
        fetch(&app.router, &hook(SECRET, 12_345)).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn what_is_not_proven_is_refused_without_a_word() {
    let app = App::new();
    connect_one(&app).await;
    let probes = app.platform.probes.load(Ordering::SeqCst);
    let proven = hook(SECRET, 77);
    let (rest, signature) = proven.split_once("&signature=").unwrap();
    let (malformed, not_proven) = (StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED);
    for (target, expected) in [
        ("/kommo/disconnect".into(), malformed),
        (rest.into(), not_proven),
        (hook("another-secret", 77), not_proven),
        (proven.replace("account_id=77", "account_id=78"), not_proven),
        (
            proven.replace("account_id=77", "account_id=77&account_id=77"),
            malformed,
        ),
        (proven.replace("client_uuid=1", "client_uuid=2"), not_proven),
        (format!("{rest}&signature={}", &signature[1..]), malformed),
        (format!("{rest}&signature={}", "0".repeat(64)), not_proven),
        (
            format!("{proven}&x={}", "a".repeat(9_000)),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        let seen = fetch(&app.router, &target).await;
        assert_eq!(
            (seen.status, seen.text.as_str()),
            (expected, ""),
            "{target}"
        );
    }
    assert_eq!(app.platform.probes.load(Ordering::SeqCst), probes);
}

#[tokio::test]
async fn while_a_secret_changes_both_count_and_then_the_new_one_alone() {
    let secrets = ClientSecrets::new(ClientSecret::new("old-secret").unwrap()).rotated(
        ClientSecret::new("new-secret").unwrap(),
        UnixSeconds::new(START + 100),
    );
    let app = App::with(|builder| builder.client_secrets(move || secrets.clone()));
    for secret in ["new-secret", "old-secret"] {
        assert_eq!(
            fetch(&app.router, &hook(secret, 1)).await.status,
            StatusCode::OK,
            "{secret}"
        );
    }
    app.clock.advance(Duration::from_secs(101));
    assert_eq!(
        fetch(&app.router, &hook("old-secret", 1)).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        fetch(&app.router, &hook("new-secret", 1)).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_hanging_store_does_not_hold_the_answer_up() {
    let app = App::new();
    app.store.with(|state| state.faults.hangs = true);
    assert_eq!(
        fetch(&app.router, &hook(SECRET, 77)).await.status,
        StatusCode::OK
    );
}

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<SecretProof>>>);

impl ProofLog for Notes {
    async fn note(&self, proof: SecretProof) {
        self.0.lock().unwrap().push(proof);
    }
}

#[tokio::test]
async fn which_secret_proved_a_hook_is_noted_once_in_a_minute() {
    let notes = Notes::default();
    let secrets = ClientSecrets::new(ClientSecret::new("old-secret").unwrap()).rotated(
        ClientSecret::new("new-secret").unwrap(),
        UnixSeconds::new(START + 1_000),
    );
    let log = notes.clone();
    let app = App::with(|builder| {
        builder
            .client_secrets(move || secrets.clone())
            .proof_log(log)
    });
    let told = || -> Vec<(String, u64)> {
        let notes = notes.0.lock().unwrap();
        let told = |note: &SecretProof| {
            assert_eq!(note.purpose, "disconnect");
            (note.key_id.clone(), note.at.get() - START)
        };
        notes.iter().map(told).collect()
    };
    for _ in 0..20 {
        fetch(&app.router, &hook("old-secret", 1)).await;
        fetch(&app.router, &hook("forged", 1)).await;
    }
    fetch(&app.router, &hook("new-secret", 1)).await;
    eventually(|| told().len() == 2).await;
    app.clock.advance(Duration::from_secs(60));
    fetch(&app.router, &hook("new-secret", 1)).await;
    eventually(|| told().len() == 3).await;
    // As `kommo secret` names them; computed by another program.
    let (old, new) = ("a9b49ee9".to_owned(), "c57c0766".to_owned());
    assert_eq!(told(), [(old, 0), (new.clone(), 0), (new, 60)]);
}
