//! The look-up with an access token, which the vendor library calls old.

#![allow(
    deprecated,
    reason = "what is deprecated must work as long as it is there"
)]

use kommo_oauth::SubdomainAnswer;

use crate::scene::{Scene, ok};
use crate::test_tokens::{TOKEN, TestTokens, usable};

// Source: vendor library.
#[tokio::test]
async fn an_account_of_the_russian_platform_is_looked_up_at_its_common_host() {
    let tokens = TestTokens::of(usable("shop.amocrm.ru", TOKEN, 1));
    let body =
        r#"{"id":12345678,"subdomain":"moved","domain":"moved.amocrm.ru","top_level_domain":"ru"}"#;
    let scene = Scene::with_tokens([ok(body)], tokens).await;
    let answer = scene.client.look_up_with_access_token().await.unwrap();
    let Some(SubdomainAnswer::Found { account_id, host }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(
        (account_id.get(), host.as_str()),
        (12_345_678, "moved.amocrm.ru")
    );
    let received = scene.server.only();
    assert_eq!(received.target(), "/oauth2/account/subdomain");
    assert_eq!(received.header("host"), "www.amocrm.ru");
    assert_eq!(received.header("authorization"), format!("Bearer {TOKEN}"));
}

#[tokio::test]
async fn an_account_of_the_other_platform_is_not() {
    let scene = Scene::start([ok("{}")]).await;
    let answer = scene.client.look_up_with_access_token().await.unwrap();
    assert_eq!(answer, None);
    assert_eq!(scene.requests(), 0);
}
