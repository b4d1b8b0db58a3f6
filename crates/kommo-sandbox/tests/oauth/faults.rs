//! Every fault of the token endpoint and the CRM API, by what a client sees.

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_sandbox::{Fault, FaultKind, OauthRules, RetryAfterPlace, Sandbox, Surface, TokenError};
use serde_json::json;

use crate::plain_client::{
    HOST, Pair, code, config, control, exchange_body, get, granted, over_socket, platform, refresh,
    refresh_body, token, told, works,
};

#[tokio::test]
async fn every_row_can_be_ordered_with_and_without_its_hint() {
    let platform = platform();
    let rules = OauthRules::default();
    let pair = granted(&platform).await;
    for row in TokenError::ALL {
        platform.inject(Fault::new(FaultKind::TokenError).row(row).times(1));
        let answer = refresh(&platform, &pair.refresh).await;
        let hint = row.hint(&rules).unwrap_or_default();
        assert_eq!(
            answer.problem(),
            (row.status(&rules), hint.to_owned()),
            "{row}"
        );
        assert_eq!(told(&platform), "token-error");

        platform.inject(
            Fault::new(FaultKind::TokenError)
                .row(row)
                .without_hint()
                .times(1),
        );
        let answer = refresh(&platform, &pair.refresh).await;
        assert_eq!(
            answer.problem(),
            (row.status(&rules), String::new()),
            "{row}"
        );
    }
    assert_eq!(platform.counters().refreshes, 0);
    refresh(&platform, &pair.refresh).await.pair();
}

#[tokio::test]
async fn gateways_and_problems_answer_on_both_surfaces() {
    let platform = platform();
    let pair = granted(&platform).await;
    for (kind, status, content_type) in [
        (FaultKind::PaymentRequired, 402, "application/problem+json"),
        (FaultKind::ForbiddenJson, 403, "application/problem+json"),
        (FaultKind::ForbiddenHtml, 403, "text/html"),
        (FaultKind::NotFoundHtml, 404, "text/html"),
        (FaultKind::NotFoundEmpty, 404, ""),
        (FaultKind::TooManyRequests, 429, "application/json"),
        (FaultKind::TooManyRequestsHtml, 429, "text/html"),
        (FaultKind::ServerError, 500, "application/json"),
        (FaultKind::BadGateway, 502, "text/html"),
        (FaultKind::GatewayTimeout, 504, "text/html"),
        (FaultKind::NonJson, 200, "text/html; charset=utf-8"),
        (FaultKind::Unknown4xx, 418, "application/problem+json"),
    ] {
        platform.inject(Fault::new(kind).on(Surface::Token).times(1));
        platform.inject(Fault::new(kind).on(Surface::Crm).times(1));
        for answer in [
            refresh(&platform, &pair.refresh).await,
            get(&platform, &pair.access, "/api/v4/account").await,
        ] {
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (status, content_type),
                "{kind}"
            );
            assert_eq!(answer.header("x-request-id").len(), 32);
            assert_eq!(told(&platform), kind.name());
        }
    }
    assert!(works(&platform, &pair.access).await);
    assert_eq!(platform.counters().refreshes, 0);
    assert_eq!(platform.counters().crm_calls, 1);
}

#[tokio::test]
async fn a_429_says_when_to_come_back_in_three_places_or_none() {
    let platform = platform();
    let pair = granted(&platform).await;
    for (place, in_body, in_header) in [
        (RetryAfterPlace::Body, true, false),
        (RetryAfterPlace::Header, false, true),
        (RetryAfterPlace::Both, true, true),
        (RetryAfterPlace::Neither, false, false),
    ] {
        let fault = Fault::new(FaultKind::TooManyRequests)
            .on(Surface::Token)
            .times(1);
        platform.inject(fault.retry_after(300).retry_after_in(place));
        let answer = refresh(&platform, &pair.refresh).await;
        assert_eq!(
            answer.json().get("retry_after") == Some(&json!(300)),
            in_body
        );
        assert_eq!(answer.header("retry-after") == "300", in_header);
    }
    let fault = Fault::new(FaultKind::TooManyRequestsHtml)
        .on(Surface::Crm)
        .retry_after(7)
        .times(1);
    platform.inject(fault);
    let answer = get(&platform, &pair.access, "/api/v4/account").await;
    assert_eq!(answer.header("retry-after"), "7");
}

#[tokio::test]
async fn a_fault_lies_only_where_it_was_put() {
    let platform = platform();
    let pair = granted(&platform).await;
    platform.inject(
        Fault::new(FaultKind::BadGateway)
            .on(Surface::Token)
            .times(1),
    );
    assert!(works(&platform, &pair.access).await);
    assert_eq!(refresh(&platform, &pair.refresh).await.status, 502);
    platform.inject(Fault::new(FaultKind::Unauthorized).times(1));
    refresh(&platform, &pair.refresh).await.pair();
}

#[tokio::test]
async fn a_skewed_clock_is_seen_in_the_date_and_in_server_time() {
    let platform = platform();
    let pair = granted(&platform).await;
    platform.inject(
        Fault::new(FaultKind::StaleClock)
            .on(Surface::Token)
            .seconds(-600)
            .times(1),
    );
    let answer = refresh(&platform, &pair.refresh).await;
    assert_eq!(answer.json()["server_time"], platform.now() - 600);
    let expected = std::time::UNIX_EPOCH + core::time::Duration::from_secs(platform.now() - 600);
    assert_eq!(answer.header("date"), httpdate::fmt_http_date(expected));
    let claims = claims(&answer.pair());
    assert_eq!(claims["iat"], platform.now() - 600);
    assert_eq!(claims["exp"], platform.now() - 600 + 86_400);
}

/// What the access token of a pair says.
fn claims(pair: &Pair) -> serde_json::Value {
    let payload = pair.access.split('.').nth(1).unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(payload).unwrap()).unwrap()
}

/// Rules K4, K5. A client that counts from the answer and not from `server_time` is right.
#[tokio::test]
async fn a_pair_from_a_skewed_clock_lives_as_long_as_it_says() {
    for seconds in [-3600, 3600] {
        let platform = platform();
        let first = granted(&platform).await;
        let skewed = Fault::new(FaultKind::StaleClock).on(Surface::Token);
        platform.inject(skewed.seconds(seconds).times(1));
        let pair = refresh(&platform, &first.refresh).await.pair();
        let view = &platform.grants(0, 1)[0].living[1];
        assert_eq!(view.access_expires_at, platform.now() + 86_400);
        assert_eq!(view.refresh_expires_at, platform.now() + 7_776_000);
        platform.advance_seconds(84_600);
        assert!(works(&platform, &pair.access).await, "{seconds}");
        platform.advance_seconds(1799);
        assert!(works(&platform, &pair.access).await, "{seconds}");
        platform.advance_seconds(1);
        assert!(!works(&platform, &pair.access).await, "{seconds}");
    }
}

/// Rules G10, K5. What lives by the sandbox's clock is taken, and what has ended is not, whatever
/// the fault tells.
#[tokio::test]
async fn a_skewed_clock_judges_no_code_and_no_token() {
    let platform = platform();
    let inject = |on: Surface, seconds: i64| {
        let skewed = Fault::new(FaultKind::StaleClock).on(on);
        platform.inject(skewed.seconds(seconds).times(1));
    };
    inject(Surface::Token, 3600);
    let fresh = exchange_body(&code(&platform));
    let pair = token(&platform, HOST, &fresh).await.pair();
    let stale = exchange_body(&code(&platform));
    platform.advance_seconds(1200);
    inject(Surface::Token, -3600);
    let refused = token(&platform, HOST, &stale).await;
    assert_eq!(
        refused.problem(),
        (400, "Authorization code has expired".into())
    );

    platform.advance_seconds(86_400 - 1200 - 1);
    inject(Surface::Crm, 3600);
    assert!(works(&platform, &pair.access).await);
    platform.advance_seconds(1);
    inject(Surface::Crm, -3600);
    assert!(!works(&platform, &pair.access).await);
}

#[tokio::test]
async fn a_skewed_clock_of_the_crm_api_is_seen_in_the_date() {
    let platform = platform();
    let pair = granted(&platform).await;
    let skewed = Fault::new(FaultKind::StaleClock).on(Surface::Crm);
    platform.inject(skewed.seconds(-600).times(1));
    let answer = get(&platform, &pair.access, "/api/v4/account").await;
    assert_eq!(answer.status, 200);
    let expected = std::time::UNIX_EPOCH + core::time::Duration::from_secs(platform.now() - 600);
    assert_eq!(answer.header("date"), httpdate::fmt_http_date(expected));
}

#[tokio::test]
async fn a_huge_body_goes_on_as_long_as_it_was_told() {
    let platform = platform();
    let pair = granted(&platform).await;
    let fault = Fault::new(FaultKind::HugeBody)
        .on(Surface::Token)
        .body_bytes(3_000_000);
    platform.inject(fault.times(1));
    let answer = refresh(&platform, &pair.refresh).await;
    assert_eq!((answer.status, answer.body.len()), (200, 3_000_017));
    assert!(answer.body.starts_with(b"{\"access_token\":\"aaaa"));
}

#[tokio::test]
async fn an_endless_head_is_twenty_mebibytes_on_the_wire() {
    let rules = OauthRules::default();
    let sandbox = Sandbox::builder()
        .config(config(rules))
        .start()
        .await
        .unwrap();
    let pair = granted(&sandbox).await;
    sandbox.inject(
        Fault::new(FaultKind::EndlessHeaders)
            .on(Surface::Token)
            .times(1),
    );
    let bytes = over_socket(&sandbox, &refresh_body(&pair.refresh)).await;
    assert!(bytes.starts_with(b"HTTP/1.1 200 "));
    assert!(bytes.len() > 20_000_000, "{}", bytes.len());
}

#[tokio::test]
async fn the_control_api_orders_faults_by_name_and_refuses_what_cannot_be() {
    let platform = platform();
    let pair = granted(&platform).await;
    let order = json!({"on": "token", "kind": "token-error", "row": "invalid-account", "hint": false, "times": 1});
    let answer = control(&platform, "POST", "faults", &order).await.json();
    assert_eq!(answer["on_order"][0], order_with_defaults(order));
    assert_eq!(
        answer["rows"].as_array().unwrap().len(),
        TokenError::ALL.len()
    );
    assert_eq!(refresh(&platform, &pair.refresh).await.status, 400);
    for wrong in [
        json!({"on": "chats", "kind": "token-error"}),
        json!({"on": "token", "kind": "foreign-next"}),
        json!({"on": "token", "kind": "unknown-4xx", "status": 500}),
        json!({"on": "token", "kind": "slow", "delay_ms": 600_001}),
        json!({"on": "token", "kind": "bad-gateway", "row": "code-expired"}),
        json!({"on": "nowhere", "kind": "slow"}),
        json!({"on": "token", "kind": "token-error", "row": "nothing"}),
    ] {
        let answer = control(&platform, "POST", "faults", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    assert!(platform.faults().is_empty());
}

/// What was ordered, as the list of faults shows it.
fn order_with_defaults(order: serde_json::Value) -> serde_json::Value {
    order
}

#[tokio::test]
async fn every_kind_is_listed_where_it_can_lie_and_can_be_ordered_there() {
    let platform = platform();
    let listed = control(&platform, "GET", "faults", &serde_json::Value::Null)
        .await
        .json();
    let kinds = listed["kinds"].as_array().unwrap();
    for kind in FaultKind::ALL {
        for on in kind.surfaces() {
            let found = kinds
                .iter()
                .any(|entry| entry["on"] == on.name() && entry["kind"] == kind.name());
            assert!(found, "{kind} on {on}");
            let order = json!({"on": on, "kind": kind, "times": 1});
            let answer = control(&platform, "POST", "faults", &order).await;
            assert_eq!(answer.status, 200, "{kind} on {on}");
        }
    }
}
