//! Integrations that the consent page makes on the fly, and the call that brings their secrets.

use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use kommo_account::{ClientId, Platform};
use kommo_axum::{Connect, ConnectError, IntegrationSecrets, NotKept, SecretSink, TlsProof};
use kommo_oauth::{NewIntegration, RedirectUri, Scope, SecretsUri};

use crate::app::{App, REDIRECT, TestKeeper, keeper, key};
use crate::browser::{Browser, Seen, send, state_of};

const MADE: &str = "99999999-2222-3333-4444-555555555555";

#[derive(Clone, Default)]
struct Vault {
    kept: Arc<Mutex<BTreeMap<String, IntegrationSecrets>>>,
    fails: Arc<AtomicBool>,
    is_plain: bool,
}

impl SecretSink for Vault {
    fn encrypts(&self) -> bool {
        !self.is_plain
    }

    async fn keep(&self, secrets: IntegrationSecrets) -> Result<(), NotKept> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(NotKept::new());
        }
        let mut kept = self.kept.lock().unwrap();
        if kept.contains_key(&secrets.attempt) {
            return Err(NotKept::new());
        }
        kept.insert(secrets.attempt.clone(), secrets);
        Ok(())
    }

    async fn client_of(&self, attempt: &str) -> Option<ClientId> {
        self.kept
            .lock()
            .unwrap()
            .get(attempt)
            .map(|secrets| secrets.client_id)
    }
}

fn integration(redirect: &str) -> NewIntegration {
    NewIntegration::new(
        "Shop",
        "Connects the shop",
        RedirectUri::parse(redirect).unwrap(),
        SecretsUri::parse("https://app.example/kommo/secrets").unwrap(),
        &[Scope::Crm],
    )
    .unwrap()
}

/// An application, its vault, and its routes.
fn on_the_fly(vault: &Vault, tls: TlsProof) -> (App, Router) {
    let app = App::new();
    let own = keeper(
        crate::app::CLIENT,
        REDIRECT,
        &app.store,
        &app.platform,
        &app.clock,
        &app.told,
    );
    let made = keeper(
        MADE,
        REDIRECT,
        &app.store,
        &app.platform,
        &app.clock,
        &app.told,
    );
    let desk_of = move |client: ClientId| {
        let made = (client.as_str() == MADE).then(|| made.clone());
        async move { made }
    };
    let connect: Connect<TestKeeper> = Connect::builder(own, Platform::Global, key())
        .on_the_fly(integration(REDIRECT), vault.clone(), tls, desk_of)
        .build()
        .unwrap();
    let router = Router::new().nest("/kommo", connect.router());
    (app, router)
}

fn body(state: &str) -> String {
    format!(
        r#"{{"client_id":"{MADE}","client_secret":"PLANTED-MADE-SECRET","state":"{state}","name":"Shop"}}"#
    )
}

async fn post(router: &Router, proto: Option<&str>, body: String) -> Seen {
    let mut request = Request::post("/kommo/secrets").header("content-type", "application/json");
    if let Some(proto) = proto {
        request = request.header("x-forwarded-proto", proto);
    }
    send(router, request.body(Body::from(body)).unwrap()).await
}

// Rule G14.
#[tokio::test]
async fn an_integration_is_made_its_secret_kept_and_its_grant_given() {
    let vault = Vault::default();
    let (app, router) = on_the_fly(&vault, TlsProof::ForwardedProto);
    let mut browser = Browser::new(&router);
    let seen = browser.get("/kommo/start?mode=popup").await;
    assert!(
        !seen.location().contains("client_id="),
        "{}",
        seen.location()
    );
    assert!(
        seen.location()
            .contains("&secrets_uri=https%3A%2F%2Fapp.example%2Fkommo%2Fsecrets&")
    );
    let state = state_of(seen.location());
    let told = post(&router, Some("https"), body(&state)).await;
    assert_eq!((told.status, told.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(vault.kept.lock().unwrap().len(), 1);
    let seen = browser
        .come_back(&format!("/kommo/callback?code=def502-77-5&state={state}&referer=myshop.kommo.com&client_id={MADE}"))
        .await;
    assert_eq!(seen.code(), "connected");
    assert_eq!(app.store.grants()[0].key.client_id.as_str(), MADE);
}

#[tokio::test]
async fn a_code_of_an_integration_that_nobody_told_us_of_is_refused() {
    let vault = Vault::default();
    let (app, router) = on_the_fly(&vault, TlsProof::OwnListener);
    let mut browser = Browser::new(&router);
    let state = browser.begin("popup").await;
    let seen = browser
        .come_back(&format!("/kommo/callback?code=def502-77-5&state={state}&referer=myshop.kommo.com&client_id={MADE}"))
        .await;
    assert_eq!(seen.code(), "other-client");
    assert!(app.store.codes().is_empty());
}

#[tokio::test]
async fn a_refusal_before_any_integration_was_made_is_a_refusal() {
    let vault = Vault::default();
    let (_app, router) = on_the_fly(&vault, TlsProof::OwnListener);
    let mut browser = Browser::new(&router);
    for rest in ["", "&client_id=99999999-2222-3333-4444-555555555555"] {
        let state = browser.begin("popup").await;
        let seen = browser
            .come_back(&format!(
                "/kommo/callback?error=access_denied&state={state}{rest}"
            ))
            .await;
        assert_eq!(seen.code(), "access-denied", "{rest}");
    }
}

// Rule G14.
#[tokio::test]
async fn secrets_come_over_tls_for_a_live_state_and_once() {
    let vault = Vault::default();
    let (app, router) = on_the_fly(&vault, TlsProof::ForwardedProto);
    let mut browser = Browser::new(&router);
    let state = browser.begin("popup").await;
    for proto in [None, Some("http"), Some("https, http")] {
        assert_eq!(
            post(&router, proto, body(&state)).await.status,
            StatusCode::FORBIDDEN,
            "{proto:?}"
        );
    }
    for forged in ["", "x", &"A".repeat(43)] {
        assert_eq!(
            post(&router, Some("https"), body(forged)).await.status,
            StatusCode::FORBIDDEN
        );
    }
    assert!(vault.kept.lock().unwrap().is_empty());
    assert_eq!(
        post(&router, Some("https"), body(&state)).await.status,
        StatusCode::OK
    );
    assert_eq!(
        post(&router, Some("https"), body(&state)).await.status,
        StatusCode::CONFLICT
    );
    let late = browser.begin("popup").await;
    app.clock.advance(1_201);
    assert_eq!(
        post(&router, Some("https"), body(&late)).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(vault.kept.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_state_with_one_letter_changed_is_not_ours() {
    let vault = Vault::default();
    let (_app, router) = on_the_fly(&vault, TlsProof::OwnListener);
    let state = Browser::new(&router).begin("popup").await;
    for place in 0..state.len() {
        let mut letters = state.clone().into_bytes();
        letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(letters).unwrap();
        let seen = post(&router, None, body(&forged)).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "place {place}");
    }
    assert!(vault.kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_kept_may_come_again() {
    let vault = Vault::default();
    let (_app, router) = on_the_fly(&vault, TlsProof::OwnListener);
    let state = Browser::new(&router).begin("popup").await;
    vault.fails.store(true, Ordering::SeqCst);
    assert_eq!(
        post(&router, None, body(&state)).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    vault.fails.store(false, Ordering::SeqCst);
    assert_eq!(
        post(&router, None, body(&state)).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn unreadable_and_huge_bodies_are_refused() {
    let vault = Vault::default();
    let (_app, router) = on_the_fly(&vault, TlsProof::OwnListener);
    let state = Browser::new(&router).begin("popup").await;
    for text in [
        String::new(),
        "[]".into(),
        format!(r#"{{"state":"{state}"}}"#),
        body(&state).replace(MADE, "no-id"),
        body(&state).replace("PLANTED-MADE-SECRET", ""),
        body(&state).replace("\"name\"", "\"client_secret\""),
    ] {
        assert_eq!(
            post(&router, None, text.clone()).await.status,
            StatusCode::BAD_REQUEST,
            "{text}"
        );
    }
    let huge = body(&state).replace("Shop", &"x".repeat(70_000));
    assert_eq!(
        post(&router, None, huge).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(
        post(&router, None, body(&state)).await.status,
        StatusCode::OK,
        "the state was not used up"
    );
}

#[tokio::test]
async fn a_sink_that_does_not_encrypt_is_not_mounted() {
    let app = App::new();
    let own = keeper(
        MADE,
        REDIRECT,
        &app.store,
        &app.platform,
        &app.clock,
        &app.told,
    );
    let plain = Vault {
        is_plain: true,
        ..Vault::default()
    };
    let builder = Connect::builder(own.clone(), Platform::Global, key());
    let built = builder
        .on_the_fly(
            integration(REDIRECT),
            plain,
            TlsProof::OwnListener,
            |_| async { None },
        )
        .build();
    assert_eq!(built.unwrap_err(), ConnectError::SinkDoesNotEncrypt);
    let elsewhere = integration("https://app.example/other");
    let builder = Connect::builder(own, Platform::Global, key());
    let built = builder
        .on_the_fly(
            elsewhere,
            Vault::default(),
            TlsProof::OwnListener,
            |_| async { None },
        )
        .build();
    assert_eq!(built.unwrap_err(), ConnectError::RedirectUriDiffers);
}

#[tokio::test]
async fn without_integrations_on_the_fly_there_is_no_such_route() {
    let app = App::new();
    assert_eq!(
        post(&app.router, Some("https"), body("x")).await.status,
        StatusCode::NOT_FOUND
    );
}
