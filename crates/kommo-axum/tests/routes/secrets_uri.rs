//! Integrations that the consent page makes on the fly, and the call that brings their secrets.

use core::num::NonZeroU64;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use kommo_account::{ClientId, Platform};
use kommo_axum::{
    Attempt, Connect, ConnectBuilder, ConnectError, IntegrationSecrets, NotKept, SecretSink,
    TlsProof,
};
use kommo_keeper::testing::MemoryStore;
use kommo_oauth::integration::{ClientSecret, NewIntegration, RedirectUri, Scope, SecretsUri};

use crate::app::{App, REDIRECT, keeper, key};
use crate::browser::{Browser, Seen, fetch, send, state_of};

const MADE: &str = "99999999-2222-3333-4444-555555555555";

#[derive(Clone, Default)]
struct Vault {
    kept: Arc<Mutex<BTreeMap<String, IntegrationSecrets>>>,
    fails: Arc<AtomicBool>,
    /// Whether look-ups are never answered, and how many were asked for.
    hangs: Arc<AtomicBool>,
    look_ups: Arc<AtomicUsize>,
    is_plain: bool,
}

impl Vault {
    async fn look_up(&self) {
        self.look_ups.fetch_add(1, Ordering::SeqCst);
        if self.hangs.load(Ordering::SeqCst) {
            core::future::pending::<()>().await;
        }
    }
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

    async fn secret_of(&self, client_id: &ClientId) -> Option<ClientSecret> {
        self.look_up().await;
        let kept = self.kept.lock().unwrap();
        let found = kept
            .values()
            .find(|secrets| secrets.client_id == *client_id);
        found.map(|secrets| secrets.client_secret.clone())
    }

    async fn client_of(&self, attempt: &str) -> Option<ClientId> {
        self.look_up().await;
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
    let (app, router, _) = counting(vault, tls, |builder| builder);
    (app, router)
}

/// And how many keepers were built.
fn counting(
    vault: &Vault,
    tls: TlsProof,
    shape: impl FnOnce(ConnectBuilder<MemoryStore>) -> ConnectBuilder<MemoryStore>,
) -> (App, Router, Arc<AtomicUsize>) {
    let app = App::new();
    let keeper_of = |client: &str| {
        let (store, platform) = (&app.store, &app.platform);
        keeper(client, REDIRECT, store, platform, &app.clock, &app.told)
    };
    let own = keeper_of(crate::app::CLIENT);
    let (store, platform, clock, told) = (
        app.store.clone(),
        app.platform.clone(),
        app.clock.clone(),
        Arc::clone(&app.told),
    );
    let built = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&built);
    let desk_of = move |client: ClientId, _: ClientSecret| {
        count.fetch_add(1, Ordering::SeqCst);
        let made = keeper(client.as_str(), REDIRECT, &store, &platform, &clock, &told);
        async move { Some(made) }
    };
    let connect: Connect<MemoryStore> = shape(Connect::builder(own, Platform::Global, key()))
        .on_the_fly(integration(REDIRECT), vault.clone(), tls, desk_of)
        .build()
        .unwrap();
    let router = Router::new().nest("/kommo", connect.router());
    (app, router, built)
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
    app.clock.advance(Duration::from_secs(1_201));
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
            |_, _| async { None },
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
            |_, _| async { None },
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

fn body_of(client: &str, state: &str) -> String {
    body(state).replace(MADE, client)
}

#[tokio::test]
async fn a_secret_for_the_applications_own_integration_is_refused() {
    let vault = Vault::default();
    let (app, router) = on_the_fly(&vault, TlsProof::OwnListener);
    let mut browser = Browser::new(&router);
    let state = browser.begin("popup").await;
    let seen = post(&router, None, body_of(crate::app::CLIENT, &state)).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert!(vault.kept.lock().unwrap().is_empty());
    // Its own disconnect hooks are proven as before, and the state was not used up.
    let own = disconnect(crate::app::CLIENT, crate::app::SECRET);
    assert_eq!(fetch(&router, &own).await.status, StatusCode::OK);
    assert_eq!(
        post(&router, None, body(&state)).await.status,
        StatusCode::OK
    );
    drop(app);
}

fn disconnect(client: &str, secret: &str) -> String {
    let key = kommo_sign::DisconnectKey::new(&kommo_sign::ClientSecret::new(secret).unwrap());
    let signature = key.sign(client, NonZeroU64::new(77).unwrap());
    format!(
        "/kommo/disconnect?account_id=77&client_uuid={client}&signature={}",
        signature.as_str()
    )
}

/// The id of one of many integrations.
fn made(number: usize) -> String {
    format!("{number:08x}-2222-3333-4444-555555555555")
}

/// So many integrations whose secrets are kept.
fn fill(vault: &Vault, count: usize) {
    let browser_made = |number: usize| {
        let client_id = ClientId::parse(&made(number)).unwrap();
        (format!("{number:032x}"), client_id)
    };
    let mut kept = vault.kept.lock().unwrap();
    let sample = kept.values().next().unwrap().clone();
    for (attempt, client_id) in (0..count).map(browser_made) {
        let mut secrets = sample.clone();
        secrets.attempt.clone_from(&attempt);
        secrets.client_id = client_id;
        kept.insert(attempt, secrets);
    }
}

#[tokio::test]
async fn no_keeper_is_built_for_a_hook_that_is_not_proven() {
    let vault = Vault::default();
    let (_app, router, built) = counting(&vault, TlsProof::OwnListener, |builder| builder);
    let state = Browser::new(&router).begin("popup").await;
    post(&router, None, body(&state)).await;
    fill(&vault, 400);
    for number in 0..400 {
        let forged = disconnect(&made(number), "another-secret");
        let seen = fetch(&router, &forged).await;
        assert_eq!(seen.status, StatusCode::UNAUTHORIZED);
        // One that no secret is kept of.
        let unknown = disconnect(&made(10_000 + number), "PLANTED-MADE-SECRET");
        assert_eq!(
            fetch(&router, &unknown).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(built.load(Ordering::SeqCst), 0);
    for _ in 0..10 {
        let proven = disconnect(&made(7), "PLANTED-MADE-SECRET");
        assert_eq!(fetch(&router, &proven).await.status, StatusCode::OK);
    }
    assert_eq!(built.load(Ordering::SeqCst), 1, "built once, and kept");
}

#[tokio::test(start_paused = true)]
async fn forged_disconnects_cause_few_look_ups_and_shut_no_true_one_out() {
    let vault = Vault::default();
    let (_app, router) = on_the_fly(&vault, TlsProof::OwnListener);
    let state = Browser::new(&router).begin("popup").await;
    post(&router, None, body(&state)).await;
    let true_one = disconnect(MADE, "PLANTED-MADE-SECRET");
    assert_eq!(fetch(&router, &true_one).await.status, StatusCode::OK);
    let asked = || vault.look_ups.load(Ordering::SeqCst);
    let before = asked();
    // What is no hook at all costs nothing, whatever its client id.
    let signature = true_one.split_once("&signature=").unwrap().1;
    for (bad, expected) in [
        (format!("{MADE}&signature=00"), StatusCode::BAD_REQUEST),
        (format!("x&signature={signature}"), StatusCode::UNAUTHORIZED),
        (MADE.to_owned(), StatusCode::UNAUTHORIZED),
    ] {
        let bad = format!("/kommo/disconnect?account_id=77&client_uuid={bad}");
        assert_eq!(fetch(&router, &bad).await.status, expected, "{bad}");
    }
    assert_eq!(asked(), before);
    vault.hangs.store(true, Ordering::SeqCst);
    let begun = tokio::time::Instant::now();
    let mut flood = Vec::new();
    for number in 0..200 {
        let router = router.clone();
        let client = if number % 2 == 0 {
            made(number)
        } else {
            MADE.to_owned()
        };
        let forged = disconnect(&client, "another-secret");
        flood.push(tokio::spawn(async move { fetch(&router, &forged).await }));
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(asked(), before + 2, "the others wait, or are turned away");
    // The application's own integration, and one whose keeper is kept: the vault is asked for it,
    // apart from the flood, and its secret is known if there is no answer.
    let own = disconnect(crate::app::CLIENT, crate::app::SECRET);
    assert_eq!(fetch(&router, &own).await.status, StatusCode::OK);
    assert!(begun.elapsed().is_zero(), "nothing was waited for");
    assert_eq!(asked(), before + 2);
    assert_eq!(fetch(&router, &true_one).await.status, StatusCode::OK);
    assert!(begun.elapsed() < Duration::from_secs(3));
    for one in flood {
        let seen = one.await.unwrap();
        let answer = (seen.status, seen.text.as_str());
        assert_eq!(answer, (StatusCode::SERVICE_UNAVAILABLE, ""));
    }
    assert!(begun.elapsed() < Duration::from_secs(3));
    // When the vault answers again, so does the route.
    vault.hangs.store(false, Ordering::SeqCst);
    let forged = disconnect(MADE, "another-secret");
    let seen = fetch(&router, &forged).await;
    assert_eq!(seen.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_secret_that_was_replaced_proves_with_the_next_look_up() {
    let vault = Vault::default();
    let (_app, router, built) = counting(&vault, TlsProof::OwnListener, |builder| builder);
    let state = Browser::new(&router).begin("popup").await;
    post(&router, None, body(&state)).await;
    let old = disconnect(MADE, "PLANTED-MADE-SECRET");
    assert_eq!(fetch(&router, &old).await.status, StatusCode::OK);
    for secrets in vault.kept.lock().unwrap().values_mut() {
        secrets.client_secret = ClientSecret::new("its-next-secret").unwrap();
    }
    let new = disconnect(MADE, "its-next-secret");
    assert_eq!(fetch(&router, &new).await.status, StatusCode::OK);
    assert_eq!(fetch(&router, &old).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(built.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn consents_of_strangers_cause_few_look_ups_and_keepers() {
    let vault = Vault::default();
    let shape = |builder: ConnectBuilder<MemoryStore>| builder.unbound_consents_a_minute(1);
    let (app, router, built) = counting(&vault, TlsProof::OwnListener, shape);
    let mut ends = Vec::new();
    let come_back = async |number: usize| {
        let mut browser = Browser::new(&router);
        let state = browser.begin("popup").await;
        post(&router, None, body_of(&made(number), &state)).await;
        let callback = format!("/kommo/callback?code=def502-used-{number}&state={state}");
        let callback = format!("{callback}&referer=evil-{number}.kommo.com");
        (browser, callback)
    };
    for number in 0..40 {
        let (mut browser, callback) = come_back(number).await;
        ends.push(browser.come_back(&callback).await.code().to_owned());
    }
    let refused = ends.iter().filter(|end| *end == "too-many").count();
    assert_eq!(refused, 30, "{ends:?}");
    assert_eq!(built.load(Ordering::SeqCst), 10);
    let exchanges = app.platform.exchanges.load(Ordering::SeqCst);
    assert_eq!(exchanges, 8, "at once, and then one a minute");
    vault.hangs.store(true, Ordering::SeqCst);
    let before = vault.look_ups.load(Ordering::SeqCst);
    let mut flood = Vec::new();
    for number in 100..200 {
        let (mut browser, callback) = come_back(number).await;
        flood.push(tokio::spawn(async move {
            browser.come_back(&callback).await.code().to_owned()
        }));
    }
    for one in flood {
        assert_eq!(one.await.unwrap(), "too-many");
    }
    assert_eq!(vault.look_ups.load(Ordering::SeqCst), before + 2);
}

#[tokio::test]
async fn the_keepers_that_are_kept_are_bounded() {
    let vault = Vault::default();
    let shape = |builder: ConnectBuilder<MemoryStore>| builder.keepers_kept(3);
    let (_app, router, built) = counting(&vault, TlsProof::OwnListener, shape);
    let state = Browser::new(&router).begin("popup").await;
    post(&router, None, body(&state)).await;
    fill(&vault, 100);
    let prove = async |number: usize| {
        let proven = disconnect(&made(number), "PLANTED-MADE-SECRET");
        assert_eq!(fetch(&router, &proven).await.status, StatusCode::OK);
        built.load(Ordering::SeqCst)
    };
    for number in [0, 1, 2, 0, 1, 2] {
        prove(number).await;
    }
    assert_eq!(built.load(Ordering::SeqCst), 3);
    assert_eq!(prove(3).await, 4, "the longest unused goes");
    assert_eq!(prove(1).await, 4);
    assert_eq!(prove(0).await, 5);
}

#[tokio::test]
async fn a_secret_that_took_the_place_of_another_has_a_keeper_of_its_own() {
    let vault = Vault::default();
    let (_app, router, built) = counting(&vault, TlsProof::OwnListener, |builder| builder);
    let state = Browser::new(&router).begin("popup").await;
    post(&router, None, body(&state)).await;
    let old = disconnect(MADE, "PLANTED-MADE-SECRET");
    assert_eq!(fetch(&router, &old).await.status, StatusCode::OK);
    for secrets in vault.kept.lock().unwrap().values_mut() {
        secrets.client_secret = ClientSecret::new("the-true-one").unwrap();
    }
    assert_eq!(fetch(&router, &old).await.status, StatusCode::UNAUTHORIZED);
    let new = disconnect(MADE, "the-true-one");
    assert_eq!(fetch(&router, &new).await.status, StatusCode::OK);
    assert_eq!(built.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn one_user_brings_a_few_secrets_and_takes_no_room_from_others() {
    let vault = Vault::default();
    let user_of = |parts: axum::http::request::Parts| async move {
        let user = parts.headers["x-user"].to_str().unwrap();
        Ok(Attempt::new().carrying(user).unwrap())
    };
    let (app, router, _) = counting(&vault, TlsProof::OwnListener, |builder| {
        builder.on_start(user_of)
    });
    let bring = async |user: &str, number: usize| {
        let mut browser = Browser::new(&router);
        let headers = [("x-user", user)];
        let seen = browser.get_with("/kommo/start?mode=popup", &headers).await;
        let state = state_of(seen.location());
        let status = post(&router, None, body_of(&made(number), &state))
            .await
            .status;
        (status, browser, state)
    };
    for number in 0..2_000 {
        let (status, ..) = bring("stranger", number).await;
        let expected = match number {
            0..10 => StatusCode::OK,
            _ => StatusCode::TOO_MANY_REQUESTS,
        };
        assert_eq!(status, expected, "{number}");
    }
    assert_eq!(vault.kept.lock().unwrap().len(), 10);
    // Those that become grants do not count.
    for number in 3_000..3_020 {
        let (status, mut browser, state) = bring("customer", number).await;
        assert_eq!(status, StatusCode::OK);
        let callback = format!(
            "/kommo/callback?code=def502-{number}-5&state={state}&referer=shop-{number}.kommo.com&client_id={}",
            made(number)
        );
        assert_eq!(browser.come_back(&callback).await.code(), "connected");
    }
    // And after a while there is room again.
    app.clock.advance(Duration::from_secs(1_201));
    assert_eq!(bring("stranger", 5_000).await.0, StatusCode::OK);
}
