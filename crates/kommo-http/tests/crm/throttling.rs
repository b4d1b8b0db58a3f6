//! 429, the block behind it, and the breaker before both.

use std::time::Duration;

use kommo_http::{BreakReason, BudgetSettings, CrmRefusalKind, RetryPolicy};
use kommo_keeper::Clock;

use crate::raw_server::Reply;
use crate::scene::{Error, HTML, JSON, PROBLEM, Scene, ok, page, problem};
use crate::test_tokens::host;

fn throttled(retry_after: Option<(&str, &str)>, body: &str) -> Reply {
    let headers: Vec<_> = [PROBLEM].into_iter().chain(retry_after).collect();
    Reply::answer("429 Too Many Requests", &headers, body.as_bytes())
}

/// The pause that a single 429 leads to.
async fn pause_of(reply: Reply) -> Duration {
    let scene = Scene::start([reply]).await;
    let client = scene.client.clone().with_retry_policy(RetryPolicy::once());
    let error = client.call_raw(crate::scene::write()).await.unwrap_err();
    error.refusal().unwrap().retry_after().unwrap()
}

// Rules E4, L5.
#[tokio::test]
async fn the_pause_is_the_bodys_or_the_headers_or_a_minute_and_at_most_five() {
    let seconds = Duration::from_secs;
    let in_body = r#"{"retry_after":30}"#;
    assert_eq!(pause_of(throttled(None, in_body)).await, seconds(30));
    let header = Some(("Retry-After", "40"));
    assert_eq!(pause_of(throttled(header, "{}")).await, seconds(40));
    assert_eq!(pause_of(throttled(header, in_body)).await, seconds(30));
    assert_eq!(pause_of(throttled(None, "{}")).await, seconds(60));
    assert_eq!(pause_of(page("429 X")).await, seconds(60));
    let long = r#"{"retry_after":100000}"#;
    assert_eq!(pause_of(throttled(None, long)).await, seconds(300));
    assert_eq!(
        pause_of(throttled(None, r#"{"retry_after":0}"#)).await,
        seconds(5)
    );
    let date = [
        ("Date", "Wed, 23 Nov 2022 19:25:21 GMT"),
        ("Retry-After", "Wed, 23 Nov 2022 19:25:36 GMT"),
    ];
    let dated = Reply::answer("429 X", &date, b"");
    assert_eq!(pause_of(dated).await, seconds(15));
    for (named, pause) in [("Tue, 22 Nov 2022", 5), ("Wed, 23 Nov 2095", 300)] {
        let named = format!("{named} 19:25:21 GMT");
        let headers = [date[0], ("Retry-After", named.as_str())];
        let dated = Reply::answer("429 X", &headers, b"");
        assert_eq!(pause_of(dated).await, seconds(pause), "{named}");
    }
}

// Rule L5.
#[tokio::test]
async fn a_pause_that_nobody_named_is_spread_by_chance_over_ten_seconds() {
    for (chance, millis) in [
        (0, 60_000),
        (4_500, 64_500),
        (10_000, 70_000),
        (10_001, 60_000),
    ] {
        for (body, is_named) in [("{}", false), (r#"{"retry_after":30}"#, true)] {
            let scene = Scene::start([throttled(None, body)]).await;
            scene.clock.set_random(chance);
            let error = scene.write().await.unwrap_err();
            let pause = error.refusal().unwrap().retry_after().unwrap();
            let expected = if is_named { 30_000 } else { millis };
            assert_eq!(pause, Duration::from_millis(expected));
        }
    }
}

// Rule L5.
#[tokio::test]
async fn a_platform_that_asks_for_no_pause_at_all_gets_few_requests() {
    let scene = Scene::start([throttled(
        Some(("Retry-After", "0")),
        r#"{"retry_after":0}"#,
    )])
    .await;
    while scene.clock.elapsed() < Duration::from_secs(30) {
        scene.get().await.unwrap_err();
        // A caller that does not wait.
        scene.clock.advance(Duration::from_millis(100));
    }
    assert!(scene.requests() <= 3, "{} requests", scene.requests());
}

#[tokio::test]
async fn a_short_pause_is_waited_out_even_for_a_write() {
    let scene = Scene::start([throttled(None, r#"{"retry_after":8}"#), ok("{}")]).await;
    assert_eq!(scene.write().await.unwrap().attempts(), 2);
    assert!(scene.clock.pauses().contains(&Duration::from_secs(8)));
}

#[tokio::test]
async fn during_a_long_pause_nothing_is_sent_to_that_account() {
    let scene = Scene::start([throttled(None, r#"{"retry_after":100}"#), ok("{}")]).await;
    scene.get().await.unwrap_err();
    scene.clock.advance(Duration::from_secs(50));
    let error = scene.get().await.unwrap_err();
    assert!(
        matches!(error, Error::Throttled { left } if left == Duration::from_secs(50)),
        "{error}"
    );
    assert_eq!(scene.requests(), 1);
    // What is left now is short enough to wait.
    scene.clock.advance(Duration::from_secs(42));
    scene.get().await.unwrap();
    assert_eq!(scene.clock.elapsed(), Duration::from_secs(100));
}

#[tokio::test]
async fn a_patient_job_waits_for_as_long_as_it_takes() {
    let scene = Scene::start([throttled(None, r#"{"retry_after":300}"#), ok("{}")]).await;
    let patient = RetryPolicy::new().longest_retry_after(Duration::from_secs(300));
    let client = scene.client.clone().with_retry_policy(patient);
    let response = client.call_raw(crate::scene::write()).await.unwrap();
    assert_eq!(response.attempts(), 2);
}

#[tokio::test]
async fn the_third_throttle_in_a_row_opens_the_breaker_before_the_block_comes() {
    let scene = Scene::start([throttled(None, r#"{"retry_after":20}"#)]).await;
    for seconds in [20, 40, 900] {
        let error = scene.write().await.unwrap_err();
        assert_eq!(error.kind(), Some(CrmRefusalKind::TooManyRequests));
        // A pause that is asked for again and again grows, and ends in a hold.
        let pause = error.refusal().unwrap().retry_after();
        assert_eq!(pause, Some(Duration::from_secs(seconds)));
        scene.clock.advance(Duration::from_secs(seconds.min(40)));
    }
    let error = scene.write().await.unwrap_err();
    let Error::BreakerOpen(open) = error else {
        panic!("{error}");
    };
    assert_eq!(open.reason, BreakReason::TooManyRequests);
    assert_eq!(open.left, Duration::from_secs(860));
    assert_eq!(open.until, Clock::now(&scene.clock).plus(open.left));
    assert!(!open.is_whole_egress);
    assert_eq!(scene.requests(), 3);
    assert_eq!(scene.budget.open_breaker(host()), Some(open));
}

// Rules E3, L6.
#[tokio::test]
async fn a_block_stops_all_calls_for_hours_and_then_one_trial_goes() {
    let scene = Scene::start([page("403 Forbidden"), ok("{}")]).await;
    let error = scene.get().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Blocked));
    for hours in 1..=3 {
        scene.clock.advance(Duration::from_secs(3600));
        let error = scene.get().await.unwrap_err();
        assert!(matches!(error, Error::BreakerOpen(_)), "{hours}: {error}");
    }
    assert_eq!(scene.requests(), 1);
    scene.clock.advance(Duration::from_secs(3600));
    scene.get().await.unwrap();
    scene.get().await.unwrap();
    assert_eq!(scene.requests(), 3);
}

/// Whether the breaker is closed by what answers the trial after a block.
async fn is_closed_by(trial: Reply) -> bool {
    let scene = Scene::start([page("403 Forbidden"), trial]).await;
    scene.write().await.unwrap_err();
    scene.clock.advance(Duration::from_secs(4 * 3600));
    let _ = scene.write().await;
    assert_eq!(scene.requests(), 2);
    scene.budget.open_breaker(host()).is_none()
}

// Rule L6.
#[tokio::test]
async fn a_page_of_a_gateway_does_not_close_the_breaker() {
    for status in ["502 X", "503 X", "504 X", "418 X", "404 X", "200 OK"] {
        assert!(!is_closed_by(page(status)).await, "{status}");
        let text = Reply::answer(status, &[("Content-Type", "text/plain")], b"up again?");
        assert!(!is_closed_by(text).await, "{status}");
    }
}

// Rule L6.
#[tokio::test]
async fn json_or_nothing_closes_the_breaker() {
    for status in ["200 OK", "404 X", "418 X", "500 X"] {
        assert!(is_closed_by(problem(status, "{}")).await, "{status}");
        assert!(
            is_closed_by(Reply::answer(status, &[HTML], b"")).await,
            "{status}"
        );
    }
    // Cut, but begun as JSON and named so.
    assert!(is_closed_by(Reply::answer("200 OK", &[JSON], b"{\"id\":")).await);
}

// Rule E3.
#[tokio::test]
async fn a_block_in_plain_text_without_a_body_or_too_long_is_a_block_too() {
    let long = vec![b' '; 2 * 1024 * 1024];
    for body in [&b"403 Forbidden"[..], b"", &long] {
        let scene = Scene::start([Reply::answer("403 X", &[], body)]).await;
        scene.get().await.unwrap_err();
        let open = scene.budget.open_breaker(host()).unwrap();
        assert_eq!(open.reason, BreakReason::Blocked);
    }
}

// Rule L6.
#[tokio::test]
async fn a_refusal_in_json_opens_nothing() {
    for body in [
        r#"{"title":"Forbidden"}"#,
        "[]",
        r#""denied""#,
        "null",
        r#"{"title":"Forb"#,
        "[{",
    ] {
        let scene = Scene::start([problem("403 X", body)]).await;
        let error = scene.get().await.unwrap_err();
        assert_eq!(error.kind(), Some(CrmRefusalKind::Forbidden), "{body}");
        assert_eq!(scene.budget.open_breaker(host()), None, "{body}");
    }
    let no_json = Reply::answer("403 X", &[HTML], br#"{"title":"Forb"#);
    let scene = Scene::start([no_json]).await;
    scene.get().await.unwrap_err();
    assert!(scene.budget.open_breaker(host()).is_some());
}

#[tokio::test]
async fn a_person_can_close_the_breaker() {
    let scene = Scene::start([page("403 Forbidden"), ok("{}")]).await;
    scene.get().await.unwrap_err();
    scene.budget.close_breaker(host());
    scene.get().await.unwrap();
}

#[tokio::test]
async fn figures_of_the_breaker_are_settings() {
    let settings = BudgetSettings::new()
        .open_after_throttles(1, Duration::from_secs(120))
        .pause_without_word(Duration::from_secs(30), Duration::ZERO);
    let scene = Scene::with_budget([page("429 X")], settings).await;
    scene.write().await.unwrap_err();
    let open = scene.budget.open_breaker(host()).unwrap();
    assert_eq!(open.left, Duration::from_secs(120));
}
