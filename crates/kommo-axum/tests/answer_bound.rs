//! The answer to a chat hook comes in time, also while the database hangs. Time is virtual: it
//! jumps to the next timer as soon as everything waits.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]

use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use kommo_account::{AmojoId, ChannelId, Realm, ScopeId};
use kommo_axum::ChatHooks;
use kommo_hooks::ChatHookVerifier;
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_store::{Inbox, InboxName, InboxSettings, Store, StoreSettings};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection, query};
use tempfile::TempDir;
use tokio::time::{Instant, pause, resume};
use tower::ServiceExt as _;

const CHANNEL: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41";
const ACCOUNT: &str = "52e591f7-c98f-4255-8495-827210138c81";

/// The platform waits five seconds.
const PLATFORM_WAITS: Duration = Duration::from_secs(5);

fn key() -> ChatHookKey {
    ChatHookKey::new(&ChannelSecret::new("channel-secret").unwrap())
}

fn hooks() -> ChatHooks {
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    keys.insert(KeyId::parse("2026-11").unwrap(), key(), None)
        .unwrap();
    ChatHooks::new(ChatHookVerifier::new(keys))
}

/// A manager who types, as the platform reports it.
fn hook() -> Request<Body> {
    let body = format!(
        "{{\"account_id\":\"{ACCOUNT}\",\"time\":1796000000,\"action\":{{\"typing\":{{\"user\":{{\"id\":\"u\"}},\
         \"conversation\":{{\"id\":\"c\"}},\"expired_at\":1796000000}}}}}}"
    );
    let channel = ChannelId::parse(CHANNEL).unwrap();
    let scope = ScopeId::new(channel, AmojoId::parse(ACCOUNT).unwrap());
    Request::post(format!("/chat-hooks/{}", scope.as_str()))
        .header("X-Signature", key().sign(body.as_bytes()).as_str())
        .body(Body::from(body))
        .unwrap()
}

async fn store_in(directory: &TempDir) -> Arc<Store> {
    let mut settings = StoreSettings::new();
    settings.wait_at_most = Duration::from_secs(600);
    let path = directory.path().join("store.db");
    Arc::new(Store::open(path, settings).await.unwrap())
}

/// Keeps every writer of the database waiting until it is dropped.
async fn writer_of(directory: &TempDir) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(directory.path().join("store.db"));
    let mut connection = options.connect().await.unwrap();
    query("BEGIN IMMEDIATE")
        .execute(&mut connection)
        .await
        .unwrap();
    connection
}

/// The answer, and how long it took.
async fn answered(inbox: &Inbox) -> (StatusCode, Duration) {
    let app: Router = hooks().router(inbox.clone());
    pause();
    let began = Instant::now();
    let answer = app.oneshot(hook()).await.unwrap();
    let took = began.elapsed();
    resume();
    (answer.status(), took)
}

fn files(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).unwrap();
    let is_group = |path: &Path| path.extension().is_some_and(|ending| ending == "hooks");
    entries
        .filter(|entry| is_group(&entry.as_ref().unwrap().path()))
        .count()
}

#[tokio::test]
async fn while_the_database_hangs_the_spool_takes_the_hook_and_the_answer_is_200_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = store_in(&directory).await;
    let spool = directory.path().join("spool");
    let name = InboxName::parse("chats").unwrap();
    let mut settings = InboxSettings::new();
    settings.spool_retry = Duration::from_millis(10);
    let inbox = Inbox::with_spool(&store, Realm::Real, name, settings, &spool).unwrap();
    let writer = writer_of(&directory).await;
    let (status, took) = answered(&inbox).await;
    assert_eq!(status, StatusCode::OK);
    assert!(took < PLATFORM_WAITS, "{took:?}");
    assert!(inbox.is_spooling());
    assert_eq!(files(&spool), 1);
    // The database comes back, and the hook is handed out.
    drop(writer);
    let hook = loop {
        if let Some(hook) = inbox.claim(1).await.unwrap().pop() {
            break hook;
        }
    };
    assert_eq!(hook.event(), "typing");
}

#[tokio::test]
async fn without_a_spool_the_answer_is_503_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = store_in(&directory).await;
    let name = InboxName::parse("chats").unwrap();
    let inbox = Inbox::new(&store, Realm::Real, name, InboxSettings::new());
    let _writer = writer_of(&directory).await;
    let (status, took) = answered(&inbox).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(took < PLATFORM_WAITS, "{took:?}");
}

#[tokio::test]
async fn the_route_answers_in_time_whatever_the_inbox_would_wait() {
    let directory = tempfile::tempdir().unwrap();
    let store = store_in(&directory).await;
    let name = InboxName::parse("chats").unwrap();
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(300);
    let inbox = Inbox::new(&store, Realm::Real, name, settings);
    let _writer = writer_of(&directory).await;
    let (status, took) = answered(&inbox).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let own = Duration::from_millis(4_500);
    assert!((own..PLATFORM_WAITS).contains(&took), "{took:?}");
}
