//! The callback's address has a code in it, so it shows no page: it leads to an address that has
//! nothing in it, and whose page says only what happened, to the browser that it happened to.

use core::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_account::{AccountId, Platform};
use kommo_axum::{Attempt, Connect, StateKey};

use crate::app::{App, CLIENT, keeper, redirect_query};
use crate::browser::{Browser, Seen, fetch, is_clean};

const MARKER: &str = "PLANTEDCODE";

/// Queries of the callback, each with a marked code, and what comes of it. `STATE` stands for a
/// state.
const QUERIES: [(&str, &str); 14] = [
    (
        "code=def502-77-1-PLANTEDCODE&state=STATE&referer=a.kommo.com",
        "connected",
    ),
    (
        "code=def502-lost-PLANTEDCODE&state=STATE&referer=a.kommo.com",
        "waiting",
    ),
    (
        "code=def502-used-PLANTEDCODE&state=STATE&referer=a.kommo.com",
        "code-refused",
    ),
    (
        "code=def502-wrong-secret-PLANTEDCODE&state=STATE&referer=a.kommo.com",
        "client-refused",
    ),
    (
        "code=def502-78-1-PLANTEDCODE&state=STATE&referer=a.kommo.com",
        "other-account",
    ),
    (
        "code=def502-PLANTEDCODE&state=STATE&referer=a.amocrm.ru",
        "other-platform",
    ),
    (
        "code=def502-PLANTEDCODE&state=STATE&referer=PLANTEDCODE.example",
        "referer-refused",
    ),
    (
        "code=def502-PLANTEDCODE&state=STATE&error=access_denied",
        "code-and-error",
    ),
    (
        "error=access_denied&state=STATE&x=PLANTEDCODE",
        "access-denied",
    ),
    ("error=PLANTEDCODE&state=STATE", "error-unknown"),
    (
        "code=def502-PLANTEDCODE&state=STATEx&referer=a.kommo.com",
        "state-unknown",
    ),
    (
        "code=def502-PLANTEDCODE&referer=a.kommo.com",
        "state-missing",
    ),
    (
        "code=def502-PLANTEDCODE&code=PLANTEDCODE&state=STATE",
        "parameter-repeated",
    ),
    (
        "code=def502-PLANTEDCODE&state=STATE&from_widget=1",
        "install-hook-on-browser-route",
    ),
];

/// Neither the state nor a marked code is in anything that the browser is sent, not even inside of
/// a cookie.
#[track_caller]
fn assert_nothing_of_it(seen: &Seen, state: &str, query: &str) {
    let mut sent = format!("{}\n", seen.text);
    for (name, value) in &seen.headers {
        sent.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
        if name == SET_COOKIE {
            let (pair, _) = value.to_str().unwrap().split_once(';').unwrap();
            let (_, sealed) = pair.split_once('=').unwrap();
            let bytes = Base64UrlUnpadded::decode_vec(sealed).unwrap();
            sent.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    assert!(!sent.contains(MARKER), "a code of {query} in {sent}");
    assert!(!sent.contains(state), "the state of {query} in {sent}");
}

#[tokio::test]
async fn whatever_comes_of_a_code_no_page_is_shown_at_its_address() {
    for mode in ["popup", "post_message"] {
        for (query, code) in QUERIES {
            let app = App::with(|builder| {
                builder.on_start(|_| async {
                    Ok(Attempt::new().expecting(AccountId::from_number(77).unwrap()))
                })
            });
            let mut browser = Browser::new(&app.router);
            let state = browser.begin(mode).await;
            let target = format!("/kommo/callback?{}", query.replace("STATE", &state));
            let seen = browser.get(&target).await;
            assert_eq!(
                (seen.status, seen.text.as_str()),
                (StatusCode::SEE_OTHER, ""),
                "{query}"
            );
            assert!(!seen.headers.contains_key(CONTENT_TYPE), "{query}");
            assert!(is_clean(seen.location()), "{}", seen.location());
            assert_nothing_of_it(&seen, &state, query);
            assert_eq!(seen.header("cache-control"), "no-store", "{query}");
            assert_eq!(seen.header("referrer-policy"), "no-referrer", "{query}");

            let page = browser.get(seen.location()).await;
            assert_eq!(page.code(), code, "{mode} {query}");
            assert_nothing_of_it(&page, &state, query);
            assert_eq!(page.header("cache-control"), "no-store", "{query}");
            assert_eq!(page.header("referrer-policy"), "no-referrer", "{query}");
        }
    }
}

#[tokio::test]
async fn a_query_too_long_to_be_read_is_not_left_in_the_address_either() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let long = format!("/kommo/callback?code={MARKER}{}", "a".repeat(9_000));
    let seen = browser.get(&long).await;
    assert_eq!(seen.location(), "/kommo/result");
    assert_nothing_of_it(&seen, "PLANTEDSTATE", "a long one");
    assert_eq!(browser.get("/kommo/result").await.code(), "query-too-long");
}

#[tokio::test]
async fn the_cookie_of_a_result_is_for_this_host_and_no_script_and_twenty_minutes() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let seen = browser.get(&redirect_query("def502-1-1", &state)).await;
    let lines = seen.headers.get_all(SET_COOKIE).iter();
    let results: Vec<&str> = lines
        .map(|line| line.to_str().unwrap())
        .filter(|line| line.starts_with("__Host-kommo-result-"))
        .collect();
    assert_eq!(results.len(), 1);
    assert!(
        results[0].ends_with("; Max-Age=1200; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{}",
        results[0]
    );
}

#[tokio::test]
async fn a_result_can_be_looked_at_again_and_for_twenty_minutes() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("post_message").await;
    let seen = browser.get(&redirect_query("def502-1-1", &state)).await;
    let address = seen.location().to_owned();
    for _ in 0..3 {
        let page = browser.get(&address).await;
        assert_eq!((page.status, page.code()), (StatusCode::OK, "connected"));
        assert!(
            page.text
                .contains("data-kommo-opener=\"https://app.example\"")
        );
    }
    app.clock.advance(Duration::from_secs(1_200));
    assert_eq!(browser.get(&address).await.code(), "connected");
    app.clock.advance(Duration::from_secs(1));
    assert_says_nothing(&browser.get(&address).await);
    assert_eq!(app.store.codes().len(), 1, "looking does nothing");
}

#[tokio::test]
async fn each_tab_sees_its_own_result() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let (first, second) = (browser.begin("popup").await, browser.begin("popup").await);
    let first = browser.get(&redirect_query("def502-1-1", &first)).await;
    let second = browser.get(&redirect_query("def502-used", &second)).await;
    // One more, without a state of ours.
    browser.get("/kommo/callback?code=def502-1-1").await;
    assert_eq!(browser.get(first.location()).await.code(), "connected");
    assert_eq!(browser.get(second.location()).await.code(), "code-refused");
    assert_eq!(browser.get("/kommo/result").await.code(), "state-missing");
}

/// The page for whoever has no result: no opener is told, and nothing comes from the request.
#[track_caller]
fn assert_says_nothing(seen: &Seen) {
    assert_eq!(
        (seen.status, seen.code()),
        (StatusCode::NOT_FOUND, "result-unknown")
    );
    assert!(seen.text.contains("data-kommo-outcome=\"unknown\""));
    assert!(!seen.text.contains("<script") && !seen.text.contains("http-equiv"));
}

#[tokio::test]
async fn a_stranger_cannot_choose_what_the_page_says() {
    let app = App::new();
    let plain = fetch(&app.router, "/kommo/result").await;
    assert_says_nothing(&plain);
    // A result of the stranger's own, with which he is connected.
    let mut stranger = Browser::new(&app.router);
    let state = stranger.begin("post_message").await;
    let seen = stranger.get(&redirect_query("def502-1-1", &state)).await;
    let his = seen.location().to_owned();
    assert_eq!(stranger.get(&his).await.code(), "connected");
    for target in [
        his.as_str(),
        "/kommo/result?id=000000000000",
        "/kommo/result?id=none",
        "/kommo/result?id=../../etc",
        "/kommo/result?id=%3Cscript%3E",
        "/kommo/result?code=connected",
        "/kommo/result?outcome=connected&code=connected&sentence=You+have+won",
    ] {
        let mut victim = Browser::new(&app.router);
        victim.begin("post_message").await;
        let seen = victim.get(target).await;
        assert_says_nothing(&seen);
        assert_eq!(seen.text, plain.text, "{target}");
    }
}

#[tokio::test]
async fn a_result_is_worth_nothing_changed_or_under_another_name_or_key() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("post_message").await;
    let seen = browser.get(&redirect_query("def502-1-1", &state)).await;
    let address = seen.location().to_owned();
    let (name, sealed) = browser.cookies.first_key_value().unwrap();
    let (name, sealed) = (name.clone(), sealed.clone());
    for place in 0..sealed.len() {
        let mut bytes = sealed.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(bytes).unwrap();
        browser.cookies.insert(name.clone(), forged);
        assert_says_nothing(&browser.get(&address).await);
    }
    for other in ["", "AQ", &state, &"A".repeat(2_000)] {
        browser.cookies.insert(name.clone(), other.into());
        assert_says_nothing(&browser.get(&address).await);
    }
    // The same text as the result of another attempt, or of none.
    let mut renamed = Browser::new(&app.router);
    for other in ["000000000000", "none"] {
        let name = format!("__Host-kommo-result-{other}");
        renamed.cookies.insert(name, sealed.clone());
    }
    assert_says_nothing(&renamed.get("/kommo/result?id=000000000000").await);
    assert_says_nothing(&renamed.get("/kommo/result").await);
    // A program that has another key.
    browser.cookies.insert(name, sealed);
    assert_eq!(browser.get(&address).await.code(), "connected");
    let keeper = keeper(
        CLIENT,
        crate::app::REDIRECT,
        &app.store,
        &app.platform,
        &app.clock,
        &app.told,
    );
    let key = StateKey::random().unwrap();
    let connect = Connect::builder(keeper, Platform::Global, key)
        .build()
        .unwrap();
    let mut elsewhere = Browser::new(&Router::new().nest("/kommo", connect.router()));
    elsewhere.cookies = browser.cookies;
    assert_says_nothing(&elsewhere.get(&address).await);
}

#[tokio::test]
async fn a_result_may_be_shown_by_another_process() {
    let one = App::new();
    let other = App::beside(&one, |builder| builder);
    let mut browser = Browser::new(&one.router);
    let state = browser.begin("popup").await;
    let seen = browser.get(&redirect_query("def502-1-1", &state)).await;
    let mut elsewhere = Browser::new(&other.router);
    elsewhere.cookies = browser.cookies;
    assert_eq!(elsewhere.get(seen.location()).await.code(), "connected");
}

#[tokio::test]
async fn a_site_that_sends_a_browser_here_over_and_over_leaves_it_one_cookie() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    for number in 0..50 {
        browser
            .get(&format!(
                "/kommo/callback?code=def502-{number}&state={number}"
            ))
            .await;
    }
    let names: Vec<&str> = browser.cookies.keys().map(String::as_str).collect();
    assert_eq!(names, ["__Host-kommo-result-none"]);
    app.assert_untouched();
}

#[tokio::test]
async fn a_start_that_is_refused_says_so_itself_since_its_address_hides_nothing() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let seen = browser.get("/kommo/start?mode=iframe").await;
    assert_eq!(
        (seen.status, seen.code()),
        (StatusCode::BAD_REQUEST, "mode-unknown")
    );
    assert!(browser.cookies.is_empty());
}
