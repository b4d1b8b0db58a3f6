//! The question whether a token works, and the look-up of an account.

use kommo_account::{AccountHost, AccountId};
use kommo_keeper::Probe;
use kommo_oauth::refresh::Located;

use crate::raw_server::Reply;
use crate::scene::{ACCESS, HOST, JSON, REFRESH, Scene, ok};

// Rule M5.
#[tokio::test]
async fn a_probe_asks_for_the_account_without_naming_a_user() {
    let scene = Scene::start([ok(r#"{"id":12345678,"current_user_id":87654321}"#)]).await;
    let alive = Probe::Alive {
        account_id: AccountId::from_number(12_345_678).unwrap(),
        user_id: Some(87_654_321),
    };
    assert_eq!(scene.probe().await, alive);
    let received = scene.server.only();
    assert_eq!(received.request_line(), "GET /api/v4/account HTTP/1.1");
    assert_eq!(received.header("host"), HOST);
    assert_eq!(received.header("authorization"), format!("Bearer {ACCESS}"));
    assert!(received.header_values("x-context-user-id").is_empty());
}

// Rule M5.
#[tokio::test]
async fn only_a_401_of_the_platform_says_that_a_token_is_dead() {
    let refused = Reply::answer("401 X", &[JSON], br#"{"title":"Unauthorized"}"#);
    assert_eq!(
        Scene::start([refused]).await.probe().await,
        Probe::Unauthorized
    );
    for reply in [
        Reply::answer("401 X", &[], b"<html>"),
        Reply::answer("404 X", &[], b"<html>"),
        Reply::answer("403 X", &[], b"<html>"),
        Reply::answer("429 X", &[], b""),
        Reply::answer("500 X", &[], b""),
        Reply::answer("302 X", &[("Location", "/x")], b""),
        ok("<html>"),
        Reply::cut(),
    ] {
        let scene = Scene::start([reply]).await;
        assert_eq!(scene.probe().await, Probe::Inconclusive);
        assert_eq!(scene.requests(), 1);
    }
}

// Rule K12.
#[tokio::test]
async fn a_look_up_goes_to_the_shared_host_with_the_refresh_token() {
    let body = r#"{"id":12345678,"subdomain":"moved","domain":"moved.kommo.com","top_level_domain":"com"}"#;
    let scene = Scene::start([ok(body)]).await;
    let found = Located::At {
        account_id: AccountId::from_number(12_345_678).unwrap(),
        host: AccountHost::parse("moved.kommo.com").unwrap(),
    };
    assert_eq!(scene.locate().await, found);
    let received = scene.server.only();
    assert_eq!(
        received.request_line(),
        "GET /oauth2/account/current/subdomain HTTP/1.1"
    );
    assert_eq!(received.header("host"), "api-c.kommo.com");
    assert_eq!(received.header("x-refresh-token"), REFRESH);
    assert!(received.header_values("authorization").is_empty());
}

#[tokio::test]
async fn a_look_up_that_names_a_foreign_host_finds_nothing() {
    for reply in [
        ok(r#"{"id":1,"domain":"shop.kommo.com.evil.example"}"#),
        ok("<html>"),
        Reply::answer("401 X", &[JSON], b"{}"),
        Reply::answer("302 X", &[("Location", "http://127.0.0.1:9/")], b""),
        Reply::cut(),
    ] {
        let scene = Scene::start([reply]).await;
        assert_eq!(scene.locate().await, Located::Unknown);
        assert_eq!(scene.requests(), 1);
    }
}
