//! The journal names the rule that a refused request broke.

use kommo_sandbox::{CrmRules, Fault, FaultKind, OauthRules, Platform, SandboxConfig, Surface};
use serde_json::{Value, json};

use crate::plain_client::{
    HOST, JSON, code, config, exchange_body, get, granted, platform, platform_with, refresh,
    refresh_body, send, token, with,
};

/// Code and rule of the latest entry.
#[track_caller]
fn assert_told(platform: &Platform, code: &str, rule: Option<&str>) {
    let entry = platform.journal().pop().unwrap();
    let told = entry.detail.unwrap().code;
    assert_eq!((told.as_str(), entry.rule.as_deref()), (code, rule));
}

// Rules K1, K2, G12.
#[tokio::test]
async fn a_request_that_is_not_complete_breaks_the_rule_of_its_fields() {
    let platform = platform();
    for (field, value, told, rule) in [
        ("client_id", Value::Null, "client-id-invalid", "K1"),
        ("client_secret", Value::Null, "client-secret-invalid", "K1"),
        ("client_secret", json!("another"), "client-rejected", "K1"),
        ("grant_type", json!("password"), "unknown-grant-type", "K1"),
        ("code", Value::Null, "code-missing", "K1"),
        ("redirect_uri", Value::Null, "redirect-uri-mismatch", "K2"),
        ("redirect_uri", json!(""), "redirect-uri-mismatch", "K2"),
        (
            "redirect_uri",
            json!("https://integration.example/kommo/redirect/"),
            "redirect-uri-mismatch",
            "G12",
        ),
    ] {
        let body = with(exchange_body(&code(&platform)), field, value);
        token(&platform, HOST, &body).await;
        assert_told(&platform, told, Some(rule));
    }
    let body = with(refresh_body("x"), "refresh_token", Value::Null);
    token(&platform, HOST, &body).await;
    assert_told(&platform, "refresh-token-missing", Some("K1"));
    let body = with(refresh_body("x"), "redirect_uri", Value::Null);
    token(&platform, HOST, &body).await;
    assert_told(&platform, "redirect-uri-mismatch", Some("K2"));
}

// Rule K1.
#[tokio::test]
async fn the_token_endpoint_is_a_post_to_the_host_of_an_account() {
    let platform = platform();
    send(&platform, "GET", HOST, "/oauth2/access_token", &[JSON], "").await;
    assert_told(&platform, "method-wrong", Some("K1"));
    let body = exchange_body(&code(&platform));
    token(&platform, "www.kommo.com", &body).await;
    assert_told(&platform, "host-wrong", Some("K1"));
    token(&platform, "nobody.kommo.com", &body).await;
    assert_told(&platform, "account-unknown", Some("K1"));
    token(&platform, "sandbox-two.amocrm.ru", &body).await;
    assert_told(&platform, "invalid-account", Some("K1"));
    // What was in order breaks nothing.
    token(&platform, HOST, &body).await.pair();
    assert_told(&platform, "code-exchanged", None);
}

// Rules G10, K6.
#[tokio::test]
async fn a_code_that_is_late_or_used_breaks_the_rule_of_codes() {
    let platform = platform();
    let used = exchange_body(&code(&platform));
    token(&platform, HOST, &used).await.pair();
    token(&platform, HOST, &used).await;
    assert_told(&platform, "code-revoked", Some("G10"));
    let late = exchange_body(&code(&platform));
    platform.advance_seconds(1201);
    token(&platform, HOST, &late).await;
    assert_told(&platform, "code-expired", Some("G10"));
    token(&platform, HOST, &exchange_body("garbage")).await;
    assert_told(&platform, "code-undecryptable", Some("K6"));
}

// Rules K5, K7, K11.
#[tokio::test]
async fn a_dead_refresh_token_breaks_the_rule_that_ended_it() {
    let platform = platform_with(OauthRules {
        rotation: kommo_sandbox::Rotation::Strict,
        ..OauthRules::default()
    });
    let first = granted(&platform).await;
    let second = refresh(&platform, &first.refresh).await.pair();
    refresh(&platform, &first.refresh).await;
    assert_told(&platform, "refresh-token-revoked", Some("K11"));
    refresh(&platform, "garbage").await;
    assert_told(&platform, "refresh-token-undecryptable", Some("K7"));
    platform.advance_seconds(100 * 86_400);
    refresh(&platform, &second.refresh).await;
    assert_told(&platform, "refresh-token-expired", Some("K5"));
}

// Rules L1, K5, K11, L9.
#[tokio::test]
async fn a_call_that_is_not_let_in_breaks_the_rule_of_its_token() {
    let platform = platform();
    send(&platform, "GET", HOST, "/api/v4/account", &[], "").await;
    assert_told(&platform, "token-missing", Some("L1"));
    get(&platform, "garbage", "/api/v4/account").await;
    assert_told(&platform, "token-unknown", Some("L1"));
    let pair = granted(&platform).await;
    let bearer = format!("Bearer {}", pair.access);
    let by = [("authorization", bearer.as_str())];
    send(
        &platform,
        "GET",
        "sandbox-two.amocrm.ru",
        "/api/v4/account",
        &by,
        "",
    )
    .await;
    assert_told(&platform, "token-of-another-account", Some("L1"));
    send(
        &platform,
        "GET",
        "nobody.kommo.com",
        "/api/v4/account",
        &by,
        "",
    )
    .await;
    assert_told(&platform, "account-unknown", Some("L1"));
    let by_nobody = [by[0], ("x-context-user-id", "1")];
    send(&platform, "GET", HOST, "/api/v4/account", &by_nobody, "").await;
    assert_told(&platform, "context-user-refused", Some("L9"));
    get(&platform, &pair.access, "/api/v4/account").await;
    assert_told(&platform, "account-told", None);
    platform.advance_seconds(86_401);
    get(&platform, &pair.access, "/api/v4/account").await;
    assert_told(&platform, "token-expired", Some("K5"));
}

// Rules L7, L8.
#[tokio::test]
async fn a_call_beyond_the_limits_breaks_the_rule_of_limits() {
    let platform = Platform::new(SandboxConfig {
        crm: CrmRules {
            gateway_timeout_above_items: Some(2),
            ..CrmRules::default()
        },
        ..config(OauthRules::default())
    })
    .unwrap();
    let pair = granted(&platform).await;
    get(&platform, &pair.access, "/api/v4/contacts?limit=251").await;
    assert_told(&platform, "limit-wrong", Some("L7"));
    // Nonsense is no matter of limits.
    get(&platform, &pair.access, "/api/v4/contacts?limit=x").await;
    assert_told(&platform, "limit-wrong", None);
    get(&platform, &pair.access, "/api/v4/nothing").await;
    assert_told(&platform, "route-unknown", None);

    let bearer = format!("Bearer {}", pair.access);
    let headers = [("authorization", bearer.as_str()), JSON];
    for (items, told) in [(251, "too-many-items"), (3, "batch-too-large")] {
        let leads = Value::from(vec![json!({}); items]).to_string();
        send(&platform, "POST", HOST, "/api/v4/leads", &headers, leads).await;
        assert_told(&platform, told, Some("L7"));
    }
    for n in 0..101 {
        let hook =
            json!({ "destination": format!("https://x.example/{n}"), "settings": ["add_lead"] });
        send(
            &platform,
            "POST",
            HOST,
            "/api/v4/webhooks",
            &headers,
            hook.to_string(),
        )
        .await;
    }
    assert_told(&platform, "too-many-webhooks", Some("L8"));
}

// Rule K12.
#[tokio::test]
async fn a_look_up_that_is_refused_breaks_the_rule_of_look_ups() {
    let platform = platform();
    let path = "/oauth2/account/current/subdomain";
    send(&platform, "GET", "api-c.kommo.com", path, &[], "").await;
    assert_told(&platform, "refresh-token-refused", Some("K12"));
    send(&platform, "GET", HOST, path, &[], "").await;
    assert_told(&platform, "route-unknown", Some("K12"));
    let pair = granted(&platform).await;
    let by = [("x-refresh-token", pair.refresh.as_str())];
    send(&platform, "GET", "api-c.amocrm.ru", path, &by, "").await;
    assert_told(&platform, "token-of-another-account", Some("K12"));
}

/// The rules of the Chats API are not those of the other surfaces.
#[tokio::test]
async fn a_fault_names_the_rule_of_the_surface_that_it_lies_on() {
    let platform = platform();
    let pair = granted(&platform).await;
    for (kind, of_token, of_crm) in [
        (FaultKind::TooManyRequests, Some("K9"), Some("L5")),
        (FaultKind::ServerError, Some("K3"), Some("E5")),
        (FaultKind::PaymentRequired, Some("M4"), Some("M4")),
        (FaultKind::ForbiddenHtml, Some("M4"), Some("L6")),
        (FaultKind::GatewayTimeout, Some("K3"), Some("L7")),
        (FaultKind::BadGateway, Some("K3"), None),
    ] {
        platform.inject(Fault::new(kind).on(Surface::Token).times(1));
        platform.inject(Fault::new(kind).on(Surface::Crm).times(1));
        refresh(&platform, &pair.refresh).await;
        assert_told(&platform, kind.name(), of_token);
        get(&platform, &pair.access, "/api/v4/account").await;
        assert_told(&platform, kind.name(), of_crm);
    }
}
