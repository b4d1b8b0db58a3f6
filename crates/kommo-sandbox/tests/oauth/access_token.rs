//! What an access token says, and that the platform lets in only its own.

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_sandbox::OauthRules;
use serde_json::{Value, json};

use crate::plain_client::{
    ACCOUNT, CLIENT, NOW, USER, get, granted, platform, platform_with, send, told, works,
};

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).unwrap()).unwrap()
}

#[tokio::test]
async fn the_claims_are_those_of_an_issued_token() {
    let token = granted(&platform()).await.access;
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("JWT"), &json!("RS256"))
    );
    assert_eq!(header["jti"], claims["jti"]);
    let names: Vec<_> = claims.as_object().unwrap().keys().cloned().collect();
    let expected = [
        "aud",
        "jti",
        "iat",
        "nbf",
        "exp",
        "sub",
        "grant_type",
        "account_id",
        "base_domain",
        "version",
        "scopes",
        "hash_uuid",
        "api_domain",
    ];
    assert_eq!(names, expected);
    assert_eq!(claims["aud"], CLIENT);
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&json!(NOW), &json!(NOW + 86_400))
    );
    assert_eq!(
        (&claims["sub"], &claims["account_id"]),
        (&json!(USER.to_string()), &json!(ACCOUNT))
    );
    assert_eq!(
        (&claims["base_domain"], &claims["api_domain"]),
        (&json!("kommo.com"), &json!("api-c.kommo.com"))
    );
    assert_eq!(
        (&claims["version"], &claims["scopes"]),
        (&json!(2), &json!(["crm", "notifications"]))
    );
}

#[tokio::test]
async fn the_api_domain_can_be_hostile_or_absent() {
    let hostile = "api-c.kommo.com.evil.example";
    for (value, claim) in [(hostile, Some(&json!(hostile))), ("", None)] {
        let rules = OauthRules {
            api_domain: Some(value.into()),
            ..OauthRules::default()
        };
        let token = granted(&platform_with(rules)).await.access;
        assert_eq!(part(&token, 1).get("api_domain"), claim);
    }
}

#[tokio::test]
async fn only_tokens_of_this_platform_are_let_in() {
    let platform = platform();
    let token = granted(&platform).await.access;
    let other = granted(&platform_with(OauthRules::default())).await.access;
    let mut forged: Vec<_> = token.split('.').map(str::to_owned).collect();
    forged[1] = Base64UrlUnpadded::encode_string(b"{\"sub\":\"1\"}");
    for wrong in [
        other,
        forged.join("."),
        format!("{token}x"),
        token[..token.len() - 4].into(),
        "x".into(),
    ] {
        let answer = get(&platform, &wrong, "/api/v4/account").await;
        assert_eq!(
            (answer.status, told(&platform)),
            (401, "token-unknown".into())
        );
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["title"], "Unauthorized");
    }
    let host = crate::plain_client::HOST;
    let none = send(&platform, "GET", host, "/api/v4/account", &[], "").await;
    assert_eq!(
        (none.status, told(&platform)),
        (401, "token-missing".into())
    );
    let basic = ("authorization", "Basic eDp5");
    let basic = send(&platform, "GET", host, "/api/v4/account", &[basic], "").await;
    assert_eq!(
        (basic.status, told(&platform)),
        (401, "token-missing".into())
    );
    let bearer = format!("Bearer {token}");
    let elsewhere = send(
        &platform,
        "GET",
        "sandbox-two.amocrm.ru",
        "/api/v4/account",
        &[("authorization", &bearer)],
        "",
    )
    .await;
    assert_eq!(
        (elsewhere.status, told(&platform)),
        (401, "token-of-another-account".into())
    );
    assert!(works(&platform, &token).await);
}

#[tokio::test]
async fn a_long_lived_token_works_until_its_day_and_cannot_be_refreshed() {
    let platform = platform();
    let token = platform.long_lived_token(ACCOUNT, None, 2).unwrap();
    assert_eq!(token.expires_at, NOW + 2 * 86_400);
    assert_eq!(part(&token.access_token, 1)["exp"], token.expires_at);
    platform.advance_seconds(2 * 86_400 - 1);
    assert!(works(&platform, &token.access_token).await);
    assert_eq!(platform.counters().lost_grants, 0);
    platform.advance_seconds(1);
    assert!(!works(&platform, &token.access_token).await);

    let token = platform.long_lived_token(ACCOUNT, None, 1827).unwrap();
    assert!(platform.revoke_grant(ACCOUNT, USER));
    assert!(!works(&platform, &token.access_token).await);
    for days in [0, 1828] {
        assert!(platform.long_lived_token(ACCOUNT, None, days).is_err());
    }
    let user = kommo_sandbox::User::new(5, "Five", false);
    platform.add_user(ACCOUNT, user).unwrap();
    assert!(platform.long_lived_token(ACCOUNT, Some(5), 1).is_err());
}
