//! The processes at an inbox: one that receives hooks, and one that handles them.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Write as _};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use kommo_account::{ClientId, Realm};
use kommo_axum::{ChatHooks, CrmHooks, CrmPaths, ProvenChatHook, chat_events};
use kommo_hooks::inbox::{HandlingOutcome, NewHook};
use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_store::{
    ClaimedHook, Inbox, InboxName, InboxSettings, InboxWorker, Store, WorkerSettings,
};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Result;
use crate::fleet_store::settings as store_settings;
use crate::inbox_order::{CHANNEL_SECRET, InboxOrder, InboxRole};
use crate::ledger::{HookName, Ledger, Step};
use crate::worker_order::StorePlace;

/// A hook whose worker died waits for as long as this.
pub(crate) const LEASE: Duration = Duration::from_secs(1);
/// Handlers take up to this.
const HANDLING_MILLISECONDS: u64 = 8;
/// One in so many attempts is to be tried again.
const LATER_ONE_IN: u32 = 16;

/// Does what the order in the environment says, until it is asked to end.
///
/// # Errors
///
/// The order cannot be carried out.
pub async fn run() -> Result<()> {
    let order = InboxOrder::of_this_process()?;
    let inbox = open(&order).await?;
    match order.role {
        InboxRole::Works => work(&order, inbox).await,
        InboxRole::Receives => {
            let crm = CrmHooks::new(crm_paths()?).router(inbox.clone());
            receive(hooks()?.router(inbox).merge(crm)).await
        }
        InboxRole::ReceivesAndAnswersFirst => receive(answers_first(inbox)?).await,
    }
}

/// The store of an order, opened as every process of a drive opens it.
pub(crate) async fn open_store(place: &StorePlace) -> Result<Arc<Store>> {
    let mut settings = store_settings(Duration::from_secs(5), 1);
    settings.wait_at_most = Duration::from_secs(3);
    Ok(Arc::new(match place {
        StorePlace::Sqlite(path) => Store::open(path, settings).await?,
        StorePlace::Postgres(url) => Store::open(url, settings).await?,
    }))
}

pub(crate) fn inbox_settings() -> InboxSettings {
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_millis(500);
    settings.spool_retry = Duration::from_millis(50);
    settings.lease = LEASE;
    // Long enough for a repeat, and short enough for a small disk.
    settings.keep_done = Duration::from_secs(30);
    settings.retry.first_pause = Duration::from_millis(10);
    settings.retry.longest_pause = Duration::from_millis(200);
    // Attempts that kills have ended count: none may fail for good of it.
    settings.retry.attempts = 1_000_000;
    settings
}

pub(crate) fn inbox_name() -> Result<InboxName> {
    Ok(InboxName::parse("drive")?)
}

async fn open(order: &InboxOrder) -> Result<Inbox> {
    let store = open_store(&order.store).await?;
    let (name, settings) = (inbox_name()?, inbox_settings());
    Ok(match order.role {
        InboxRole::Works => Inbox::new(&store, Realm::Real, name, settings),
        _ => Inbox::with_spool(&store, Realm::Real, name, settings, &order.spool)?,
    })
}

pub(crate) fn key() -> Result<ChatHookKey> {
    Ok(ChatHookKey::new(&ChannelSecret::new(CHANNEL_SECRET)?))
}

fn verifier() -> Result<ChatHookVerifier> {
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    keys.insert(KeyId::parse("drive")?, key()?, None)?;
    Ok(ChatHookVerifier::new(keys))
}

/// The addresses of unsigned hooks. The key of a drive protects nothing.
pub(crate) fn crm_paths() -> Result<CrmPaths> {
    let client_id = ClientId::parse("11111111-2222-3333-4444-555555555555")?;
    Ok(CrmPaths::new(&[7; 32], Realm::Real, client_id)?)
}

fn hooks() -> Result<ChatHooks> {
    Ok(ChatHooks::new(verifier()?))
}

async fn receive(routes: Router) -> Result<()> {
    let mut asked = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("ready {}", listener.local_addr()?.port()))?;
    let end = async move {
        asked.recv().await;
    };
    Ok(axum::serve(listener, routes)
        .with_graceful_shutdown(end)
        .await?)
}

async fn work(order: &InboxOrder, inbox: Inbox) -> Result<()> {
    let mut asked = signal(SignalKind::terminate())?;
    let ledger = Arc::new(Ledger::open(&order.ledger)?);
    let handler = chat_events(move |event, hook| {
        let ledger = Arc::clone(&ledger);
        async move {
            let id = event.get().message().map(|message| message.id.as_str());
            match handle(&ledger, id.unwrap_or_default(), &hook).await {
                Ok(outcome) => outcome,
                Err(error) => HandlingOutcome::later(error.to_string()),
            }
        }
    });
    let mut settings = WorkerSettings::new();
    settings.poll = Duration::from_millis(50);
    settings.sweep_every = Some(Duration::from_secs(2));
    let worker = InboxWorker::start(inbox, settings, handler);
    say("ready 0")?;
    asked.recv().await;
    worker.stop().await;
    Ok(())
}

async fn handle(ledger: &Ledger, id: &str, claimed: &ClaimedHook) -> Result<HandlingOutcome> {
    let (hook, attempt, number) = (HookName::of_id(id)?, claimed.attempt(), claimed.id());
    ledger.note(Step::Begin, hook, attempt, number)?;
    let length = fastrand::u64(..=HANDLING_MILLISECONDS);
    tokio::time::sleep(Duration::from_millis(length)).await;
    if fastrand::u32(..LATER_ONE_IN) == 0 {
        ledger.note(Step::Later, hook, attempt, number)?;
        return Ok(HandlingOutcome::later("now and then"));
    }
    ledger.note(Step::End, hook, attempt, number)?;
    Ok(HandlingOutcome::Done)
}

fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// What the inbox is there to prevent: 200 first, and then the store.
fn answers_first(inbox: Inbox) -> Result<Router> {
    let verifier = Arc::new(verifier()?);
    let key = Arc::new(key()?);
    let route = post(async move |hook: ProvenChatHook| {
        tokio::spawn(async move {
            let bytes = hook.bytes.get().as_slice();
            let signature = key.sign(bytes);
            let signature = ReceivedSignature::from_text(signature.as_str());
            if let Ok(proven) = verifier.verify(bytes, signature, 1) {
                let kept = NewHook::proven(&proven, hook.event.get().facts());
                let _ = inbox.put(&kept).await;
            }
        });
        StatusCode::OK
    });
    let routes = Router::new().route("/chat-hooks/{scope_id}", route);
    Ok(routes.with_state(hooks()?))
}
