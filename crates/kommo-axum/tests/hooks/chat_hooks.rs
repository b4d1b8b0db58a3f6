//! Chat hooks over real HTTP: proven, kept before the answer, handled once.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeSet;

use axum::Router;
use axum::routing::post;
use kommo_account::{AmojoId, ChannelId, ScopeId};
use kommo_axum::{ChatHooks, ProvenChatHook, chat_events};
use kommo_chats::hook::ChatEvent;
use kommo_hooks::inbox::{HandlingOutcome, HookFacts, NewHook, UnsignedKind};
use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_store::{HookFilter, HookState, InboxWorker, WorkerSettings};
use kommo_test_vectors::chat_hooks;
use tokio::sync::mpsc;

use crate::app::{Kept, answer, count, exchange, head, kept, post_to, serve};

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

async fn serve_inbox(hooks: &ChatHooks, kept: &Kept) -> SocketAddr {
    serve(Router::new().nest("/kommo", hooks.router(kept.inbox.clone()))).await
}

async fn send_to(address: SocketAddr, path: &str, signature: &str, body: &[u8]) -> (u16, String) {
    let fields = format!("X-Signature: {signature}\r\n");
    post_to(address, path, &fields, body).await
}

async fn send(address: SocketAddr, scope: &str, signature: &str, body: &[u8]) -> (u16, String) {
    let path = format!("/kommo/chat-hooks/{scope}");
    send_to(address, &path, signature, body).await
}

async fn send_signed(address: SocketAddr, body: &str) -> (u16, String) {
    let signature = key(SECRET).sign(body.trim_end().as_bytes());
    let scope = scope(CHANNEL, ACCOUNT);
    send(address, &scope, signature.as_str(), body.as_bytes()).await
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
    assert_eq!(
        line.reason.as_deref(),
        Some("no handler for unsigned-crm hooks")
    );
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
