//! Webhooks of the Open API.

use core::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use kommo_axum::{HookHandlers, OpenApiDoor, OpenApiHooks, ProvenOpenApiHook};
use kommo_hooks::inbox::HandlingOutcome;
use kommo_hooks::{FreshnessWindow, OpenApiVerifier};
use kommo_sign::{AppSecret, KeyId, KeyRing, OpenApiKey};
use kommo_store::{InboxWorker, WorkerSettings};
use kommo_test_vectors::open_api_bodies;
use tokio::sync::mpsc;

use crate::app::{answer, assert_counted, count, exchange, head, kept, post_to, serve};
use crate::tokens::now;

const SECRET: &str = "planted-app-secret";
const PATH: &str = "/open-api-hooks";

fn key(secret: &str) -> OpenApiKey {
    OpenApiKey::new(&AppSecret::new(secret).unwrap())
}

fn verifier(secret: &str) -> OpenApiVerifier {
    let mut keys: KeyRing<OpenApiKey> = KeyRing::new();
    let id = KeyId::parse("current").unwrap();
    keys.insert(id, key(secret), None).unwrap();
    OpenApiVerifier::new(keys)
}

async fn send(address: SocketAddr, signature: &str, body: &[u8]) -> (u16, String) {
    let fields = format!("X-Chat-Signature: {signature}\r\n");
    post_to(address, PATH, &fields, body).await
}

async fn send_signed(address: SocketAddr, body: &str) -> (u16, String) {
    let signature = key(SECRET).sign(body.as_bytes());
    send(address, signature.as_str(), body.as_bytes()).await
}

#[tokio::test]
async fn every_vector_has_its_verdict_and_what_is_proven_is_kept() {
    let kept = kept().await;
    let mut number = 0;
    for case in open_api_bodies() {
        // A secret that cannot be one, and spaces, which HTTP takes off the value of a header.
        let is_secret = AppSecret::new(&case.secret).is_ok();
        if !is_secret || case.signature.trim() != case.signature {
            continue;
        }
        let hooks = OpenApiHooks::new(verifier(&case.secret));
        let address = serve(hooks.router(kept.inbox.clone())).await;
        let (status, word) = send(address, &case.signature, &case.body).await;
        let expected = match (case.is_valid(), status) {
            (true, _) => (200, ""),
            (false, 400) => (400, "malformed"),
            (false, _) => (401, "not-proven"),
        };
        assert_eq!((status, word.as_str()), expected, "{}", case.name);
        number += usize::from(case.is_valid());
        assert!(count(&kept.inbox).await <= number, "{}", case.name);
    }
    assert!(number > 1);
}

#[tokio::test]
async fn each_event_is_kept_once_and_handed_over_as_it_was_proven() {
    let kept = kept().await;
    let hooks = OpenApiHooks::new(verifier(SECRET));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let known = r#"{"event":"UNREPLIED","content":[{"message_content":"Hi"}]}"#;
    let unknown = r#"{"event":"SOMETHING_NEW","created_at":1}"#;
    for body in [known, known, unknown] {
        assert_eq!(send_signed(address, body).await, answer(200, ""));
    }
    let (seen, mut events) = mpsc::unbounded_channel();
    let handlers = HookHandlers::new().open_api(move |event, hook| {
        let seen = seen.clone();
        async move {
            assert_eq!(event.proof().key_id.as_str(), "current");
            let name = event.get().kind.name();
            seen.send((name, hook.event().to_owned())).unwrap();
            HandlingOutcome::Done
        }
    });
    let worker = InboxWorker::start(kept.inbox.clone(), WorkerSettings::new(), handlers);
    let mut names = [events.recv().await.unwrap(), events.recv().await.unwrap()];
    names.sort_unstable();
    assert_eq!(names.map(|(name, _)| name), ["unknown", "unreplied"]);
    assert_eq!(worker.stop().await, 0);
    assert!(events.is_empty());
    let metrics = hooks.metrics();
    assert_counted(&metrics, "open_api_hooks", "taken", 2);
    assert_counted(&metrics, "open_api_hooks", "taken-unknown", 1);
}

#[tokio::test]
async fn forged_and_doubled_signatures_are_refused_without_a_word() {
    let kept = kept().await;
    let hooks = OpenApiHooks::new(verifier(SECRET));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let forged = key("another-secret").sign(b"{}");
    assert_eq!(
        send(address, forged.as_str(), b"{}").await,
        answer(401, "not-proven")
    );
    // Upper case is refused at this door.
    let upper = key(SECRET).sign(b"{}").as_str().to_ascii_uppercase();
    assert_eq!(send(address, &upper, b"{}").await, answer(400, "malformed"));
    // The body never comes.
    for (fields, expected) in [
        ("", answer(401, "not-proven")),
        (
            "X-Chat-Signature: a\r\nX-Chat-Signature: a\r\n",
            answer(400, "malformed"),
        ),
    ] {
        let request = head(PATH, &format!("{fields}Content-Length: 100\r\n"));
        assert_eq!(exchange(address, request.as_bytes()).await, expected);
    }
    assert_eq!(count(&kept.inbox).await, 0);
    let shown = format!("{hooks:?} {}", hooks.metrics());
    assert!(!shown.contains("planted"));
}

#[tokio::test]
async fn a_time_outside_the_window_is_refused() {
    let kept = kept().await;
    let door = OpenApiDoor::from(verifier(SECRET)).fresh_within(FreshnessWindow::GENEROUS);
    let hooks = OpenApiHooks::new(door);
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let at = |time: u64| format!(r#"{{"event":"UNREPLIED","created_at":{time}}}"#);
    assert_eq!(
        send_signed(address, &at(now() - 90_000)).await,
        answer(401, "not-proven")
    );
    assert_eq!(send_signed(address, &at(now())).await, answer(200, ""));
    assert_counted(&hooks.metrics(), "open_api_hooks", "stale", 1);
}

#[tokio::test]
async fn the_extractor_yields_only_proven_events() {
    let (seen, mut events) = mpsc::unbounded_channel();
    let route = post(move |hook: ProvenOpenApiHook| {
        let seen = seen.clone();
        async move { seen.send(hook.event.get().kind.name()).unwrap() }
    });
    let app = Router::new().route(PATH, route);
    let hooks = OpenApiHooks::new(verifier(SECRET));
    let address = serve(app.with_state(hooks)).await;
    let forged = key("another-secret").sign(b"{}");
    assert_eq!(
        send(address, forged.as_str(), b"{}").await,
        answer(401, "not-proven")
    );
    assert_eq!(send_signed(address, "{}").await, answer(200, ""));
    assert_eq!(events.recv().await, Some("unknown"));
    assert!(events.is_empty());
}
