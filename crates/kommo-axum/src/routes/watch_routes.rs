//! `GET health` and `GET metrics`: for those who watch over the program.

use core::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use kommo_keeper::{StoreError as _, StoreErrorKind};
use tokio::time::Instant;

use crate::setup::connect::Connect;
use kommo_keeper::CodeStore;

const STORE_WITHIN: Duration = Duration::from_secs(2);
/// How long an answer counts: anyone may ask, and the store is asked once in this time.
const ANSWER_LASTS: Duration = Duration::from_secs(1);

/// 200 `{"status":"ok"}`, or 503 with what is wrong with the store.
pub(crate) async fn health<S: CodeStore>(State(connect): State<Connect<S>>) -> Response<Body> {
    let mut last = connect.inner.last_health.lock().await;
    let recent = last.filter(|(at, ..)| at.elapsed() < ANSWER_LASTS);
    let (_, status, word) = match recent {
        Some(recent) => recent,
        None => {
            let (status, word) = ask_store(&connect).await;
            *last.insert((Instant::now(), status, word))
        }
    };
    drop(last);
    let text = format!("{{\"status\":\"{word}\"}}\n");
    with_text(status, "application/json", text)
}

async fn ask_store<S: CodeStore>(connect: &Connect<S>) -> (StatusCode, &'static str) {
    let keys = connect.inner.keeper.store().keys(None, 1);
    match tokio::time::timeout(STORE_WITHIN, keys).await {
        Ok(Ok(_)) => (StatusCode::OK, "ok"),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, trouble_word(error.kind())),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "store-slow"),
    }
}

/// The text format of Prometheus.
pub(crate) async fn metrics<S: CodeStore>(State(connect): State<Connect<S>>) -> Response<Body> {
    let text = format!("{}{}", connect.inner.keeper.metrics(), connect.inner.counts);
    with_text(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        text,
    )
}

fn with_text(status: StatusCode, content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let value = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, value);
    response
}

const fn trouble_word(trouble: StoreErrorKind) -> &'static str {
    match trouble {
        StoreErrorKind::Damaged => "store-damaged",
        StoreErrorKind::NewerVersion => "store-newer",
        StoreErrorKind::WrongKey => "store-key-wrong",
        StoreErrorKind::Misconfigured => "store-misconfigured",
        _ => "store-unavailable",
    }
}
