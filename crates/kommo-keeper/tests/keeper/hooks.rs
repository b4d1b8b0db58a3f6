//! Codes that anyone can send, by install hooks and by consents that are bound to no session: after
//! those of known users, and within a bucket of their own.

use core::time::Duration;

use kommo_account::{AccountHost, ClientId, Realm};
use kommo_keeper::{Clock, CodeOrigin, CodeOutcome, Counter, PendingCode};
use kommo_oauth::token::{AuthorizationCode, RequestOrigin};

use crate::scene::{CLIENT, Scene, host};

async fn put(scene: &Scene, code: &str, origin: CodeOrigin) -> AuthorizationCode {
    let host = match origin {
        CodeOrigin::InstallHook | CodeOrigin::UnboundRedirect => {
            AccountHost::parse("evil.kommo.com").unwrap()
        }
        _ => host(),
    };
    let code = AuthorizationCode::new(code).unwrap();
    let pending = PendingCode::new(
        Realm::Real,
        ClientId::parse(CLIENT).unwrap(),
        host,
        code.clone(),
        origin,
        scene.clock.now(),
    );
    scene.keeper.accept_code(&pending).await.unwrap();
    code
}

async fn hooks(scene: &Scene, number: usize) {
    codes_of(CodeOrigin::InstallHook, scene, number).await;
}

async fn codes_of(origin: CodeOrigin, scene: &Scene, number: usize) {
    for code in 0..number {
        put(scene, &format!("hook-{code}"), origin).await;
    }
}

// Rules G10, K9.
#[tokio::test(start_paused = true)]
async fn a_consent_comes_before_any_number_of_strangers_codes_and_those_come_seldom() {
    for origin in [CodeOrigin::InstallHook, CodeOrigin::UnboundRedirect] {
        a_consent_comes_first(origin).await;
    }
}

async fn a_consent_comes_first(origin: CodeOrigin) {
    let scene = Scene::new();
    codes_of(origin, &scene, 300).await;
    let code = scene.wire.consent();
    let code = put(&scene, &code, CodeOrigin::Redirect).await;
    let exchanged = scene.keeper.exchange_codes_each(1).await.unwrap();
    assert!(exchanged[0].is_of(&code));
    assert!(matches!(exchanged[0].outcome, CodeOutcome::Granted(_)));
    for _ in 0..60 {
        scene.keeper.exchange_codes(100).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let origins = scene.wire.with(|platform| platform.origins.clone());
    assert_eq!(origins[0], RequestOrigin::Consent);
    let hooks = origins.len() - 1;
    assert!((10..=41).contains(&hooks), "{hooks}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_of_consents_leaves_strangers_codes_alone() {
    let scene = Scene::new();
    hooks(&scene, 2).await;
    put(&scene, "unbound", CodeOrigin::UnboundRedirect).await;
    assert!(
        scene
            .keeper
            .exchange_consents_each(5)
            .await
            .unwrap()
            .is_empty()
    );
    let code = scene.wire.consent();
    let code = put(&scene, &code, CodeOrigin::Redirect).await;
    let exchanged = scene.keeper.exchange_consents_each(5).await.unwrap();
    assert!(exchanged.len() == 1 && exchanged[0].is_of(&code));
    assert_eq!(scene.wire.sent().len(), 1);
    assert_eq!(scene.keeper.exchange_codes(5).await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_meets_402_is_tried_a_few_times_and_then_refused() {
    for (origin, tries) in [
        (CodeOrigin::Redirect, 6),
        (CodeOrigin::UnboundRedirect, 3),
        (CodeOrigin::InstallHook, 3),
    ] {
        let scene = Scene::new();
        put(&scene, "code", origin).await;
        scene
            .wire
            .with(|platform| platform.refuses = Some(("", 402, "{}")));
        for _ in 0..(19 * 60) {
            scene.keeper.exchange_codes(10).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(scene.wire.sent().len(), tries, "{origin:?}");
        assert_eq!(scene.count(Counter::CodesRefused), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn why_a_code_waits_is_noted_beside_it() {
    for (status, body, why) in [
        (402, "{}", "payment-required"),
        (429, "{}", "throttled"),
        (502, "<html>", "server-error"),
        (200, "<html>", "unreadable-answer"),
        (
            400,
            r#"{"hint":"Redirect URI is not associated with client"}"#,
            "redirect-uri-mismatch",
        ),
        (400, "{}", "refused-without-reason"),
    ] {
        let scene = Scene::new();
        put(&scene, "code", CodeOrigin::Redirect).await;
        scene
            .wire
            .with(|platform| platform.refuses = Some(("", status, body)));
        scene.keeper.exchange_codes(10).await.unwrap();
        assert_eq!(scene.store.with(|kept| kept.codes[0].why.clone()), why);
    }
}

#[tokio::test(start_paused = true)]
async fn one_code_is_exchanged_by_itself_and_once() {
    let scene = Scene::new();
    hooks(&scene, 300).await;
    let pending = |text: &str, origin| {
        let code = AuthorizationCode::new(text).unwrap();
        scene.keeper.pending_code(host(), code, origin).unwrap()
    };
    let ours = pending(&scene.wire.consent(), CodeOrigin::Redirect);
    scene.keeper.accept_code(&ours).await.unwrap();
    let outcome = scene.keeper.exchange_code(&ours).await.unwrap();
    assert!(matches!(outcome, CodeOutcome::Granted(_)));
    assert_eq!(scene.wire.sent().len(), 1);
    // It is done, and one that was never accepted is not known.
    let unknown = pending("unknown", CodeOrigin::Redirect);
    for code in [&ours, &unknown] {
        let outcome = scene.keeper.exchange_code(code).await.unwrap();
        assert_eq!(outcome, CodeOutcome::NotYet);
    }
    // Codes of hooks are limited by their bucket here too.
    for hook in 0..300 {
        let hook = pending(&format!("hook-{hook}"), CodeOrigin::InstallHook);
        scene.keeper.exchange_code(&hook).await.unwrap();
    }
    assert_eq!(scene.wire.sent().len(), 11);
}
