//! Settings that are refused, and those that change names.

use core::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use kommo_account::Platform;
use kommo_axum::{
    Connect, ConnectError, LocalPath, LocalPathError, RoutePaths, StateKey, StateKeyError,
};

use crate::app::{App, keeper, key, redirect_query};
use crate::browser::{Browser, fetch};

#[tokio::test]
async fn routes_can_have_other_paths() {
    let mut paths = RoutePaths::default();
    paths.start = "/begin".into();
    let app = App::with(|builder| builder.paths(paths));
    assert_eq!(
        fetch(&app.router, "/kommo/begin").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        fetch(&app.router, "/kommo/start").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn paths_that_the_router_would_panic_on_are_refused_before() {
    for (path, twice) in [
        ("start", false),
        ("/{id}", false),
        ("//x", false),
        ("", false),
        ("/callback", true),
    ] {
        let app = App::new();
        let keeper = keeper(
            crate::app::CLIENT,
            crate::app::REDIRECT,
            &app.store,
            &app.platform,
            &app.clock,
            &app.told,
        );
        let mut paths = RoutePaths::default();
        paths.start = path.into();
        let built = Connect::builder(keeper, Platform::Global, key())
            .paths(paths)
            .build();
        let expected = if twice {
            ConnectError::PathTwice { path: path.into() }
        } else {
            ConnectError::Path { path: path.into() }
        };
        assert_eq!(built.unwrap_err(), expected);
    }
}

#[tokio::test]
async fn a_redirect_uri_that_leads_elsewhere_is_refused() {
    for redirect in [
        "https://app.example/kommo/other",
        "https://app.example/kommo/callback/",
        "https://app.example/callback2",
        // The pages beside it would be on another host.
        "https://app.example//evil.example/callback",
    ] {
        let app = App::new();
        let keeper = keeper(
            crate::app::CLIENT,
            redirect,
            &app.store,
            &app.platform,
            &app.clock,
            &app.told,
        );
        let built = Connect::builder(keeper, Platform::Global, key()).build();
        assert_eq!(
            built.unwrap_err(),
            ConnectError::RedirectUriElsewhere,
            "{redirect}"
        );
    }
}

#[tokio::test]
async fn the_page_of_the_result_is_beside_the_callback_wherever_that_is() {
    for (redirect, nested, address) in [
        ("https://app.example/callback", "", "/result"),
        (
            "https://app.example/a/b/callback?tenant=1",
            "/a/b",
            "/a/b/result",
        ),
    ] {
        let app = App::new();
        let keeper = keeper(
            crate::app::CLIENT,
            redirect,
            &app.store,
            &app.platform,
            &app.clock,
            &app.told,
        );
        let connect = Connect::builder(keeper, Platform::Global, key())
            .build()
            .unwrap();
        let router: Router = match nested {
            "" => connect.router(),
            prefix => Router::new().nest(prefix, connect.router()),
        };
        let mut browser = Browser::new(&router);
        let seen = browser
            .get(&format!("{nested}/callback?code=def502-1-1"))
            .await;
        assert_eq!(seen.location(), address, "{redirect}");
        assert_eq!(browser.get(address).await.code(), "state-missing");
    }
}

#[tokio::test]
async fn the_time_for_an_exchange_has_bounds() {
    for seconds in [0, 61] {
        let app = App::new();
        let keeper = keeper(
            crate::app::CLIENT,
            crate::app::REDIRECT,
            &app.store,
            &app.platform,
            &app.clock,
            &app.told,
        );
        let built = Connect::builder(keeper, Platform::Global, key())
            .exchange_wait(Duration::from_secs(seconds))
            .build();
        assert_eq!(built.unwrap_err(), ConnectError::ExchangeWait);
    }
}

#[tokio::test]
async fn an_application_on_this_machine_without_tls_has_cookies_that_browsers_keep_there() {
    let app = App::new();
    let redirect = "http://127.0.0.1:8000/kommo/callback";
    let keeper = keeper(
        crate::app::CLIENT,
        redirect,
        &app.store,
        &app.platform,
        &app.clock,
        &app.told,
    );
    let connect = Connect::builder(keeper, Platform::Global, key())
        .build()
        .unwrap();
    let router = Router::new().nest("/kommo", connect.router());
    let mut browser = Browser::new(&router);
    let seen = browser.get("/kommo/start?mode=popup").await;
    let cookie = seen.header("set-cookie");
    assert!(
        cookie.starts_with("kommo-state-") && !cookie.contains("Secure"),
        "{cookie}"
    );
    let state = crate::browser::state_of(seen.location());
    assert_eq!(
        browser
            .come_back(&redirect_query("def502-1-1", &state))
            .await
            .code(),
        "connected"
    );
}

#[tokio::test]
async fn a_cookie_of_another_key_or_redirect_uri_is_none() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let other_uri = "https://other.example/kommo/callback";
    for (redirect, key) in [
        (crate::app::REDIRECT, StateKey::random().unwrap()),
        (other_uri, key()),
    ] {
        let keeper = keeper(
            crate::app::CLIENT,
            redirect,
            &app.store,
            &app.platform,
            &app.clock,
            &app.told,
        );
        let connect = Connect::builder(keeper, Platform::Global, key)
            .build()
            .unwrap();
        let mut elsewhere = Browser::new(&Router::new().nest("/kommo", connect.router()));
        elsewhere.cookies.clone_from(&browser.cookies);
        assert_eq!(
            elsewhere
                .come_back(&redirect_query("def502-1-1", &state))
                .await
                .code(),
            "state-unknown"
        );
    }
}

#[test]
fn paths_of_another_site_and_short_keys_are_refused() {
    for text in ["", "settings", "//evil.example", "https://evil.example/"] {
        assert_eq!(
            LocalPath::parse(text),
            Err(LocalPathError::NotLocal),
            "{text}"
        );
    }
    assert_eq!(
        LocalPath::parse("/\\evil.example"),
        Err(LocalPathError::Byte { offset: 1 })
    );
    assert_eq!(
        LocalPath::parse("/a\r\nb"),
        Err(LocalPathError::Byte { offset: 2 })
    );
    let long = LocalPath::parse(format!("/{}", "a".repeat(1024)));
    assert_eq!(long, Err(LocalPathError::TooLong { found: 1025 }));
    assert_eq!(
        StateKey::new(&[0; 31]).unwrap_err(),
        StateKeyError::TooShort { found: 31 }
    );
}
