//! The install hook: unsigned, without a session, and gone if it is not kept.

use core::sync::atomic::Ordering;
use std::sync::Arc;

use axum::http::StatusCode;
use kommo_axum::InstallDoor;

use crate::app::{App, CLIENT, eventually};
use crate::browser::fetch;
use crate::memory_store::CODES_MAX;

fn hook(code: &str) -> String {
    format!(
        "/kommo/callback?code={code}&referer=myshop.kommo.com&from_widget=1&platform=2&client_id={CLIENT}"
    )
}

#[tokio::test]
async fn it_is_durable_before_the_answer_and_exchanged_after() {
    let app = App::new();
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
    let app = App::new();
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
    let app = App::with(|builder| builder.install_door(InstallDoor::OwnPath));
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
    let app = App::with(|builder| builder.install_door(InstallDoor::OwnPath));
    let own = hook("def502-1-1").replace("/callback", "/install");
    assert_eq!(fetch(&app.router, &own).await.status, StatusCode::OK);
    let closed = App::with(|builder| builder.install_door(InstallDoor::Closed));
    assert_eq!(
        fetch(&closed.router, &own).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_flood_fills_the_table_and_no_more() {
    let app = App::new();
    let mut kept = 0;
    let mut turned_away = 0;
    for number in 1..200 {
        match fetch(&app.router, &hook(&format!("def502-{number}-1-slow")))
            .await
            .status
        {
            StatusCode::OK => kept += 1,
            StatusCode::SERVICE_UNAVAILABLE => turned_away += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((kept, turned_away), (CODES_MAX, 199 - CODES_MAX));
    // A few at a time are exchanged, however many wait.
    let exchanges = Arc::clone(&app.platform.exchanges);
    eventually(|| exchanges.load(Ordering::SeqCst) == 8).await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.platform.exchanges.load(Ordering::SeqCst), 8);
    // The rest waits for the bucket that the keeper has for hooks: ten at once, then one in two seconds.
    app.platform.slow.add_permits(200);
    let store = app.store.clone();
    eventually(|| store.grants().len() == 10).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_does_not_hold_the_answer_up() {
    let app = App::new();
    app.store.hangs.store(true, Ordering::SeqCst);
    let before = tokio::time::Instant::now();
    let seen = fetch(&app.router, &hook("def502-1-1")).await;
    assert_eq!(
        seen.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "it is not durable, so it is not 200"
    );
    assert!(before.elapsed() < core::time::Duration::from_secs(3));
}

#[tokio::test]
async fn a_store_that_fails_is_not_answered_200() {
    let app = App::new();
    app.store.is_broken.store(true, Ordering::SeqCst);
    let seen = fetch(&app.router, &hook("def502-1-1")).await;
    assert_eq!(
        (seen.status, seen.text.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "")
    );
}

#[tokio::test(start_paused = true)]
async fn hooks_under_way_are_bounded() {
    let app = App::new();
    app.store.hangs.store(true, Ordering::SeqCst);
    let mut under_way = Vec::new();
    for number in 0..256 {
        let router = app.router.clone();
        under_way.push(tokio::spawn(async move {
            fetch(&router, &hook(&format!("def502-{number}-1"))).await
        }));
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
