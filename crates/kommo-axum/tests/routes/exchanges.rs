//! What becomes of codes while browsers wait, and after they have gone.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::Arc;

use axum::http::StatusCode;

use crate::app::{App, eventually, fail, redirect_query};
use crate::browser::Browser;

#[tokio::test]
async fn each_browser_is_told_of_its_own_code_alone() {
    let app = App::new();
    let mut slow = Browser::new(&app.router);
    let mut quick = Browser::new(&app.router);
    let mut refused = Browser::new(&app.router);
    let state = slow.begin("popup").await;
    let waiting = tokio::spawn(async move {
        slow.come_back(&redirect_query("def502-1-1-slow", &state))
            .await
    });
    let exchanges = Arc::clone(&app.platform.exchanges);
    eventually(|| exchanges.load(Ordering::SeqCst) == 1).await;
    let state = quick.begin("popup").await;
    assert_eq!(
        quick
            .come_back(&redirect_query("def502-2-1", &state))
            .await
            .code(),
        "connected"
    );
    let state = refused.begin("popup").await;
    assert_eq!(
        refused
            .come_back(&redirect_query("def502-used", &state))
            .await
            .code(),
        "code-refused"
    );
    app.platform.slow.add_permits(1);
    assert_eq!(waiting.await.unwrap().code(), "connected");
    assert_eq!(app.told.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_platform_keeps_no_browser_waiting_and_loses_nothing() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let seen = browser
        .come_back(&redirect_query("def502-1-1-slow", &state))
        .await;
    assert_eq!(
        (seen.status, seen.code()),
        (StatusCode::ACCEPTED, "waiting")
    );
    app.platform.slow.add_permits(1);
    let store = app.store.clone();
    eventually(|| store.grants().len() == 1).await;
}

#[tokio::test]
async fn a_browser_that_hangs_up_does_not_take_its_code_with_it() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let exchanges = Arc::clone(&app.platform.exchanges);
    let hung = tokio::spawn(async move {
        browser
            .come_back(&redirect_query("def502-1-1-slow", &state))
            .await
    });
    eventually(|| exchanges.load(Ordering::SeqCst) == 1).await;
    hung.abort();
    assert!(hung.await.unwrap_err().is_cancelled());
    app.platform.slow.add_permits(1);
    let store = app.store.clone();
    eventually(|| store.grants().len() == 1).await;
}

#[tokio::test]
async fn our_own_mistakes_are_told_apart_from_the_users() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let seen = browser
        .come_back(&redirect_query("def502-wrong-secret", &state))
        .await;
    assert_eq!(
        (seen.status, seen.code()),
        (StatusCode::BAD_GATEWAY, "client-refused")
    );
    fail(&app.store);
    let state = browser.begin("popup").await;
    let seen = browser
        .come_back(&redirect_query("def502-1-1", &state))
        .await;
    assert_eq!(
        (seen.status, seen.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "not-kept")
    );
}

#[tokio::test]
async fn codes_that_waited_through_a_restart_are_exchanged() {
    let before = App::new();
    let mut browser = Browser::new(&before.router);
    let state = browser.begin("popup").await;
    assert_eq!(
        browser
            .come_back(&redirect_query("def502-lost-9-9", &state))
            .await
            .code(),
        "waiting"
    );
    let after = App::beside(&before, |builder| builder);
    after.clock.advance(Duration::from_secs(121));
    after.connect.exchange_waiting();
    let exchanges = Arc::clone(&after.platform.exchanges);
    eventually(|| exchanges.load(Ordering::SeqCst) == 1).await;
}
