//! The inbox.

use std::sync::Arc;
use std::time::Duration;

use kommo_account::Realm;
use kommo_hooks::inbox::{HandlingOutcome, HookFacts, NewHook, Put};
use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_store::{
    ClaimedHook, Inbox, InboxName, InboxSettings, InboxWorker, Store, StoreSettings, WorkerSettings,
};
use kommo_test_support::with_database;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, raw_sql};
use tokio::task::JoinSet;

use crate::{AT_A_TIME, Queue, handled};

pub(crate) struct InboxQueue {
    inbox: Inbox,
    key: ChatHookKey,
    round: std::sync::atomic::AtomicU64,
}

impl InboxQueue {
    pub(crate) async fn open(address: &str) -> Self {
        let store = Store::open(address, StoreSettings::new()).await;
        let store = Arc::new(store.expect("a store"));
        let mut settings = InboxSettings::new();
        settings.put_within = Duration::from_secs(60);
        let name = InboxName::parse("bench").expect("a name");
        Self {
            inbox: Inbox::new(&store, Realm::Real, name, settings),
            key: ChatHookKey::new(&ChannelSecret::new("channel-secret").expect("a secret")),
            round: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// In a database of its own.
    pub(crate) async fn of_server(server: &str) -> Self {
        Self::open(&new_database(server, "inbox").await).await
    }
}

/// Makes a database; returns its address.
pub(crate) async fn new_database(server: &str, name: &str) -> String {
    let name = format!("kommo_peers_{}_{name}", std::process::id());
    let options: PgConnectOptions = server.parse().expect("a URL");
    let mut first = options.connect().await.expect("a connection");
    raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut first)
        .await
        .expect("a database");
    with_database(server, &name)
}

impl Queue for InboxQueue {
    async fn keep(&self, bodies: Vec<String>) {
        let round = self
            .round
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let bodies = Arc::new(bodies);
        let mut keeping = JoinSet::new();
        for first in 0..AT_A_TIME {
            let (inbox, key, bodies) = (self.inbox.clone(), self.key.clone(), Arc::clone(&bodies));
            keeping.spawn(async move {
                for (number, body) in bodies.iter().enumerate().skip(first).step_by(AT_A_TIME) {
                    // So that a hook of a later round is no repeat.
                    put(&inbox, &key, body, &format!("{round}-{number}")).await;
                }
            });
        }
        keeping.join_all().await;
    }

    async fn complete(&self, count: u64) {
        let handler = |_: Arc<ClaimedHook>| {
            handled::one();
            std::future::ready(HandlingOutcome::Done)
        };
        let mut settings = WorkerSettings::new();
        settings.at_once = u32::try_from(AT_A_TIME).expect("a number");
        settings.sweep_every = None;
        let worker = InboxWorker::start(self.inbox.clone(), settings, handler);
        handled::wait_for(count).await;
        // Until the last is settled.
        assert_eq!(worker.stop().await, 0);
    }
}

/// Proves it too, as a receiver does.
async fn put(inbox: &Inbox, key: &ChatHookKey, body: &str, id: &str) {
    let signature = key.sign(body.as_bytes());
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    let key_id = KeyId::parse("2026-11").expect("an id");
    keys.insert(key_id, key.clone(), None).expect("room");
    let signature = ReceivedSignature::from_text(signature.as_str());
    let proven = ChatHookVerifier::new(keys)
        .verify(body.as_bytes(), signature, 1_796_000_000)
        .expect("proven");
    let facts = HookFacts::new("message").in_conversation(id).with_id(id);
    let hook = NewHook::proven(&proven, facts);
    assert_eq!(inbox.put(&hook).await.expect("stored"), Put::Stored);
}
