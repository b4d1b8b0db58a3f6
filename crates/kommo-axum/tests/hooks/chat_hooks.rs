//! Chat hooks over real HTTP: proven, kept before the answer, handled once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use kommo_account::{AmojoId, ChannelId, Realm, ScopeId};
use kommo_axum::{ChatHooks, ProvenChatHook, chat_events};
use kommo_chats::hook::ChatEvent;
use kommo_hooks::inbox::{HandlingOutcome, HookFacts, NewHook, UnsignedKind};
use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_store::{
    HookFilter, HookState, Inbox, InboxName, InboxSettings, InboxWorker, Store, StoreSettings,
    WorkerSettings,
};
use kommo_test_vectors::chat_hooks;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const SECRET: &str = "planted-channel-secret";
const CHANNEL: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41";
const ACCOUNT: &str = "52e591f7-c98f-4255-8495-827210138c81";
const OTHER: &str = "af9945ff-1490-4cad-807d-945c15d88bec";
const NOW: u64 = 1_796_000_000;

fn key(secret: &str) -> ChatHookKey {
    ChatHookKey::new(&ChannelSecret::new(secret).unwrap())
}

fn verifier(secret: &str) -> ChatHookVerifier {
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    let id = KeyId::parse("2026-11").unwrap();
    keys.insert(id, key(secret), None).unwrap();
    ChatHookVerifier::new(keys)
}

fn scope(channel: &str, account: &str) -> String {
    let channel = ChannelId::parse(channel).unwrap();
    ScopeId::new(channel, AmojoId::parse(account).unwrap())
        .as_str()
        .to_owned()
}

/// A manager typing in a conversation.
fn typing(number: u64) -> String {
    format!(
        "{{\"account_id\":\"{ACCOUNT}\",\"time\":{number},\"action\":{{\"typing\":{{\"user\":{{\"id\":\"u\"}},\
         \"conversation\":{{\"id\":\"planted-conversation\"}},\"expired_at\":{number}}}}}}}\n"
    )
}

struct Kept {
    inbox: Inbox,
    store: Arc<Store>,
    _directory: tempfile::TempDir,
}

async fn kept() -> Kept {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = Store::open(path, StoreSettings::new()).await.unwrap();
    let store = Arc::new(store);
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    let name = InboxName::parse("chats").unwrap();
    Kept {
        inbox: Inbox::new(&store, Realm::Real, name, settings),
        store,
        _directory: directory,
    }
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn serve_inbox(hooks: &ChatHooks, kept: &Kept) -> SocketAddr {
    serve(Router::new().nest("/kommo", hooks.router(kept.inbox.clone()))).await
}

/// Sends what it is given, and reads the answer to its end.
async fn exchange(address: SocketAddr, request: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have answered and closed before all was sent.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    (head[9..12].parse().unwrap(), body.to_owned())
}

fn head(path: &str, fields: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n")
}

async fn send_to(address: SocketAddr, path: &str, signature: &str, body: &[u8]) -> (u16, String) {
    let length = body.len();
    let fields = format!("X-Signature: {signature}\r\nContent-Length: {length}\r\n");
    let mut request = head(path, &fields).into_bytes();
    request.extend_from_slice(body);
    exchange(address, &request).await
}

async fn send(address: SocketAddr, scope: &str, signature: &str, body: &[u8]) -> (u16, String) {
    send_to(
        address,
        &format!("/kommo/chat-hooks/{scope}"),
        signature,
        body,
    )
    .await
}

async fn send_signed(address: SocketAddr, body: &str) -> (u16, String) {
    let signature = key(SECRET).sign(body.trim_end().as_bytes());
    let scope = scope(CHANNEL, ACCOUNT);
    send(address, &scope, signature.as_str(), body.as_bytes()).await
}

fn answer(status: u16, word: &str) -> (u16, String) {
    (status, word.to_owned())
}

async fn count(inbox: &Inbox) -> usize {
    let lines = inbox.list(&HookFilter::new(), 0, 1_000).await.unwrap();
    lines.len()
}

#[tokio::test]
async fn every_vector_has_its_verdict_and_what_is_proven_is_kept() {
    let kept = kept().await;
    let mut keys = BTreeSet::new();
    for case in chat_hooks() {
        let value: serde_json::Value = serde_json::from_slice(&case.body).unwrap_or_default();
        // The verdict of a vector is that on its signature. An account `x` is in no address.
        let named = value["account_id"].as_str().unwrap_or(ACCOUNT);
        let is_addressed = AmojoId::parse(named).is_ok();
        let account = if is_addressed { named } else { ACCOUNT };
        let address = serve_inbox(&ChatHooks::new(verifier(&case.secret)), &kept).await;
        let scope = scope(CHANNEL, account);
        let (status, word) = send(address, &scope, &case.signature, &case.body).await;
        if case.is_valid() && is_addressed {
            assert_eq!((status, word.as_str()), (200, ""), "{}", case.name);
            let signature = ReceivedSignature::from_text(&case.signature);
            let own = verifier(&case.secret);
            let proven = own.verify(&case.body, signature, NOW).unwrap();
            let event = ChatEvent::of(&proven);
            keys.insert(NewHook::proven(&proven, event.get().facts()).key());
        } else {
            let is_refused = [(400, "malformed"), (401, "not-proven")].contains(&(status, &word));
            assert!(is_refused, "{}: {status} {word}", case.name);
        }
        assert_eq!(count(&kept.inbox).await, keys.len(), "{}", case.name);
    }
    assert!(keys.len() > 3);
}

#[tokio::test]
async fn a_scope_of_another_channel_or_account_is_refused_and_nothing_is_kept() {
    let kept = kept().await;
    let channel = ChannelId::parse(CHANNEL).unwrap();
    let hooks = ChatHooks::new(verifier(SECRET).for_channel(channel));
    let address = serve_inbox(&hooks, &kept).await;
    let body = typing(1);
    let signature = key(SECRET).sign(body.trim_end().as_bytes());
    for (scope, expected) in [
        (scope(OTHER, ACCOUNT), answer(401, "not-proven")),
        (scope(CHANNEL, OTHER), answer(401, "not-proven")),
        ("no-scope".to_owned(), answer(400, "malformed")),
        ("%FF".to_owned(), answer(400, "malformed")),
    ] {
        let seen = send(address, &scope, signature.as_str(), body.as_bytes()).await;
        assert_eq!(seen, expected, "{scope}");
    }
    assert_eq!(count(&kept.inbox).await, 0);
    assert_eq!(send_signed(address, &body).await, answer(200, ""));
    let metrics = hooks.metrics();
    for (outcome, number) in [
        ("taken", 1),
        ("other-channel", 1),
        ("other-account", 1),
        ("scope-malformed", 2),
    ] {
        let line = format!("kommo_axum_chat_hooks_total{{outcome=\"{outcome}\"}} {number}\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
    assert!(!format!("{hooks:?}").contains("planted"));
}

#[tokio::test]
async fn a_signature_that_is_missing_or_doubled_is_refused_without_reading_the_body() {
    let kept = kept().await;
    let address = serve_inbox(&ChatHooks::new(verifier(SECRET)), &kept).await;
    let path = format!("/kommo/chat-hooks/{}", scope(CHANNEL, ACCOUNT));
    // The body never comes.
    let request = head(&path, "Content-Length: 100\r\n");
    assert_eq!(
        exchange(address, request.as_bytes()).await,
        answer(401, "not-proven")
    );
    let request = head(
        &path,
        "X-Signature: a\r\nX-Signature: a\r\nContent-Length: 100\r\n",
    );
    assert_eq!(
        exchange(address, request.as_bytes()).await,
        answer(400, "malformed")
    );
}

#[tokio::test]
async fn huge_and_slow_bodies_are_cut() {
    let kept = kept().await;
    let body = typing(1);
    let hooks = ChatHooks::new(verifier(SECRET)).body_max_bytes(body.len());
    let address = serve_inbox(&hooks, &kept).await;
    assert_eq!(send_signed(address, &body).await, answer(200, ""));
    let path = format!("/kommo/chat-hooks/{}", scope(CHANNEL, ACCOUNT));
    let signature = key(SECRET).sign(body.trim_end().as_bytes());
    // By its declared length: the body never comes.
    let fields = format!(
        "X-Signature: {}\r\nContent-Length: {}\r\n",
        signature.as_str(),
        body.len() + 1
    );
    let declared = head(&path, &fields);
    assert_eq!(
        exchange(address, declared.as_bytes()).await,
        answer(413, "too-large")
    );
    // In pieces, with no length.
    let fields = format!(
        "X-Signature: {}\r\nTransfer-Encoding: chunked\r\n",
        signature.as_str()
    );
    let piece = "x".repeat(body.len());
    let pieces = format!("{:x}\r\n{piece}\r\n1\r\nx\r\n", piece.len());
    let request = head(&path, &fields) + &pieces;
    assert_eq!(
        exchange(address, request.as_bytes()).await,
        answer(413, "too-large")
    );
    // A body that stops in the middle.
    let hooks = ChatHooks::new(verifier(SECRET)).body_within(Duration::from_millis(50));
    let address = serve_inbox(&hooks, &kept).await;
    assert_eq!(
        exchange(address, declared.as_bytes()).await,
        answer(408, "too-slow")
    );
    assert_eq!(count(&kept.inbox).await, 1);
}

#[tokio::test]
async fn what_cannot_be_kept_is_answered_503() {
    let kept = kept().await;
    let address = serve_inbox(&ChatHooks::new(verifier(SECRET)), &kept).await;
    kept.store.close().await;
    assert_eq!(
        send_signed(address, &typing(1)).await,
        answer(503, "unavailable")
    );
}

#[tokio::test]
async fn another_verifier_serves_at_once() {
    let kept = kept().await;
    let hooks = ChatHooks::new(verifier("the-secret-before"));
    let address = serve_inbox(&hooks, &kept).await;
    assert_eq!(
        send_signed(address, &typing(1)).await,
        answer(401, "not-proven")
    );
    hooks.set_verifier(verifier(SECRET));
    assert_eq!(send_signed(address, &typing(1)).await, answer(200, ""));
}

#[tokio::test]
async fn the_answer_waits_for_no_handler_and_each_event_is_handled_once() {
    let kept = kept().await;
    let address = serve_inbox(&ChatHooks::new(verifier(SECRET)), &kept).await;
    let (seen, mut events) = mpsc::unbounded_channel();
    let handler = chat_events(move |event, hook| {
        let seen = seen.clone();
        async move {
            assert_eq!(event.proof().key_id.as_str(), "2026-11");
            seen.send((event.get().time, hook.attempt())).unwrap();
            match event.get().time {
                Some(2) => core::future::pending().await,
                _ => HandlingOutcome::Done,
            }
        }
    });
    let mut settings = WorkerSettings::new();
    settings.drain_within = Duration::from_millis(20);
    let worker = InboxWorker::start(kept.inbox.clone(), settings, handler);
    // Two of one conversation, each sent three times.
    for number in [1, 1, 1, 2, 2, 2] {
        assert_eq!(send_signed(address, &typing(number)).await, answer(200, ""));
    }
    assert_eq!(events.recv().await, Some((Some(1), 1)));
    assert_eq!(events.recv().await, Some((Some(2), 1)));
    // The handler of the second never ends; hooks are answered.
    assert_eq!(send_signed(address, &typing(3)).await, answer(200, ""));
    assert_eq!(worker.stop().await, 1);
    assert!(events.is_empty());
    let lines = kept.inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    let states: Vec<_> = lines.iter().map(|line| line.state).collect();
    assert_eq!(
        states,
        [HookState::Done, HookState::Waiting, HookState::Waiting]
    );
}

#[tokio::test]
async fn the_handler_of_events_refuses_what_is_no_chat_hook() {
    let kept = kept().await;
    let facts = HookFacts::new("crm");
    let hook = NewHook::unsigned(UnsignedKind::Crm, b"leads[add][0][id]=1", [1; 16], facts);
    kept.inbox.put(&hook).await.unwrap();
    let handler = chat_events(async |_, _| panic!("it is no chat hook"));
    let worker = InboxWorker::start(kept.inbox.clone(), WorkerSettings::new(), handler);
    let line = loop {
        let mut lines = kept.inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
        if lines[0].state == HookState::Failed {
            break lines.remove(0);
        }
    };
    assert_eq!(line.reason.as_deref(), Some("not a chat hook"));
    assert_eq!(worker.stop().await, 0);
}

#[tokio::test]
async fn the_extractor_yields_only_proven_events() {
    let (seen, mut events) = mpsc::unbounded_channel();
    let route = post(move |hook: ProvenChatHook| {
        let seen = seen.clone();
        async move {
            let kind = hook.event.get().kind.name();
            let account = hook.account.map(|id| id.as_str().to_owned());
            seen.send((kind, account)).unwrap();
        }
    });
    let hooks = ChatHooks::new(verifier(SECRET));
    let app = Router::new().route("/chats/{scope_id}/in", route);
    let address = serve(app.with_state(hooks)).await;
    let body = typing(1);
    let signature = key(SECRET).sign(body.trim_end().as_bytes());
    let path = format!("/chats/{}/in", scope(CHANNEL, ACCOUNT));
    let wrong = key("another-secret").sign(body.trim_end().as_bytes());
    assert_eq!(
        send_to(address, &path, wrong.as_str(), body.as_bytes()).await,
        answer(401, "not-proven")
    );
    assert_eq!(
        send_to(address, &path, signature.as_str(), body.as_bytes()).await,
        answer(200, "")
    );
    assert_eq!(
        events.recv().await,
        Some(("typing", Some(ACCOUNT.to_owned())))
    );
    assert!(events.is_empty());
}
