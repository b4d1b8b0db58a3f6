//! Attempts that are bound to the application's session.

use axum::http::StatusCode;
use axum::http::header::{COOKIE, HeaderMap};
use axum::http::request::Parts;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use kommo_axum::Attempt;
use kommo_oauth::consent::ConsentMode;

use crate::app::{App, redirect_query};
use crate::browser::{Browser, state_of};

/// The user whose session cookie it is.
async fn user_of(parts: Parts) -> Option<String> {
    let cookies = parts.headers.get(COOKIE)?.to_str().ok()?.to_owned();
    let mut pairs = cookies.split("; ");
    pairs.find_map(|pair| pair.strip_prefix("session=").map(String::from))
}

fn app() -> App {
    App::with(|builder| builder.session_of(user_of))
}

fn signed_in(app: &App, user: Option<&str>) -> Browser {
    let mut browser = Browser::new(&app.router);
    sign_in(&mut browser, user);
    browser
}

fn sign_in(browser: &mut Browser, user: Option<&str>) {
    browser.cookies.remove("session");
    if let Some(user) = user {
        browser.cookies.insert("session".into(), user.into());
    }
}

#[tokio::test]
async fn only_the_session_that_began_finishes() {
    for (began, ends, is_same) in [
        (Some("ann"), Some("ann"), true),
        (None, None, true),
        (Some("ann"), Some("bob"), false),
        (Some("ann"), None, false),
        (None, Some("ann"), false),
        (Some("ann"), Some(""), false),
    ] {
        let app = app();
        let mut browser = signed_in(&app, began);
        let state = browser.begin("popup").await;
        sign_in(&mut browser, ends);
        let callback = redirect_query("def502-1-1", &state);
        let seen = browser.come_back(&callback).await;
        if is_same {
            assert_eq!(seen.code(), "connected", "{began:?} {ends:?}");
            continue;
        }
        assert_eq!(
            (seen.status, seen.code()),
            (StatusCode::FORBIDDEN, "session-changed"),
            "{began:?} {ends:?}"
        );
        app.assert_untouched();
        // It is not used up: whoever began it may finish it.
        sign_in(&mut browser, began);
        assert_eq!(browser.come_back(&callback).await.code(), "connected");
    }
}

#[tokio::test]
async fn an_application_that_begins_itself_binds_by_the_attempt() {
    let app = app();
    for (bound, code) in [
        (Attempt::new().bound_to("ann"), "connected"),
        (Attempt::new().bound_to("bob"), "session-changed"),
        (Attempt::new(), "session-changed"),
    ] {
        let mut browser = signed_in(&app, Some("ann"));
        let begun = app
            .connect
            .begin(&HeaderMap::new(), &bound, ConsentMode::Popup)
            .unwrap();
        let cookie = begun.set_cookies[0].to_str().unwrap();
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        browser.cookies.insert(name.into(), value.into());
        let callback = redirect_query("def502-1-1", &state_of(&begun.text));
        assert_eq!(browser.come_back(&callback).await.code(), code, "{bound:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_checked_is_refused() {
    // The attempt is bound, and nothing says which session comes back.
    let app =
        App::with(|builder| builder.on_start(|_| async { Ok(Attempt::new().bound_to("ann")) }));
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let seen = browser
        .come_back(&redirect_query("def502-1-1", &state))
        .await;
    assert_eq!(seen.code(), "session-changed");
    app.assert_untouched();
}

#[tokio::test]
async fn a_session_is_neither_in_the_cookie_nor_in_a_debug_text() {
    let app = app();
    let mut browser = signed_in(&app, Some("PLANTED-SESSION"));
    browser.begin("popup").await;
    let sealed = browser
        .cookies
        .iter()
        .find(|(name, _)| name.contains("kommo-state-"));
    let bytes = Base64UrlUnpadded::decode_vec(sealed.unwrap().1).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("PLANTED"));
    let attempt = Attempt::new().bound_to("PLANTED-SESSION");
    assert!(!format!("{attempt:?}").contains("PLANTED"));
}
