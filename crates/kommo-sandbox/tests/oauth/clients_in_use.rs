//! What public clients send to the token endpoint and the CRM API is taken, or refused with its
//! cause.

use base64ct::{Base64, Encoding};
use kommo_sandbox::{OauthRules, Platform};
use serde_json::{Value, json};

use crate::plain_client::{
    Answer, CLIENT, HOST, JSON, SECRET, code, exchange_body, get, granted, platform, platform_with,
    refresh, send, token, told, with,
};

/// `client:secret` in base64.
const BASIC: &str = "Basic YzExZTAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAxOnBsYW50ZWQtY2xpZW50LXNlY3JldC0wMTIzNDU2Nzg5";

async fn by_basic(platform: &Platform) -> Answer {
    let body = exchange_body(&code(platform));
    let body = with(body, "client_id", Value::Null);
    let body = with(body, "client_secret", Value::Null).to_string();
    let headers = [JSON, ("authorization", BASIC)];
    send(
        platform,
        "POST",
        HOST,
        "/oauth2/access_token",
        &headers,
        body,
    )
    .await
}

fn reason(platform: &Platform) -> String {
    platform.journal().pop().unwrap().detail.unwrap().reason
}

#[tokio::test]
async fn a_slash_behind_the_token_path_and_two_before_the_api_are_taken() {
    let platform = platform();
    let body = exchange_body(&code(&platform)).to_string();
    let target = "/oauth2/access_token/";
    let answer = send(&platform, "POST", HOST, target, &[JSON], body).await;
    let pair = answer.pair();
    assert_eq!(
        get(&platform, &pair.access, "//api/v4/account")
            .await
            .status,
        200
    );
    assert_eq!(
        get(&platform, &pair.access, "///api/v4/account")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn http_basic_is_named_as_the_cause_and_taken_by_a_switch() {
    assert_eq!(
        base64_of(&format!("{CLIENT}:{SECRET}")),
        BASIC["Basic ".len()..]
    );
    let strict = platform();
    let answer = by_basic(&strict).await;
    assert_eq!(
        answer.problem(),
        (400, "Check the `client_id` parameter".into())
    );
    assert_eq!(told(&strict), "client-id-invalid");
    assert!(
        reason(&strict).contains("HTTP Basic"),
        "{}",
        reason(&strict)
    );
    assert!(!reason(&strict).contains(SECRET));

    let lenient = platform_with(OauthRules {
        accept_http_basic: true,
        ..OauthRules::default()
    });
    by_basic(&lenient).await.pair();
}

#[tokio::test]
async fn a_client_id_that_is_wrong_in_the_body_is_not_blamed_on_basic() {
    let platform = platform();
    let body = with(exchange_body("x"), "client_id", json!("none")).to_string();
    let headers = [JSON, ("authorization", BASIC)];
    let target = "/oauth2/access_token";
    send(&platform, "POST", HOST, target, &headers, body).await;
    assert!(!reason(&platform).contains("Basic"));
}

#[tokio::test]
async fn an_unknown_path_at_a_right_host_is_not_found_and_blames_no_host() {
    let platform = platform();
    let pair = granted(&platform).await;
    for (host, target) in [
        (HOST, "/"),
        (HOST, "/ajax/v1/chats"),
        (HOST, "/api/v4/nothing"),
        ("www.kommo.com", "/nothing"),
        ("api-c.kommo.com", "/nothing"),
        ("amojo.kommo.com", "/nothing"),
        ("127.0.0.1", "/nothing"),
    ] {
        let bearer = format!("Bearer {}", pair.access);
        let headers = [("authorization", bearer.as_str())];
        let answer = send(&platform, "GET", host, target, &headers, "").await;
        assert_eq!(answer.status, 404, "{host}{target}");
        assert_eq!(told(&platform), "route-unknown", "{host}{target}");
    }
}

#[tokio::test]
async fn a_grant_of_an_earlier_run_is_told_that_the_sandbox_was_restarted() {
    let before = platform();
    let old = granted(&before).await;
    let after = platform();
    refresh(&after, &old.refresh).await;
    assert_eq!(told(&after), "refresh-token-undecryptable");
    assert!(reason(&after).contains("restart"), "{}", reason(&after));
    token(&after, HOST, &exchange_body(&code(&before))).await;
    assert!(reason(&after).contains("restart"), "{}", reason(&after));
}

fn base64_of(text: &str) -> String {
    Base64::encode_string(text.as_bytes())
}

#[tokio::test]
async fn an_access_token_of_an_earlier_run_is_told_from_one_that_no_sandbox_signed() {
    let old = granted(&platform()).await;
    let after = platform();
    assert_eq!(
        get(&after, &old.access, "/api/v4/account").await.status,
        401
    );
    assert!(reason(&after).contains("restarted"), "{}", reason(&after));
    let forged = format!("{}x", old.access.trim_end_matches(char::is_alphanumeric));
    assert_eq!(get(&after, &forged, "/api/v4/account").await.status, 401);
    assert!(!reason(&after).contains("restarted"), "{}", reason(&after));
}
