//! Consents as they should go.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use axum::http::header::{COOKIE, LOCATION, REFERER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use kommo_account::AccountId;
use kommo_axum::{Attempt, LocalPath, RedirectTo};
use kommo_oauth::consent::ConsentMode;

use crate::app::{App, CLIENT, redirect_query};
use crate::browser::{Browser, state_of};

#[tokio::test]
async fn start_sends_the_browser_to_the_consent_page_with_a_state_of_its_own() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let seen = browser.get("/kommo/start?mode=popup").await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER);
    let state = state_of(seen.location());
    let expected = format!(
        "https://www.kommo.com/oauth?client_id={CLIENT}&state={state}&mode=popup&origin=https%3A%2F%2Fapp.example"
    );
    assert_eq!(seen.location(), expected);
    let cookie = seen.header(SET_COOKIE.as_str());
    assert!(cookie.starts_with("__Host-kommo-state-"), "{cookie}");
    assert!(
        cookie.ends_with("; Max-Age=1200; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let other = state_of(browser.get("/kommo/start").await.location());
    assert_ne!(state, other);
}

#[tokio::test]
async fn without_a_script_the_mode_is_the_one_that_comes_back_by_itself() {
    let app = App::new();
    let seen = Browser::new(&app.router).get("/kommo/start").await;
    assert!(
        seen.location().contains("&mode=post_message&"),
        "{}",
        seen.location()
    );
}

#[tokio::test]
async fn in_popup_mode_the_main_window_goes_on_to_the_application() {
    let path = LocalPath::parse("/settings?tab=kommo").unwrap();
    let app = App::with(|builder| builder.success_path(path));
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let seen = browser.get(&redirect_query("def502-77-5", &state)).await;
    assert_eq!(
        (seen.status, seen.header(LOCATION.as_str())),
        (StatusCode::SEE_OTHER, "/settings?tab=kommo")
    );
    let grants = app.store.grants();
    assert_eq!(grants.len(), 1);
    assert_eq!(
        (grants[0].key.account_id.get(), grants[0].host.as_str()),
        (77, "myshop.kommo.com")
    );
    assert_eq!(browser.attempts(), 0, "the cookie of the attempt is gone");
}

#[tokio::test]
async fn in_post_message_mode_a_page_tells_its_opener() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("post_message").await;
    let seen = browser
        .come_back(&redirect_query("def502-77-5", &state))
        .await;
    assert_eq!((seen.status, seen.code()), (StatusCode::OK, "connected"));
    assert!(
        seen.text
            .contains("data-kommo-opener=\"https://app.example\""),
        "{}",
        seen.text
    );
    assert!(
        seen.text
            .contains("postMessage({ kommo: \"consent\", outcome, code }, origin)")
    );
}

#[tokio::test]
async fn a_refusal_of_the_user_changes_nothing_and_is_no_error() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let seen = browser
        .come_back(&format!(
            "/kommo/callback?error=access_denied&client_id={CLIENT}&state={state}"
        ))
        .await;
    assert_eq!(
        (seen.status, seen.code()),
        (StatusCode::OK, "access-denied")
    );
    assert!(
        seen.text.contains("href=\"/kommo/start\">Try again<"),
        "{}",
        seen.text
    );
    assert!(app.store.grants().is_empty() && app.store.codes().is_empty());
}

#[tokio::test]
async fn two_tabs_finish_in_any_order() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let first = browser.begin("popup").await;
    let second = browser.begin("post_message").await;
    assert_eq!(browser.cookies.len(), 2);
    assert_eq!(
        browser
            .come_back(&redirect_query("def502-2-1", &second))
            .await
            .code(),
        "connected"
    );
    assert_eq!(
        browser
            .come_back(&redirect_query("def502-1-1", &first))
            .await
            .code(),
        "connected"
    );
    assert_eq!(app.store.grants().len(), 2);
}

#[tokio::test]
async fn a_consent_may_end_at_another_process_than_it_began_at() {
    let one = App::new();
    let other = App::beside(&one, |builder| builder);
    let mut browser = Browser::new(&one.router);
    let state = browser.begin("popup").await;
    let mut elsewhere = Browser::new(&other.router);
    elsewhere.cookies = browser.cookies;
    assert_eq!(
        elsewhere
            .come_back(&redirect_query("def502-1-1", &state))
            .await
            .code(),
        "connected"
    );
}

#[tokio::test]
async fn a_browser_has_a_bounded_number_of_attempts_under_way() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let oldest = browser.begin("popup").await;
    for _ in 0..20 {
        app.clock.advance(Duration::from_secs(1));
        browser.begin("popup").await;
    }
    assert_eq!(browser.cookies.len(), 6);
    assert_eq!(
        browser
            .come_back(&redirect_query("def502-1-1", &oldest))
            .await
            .code(),
        "state-unknown"
    );
}

#[tokio::test]
async fn what_the_attempt_carries_comes_back_with_the_grant_and_never_in_the_url() {
    let app = App::with(|builder| {
        builder.on_start(|_| async { Ok(Attempt::new().carrying("tenant=42").unwrap()) })
    });
    let mut browser = Browser::new(&app.router);
    let seen = browser.get("/kommo/start?mode=popup").await;
    assert!(!seen.location().contains("tenant"), "{}", seen.location());
    browser
        .come_back(&redirect_query("def502-1-1", &state_of(seen.location())))
        .await;
    assert_eq!(
        app.told.lock().unwrap()[0].carried.as_deref(),
        Some("tenant=42")
    );
}

#[tokio::test]
async fn the_application_decides_who_may_begin() {
    let app = App::with(|builder| {
        builder
            .on_start(|_| async { Err((StatusCode::UNAUTHORIZED, "log in first").into_response()) })
    });
    let mut browser = Browser::new(&app.router);
    let seen = browser.get("/kommo/start").await;
    assert_eq!(
        (seen.status, seen.text.as_str()),
        (StatusCode::UNAUTHORIZED, "log in first")
    );
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn the_application_sends_its_own_user_on_and_sees_neither_code_nor_state() {
    let seen_by_application = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&seen_by_application);
    let app = App::with(|builder| {
        builder.on_connected(move |connected, parts| {
            let noted = Arc::clone(&noted);
            async move {
                let account = connected.grant.key.account_id.get();
                *noted.lock().unwrap() = Some((account, parts));
                let path = LocalPath::parse("/accounts/77").unwrap();
                let cookie = HeaderValue::from_static("seen=77; Path=/");
                Some(RedirectTo::to(path).with_cookie(cookie))
            }
        })
    });
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    browser.cookies.insert("session".into(), "abc".into());
    // The result of an earlier visit, which does not concern the application either.
    browser.get("/kommo/callback?code=def502-1-1").await;
    assert_eq!(browser.cookies.len(), 3);
    let seen = browser.get(&redirect_query("def502-77-5", &state)).await;
    assert_eq!(
        (seen.status, seen.location(), seen.text.as_str()),
        (StatusCode::SEE_OTHER, "/accounts/77", "")
    );
    let cookies = seen.headers.get_all(SET_COOKIE).iter();
    assert_eq!(cookies.filter(|line| *line == "seen=77; Path=/").count(), 1);
    assert_eq!(
        (seen.header("referrer-policy"), seen.header("cache-control")),
        ("no-referrer", "no-store")
    );
    let (account, parts) = seen_by_application.lock().unwrap().take().unwrap();
    assert_eq!(account, 77);
    assert_eq!(parts.headers[COOKIE], "session=abc");
    assert!(!parts.headers.contains_key(REFERER));
    let shown = format!("{:?} {:?}", parts.uri, parts.headers);
    assert!(
        !shown.contains(&state) && !shown.contains("def502"),
        "{shown}"
    );
}

#[tokio::test]
async fn another_account_than_the_expected_one_is_kept_and_not_bound() {
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let app = App::with(|builder| {
        builder
            .on_start(|_| async {
                Ok(Attempt::new().expecting(AccountId::from_number(77).unwrap()))
            })
            .on_connected(move |_, _| {
                *count.lock().unwrap() += 1;
                async { None }
            })
    });
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let seen = browser
        .come_back(&redirect_query("def502-78-5", &state))
        .await;
    assert_eq!(
        (seen.status, seen.code()),
        (StatusCode::CONFLICT, "other-account")
    );
    assert_eq!((*asked.lock().unwrap(), app.store.grants().len()), (0, 1));
    let state = browser.begin("popup").await;
    let seen = browser
        .come_back(&redirect_query("def502-77-5", &state))
        .await;
    assert_eq!((seen.code(), *asked.lock().unwrap()), ("connected", 1));
}

#[tokio::test]
async fn an_application_may_send_its_users_there_itself() {
    let app = App::new();
    let begun = app
        .connect
        .begin(&HeaderMap::new(), &Attempt::new(), ConsentMode::Popup)
        .unwrap();
    assert!(
        begun
            .text
            .starts_with("https://www.kommo.com/oauth?client_id=")
    );
    assert_eq!(begun.set_cookies.len(), 1);
    let shown = format!("{begun:?} {:?}", begun.set_cookies);
    assert!(!shown.contains(&state_of(&begun.text)), "{shown}");
}
