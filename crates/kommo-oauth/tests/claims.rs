//! Claims of an access token: read as they come, and not trusted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_account::{ApiDomain, HostSuffix, ParseApiDomainError};
use kommo_oauth::UnixSeconds;
use kommo_oauth::token::{AccessToken, CLAIM_MAX_BYTES, ClaimsError, SCOPES_MAX, UnverifiedClaims};

const SAMPLE: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImp0aSI6ImExYjJjMyJ9.eyJhdWQiOiIxMTExMTExMS0yMjIyLTMzMzMtNDQ0NC01NTU1NTU1NTU1NTUiLCJqdGkiOiJhMWIyYzMiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDg2NDAwLCJzdWIiOiI4NzY1NDMyMSIsImdyYW50X3R5cGUiOiIiLCJhY2NvdW50X2lkIjoxMjM0NTY3OCwiYmFzZV9kb21haW4iOiJrb21tby5jb20iLCJ2ZXJzaW9uIjoyLCJzY29wZXMiOlsiY3JtIiwibm90aWZpY2F0aW9ucyJdLCJoYXNoX3V1aWQiOiI5OTk5OTk5OS04ODg4LTc3NzctNjY2Ni01NTU1NTU1NTU1NTUiLCJhcGlfZG9tYWluIjoiYXBpLWMua29tbW8uY29tIn0.AAAA";
const HOSTILE: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImp0aSI6ImExYjJjMyJ9.eyJhdWQiOiIxMTExMTExMS0yMjIyLTMzMzMtNDQ0NC01NTU1NTU1NTU1NTUiLCJqdGkiOiJhMWIyYzMiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDg2NDAwLCJzdWIiOiI4NzY1NDMyMSIsImdyYW50X3R5cGUiOiIiLCJhY2NvdW50X2lkIjoxMjM0NTY3OCwiYmFzZV9kb21haW4iOiJrb21tby5jb20iLCJ2ZXJzaW9uIjoyLCJzY29wZXMiOlsiY3JtIiwibm90aWZpY2F0aW9ucyJdLCJoYXNoX3V1aWQiOiI5OTk5OTk5OS04ODg4LTc3NzctNjY2Ni01NTU1NTU1NTU1NTUiLCJhcGlfZG9tYWluIjoiYXBpLWMua29tbW8uY29tLmV2aWwuZXhhbXBsZSJ9.AAAA";

fn decode(token: &str) -> Result<UnverifiedClaims, ClaimsError> {
    UnverifiedClaims::decode(&AccessToken::new(token).unwrap())
}

#[track_caller]
fn of_payload(payload: &str) -> UnverifiedClaims {
    let payload = Base64UrlUnpadded::encode_string(payload.as_bytes());
    decode(&format!("e30.{payload}.AAAA")).unwrap()
}

// Rule K10.
#[test]
fn the_sample_gives_all_its_claims() {
    let claims = decode(SAMPLE).unwrap();
    let client = claims.client_id.unwrap();
    assert_eq!(client.as_str(), "11111111-2222-3333-4444-555555555555");
    assert_eq!(claims.token_id.as_deref(), Some("a1b2c3"));
    assert_eq!(claims.issued_at, Some(UnixSeconds::new(1_700_000_000)));
    assert_eq!(claims.not_before, Some(UnixSeconds::new(1_700_000_000)));
    assert_eq!(claims.expires_at, Some(UnixSeconds::new(1_700_086_400)));
    assert_eq!(claims.user_id.unwrap().get(), 87_654_321);
    assert_eq!(claims.grant_type.as_deref(), Some(""));
    assert_eq!(claims.account_id.unwrap().get(), 12_345_678);
    assert_eq!(claims.base_domain, Some(HostSuffix::KommoCom));
    assert_eq!(claims.version, Some(2));
    assert_eq!(claims.scopes, ["crm", "notifications"]);
    assert_eq!(
        claims.hash_uuid.as_deref(),
        Some("99999999-8888-7777-6666-555555555555")
    );
    assert_eq!(
        claims.api_domain,
        Ok(Some(ApiDomain::parse("api-c.kommo.com").unwrap()))
    );
}

// Rule A7.
#[test]
fn a_hostile_api_domain_is_refused_and_the_other_claims_stand() {
    let hostile = decode(HOSTILE).unwrap();
    let error = hostile.api_domain.unwrap_err();
    assert!(matches!(error.reason, ParseApiDomainError::Shape(_)));
    let mut honest = decode(SAMPLE).unwrap();
    honest.api_domain = Err(error);
    assert_eq!(decode(HOSTILE).unwrap(), honest);
}

#[test]
fn hosts_of_accounts_are_no_api_domain() {
    for host in ["myshop.kommo.com", "www.kommo.com", "api-cc.kommo.com", ""] {
        let claims = of_payload(&format!(r#"{{"api_domain":"{host}"}}"#));
        assert!(claims.api_domain.is_err(), "{host}");
    }
}

#[test]
fn the_name_that_a_sandbox_writes_is_the_real_one_on_this_machine() {
    let read = |text: &str| of_payload(&format!(r#"{{"api_domain":"{text}"}}"#)).api_domain;
    for text in [
        "api-c.kommo.com.localhost:4000",
        "api-c.kommo.com.localhost",
    ] {
        let domain = read(text).unwrap().unwrap();
        assert_eq!(domain.as_str(), "api-c.kommo.com", "{text}");
    }
    for text in [
        "api-c.kommo.com.localhost.evil.example",
        "api-c.kommo.com.localhost:4000@evil.example",
        "api-c.evil.example.localhost:4000",
        ".localhost",
        "localhost:4000",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

// Rule K10.
#[test]
fn every_claim_may_be_absent_or_of_a_wrong_type() {
    let empty = of_payload("{}");
    assert_eq!(empty.api_domain, Ok(None));
    assert!(empty.account_id.is_none() && empty.user_id.is_none() && empty.scopes.is_empty());
    let wrong = of_payload(
        r#"{"aud":7,"jti":[],"iat":"x","nbf":-1,"exp":{},"sub":"me","grant_type":1,"account_id":0,"base_domain":"evil.example","version":"two","scopes":7,"hash_uuid":null,"api_domain":9,"more":{"a":[1]}}"#,
    );
    assert_eq!(wrong, empty);
}

#[test]
fn numbers_may_be_texts_and_times_may_have_a_fraction() {
    let claims = of_payload(
        r#"{"sub":87654321,"account_id":"012345678","version":"2","iat":1700000000.75,"nbf":"1700000000.5","exp":"1700086400","aud":["11111111-2222-3333-4444-555555555555","x"],"scopes":"crm"}"#,
    );
    assert_eq!(claims.user_id.unwrap().get(), 87_654_321);
    assert_eq!(claims.account_id.unwrap().get(), 12_345_678);
    assert_eq!(claims.version, Some(2));
    assert_eq!(claims.issued_at, Some(UnixSeconds::new(1_700_000_000)));
    assert_eq!(claims.not_before, Some(UnixSeconds::new(1_700_000_000)));
    assert_eq!(claims.expires_at, Some(UnixSeconds::new(1_700_086_400)));
    assert!(claims.client_id.is_some());
    assert_eq!(claims.scopes, ["crm"]);
}

#[test]
fn what_is_kept_has_limits() {
    let long = "x".repeat(CLAIM_MAX_BYTES + 1);
    let scopes = vec!["\"crm\""; SCOPES_MAX + 1].join(",");
    let claims = of_payload(&format!(
        r#"{{"jti":"{long}","scopes":["{long}",1,{scopes}]}}"#
    ));
    assert_eq!(claims.token_id, None);
    assert_eq!(claims.scopes, vec!["crm"; SCOPES_MAX]);
}

#[test]
fn what_is_no_readable_token_says_why() {
    for (token, error) in [
        ("def502", ClaimsError::NotThreeParts),
        ("a.b", ClaimsError::NotThreeParts),
        ("a.b.c.d", ClaimsError::NotThreeParts),
        ("a.!!.c", ClaimsError::NotBase64),
        ("a.a+/b.c", ClaimsError::NotBase64),
        ("a..c", ClaimsError::NotJson),
        ("a.bm8.c", ClaimsError::NotJson),
        ("a.W10.c", ClaimsError::NotJson),
        // {"sub":1,"sub":2}
        ("a.eyJzdWIiOjEsInN1YiI6Mn0.c", ClaimsError::DuplicateClaim),
    ] {
        assert_eq!(decode(token), Err(error), "{token}");
    }
    // Padding is dropped: {"sub":1}
    assert!(decode("a.eyJzdWIiOjF9==.c").unwrap().user_id.is_some());
}
