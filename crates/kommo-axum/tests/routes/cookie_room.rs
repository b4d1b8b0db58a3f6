//! How much room our cookies take: a request whose cookies are too long is refused by the proxy in
//! front, until they end.

use core::time::Duration;

use axum::http::StatusCode;
use kommo_axum::{Attempt, CARRIED_MAX_BYTES, LocalPath};

use crate::app::{App, redirect_query};
use crate::browser::{Browser, state_of};

/// What nginx and others take for one line by default, with the name of the header.
const LINE_MAX_BYTES: usize = 8_190 - "cookie: ".len();

fn heavy() -> App {
    App::with(|builder| {
        builder.on_start(|_| async {
            Ok(Attempt::new()
                .carrying("x".repeat(CARRIED_MAX_BYTES))
                .unwrap())
        })
    })
}

#[tokio::test]
async fn attempts_that_carry_much_stay_within_half_of_a_header() {
    let app = heavy();
    let mut browser = Browser::new(&app.router);
    let mut newest = String::new();
    for _ in 0..20 {
        app.clock.advance(Duration::from_secs(1));
        newest = browser.begin("popup").await;
        let length = browser.cookie_header().len();
        assert!(length <= 4_096, "{length}");
    }
    assert_eq!(browser.attempts(), 2, "the newest that there is room for");
    let seen = browser
        .come_back(&redirect_query("def502-1-1", &newest))
        .await;
    assert_eq!(seen.code(), "connected");
}

#[tokio::test]
async fn room_is_left_for_the_cookies_of_others() {
    let app = heavy();
    let mut browser = Browser::new(&app.router);
    browser.cookies.insert("session".into(), "s".repeat(5_500));
    for _ in 0..10 {
        app.clock.advance(Duration::from_secs(1));
        browser.begin("popup").await;
        let length = browser.cookie_header().len();
        assert!(length <= LINE_MAX_BYTES, "{length}");
    }
    assert_eq!(browser.attempts(), 1);
    // If there is no room at all, the newest attempt is there all the same.
    browser.cookies.insert("more".into(), "m".repeat(2_500));
    let newest = browser.begin("popup").await;
    assert_eq!(browser.attempts(), 1);
    let seen = browser
        .come_back(&redirect_query("def502-1-1", &newest))
        .await;
    assert_eq!(seen.code(), "connected");
}

#[tokio::test(start_paused = true)]
async fn results_make_room_for_attempts_and_their_number_is_bounded() {
    let path = LocalPath::parse(format!("/{}", "p".repeat(200))).unwrap();
    let app = App::with(|builder| builder.success_path(path));
    let mut browser = Browser::new(&app.router);
    let own = browser.begin("popup").await;
    for number in 1..40 {
        let state = browser.begin("popup").await;
        let code = format!("def502-{number}-1");
        let callback = redirect_query(&code, &state).replace("myshop", &format!("shop-{number}"));
        let seen = browser.get(&callback).await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER);
        let length = browser.cookie_header().len();
        assert!(length <= 4_096 + 512, "{length}");
    }
    assert_eq!(browser.attempts(), 1, "no result ended it");
    let seen = browser.get(&redirect_query("def502-99-1", &own)).await;
    assert!(seen.location().starts_with("/pp"), "{}", seen.location());
}

#[tokio::test]
async fn cookies_under_our_name_that_are_not_ours_go() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    for number in 0..8 {
        let name = format!("__Host-kommo-state-{number:012x}");
        browser.cookies.insert(name, "A".repeat(900));
    }
    let seen = browser.get("/kommo/start?mode=popup").await;
    assert_eq!(browser.cookies.len(), 1);
    let state = state_of(seen.location());
    let seen = browser
        .come_back(&redirect_query("def502-1-1", &state))
        .await;
    assert_eq!(seen.code(), "connected");
}
