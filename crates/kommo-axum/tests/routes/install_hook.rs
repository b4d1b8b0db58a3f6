//! The install hook: unsigned, without a session, and gone if it is not kept.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::Arc;

use axum::http::StatusCode;
use kommo_axum::InstallHooks;

use crate::app::{App, CLIENT, CODES_MAX, SECRET, eventually, fail, redirect_query};
use crate::browser::{Browser, fetch};

fn hook(code: &str) -> String {
    hook_of("myshop", code)
}

fn hook_of(account: &str, code: &str) -> String {
    format!(
        "/kommo/callback?code={code}&referer={account}.kommo.com&from_widget=1&platform=2&client_id={CLIENT}"
    )
}

/// An application that takes install hooks at its Redirect URI.
fn open() -> App {
    App::with(|builder| builder.install_hooks(InstallHooks::Callback))
}

#[tokio::test]
async fn install_hooks_are_refused_unless_the_application_turns_them_on() {
    let app = App::new();
    for number in 0..300 {
        let seen = fetch(&app.router, &hook(&format!("def502-{number}-1"))).await;
        // As a browser is answered that brings such a query.
        assert_eq!(
            (seen.status, seen.location()),
            (StatusCode::SEE_OTHER, "/kommo/result")
        );
    }
    app.assert_untouched();
}

#[tokio::test]
async fn it_is_durable_before_the_answer_and_exchanged_after() {
    let app = open();
    let seen = fetch(&app.router, &hook("def502-1-1-slow")).await;
    assert_eq!((seen.status, seen.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(app.store.codes().len(), 1);
    assert!(app.store.grants().is_empty());
    app.platform.slow.add_permits(1);
    let store = app.store.clone();
    eventually(|| store.grants().len() == 1).await;
    assert_eq!(app.store.grants()[0].is_admin, Some(true));
}

#[tokio::test]
async fn a_second_delivery_is_answered_and_exchanges_nothing() {
    let app = open();
    for _ in 0..3 {
        assert_eq!(
            fetch(&app.router, &hook("def502-1-1")).await.status,
            StatusCode::OK
        );
    }
    let store = app.store.clone();
    eventually(|| store.grants().len() == 1).await;
    assert_eq!(app.platform.exchanges.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_no_install_hook_is_refused_with_an_empty_answer() {
    let app = App::with(|builder| builder.install_hooks(InstallHooks::OwnPath));
    for query in [
        "code=def502-1-1&referer=myshop.kommo.com",
        "code=def502-1-1&referer=myshop.kommo.com&from_widget=1&state=x",
        "code=def502-1-1&referer=evil.example&from_widget=1",
        "code=def502-1-1&referer=a.amocrm.ru&from_widget=1",
        "code=def502-1-1&code=def502-1-2&referer=myshop.kommo.com&from_widget=1",
        "code=def502-1-1&referer=myshop.kommo.com&from_widget=1&client_id=22222222-2222-3333-4444-555555555555",
        "error=access_denied&from_widget=1",
        "",
    ] {
        let seen = fetch(&app.router, &format!("/kommo/install?{query}")).await;
        assert_eq!(
            (seen.status, seen.text.as_str()),
            (StatusCode::BAD_REQUEST, ""),
            "{query}"
        );
    }
    assert!(app.store.codes().is_empty());
}

#[tokio::test]
async fn it_can_have_a_path_of_its_own() {
    let app = App::with(|builder| builder.install_hooks(InstallHooks::OwnPath));
    let own = hook("def502-1-1").replace("/callback", "/install");
    assert_eq!(fetch(&app.router, &own).await.status, StatusCode::OK);
    let closed = App::with(|builder| builder.install_hooks(InstallHooks::Off));
    assert_eq!(
        fetch(&closed.router, &own).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn one_account_has_room_for_a_few_and_leaves_the_rest_to_others() {
    let app = open();
    let mut answers = Vec::new();
    for number in 1..200 {
        let target = hook(&format!("def502-{number}-1-slow"));
        answers.push(fetch(&app.router, &target).await.status);
    }
    let taken = |status: &StatusCode| *status == StatusCode::OK;
    assert_eq!(answers.iter().filter(|status| taken(status)).count(), 5);
    assert!(
        answers[5..]
            .iter()
            .all(|status| *status == StatusCode::SERVICE_UNAVAILABLE)
    );
    assert_eq!(
        app.store.codes().len(),
        5,
        "the others cost the store nothing"
    );
    let other = fetch(&app.router, &hook_of("other", "def502-900-1-slow")).await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn a_flood_from_many_accounts_costs_no_more_than_its_share() {
    let app = App::with(|builder| {
        builder
            .install_hooks(InstallHooks::Callback)
            .install_hooks_a_minute(1)
    });
    fail(&app.store);
    let mut asked = 0;
    for number in 1..1_000 {
        let target = hook_of(&format!("evil-{number}"), &format!("def502-{number}-1"));
        assert_eq!(
            fetch(&app.router, &target).await.status,
            StatusCode::SERVICE_UNAVAILABLE
        );
        asked = app.store.with(|state| state.operations);
    }
    assert_eq!(asked, 10, "ten minutes' worth at once, and no more");
    app.clock.advance(Duration::from_secs(60));
    for number in 1_000..1_100 {
        let target = hook_of(&format!("evil-{number}"), &format!("def502-{number}-1"));
        fetch(&app.router, &target).await;
    }
    assert_eq!(app.store.with(|state| state.operations), 11);
}

#[tokio::test(start_paused = true)]
async fn consents_wait_for_no_hook_and_hooks_are_exchanged_at_their_pace() {
    let app = App::with(|builder| {
        builder
            .install_hooks(InstallHooks::Callback)
            .session_of(|_| async { Some(String::from("signed in")) })
    });
    let before = tokio::time::Instant::now();
    for number in 1..=CODES_MAX - 1 {
        let target = hook_of(
            &format!("shop-{number}"),
            &format!("def502-{number}-1-slow"),
        );
        assert_eq!(fetch(&app.router, &target).await.status, StatusCode::OK);
    }
    let exchanges = Arc::clone(&app.platform.exchanges);
    eventually(|| exchanges.load(Ordering::SeqCst) == 1).await;
    // One hook is at the platform, which is slow, and the others wait behind it. A user who comes
    // now does not.
    for number in 101..=110 {
        let mut browser = Browser::new(&app.router);
        let state = browser.begin("popup").await;
        let callback = redirect_query(&format!("def502-{number}-1"), &state);
        assert_eq!(browser.come_back(&callback).await.code(), "connected");
    }
    assert!(before.elapsed().is_zero(), "nothing was waited for");
    assert_eq!(
        exchanges.load(Ordering::SeqCst),
        11,
        "one hook, and the users"
    );
    app.platform.slow.add_permits(200);
    tokio::time::sleep(Duration::from_secs(30)).await;
    let hooks = exchanges.load(Ordering::SeqCst) - 10;
    assert!((10..=11).contains(&hooks), "one in three seconds: {hooks}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(exchanges.load(Ordering::SeqCst) - 10, CODES_MAX - 1);
    assert_eq!(app.store.grants().len(), CODES_MAX - 1 + 10);
}

#[tokio::test(start_paused = true)]
async fn hooks_under_way_leave_room_for_proven_disconnects() {
    let app = open();
    app.store.with(|state| state.faults.hangs = true);
    let mut under_way = Vec::new();
    for number in 0..200 {
        let router = app.router.clone();
        let target = hook_of(&format!("shop-{number}"), &format!("def502-{number}-1"));
        under_way.push(tokio::spawn(async move { fetch(&router, &target).await }));
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let key = kommo_sign::DisconnectKey::new(&kommo_sign::ClientSecret::new(SECRET).unwrap());
    let signature = key.sign(CLIENT, core::num::NonZeroU64::new(77).unwrap());
    let proven = format!(
        "/kommo/disconnect?account_id=77&client_uuid={CLIENT}&signature={}",
        signature.as_str()
    );
    for _ in 0..100 {
        assert_eq!(fetch(&app.router, &proven).await.status, StatusCode::OK);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_does_not_hold_the_answer_up() {
    let app = open();
    app.store.with(|state| state.faults.hangs = true);
    let before = tokio::time::Instant::now();
    let seen = fetch(&app.router, &hook("def502-1-1")).await;
    assert_eq!(
        seen.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "it is not durable, so it is not 200"
    );
    assert!(before.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_store_that_fails_is_not_answered_200() {
    let app = open();
    fail(&app.store);
    let seen = fetch(&app.router, &hook("def502-1-1")).await;
    assert_eq!(
        (seen.status, seen.text.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "")
    );
}

#[tokio::test(start_paused = true)]
async fn hooks_under_way_are_bounded() {
    let app = App::with(|builder| {
        builder
            .install_hooks(InstallHooks::Callback)
            .install_hooks_a_minute(1_000)
    });
    app.store.with(|state| state.faults.hangs = true);
    let mut under_way = Vec::new();
    for number in 0..256 {
        let router = app.router.clone();
        let target = hook_of(&format!("shop-{number}"), &format!("def502-{number}-1"));
        under_way.push(tokio::spawn(async move { fetch(&router, &target).await }));
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let before = tokio::time::Instant::now();
    assert_eq!(
        fetch(&app.router, &hook("def502-999-1")).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert!(before.elapsed().is_zero(), "turned away at once");
}
