//! Health and metrics.

use axum::http::StatusCode;

use crate::app::{App, fail, redirect_query};
use crate::browser::{Browser, fetch};

#[tokio::test(start_paused = true)]
async fn health_asks_the_store() {
    let app = App::new();
    let seen = fetch(&app.router, "/kommo/health").await;
    assert_eq!(
        (seen.status, seen.text.as_str()),
        (StatusCode::OK, "{\"status\":\"ok\"}\n")
    );
    // Anyone may ask: the store is asked once in a second.
    let asked = app.store.with(|state| state.operations);
    for _ in 0..100 {
        let seen = fetch(&app.router, "/kommo/health").await;
        assert_eq!(seen.status, StatusCode::OK);
    }
    assert_eq!(app.store.with(|state| state.operations), asked);
    fail(&app.store);
    tokio::time::advance(core::time::Duration::from_secs(1)).await;
    let seen = fetch(&app.router, "/kommo/health").await;
    let unavailable = "{\"status\":\"store-unavailable\"}\n";
    assert_eq!(
        (seen.status, seen.text.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, unavailable)
    );
}

#[tokio::test(start_paused = true)]
async fn health_waits_for_no_hanging_store() {
    let app = App::new();
    app.store.with(|state| state.faults.hangs = true);
    let seen = fetch(&app.router, "/kommo/health").await;
    assert_eq!(
        (seen.status, seen.text.as_str()),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "{\"status\":\"store-slow\"}\n"
        )
    );
}

#[tokio::test]
async fn metrics_are_there_when_asked_for_and_count_what_happened() {
    let app = App::new();
    assert_eq!(
        fetch(&app.router, "/kommo/metrics").await.status,
        StatusCode::NOT_FOUND
    );
    let app = App::with(|builder| builder.metrics());
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    browser
        .come_back(&redirect_query("def502-1-1", &state))
        .await;
    browser
        .come_back(&redirect_query("def502-1-1", &state))
        .await;
    let seen = fetch(&app.router, "/kommo/metrics").await;
    for line in [
        "kommo_keeper_codes_exchanged_total 1",
        "# TYPE kommo_axum_consents_total counter",
        "kommo_axum_starts_total{outcome=\"begun\"} 1",
        "kommo_axum_consents_total{outcome=\"connected\"} 1",
        "kommo_axum_consents_total{outcome=\"repeated\"} 1",
    ] {
        assert!(
            seen.text.contains(&format!("{line}\n")),
            "{line} not in {}",
            seen.text
        );
    }
}
