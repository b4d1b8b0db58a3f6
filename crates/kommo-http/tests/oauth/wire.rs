//! What stands on the wire, and what an answer becomes.

use std::time::Duration;

use kommo_keeper::TokenEndpoint;
use kommo_keeper::testing::START;
use kommo_oauth::UnixSeconds;
use kommo_oauth::refresh::SendOutcome;
use kommo_oauth::token::{TokenAnswer, TokenRefusalKind};

use crate::raw_server::Reply;
use crate::scene::{CLIENT, CODE, HOST, PAIR, REFRESH, SECRET, Scene, exchange, ok};

// Rules K1, K2.
#[tokio::test]
async fn a_refresh_is_one_post_of_json_to_the_accounts_host() {
    let scene = Scene::start([ok(PAIR)]).await;
    scene.refresh().await;
    let received = scene.server.only();
    assert_eq!(
        received.request_line(),
        "POST /oauth2/access_token HTTP/1.1"
    );
    assert_eq!(received.header("host"), HOST);
    assert_eq!(received.header("content-type"), "application/json");
    assert!(received.header("user-agent").starts_with("kommo-http/"));
    assert!(received.header_values("authorization").is_empty());
    let expected = format!(
        r#"{{"client_id":"{CLIENT}","client_secret":"{SECRET}","grant_type":"refresh_token","refresh_token":"{REFRESH}","redirect_uri":"https://app.example/callback"}}"#
    );
    assert_eq!(received.body, expected.as_bytes());
}

#[tokio::test]
async fn an_exchange_brings_the_code() {
    let scene = Scene::start([ok(PAIR)]).await;
    let outcome = scene
        .endpoint
        .send(scene.endpoints.realm(), &exchange())
        .await;
    assert!(matches!(
        outcome,
        SendOutcome::Answered(TokenAnswer::Granted(_))
    ));
    let body = String::from_utf8(scene.server.only().body).unwrap();
    assert!(body.contains(CODE));
}

// Rule K4.
#[tokio::test]
async fn a_pair_ends_by_our_clock_and_not_by_the_servers() {
    let scene = Scene::start([ok(PAIR)]).await;
    scene.clock.advance(Duration::from_secs(100));
    let SendOutcome::Answered(TokenAnswer::Granted(pair)) = scene.refresh().await else {
        panic!("no pair");
    };
    assert_eq!(pair.obtained_at, START.plus(Duration::from_secs(100)));
    assert_eq!(
        pair.expires_at,
        START.plus(Duration::from_secs(100 + 86_400))
    );
    assert_eq!(pair.server_time, Some(UnixSeconds::new(1_751_892_369)));
}

async fn refusal(reply: Reply) -> TokenRefusalKind {
    match Scene::start([reply]).await.refresh().await {
        SendOutcome::Answered(TokenAnswer::Refused(refusal)) => refusal.kind,
        outcome => panic!("{outcome:?}"),
    }
}

// Rules K6, K7.
#[tokio::test]
async fn a_refusal_is_read_by_status_and_hint() {
    let json = [crate::scene::JSON];
    let revoked = br#"{"hint":"Token has been revoked","status":401}"#;
    let revoked = Reply::answer("401 X", &json, revoked);
    assert_eq!(
        refusal(revoked).await,
        TokenRefusalKind::RefreshTokenRevoked
    );
    let page = Reply::answer("403 X", &[("Content-Type", "text/html")], b"<html>");
    assert_eq!(refusal(page).await, TokenRefusalKind::Blocked);
    let not_found = Reply::answer("404 X", &[("Content-Type", "text/html")], b"<html>");
    assert_eq!(refusal(not_found).await, TokenRefusalKind::NotFound);
}

// Rule K9.
#[tokio::test]
async fn a_throttle_has_its_pause_from_body_or_header_in_either_form() {
    let of = |retry_after_seconds| TokenRefusalKind::Throttled {
        retry_after_seconds,
    };
    let in_body = Reply::answer("429 X", &[], br#"{"retry_after":300}"#);
    assert_eq!(refusal(in_body).await, of(Some(300)));
    let in_header = Reply::answer("429 X", &[("Retry-After", "7")], b"<html>");
    assert_eq!(refusal(in_header).await, of(Some(7)));
    let dated = [
        ("Date", "Wed, 23 Nov 2022 19:25:21 GMT"),
        ("Retry-After", "Wed, 23 Nov 2022 19:25:36 GMT"),
    ];
    assert_eq!(
        refusal(Reply::answer("429 X", &dated, b"")).await,
        of(Some(15))
    );
    assert_eq!(refusal(Reply::answer("429 X", &[], b"")).await, of(None));
}

#[tokio::test]
async fn a_refusal_that_is_too_long_to_read_stays_a_refusal_without_a_hint() {
    let mut body = br#"{"hint":"Token has been revoked","x":""#.to_vec();
    body.resize(2 * 1024 * 1024, b'x');
    let kind = refusal(Reply::answer("401 X", &[], &body)).await;
    assert_eq!(kind, TokenRefusalKind::Unauthorized);
}

// Rule T1.
#[tokio::test]
async fn a_redirect_is_a_refusal_and_is_not_followed() {
    let elsewhere = Scene::start([ok(PAIR)]).await;
    let location = format!("http://{}/oauth2/access_token", elsewhere.server.address);
    for status in ["301 X", "302 X", "307 X", "308 X"] {
        let reply = Reply::answer(status, &[("Location", &location)], b"");
        let scene = Scene::start([reply]).await;
        let outcome = scene.refresh().await;
        assert!(
            matches!(outcome, SendOutcome::Answered(TokenAnswer::Refused(_))),
            "{outcome:?}"
        );
        assert_eq!(scene.requests(), 1);
    }
    assert_eq!(elsewhere.requests(), 0);
}
