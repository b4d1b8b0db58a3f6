//! Calls of widgets out of a browser.

use core::net::SocketAddr;

use axum::Router;
use axum::routing::{get, post};
use kommo_axum::{WidgetCaller, WidgetCalls};
use kommo_hooks::{ReplayMemory, WidgetTokenVerifier};
use kommo_sign::JwsAlgorithm;
use serde_json::json;

use crate::app::{assert_counted, exchange_whole, head, head_of, serve, whole};
use crate::tokens::{SECRET, claims, client_id, now, ring, token};

const PAGE: &str = "https://myshop.kommo.com";

fn verifier(secret: &str) -> WidgetTokenVerifier {
    let address = "https://app.example/callback";
    WidgetTokenVerifier::new(client_id(), address, ring(JwsAlgorithm::Hs256, secret))
}

async fn served(calls: &WidgetCalls) -> SocketAddr {
    let greet = post(async |caller: WidgetCaller, body: String| {
        let token = caller.token.get();
        format!("{} {} {body}", token.account_host, token.user_id)
    });
    let protected = calls.protect(Router::new().route("/greet", greet));
    let bare = get(async |caller: WidgetCaller| format!("{:?}", caller.token));
    serve(protected.route("/bare", bare)).await
}

fn token_of(id: &str) -> String {
    token("HS256", SECRET, &claims(id))
}

/// The fields of a call out of this page.
fn fields(page: &str, token: &str) -> String {
    format!("Origin: {page}\r\nX-Auth-Token: {token}\r\n")
}

async fn call(address: SocketAddr, fields: &str) -> (u16, String, String) {
    exchange_whole(address, &whole("/greet", fields, b"hello")).await
}

/// Whether the page that called may read the answer.
fn is_readable(head: &str) -> bool {
    let allowed = format!("access-control-allow-origin: {PAGE}");
    let is_readable = head.lines().any(|line| line == allowed);
    assert_eq!(is_readable, head.contains("access-control-allow-origin"));
    assert_eq!(is_readable, head.lines().any(|line| line == "vary: origin"));
    assert!(!head.contains("access-control-allow-credentials"));
    is_readable
}

#[tokio::test]
async fn a_proven_call_of_a_page_of_its_account_gets_through_once() {
    let calls = WidgetCalls::new(verifier(SECRET));
    let address = served(&calls).await;
    let fields = fields(PAGE, &token_of("one"));
    let (status, head, body) = call(address, &fields).await;
    assert_eq!((status, body.as_str()), (200, "myshop.kommo.com 7 hello"));
    assert!(is_readable(&head));
    let (status, head, body) = call(address, &fields).await;
    assert_eq!((status, body.as_str()), (401, "not-proven"));
    assert!(
        is_readable(&head),
        "the widget may learn that it is refused"
    );
    // Without a page: not out of a browser.
    let token = token_of("two");
    let (status, head, _) = call(address, &format!("X-Auth-Token: {token}\r\n")).await;
    assert_eq!(status, 200);
    assert!(!is_readable(&head));
    assert_counted(&calls.metrics(), "widget_calls", "replayed", 1);
    assert!(!format!("{calls:?}").contains("planted"));
}

#[tokio::test]
async fn what_is_not_proven_is_refused_before_its_body() {
    let calls = WidgetCalls::new(verifier(SECRET));
    let address = served(&calls).await;
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = claims("unused");
        claims[name] = value;
        format!("X-Auth-Token: {}\r\n", token("HS256", SECRET, &claims))
    };
    let forged = token("HS256", "another-secret", &claims("a"));
    let swapped = token("HS512", SECRET, &claims("a"));
    let none = token("none", SECRET, &claims("a"));
    let good = token_of("a");
    for (fields, expected) in [
        (String::new(), 401),
        (format!("X-Auth-Token: {forged}\r\n"), 401),
        (format!("X-Auth-Token: {swapped}\r\n"), 401),
        (format!("X-Auth-Token: {none}\r\n"), 401),
        (with("exp", json!(now() - 61)), 401),
        (with("aud", json!("https://other.example")), 401),
        (with("iss", json!("https://evil.example")), 401),
        (with("client_uuid", json!("another")), 401),
        (with("jti", json!("")), 400),
        ("X-Auth-Token: abc\r\n".to_owned(), 400),
        (format!("X-Auth-Token: {}\r\n", "a".repeat(9_000)), 413),
        (
            format!("X-Auth-Token: {good}\r\nX-Auth-Token: {good}\r\n"),
            400,
        ),
    ] {
        // The body never comes.
        let fields = format!("Origin: {PAGE}\r\n{fields}Content-Length: 100\r\n");
        let request = head("/greet", &fields);
        let (status, head, _) = exchange_whole(address, request.as_bytes()).await;
        assert_eq!(status, expected, "{fields}");
        assert!(is_readable(&head));
    }
    assert_eq!(call(address, &fields(PAGE, &good)).await.0, 200);
}

#[tokio::test]
async fn other_pages_are_refused_and_may_read_nothing() {
    let calls = WidgetCalls::new(verifier(SECRET));
    let address = served(&calls).await;
    let token = token_of("one");
    let foreign = [
        "null",
        "https://evil.example",
        "http://myshop.kommo.com",
        "https://myshop.kommo.com:8443",
        "https://myshop.kommo.com.evil.example",
        "https://evil.example#.kommo.com",
        "https://evil.example/.kommo.com",
        "https://MYSHOP.kommo.com",
        "https://myshop.kommo.com/",
        "https://kommo.com",
        "",
    ];
    for page in foreign {
        let (status, head, body) = call(address, &fields(page, &token)).await;
        assert_eq!((status, body.as_str()), (401, "not-proven"), "{page}");
        assert!(!is_readable(&head));
        let asked = format!("Origin: {page}\r\nAccess-Control-Request-Method: POST\r\n");
        let request = head_of("OPTIONS", "/greet", &asked);
        let (status, head, _) = exchange_whole(address, request.as_bytes()).await;
        assert_eq!(status, 401, "{page}");
        assert!(!is_readable(&head) && !head.contains("access-control-"));
    }
    let twice = format!("Origin: {PAGE}\r\nOrigin: {PAGE}\r\nX-Auth-Token: {token}\r\n");
    assert_eq!(call(address, &twice).await.0, 401);
    // A page of an account, with the token of another.
    let page = "https://another.kommo.com";
    let (status, head, _) = call(address, &fields(page, &token)).await;
    assert_eq!(status, 401);
    assert!(head.contains(&format!("access-control-allow-origin: {page}")));
    // None of these used the token up.
    assert_eq!(call(address, &fields(PAGE, &token)).await.0, 200);
}

#[tokio::test]
async fn a_preflight_of_a_page_of_an_account_is_answered() {
    let calls = WidgetCalls::new(verifier(SECRET));
    let address = served(&calls).await;
    let asked = format!(
        "Origin: {PAGE}\r\nAccess-Control-Request-Method: POST\r\n\
         Access-Control-Request-Headers: x-auth-token, content-type\r\n"
    );
    let request = head_of("OPTIONS", "/greet", &asked);
    let (status, head, body) = exchange_whole(address, request.as_bytes()).await;
    assert_eq!((status, body.as_str()), (204, ""));
    assert!(is_readable(&head));
    assert!(head.contains("access-control-allow-headers: x-auth-token, content-type"));
    assert!(head.contains("access-control-allow-methods: get, post"));
    // Without a page there is nobody to allow it to.
    let request = head_of(
        "OPTIONS",
        "/greet",
        "Access-Control-Request-Method: POST\r\n",
    );
    let (status, head, _) = exchange_whole(address, request.as_bytes()).await;
    assert_eq!(status, 401);
    assert!(!is_readable(&head));
    // OPTIONS that ask for nothing are a call like any other.
    let request = head_of("OPTIONS", "/greet", &format!("Origin: {PAGE}\r\n"));
    let (status, _, _) = exchange_whole(address, request.as_bytes()).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn used_tokens_are_remembered_within_bounds() {
    let memory = ReplayMemory::new(3).of_one_account(1);
    let calls = WidgetCalls::new(verifier(SECRET)).remember_in(memory);
    let address = served(&calls).await;
    assert_eq!(call(address, &fields(PAGE, &token_of("one"))).await.0, 200);
    let (status, _, body) = call(address, &fields(PAGE, &token_of("two"))).await;
    assert_eq!((status, body.as_str()), (503, "unavailable"));
    let calls = calls.admit_repeats();
    let address = served(&calls).await;
    for _ in 0..3 {
        assert_eq!(call(address, &fields(PAGE, &token_of("one"))).await.0, 200);
    }
}

#[tokio::test]
async fn a_handler_that_nothing_protects_gets_no_caller() {
    let calls = WidgetCalls::new(verifier(SECRET));
    let address = served(&calls).await;
    let request = head_of("GET", "/bare", &fields(PAGE, &token_of("one")));
    let (status, _, body) = exchange_whole(address, request.as_bytes()).await;
    assert_eq!((status, body.as_str()), (401, "not-proven"));
}
