//! Where an account is now: both look-ups.

use serde_json::json;

use crate::plain_client::{ACCOUNT, Answer, granted, platform, refresh_body, send, token, told};

async fn by_refresh_token(platform: &kommo_sandbox::Platform, host: &str, token: &str) -> Answer {
    let header = ("x-refresh-token", token);
    send(
        platform,
        "GET",
        host,
        "/oauth2/account/current/subdomain",
        &[header],
        "",
    )
    .await
}

#[tokio::test]
async fn a_refresh_token_finds_its_renamed_account_and_is_not_used_up() {
    let platform = platform();
    let pair = granted(&platform).await;
    platform.rename_account(ACCOUNT, "elsewhere").unwrap();
    for _ in 0..2 {
        let answer = by_refresh_token(&platform, "api-c.kommo.com", &pair.refresh).await;
        assert_eq!(answer.status, 200);
        let expected = json!({"id": ACCOUNT, "subdomain": "elsewhere", "domain": "elsewhere.kommo.com", "top_level_domain": "com"});
        assert_eq!(answer.json(), expected);
    }
    token(
        &platform,
        "elsewhere.kommo.com",
        &refresh_body(&pair.refresh),
    )
    .await
    .pair();
}

#[tokio::test]
async fn a_wrong_token_and_a_wrong_host_are_refused() {
    let platform = platform();
    let pair = granted(&platform).await;
    let wrong = by_refresh_token(&platform, "api-c.kommo.com", "def502").await;
    assert_eq!(
        (wrong.status, told(&platform)),
        (401, "refresh-token-refused".into())
    );
    let other = by_refresh_token(&platform, "api-a.amocrm.ru", &pair.refresh).await;
    assert_eq!(
        (other.status, told(&platform)),
        (401, "token-of-another-account".into())
    );
    let account = by_refresh_token(&platform, "sandbox-one.kommo.com", &pair.refresh).await;
    assert_eq!(account.status, 404);
    assert!(platform.revoke_grant(ACCOUNT, crate::plain_client::USER));
    let revoked = by_refresh_token(&platform, "api-c.kommo.com", &pair.refresh).await;
    assert_eq!(revoked.status, 401);
}

#[tokio::test]
async fn the_older_look_up_takes_an_access_token_at_www() {
    let platform = platform();
    let id = 10_000_002;
    let code = platform.issue_code(id, None).unwrap();
    let body = crate::plain_client::exchange_body(&code.code);
    let pair = token(&platform, &code.account_host, &body).await.pair();
    let bearer = format!("Bearer {}", pair.access);
    let header = ("authorization", bearer.as_str());
    let answer = send(
        &platform,
        "GET",
        "www.amocrm.ru",
        "/oauth2/account/subdomain",
        &[header],
        "",
    )
    .await;
    assert_eq!(
        (answer.status, &answer.json()["domain"]),
        (200, &json!("sandbox-two.amocrm.ru"))
    );
    let answer = send(
        &platform,
        "GET",
        "www.kommo.com",
        "/oauth2/account/subdomain",
        &[header],
        "",
    )
    .await;
    assert_eq!(answer.status, 401);
}
