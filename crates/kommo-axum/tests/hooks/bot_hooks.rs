//! Requests of bots.

use core::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use kommo_axum::{BotCall, BotHooks, HookHandlers};
use kommo_hooks::inbox::HandlingOutcome;
use kommo_hooks::{BotTokenVerifier, HookKind};
use kommo_sign::JwsAlgorithm;
use kommo_store::{InboxWorker, WorkerSettings};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::app::{answer, assert_counted, count, failed, kept, kept_with, lines, post_to, serve};
use crate::tokens::{SECRET, claims, client_id, now, ring, token};

const PATH: &str = "/bot-hooks";
const RETURN_URL: &str = "https://myshop.kommo.com/api/v4/salesbot/321/continue/123";

fn verifier(secret: &str) -> BotTokenVerifier {
    BotTokenVerifier::new(client_id(), ring(JwsAlgorithm::Hs512, secret))
}

fn json_body(token: &str, return_url: &str) -> String {
    json!({"token": token, "data": {"from": "planted-data"}, "return_url": return_url}).to_string()
}

fn form_body(token: &str, return_url: &str) -> String {
    let url = return_url.replace(':', "%3A").replace('/', "%2F");
    format!("token={token}&data%5Bfrom%5D=planted-data&return_url={url}")
}

fn good() -> String {
    token("HS512", SECRET, &claims("unused"))
}

async fn send(address: SocketAddr, body: &str) -> (u16, String) {
    post_to(address, PATH, "", body.as_bytes()).await
}

#[tokio::test]
async fn both_forms_are_proven_kept_and_handed_over_with_their_guarded_return_url() {
    let kept = kept().await;
    let hooks = BotHooks::new(verifier(SECRET));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let token = good();
    let (form, json) = (form_body(&token, RETURN_URL), json_body(&token, RETURN_URL));
    // A request and its repeat are one.
    for body in [&form, &form, &json] {
        assert_eq!(send(address, body).await, answer(200, ""));
    }
    assert_eq!(count(&kept.inbox).await, 2);
    for line in lines(&kept.inbox).await {
        let stored = kept.inbox.hook(line.id).await.unwrap().unwrap();
        let (proof, body) = stored.token_proven().unwrap();
        assert_eq!(
            (proof.kind, proof.key_id.as_str()),
            (HookKind::BotToken, "current")
        );
        assert!([form.as_bytes(), json.as_bytes()].contains(&body));
        assert!(stored.proven().is_none() && stored.unsigned().is_none());
    }
    let (seen, mut calls) = mpsc::unbounded_channel();
    let handlers = HookHandlers::new().bot(&hooks, move |call, hook| {
        let seen = seen.clone();
        async move {
            assert_eq!(hook.account(), Some("crm:12345678"));
            assert_eq!(call.token.get().account_id.get(), 12_345_678);
            let from = call.unsigned.get("from").map(str::to_owned);
            seen.send((call.return_url.path().to_owned(), from))
                .unwrap();
            HandlingOutcome::Done
        }
    });
    let worker = InboxWorker::start(kept.inbox.clone(), WorkerSettings::new(), handlers);
    for _ in 0..2 {
        let (path, from) = calls.recv().await.unwrap();
        assert_eq!(path, "/api/v4/salesbot/321/continue/123");
        assert_eq!(from.as_deref(), Some("planted-data"));
    }
    assert_eq!(worker.stop().await, 0);
    assert_counted(&hooks.metrics(), "bot_hooks", "taken", 3);
    // Its repeat is known although it is done.
    assert_eq!(send(address, &form).await, answer(200, ""));
    assert_eq!(count(&kept.inbox).await, 2);
}

#[tokio::test]
async fn a_proven_token_needs_no_room_of_the_unsigned() {
    let kept = kept_with(|settings| settings.unsigned_at_most = 0).await;
    let hooks = BotHooks::new(verifier(SECRET));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let seen = send(address, &form_body(&good(), RETURN_URL)).await;
    assert_eq!(seen, answer(200, ""));
    assert_eq!(count(&kept.inbox).await, 1);
}

#[tokio::test]
async fn what_is_not_proven_or_waits_elsewhere_is_refused_and_not_kept() {
    let kept = kept().await;
    let hooks = BotHooks::new(verifier(SECRET));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let with = |name: &str, value: Value| {
        let mut claims = claims("unused");
        claims[name] = value;
        token("HS512", SECRET, &claims)
    };
    let forged = token("HS512", "another-secret", &claims("unused"));
    let none = token("none", SECRET, &claims("unused"));
    let swapped = token("HS256", SECRET, &claims("unused"));
    let other = with("client_uuid", json!("21111111-2222-3333-4444-555555555555"));
    let ended = with("exp", json!(now() - 61));
    let (token, refused) = (good(), answer(401, "not-proven"));
    for (body, expected) in [
        (json_body(&forged, RETURN_URL), &refused),
        (form_body(&none, RETURN_URL), &refused),
        (form_body(&swapped, RETURN_URL), &refused),
        (form_body(&other, RETURN_URL), &refused),
        (form_body(&ended, RETURN_URL), &refused),
        (
            json_body(&token, "https://evil.example/api/v4/salesbot/1/continue/2"),
            &refused,
        ),
        (
            json_body(&token, "https://myshop.kommo.com/api/v4/leads"),
            &refused,
        ),
        (json_body("a.b", RETURN_URL), &answer(400, "malformed")),
        (
            json_body(&"a".repeat(9_000), RETURN_URL),
            &answer(413, "too-large"),
        ),
        ("leads[add][0][id]=1".to_owned(), &answer(400, "malformed")),
        ("{".to_owned(), &answer(400, "malformed")),
        (String::new(), &answer(400, "malformed")),
    ] {
        assert_eq!(&send(address, &body).await, expected, "{body}");
    }
    assert_eq!(count(&kept.inbox).await, 0);
    assert_counted(&hooks.metrics(), "bot_hooks", "return-url", 2);
    assert!(!format!("{hooks:?}").contains("planted"));
}

#[tokio::test]
async fn a_kept_request_is_not_handed_over_under_a_secret_that_is_gone() {
    let kept = kept().await;
    let hooks = BotHooks::new(verifier(SECRET));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let body = form_body(&good(), RETURN_URL);
    assert_eq!(send(address, &body).await, answer(200, ""));
    hooks.set_verifier(verifier("the-next-secret"));
    let handlers = HookHandlers::new().bot(&hooks, async |_, _| panic!("it is not proven"));
    let worker = InboxWorker::start(kept.inbox.clone(), WorkerSettings::new(), handlers);
    let reason = failed(&kept.inbox).await.reason;
    let expected = "the stored bot-token hook cannot be read";
    assert_eq!(reason.as_deref(), Some(expected));
    assert_eq!(worker.stop().await, 0);
}

#[tokio::test]
async fn the_extractor_yields_only_proven_calls() {
    let (seen, mut calls) = mpsc::unbounded_channel();
    let route = post(move |call: BotCall| {
        let seen = seen.clone();
        async move {
            assert!(!format!("{call:?}").contains("planted"));
            seen.send(call.return_url.continue_id()).unwrap();
        }
    });
    let app = Router::new().route(PATH, route);
    let address = serve(app.with_state(BotHooks::new(verifier(SECRET)))).await;
    let forged = token("HS512", "another-secret", &claims("unused"));
    let seen = send(address, &form_body(&forged, RETURN_URL)).await;
    assert_eq!(seen, answer(401, "not-proven"));
    let seen = send(address, &form_body(&good(), RETURN_URL)).await;
    assert_eq!(seen, answer(200, ""));
    assert_eq!(calls.recv().await, Some(123));
    assert!(calls.is_empty());
}
