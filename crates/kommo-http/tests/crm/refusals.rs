//! Refusals, each with its meaning.

use kommo_http::{CrmRefusal, CrmRefusalKind};

use crate::raw_server::Reply;
use crate::scene::{HTML, PROBLEM, Scene, ok, page, problem};
use crate::test_tokens::{TOKEN, TestTokens, usable};

/// The refusal of a write, which is sent once.
async fn refusal(reply: Reply) -> CrmRefusal {
    let scene = Scene::start([reply]).await;
    let error = scene.write().await.unwrap_err();
    assert_eq!(scene.requests(), 1, "{error}");
    error.refusal().cloned().unwrap()
}

async fn kind(status: &str, body: &str) -> CrmRefusalKind {
    refusal(problem(status, body)).await.kind()
}

// Source: vendor page "HTTP codes".
#[tokio::test]
async fn every_status_has_its_meaning() {
    use CrmRefusalKind as Kind;
    for (status, expected) in [
        ("400 X", Kind::BadRequest),
        ("402 X", Kind::PaymentRequired),
        ("403 X", Kind::Forbidden),
        ("404 X", Kind::NotFound),
        ("405 X", Kind::MethodNotAllowed),
        ("409 X", Kind::Other),
        ("418 X", Kind::Other),
        ("422 X", Kind::Unprocessable),
        ("429 X", Kind::TooManyRequests),
        ("500 X", Kind::ServerError),
        ("502 X", Kind::ServerError),
        ("503 X", Kind::ServerError),
        ("504 X", Kind::BatchTooLarge),
    ] {
        assert_eq!(kind(status, r#"{"title":"x"}"#).await, expected, "{status}");
    }
}

// Source: vendor page "HTTP codes".
#[tokio::test]
async fn a_validation_names_its_places_and_the_ids() {
    let body = br#"{"validation-errors":[{"request_id":"0","errors":[{"code":"NotSupportedChoice","path":"status_id","detail":"The value is not a choice"}]}],"title":"Bad Request","type":"https://httpstatus.es/400","status":400,"detail":"Request validation failed"}"#;
    let headers = [PROBLEM, ("X-Request-Id", "abc-123")];
    let refusal = refusal(Reply::answer("400 Bad Request", &headers, body)).await;
    assert_eq!(refusal.kind(), CrmRefusalKind::Validation);
    assert_eq!(refusal.findings()[0].path.as_deref(), Some("status_id"));
    assert_eq!(refusal.title(), Some("Bad Request"));
    assert_eq!(refusal.detail(), Some("Request validation failed"));
    assert_eq!(
        refusal.to_string(),
        "http 400: validation failed at `status_id` (request id abc-123)"
    );
}

// Rule E5.
#[tokio::test]
async fn a_fault_of_the_platform_has_its_trace_id() {
    let body = r#"{"title":"ErrInternalServer","status":500,"detail":"x","trace_id":"t-9"}"#;
    let refusal = refusal(problem("500 X", body)).await;
    assert_eq!(refusal.trace_id(), Some("t-9"));
    assert_eq!(
        refusal.to_string(),
        "http 500: fault of the platform (trace id t-9)"
    );
}

#[tokio::test]
async fn a_page_of_a_proxy_is_told_from_a_refusal_of_the_platform() {
    for status in ["400 X", "402 X", "404 X", "405 X", "422 X"] {
        let refusal = refusal(page(status)).await;
        assert_eq!(refusal.kind(), CrmRefusalKind::Page, "{status}");
        assert_eq!(refusal.title(), None);
    }
    // Without a body there is nothing that speaks against the platform.
    let empty = refusal(Reply::answer("404 X", &[HTML], b"")).await;
    assert_eq!(empty.kind(), CrmRefusalKind::NotFound);
}

// Rules L6, L7.
#[tokio::test]
async fn a_page_with_a_gateway_status_keeps_its_meaning() {
    for (status, expected) in [
        ("502 X", CrmRefusalKind::ServerError),
        ("504 X", CrmRefusalKind::BatchTooLarge),
        ("429 X", CrmRefusalKind::TooManyRequests),
        ("403 X", CrmRefusalKind::Blocked),
    ] {
        assert_eq!(refusal(page(status)).await.kind(), expected, "{status}");
    }
}

// Rule L6.
#[tokio::test]
async fn an_address_that_is_not_listed_is_a_refusal_and_no_block() {
    let body = r#"{"response":{"error":"x","error_code":"113","ip":"192.0.2.1"}}"#;
    let scene = Scene::start([problem("403 X", body)]).await;
    let error = scene.get().await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.kind(), CrmRefusalKind::Forbidden);
    assert_eq!(refusal.legacy_code(), Some(113));
    assert!(scene.get().await.unwrap_err().refusal().is_some());
    assert_eq!(scene.requests(), 2);
}

// Rule L7.
#[tokio::test]
async fn a_timeout_of_the_gateway_is_not_repeated_even_for_a_get() {
    let scene = Scene::start([page("504 X")]).await;
    let error = scene.get().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::BatchTooLarge));
    assert!(error.may_be_done());
    assert_eq!(scene.requests(), 1);
}

#[tokio::test]
async fn payment_and_rights_leave_the_tokens_alone() {
    for status in ["402 X", "403 X", "404 X", "429 X"] {
        let scene = Scene::start([problem(status, r#"{"title":"x"}"#)]).await;
        scene.write().await.unwrap_err();
        assert!(scene.tokens.rejected().is_empty(), "{status}");
    }
    let scene = Scene::start([page("403 X")]).await;
    scene.write().await.unwrap_err();
    assert!(scene.tokens.rejected().is_empty());
}

// Source: the vendor's library looks an account up after a 404.
#[tokio::test]
async fn a_host_without_the_account_is_reported_to_the_source_of_tokens() {
    for (reply, is_reported) in [
        (
            problem(
                "404 X",
                r#"{"title":"Not Found","detail":"Account not found"}"#,
            ),
            true,
        ),
        (problem("404 X", r#"{"title":"Аккаунт не найден."}"#), true),
        (page("404 X"), true),
        (
            problem("404 X", r#"{"title":"Requested entity not found"}"#),
            false,
        ),
        (problem("404 X", "{}"), false),
        (problem("403 X", r#"{"title":"Account not found"}"#), false),
        (page("400 X"), false),
    ] {
        let scene = Scene::start([reply]).await;
        scene.write().await.unwrap_err();
        let reported = scene.tokens.not_found();
        assert_eq!(reported == [1], is_reported, "{reported:?}");
    }
}

// Source: the vendor's library looks an account up after a 404. Nothing was done at the old host.
#[tokio::test]
async fn a_call_to_an_account_that_has_moved_is_repeated_once_at_its_new_host() {
    let missing = || problem("404 X", r#"{"title":"Account not found"}"#);
    let moved = || TestTokens::standing().moved_to(usable("moved.kommo.com", TOKEN, 1));
    let scene = Scene::with_tokens([missing(), ok("{}")], moved()).await;
    let response = scene.write().await.unwrap();
    assert_eq!(response.host().as_str(), "moved.kommo.com");
    let received = scene.server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(scene.tokens.not_found(), [1]);

    let scene = Scene::with_tokens([missing(), missing(), ok("{}")], moved()).await;
    let error = scene.write().await.unwrap_err();
    assert!(error.refusal().unwrap().is_account_not_found());
    assert!(!error.may_be_done());
    assert_eq!(scene.requests(), 2);
    assert_eq!(scene.tokens.not_found(), [1]);
}

// Invariant I8.
#[tokio::test]
async fn the_answer_itself_is_kept_unless_it_repeats_the_token() {
    let headers = [HTML, ("X-Echo", &TOKEN[3..40]), ("X-Other", "b")];
    let refusal_of =
        |body: Vec<u8>| async move { refusal(Reply::answer("418 X", &headers, &body)).await };
    let kept = refusal_of(b"{ \"a\": 1.10 }".to_vec()).await;
    assert_eq!(kept.response().body(), b"{ \"a\": 1.10 }");
    assert_eq!(kept.response().header("x-other"), Some("b"));
    assert_eq!(kept.response().header("x-echo"), None);
    let echo = refusal_of([b"x".repeat(100_000), TOKEN.as_bytes()[9..30].to_vec()].concat()).await;
    assert_eq!(echo.response().body(), b"");
}
