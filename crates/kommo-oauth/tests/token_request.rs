//! What is sent to the token endpoint and to the subdomain look-up, and how the look-up's answer is
//! read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_account::{
    AccountHost, AccountId, ApiDomain, ClientId, EndpointRole, Endpoints, ParseAccountHostError,
};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::token::{
    AuthorizationCode, GrantType, RefreshToken, RequestOrigin, SubdomainAnswer, SubdomainError,
    SubdomainLookup, TokenRequest, read_subdomain_answer,
};

fn credentials(secret: &str, redirect_uri: &str) -> Credentials {
    Credentials::new(
        ClientId::parse("11111111-2222-3333-4444-555555555555").unwrap(),
        ClientSecret::new(secret).unwrap(),
        RedirectUri::parse(redirect_uri).unwrap(),
    )
}

fn host() -> AccountHost {
    AccountHost::parse("myshop.amocrm.ru").unwrap()
}

fn text(body: &[u8]) -> &str {
    core::str::from_utf8(body).unwrap()
}

// Rules K1, K2.
#[test]
fn a_refresh_has_the_same_shape_as_an_exchange() {
    let token = RefreshToken::new("def5020a").unwrap();
    let request = TokenRequest::refresh(&credentials("s", "https://a.example/"), &host(), &token);
    assert_eq!(
        text(request.body()),
        r#"{"client_id":"11111111-2222-3333-4444-555555555555","client_secret":"s","grant_type":"refresh_token","refresh_token":"def5020a","redirect_uri":"https://a.example/"}"#
    );
    assert_eq!(request.grant_type(), GrantType::RefreshToken);
    assert_eq!(request.method(), "POST");
    assert_eq!(request.host(), &host());
    assert_eq!(request.role(), EndpointRole::Account(host()));
    let mut url = String::new();
    let target = Endpoints::real().resolve(request.role());
    target.write_url(request.path(), &mut url).unwrap();
    assert_eq!(url, "https://myshop.amocrm.ru/oauth2/access_token");
    assert!(
        request
            .headers()
            .contains(&("content-type", "application/json"))
    );
}

// Rules G12, K2.
#[test]
fn a_redirect_uri_is_sent_byte_for_byte() {
    let code = AuthorizationCode::new("def5020a").unwrap();
    for uri in [
        "https://App.Example",
        "https://App.Example/",
        "https://app.example:443/A//b/../c?x=%7e&y=1+2",
    ] {
        let request = TokenRequest::exchange(&credentials("s", uri), &host(), &code);
        let ending = format!("\"redirect_uri\":\"{uri}\"}}");
        assert!(text(request.body()).ends_with(&ending), "{uri}");
    }
}

#[test]
fn every_text_survives_the_way_through_json() {
    let secret = "q\"b\\n\nt\tu\u{1}ё\u{7f}/";
    let code = AuthorizationCode::new("\"\\/{}").unwrap();
    let credentials = credentials(secret, "https://a.example/\"q\"");
    let request = TokenRequest::exchange(&credentials, &host(), &code);
    let value: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(value["client_secret"], secret);
    assert_eq!(value["code"], "\"\\/{}");
    assert_eq!(value["redirect_uri"], "https://a.example/\"q\"");
    assert_eq!(value.as_object().unwrap().len(), 5);
}

// Rule K12.
#[test]
fn a_lookup_goes_to_the_shared_api_host_with_the_refresh_token_in_a_header() {
    let token = RefreshToken::new("def5020a").unwrap();
    let domain = ApiDomain::parse("api-c.kommo.com").unwrap();
    let lookup = SubdomainLookup::new(&domain, &token);
    assert_eq!((lookup.method(), lookup.domain()), ("GET", &domain));
    assert_eq!(lookup.role(), EndpointRole::ApiDomain(domain));
    let headers = lookup.expose_headers();
    assert!(headers.contains(&("x-refresh-token", "def5020a")));
}

// Rule K12.
#[test]
fn a_found_account_has_a_checked_host() {
    for body in [
        r#"{"id":12345678,"subdomain":"myshop","domain":"myshop.amocrm.ru","top_level_domain":"ru"}"#,
        r#"{"id":"12345678","domain":"MyShop.amocrm.ru"}"#,
        r#"{"id":12345678,"subdomain":"MYSHOP","domain":"myshop.amocrm.ru","top_level_domain":".ru","more":[{}]}"#,
        "\u{feff}{\"id\":12345678,\"domain\":\"myshop.amocrm.ru\",\"name\":\"\\ud83d\"}",
    ] {
        let found = SubdomainAnswer::Found {
            account_id: AccountId::parse("12345678").unwrap(),
            host: host(),
        };
        assert_eq!(read_subdomain_answer(200, body.as_bytes()), found);
    }
}

#[test]
fn an_answer_that_could_mislead_is_unusable() {
    for (body, error) in [
        ("", SubdomainError::NotJson),
        ("<html>", SubdomainError::NotJson),
        ("[1,\"a\",\"a.kommo.com\",\"com\"]", SubdomainError::NotJson),
        (
            r#"{"id":1,"domain":"a.kommo.com","domain":"b.kommo.com"}"#,
            SubdomainError::DuplicateField,
        ),
        (
            r#"{"id":0,"domain":"a.kommo.com"}"#,
            SubdomainError::AccountId,
        ),
        (
            r#"{"id":-1,"domain":"a.kommo.com"}"#,
            SubdomainError::AccountId,
        ),
        (r#"{"domain":"a.kommo.com"}"#, SubdomainError::AccountId),
        (r#"{"id":1}"#, SubdomainError::DomainMissing),
        (r#"{"id":1,"domain":7}"#, SubdomainError::DomainMissing),
        (
            r#"{"id":1,"domain":"a.kommo.com","subdomain":"b"}"#,
            SubdomainError::Contradiction,
        ),
        (
            r#"{"id":1,"domain":"a.kommo.com","top_level_domain":"ru"}"#,
            SubdomainError::Contradiction,
        ),
    ] {
        let answer = read_subdomain_answer(200, body.as_bytes());
        assert_eq!(answer, SubdomainAnswer::Unusable(error), "{body}");
    }
    for domain in [
        "evil.example",
        "a.kommo.com.evil.example",
        "http://a.kommo.com",
    ] {
        let body = format!(r#"{{"id":1,"domain":"{domain}"}}"#);
        assert!(matches!(
            read_subdomain_answer(200, body.as_bytes()),
            SubdomainAnswer::Unusable(SubdomainError::Domain(ParseAccountHostError::Shape(_)))
        ));
    }
    let long = " ".repeat(64 * 1024 + 1);
    assert_eq!(
        read_subdomain_answer(200, long.as_bytes()),
        SubdomainAnswer::Unusable(SubdomainError::TooLarge {
            found: 64 * 1024 + 1
        })
    );
}

#[test]
fn anything_but_200_is_a_refusal_of_the_lookup() {
    let body = br#"{"id":1,"domain":"a.kommo.com"}"#;
    for status in [100, 204, 302, 401, 403, 404, 429, 500] {
        let refused = SubdomainAnswer::Refused { status };
        assert_eq!(read_subdomain_answer(status, body), refused);
    }
}

#[test]
fn a_request_is_of_the_least_trusted_origin_until_another_is_named() {
    let credentials = credentials("s", "https://a.example/");
    let code = AuthorizationCode::new("def5020a").unwrap();
    let exchange = TokenRequest::exchange(&credentials, &host(), &code);
    assert_eq!(exchange.origin(), RequestOrigin::InstallHook);
    let bytes = exchange.body().to_vec();
    let exchange = exchange.with_origin(RequestOrigin::Consent);
    assert_eq!(exchange.origin(), RequestOrigin::Consent);
    assert_eq!(exchange.body(), bytes);
    let token = RefreshToken::new("def5020b").unwrap();
    let refresh = TokenRequest::refresh(&credentials, &host(), &token);
    assert_eq!(refresh.origin(), RequestOrigin::OtherGrant);
    let evidence = [
        RequestOrigin::KnownAccount,
        RequestOrigin::OtherGrant,
        RequestOrigin::Consent,
        RequestOrigin::InstallHook,
    ];
    assert_eq!(
        evidence.map(RequestOrigin::is_evidence),
        [true, false, false, false]
    );
}
