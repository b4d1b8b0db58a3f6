//! Named faults, one by one, over the router and over real sockets.

use core::time::Duration;

use kommo_sandbox::{CutPoint, Fault, FaultKind, RetryAfterPlace, Sandbox, Verdict};
use serde_json::json;

use crate::naive_client::{Answer, Draft, NOW, assert_invalid_signature, config, latest, platform};
use crate::raw_socket::{addressed, exchange};

async fn connect_with(fault: Fault) -> Answer {
    let platform = platform();
    platform.inject(fault.clone());
    let answer = Draft::connect().sign_at(NOW).send(&platform).await;
    let entry = platform.journal().pop().unwrap();
    assert_eq!(entry.verdict, Verdict::Fault);
    assert_eq!(entry.status, Some(answer.status.as_u16()));
    assert_eq!(entry.detail.unwrap().faults, [fault.kind().name()]);
    assert!(
        platform.state().connections.is_empty(),
        "a request that a fault met was carried out"
    );
    answer
}

// Rule E3.
#[tokio::test]
async fn forbidden_text_is_a_plain_403() {
    let answer = connect_with(Fault::new(FaultKind::ForbiddenText)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_slice()),
        (403, b"403 Forbidden".as_slice())
    );
    assert_eq!(answer.header("content-type"), "text/plain");
}

// Rules E2, E6.
#[tokio::test]
async fn not_found_empty_has_no_body() {
    let answer = connect_with(Fault::new(FaultKind::NotFoundEmpty)).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (404, 0));
}

// Rule E4.
#[tokio::test]
async fn too_many_requests_says_retry_after_where_it_was_told() {
    for (place, in_body, in_header) in [
        (RetryAfterPlace::Body, json!(3), ""),
        (RetryAfterPlace::Header, json!(null), "3"),
        (RetryAfterPlace::Both, json!(3), "3"),
        (RetryAfterPlace::Neither, json!(null), ""),
    ] {
        let fault = Fault::new(FaultKind::TooManyRequests)
            .retry_after(3)
            .retry_after_in(place);
        let answer = connect_with(fault).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.json()["status"], 429);
        assert_eq!(answer.json()["retry_after"], in_body, "{place:?}");
        assert_eq!(answer.header("retry-after"), in_header, "{place:?}");
    }
    let silent = connect_with(Fault::new(FaultKind::TooManyRequests)).await;
    assert_eq!(
        (
            silent.json().get("retry_after"),
            silent.header("retry-after")
        ),
        (None, "")
    );
}

// Rule E5.
#[tokio::test]
async fn server_error_has_the_platforms_body() {
    let answer = connect_with(Fault::new(FaultKind::ServerError)).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["title"], "ErrInternalServer");
    assert!(answer.json()["trace_id"].is_string());
}

// Rule E6.
#[tokio::test]
async fn non_json_is_a_page_with_200() {
    let answer = connect_with(Fault::new(FaultKind::NonJson)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.body.starts_with(b"<!doctype html>"));
}

#[tokio::test]
async fn a_fault_is_gone_after_its_times_and_faults_queue_up() {
    let platform = platform();
    platform.inject(Fault::new(FaultKind::ServerError).times(2));
    platform.inject(Fault::new(FaultKind::NotFoundEmpty).times(1));
    platform.inject(Fault::new(FaultKind::NonJson).times(0));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(
            Draft::connect()
                .sign_at(NOW)
                .send(&platform)
                .await
                .status
                .as_u16(),
        );
    }
    assert_eq!(statuses, [500, 500, 404, 200]);
    assert!(platform.faults().is_empty());
    assert_eq!(platform.counters().faults, 3);
    assert_eq!(platform.counters().accepted, 1);
}

#[tokio::test]
async fn a_fault_without_times_stays_until_it_is_cleared() {
    let platform = platform();
    platform.inject(Fault::new(FaultKind::ServerError));
    for _ in 0..3 {
        assert_eq!(
            Draft::connect().sign_at(NOW).send(&platform).await.status,
            500
        );
    }
    platform.clear_faults();
    assert_eq!(
        Draft::connect().sign_at(NOW).send(&platform).await.status,
        200
    );
}

#[tokio::test]
async fn a_fault_meets_only_requests_to_the_chats_api() {
    let platform = platform();
    platform.inject(Fault::new(FaultKind::ServerError).times(1));
    assert_eq!(Draft::new("GET", "/").send(&platform).await.status, 404);
    let state = format!("{}/state", platform.control_path());
    assert_eq!(Draft::new("GET", &state).send(&platform).await.status, 200);
    assert_eq!(Draft::connect().send(&platform).await.status, 500);
}

#[tokio::test]
async fn the_journal_says_what_the_request_was_apart_from_the_fault() {
    let platform = platform();
    platform.inject(Fault::new(FaultKind::ServerError).times(2));
    Draft::connect().sign_at(NOW).send(&platform).await;
    assert_eq!(latest(&platform), ("server-error".into(), "E5".into()));
    let reason = |platform: &kommo_sandbox::Platform| {
        platform.journal().pop().unwrap().detail.unwrap().reason
    };
    assert!(reason(&platform).ends_with("the request was in order"));
    Draft::connect().sign_at(NOW - 901).send(&platform).await;
    assert!(reason(&platform).contains("901 s old"));
}

// Rules T3, D3, D4: a client learns the offset from the refusal's date, applies it, and is
// accepted.
#[tokio::test]
async fn a_stale_clock_is_overcome_by_learning_its_date() {
    for seconds in [-86_400, 3600, 7_777_777] {
        let platform = platform();
        platform.inject(Fault::new(FaultKind::StaleClock).seconds(seconds));
        let refused = Draft::connect().sign_at(NOW).send(&platform).await;
        assert_invalid_signature(&refused);
        let code = if seconds > 0 {
            "date-stale"
        } else {
            "date-future"
        };
        assert_eq!(latest(&platform).0, code);

        let learned = httpdate::parse_http_date(refused.header("date")).unwrap();
        let learned = learned
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        assert_eq!(learned, NOW.checked_add_signed(seconds).unwrap());
        assert_eq!(
            Draft::connect()
                .sign_at(learned)
                .send(&platform)
                .await
                .status,
            200
        );
        let entry = platform.journal().pop().unwrap();
        assert_eq!(entry.verdict, Verdict::Accepted);
        assert!(entry.detail.unwrap().faults[0].starts_with("stale-clock"));

        platform.clear_faults();
        assert_eq!(
            Draft::connect().sign_at(NOW).send(&platform).await.status,
            200
        );
    }
}

#[tokio::test]
async fn a_stale_clock_lies_under_another_fault() {
    let platform = platform();
    platform.inject(Fault::new(FaultKind::ServerError).times(1));
    platform.inject(Fault::new(FaultKind::StaleClock).seconds(-3600));
    let answer = Draft::connect().sign_at(NOW).send(&platform).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("date"), "Wed, 23 Nov 2022 18:25:21 GMT");
    assert_invalid_signature(&Draft::connect().sign_at(NOW).send(&platform).await);
}

#[tokio::test]
async fn a_skew_beyond_what_a_date_can_say_stops_at_its_ends() {
    for (seconds, text) in [
        (i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        let platform = platform();
        platform.inject(Fault::new(FaultKind::StaleClock).seconds(seconds));
        let answer = Draft::connect().sign_at(NOW).send(&platform).await;
        assert_eq!((answer.status.as_u16(), answer.header("date")), (403, text));
    }
}

// The runtime's own clock is paused: it jumps to the end of the delay once nothing else is left to
// do.
#[tokio::test(start_paused = true)]
async fn slow_answers_late_and_carries_out_at_once() {
    let platform = platform();
    platform.inject(Fault::new(FaultKind::Slow).delay_ms(30_000).times(1));
    let started = tokio::time::Instant::now();
    let hung_up = tokio::time::timeout(
        Duration::from_secs(1),
        Draft::connect().sign_at(NOW).send(&platform),
    )
    .await;
    assert!(hung_up.is_err());
    assert_eq!(platform.state().connections.len(), 1);
    assert_eq!(platform.journal().pop().unwrap().verdict, Verdict::Accepted);
    assert_eq!(started.elapsed(), Duration::from_secs(1));

    platform.inject(Fault::new(FaultKind::Slow).delay_ms(30_000).times(1));
    assert_eq!(
        Draft::disconnect()
            .sign_at(NOW)
            .send(&platform)
            .await
            .status,
        200
    );
    assert!(started.elapsed() >= Duration::from_secs(31));
}

async fn sandbox_with(fault: Fault) -> Sandbox {
    let sandbox = Sandbox::builder().config(config()).start().await.unwrap();
    sandbox.inject(fault);
    sandbox
}

// Rule T2.
#[tokio::test]
async fn cut_closes_the_connection_before_the_first_byte() {
    let sandbox = sandbox_with(Fault::new(FaultKind::Cut).times(1)).await;
    let draft = addressed(&sandbox, Draft::connect().sign_at(NOW));
    assert_eq!(exchange(&sandbox, &draft).await.unwrap(), "");
    assert!(sandbox.state().connections.is_empty());
    let entry = sandbox.journal().pop().unwrap();
    assert_eq!((entry.verdict, entry.status), (Verdict::Fault, None));
    assert!(
        exchange(&sandbox, &draft)
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200 ")
    );
}

// Rule T2.
#[tokio::test]
async fn cut_midway_closes_the_connection_inside_the_body() {
    let sandbox = sandbox_with(Fault::new(FaultKind::Cut).at(CutPoint::Midway).times(1)).await;
    let draft = addressed(&sandbox, Draft::connect().sign_at(NOW));
    let answer = exchange(&sandbox, &draft).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("content-length: 300"),
        "{head}"
    );
    assert_eq!(body, "{\"account_id\":\"");
    assert!(sandbox.state().connections.is_empty());
    assert!(
        exchange(&sandbox, &draft)
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200 ")
    );
}

// Rule T2.
#[tokio::test]
async fn drop_after_commit_carries_out_and_says_nothing() {
    let sandbox = sandbox_with(Fault::new(FaultKind::DropAfterCommit).times(1)).await;
    let draft = addressed(&sandbox, Draft::connect().sign_at(NOW));
    assert_eq!(exchange(&sandbox, &draft).await.unwrap(), "");
    assert_eq!(sandbox.state().connections.len(), 1);
    assert_eq!(sandbox.counters().connects, 1);
    assert!(
        exchange(&sandbox, &draft)
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200 ")
    );
}
