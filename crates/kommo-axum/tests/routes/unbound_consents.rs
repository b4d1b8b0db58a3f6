//! Consents that are bound to no session of the application: any program can begin and finish one.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::Arc;

use axum::http::header::COOKIE;
use axum::http::request::Parts;
use kommo_axum::ConnectBuilder;
use kommo_keeper::testing::MemoryStore;

use crate::app::{App, eventually, fail, redirect_query};
use crate::browser::Browser;

/// The user whose session cookie it is.
async fn user_of(parts: Parts) -> Option<String> {
    let cookies = parts.headers.get(COOKIE)?.to_str().ok()?.to_owned();
    let mut pairs = cookies.split("; ");
    pairs.find_map(|pair| pair.strip_prefix("session=").map(String::from))
}

fn one_a_minute(builder: ConnectBuilder<MemoryStore>) -> ConnectBuilder<MemoryStore> {
    builder.unbound_consents_a_minute(1).session_of(user_of)
}

fn signed_in(app: &App, user: usize) -> Browser {
    let mut browser = Browser::new(&app.router);
    browser
        .cookies
        .insert("session".into(), format!("user-{user}"));
    browser
}

/// A browser that has begun, and the address that it comes back to.
async fn begun(mut browser: Browser, account: &str, code: &str) -> (Browser, String) {
    let state = browser.begin("popup").await;
    let callback = redirect_query(code, &state).replace("myshop", account);
    (browser, callback)
}

/// A program without a session begins, and brings this code; how that ends.
async fn stranger(app: &App, account: &str, code: &str) -> String {
    let (mut browser, callback) = begun(Browser::new(&app.router), account, code).await;
    browser.come_back(&callback).await.code().to_owned()
}

#[tokio::test]
async fn a_flood_from_many_accounts_costs_no_more_than_its_share() {
    let app = App::with(one_a_minute);
    fail(&app.store);
    let flood = async |numbers: core::ops::Range<usize>| {
        let mut ends = Vec::new();
        for number in numbers {
            let (account, code) = (format!("evil-{number}"), format!("def502-used-{number}"));
            ends.push(stranger(&app, &account, &code).await);
        }
        let of = |end| ends.iter().filter(|code| *code == end).count();
        (of("not-kept"), of("too-many"))
    };
    assert_eq!(flood(0..200).await, (10, 190), "ten minutes' worth at once");
    assert_eq!(app.store.with(|state| state.operations), 10);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(flood(200..300).await, (1, 99));
    assert_eq!(app.store.with(|state| state.operations), 11);
}

#[tokio::test]
async fn an_account_has_room_for_its_users_and_leaves_the_rest_to_others() {
    let app = App::new();
    fail(&app.store);
    let mut ends = Vec::new();
    for number in 0..50 {
        ends.push(stranger(&app, "myshop", &format!("def502-used-{number}")).await);
    }
    assert!(ends[..16].iter().all(|end| end == "not-kept"), "{ends:?}");
    assert!(ends[16..].iter().all(|end| end == "too-many"), "{ends:?}");
    assert_eq!(stranger(&app, "other", "def502-used-99").await, "not-kept");
}

#[tokio::test]
async fn an_application_may_take_none() {
    let app = App::with(|builder| builder.unbound_consents_a_minute(0).session_of(user_of));
    assert_eq!(stranger(&app, "shop", "def502-1-1").await, "too-many");
    app.assert_untouched();
    let (mut user, callback) = begun(signed_in(&app, 1), "shop", "def502-1-1").await;
    assert_eq!(user.come_back(&callback).await.code(), "connected");
}

#[tokio::test(start_paused = true)]
async fn users_with_a_session_wait_for_no_stranger_and_are_not_counted() {
    let app = App::with(one_a_minute);
    let exchanges = Arc::clone(&app.platform.exchanges);
    let before = tokio::time::Instant::now();
    for number in 0..50 {
        let (account, code) = (format!("evil-{number}"), format!("def502-{number}-1-slow"));
        let (mut browser, callback) = begun(Browser::new(&app.router), &account, &code).await;
        tokio::spawn(async move { browser.get(&callback).await });
    }
    eventually(|| app.store.codes().len() == 10).await;
    eventually(|| exchanges.load(Ordering::SeqCst) == 8).await;
    // The platform is slow for the strangers. All of these users have one account.
    for number in 101..=130 {
        let code = format!("def502-7-{number}");
        let (mut user, callback) = begun(signed_in(&app, number), "myshop", &code).await;
        assert_eq!(user.come_back(&callback).await.code(), "connected");
    }
    assert!(before.elapsed().is_zero(), "nothing was waited for");
    assert_eq!(exchanges.load(Ordering::SeqCst), 8 + 30);
    // Those that were taken follow at the pace that is set.
    app.platform.slow.add_permits(100);
    for (seconds, strangers) in [(50, 8), (60, 9), (60, 10), (600, 10)] {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        assert_eq!(exchanges.load(Ordering::SeqCst), strangers + 30);
    }
}

#[tokio::test]
async fn the_store_and_the_application_know_which_consents_had_a_session() {
    let app = App::with(one_a_minute);
    assert_eq!(stranger(&app, "shop", "def502-1-1").await, "connected");
    let (mut user, callback) = begun(signed_in(&app, 1), "shop", "def502-2-1").await;
    assert_eq!(user.come_back(&callback).await.code(), "connected");
    let told = app.told.lock().unwrap();
    let origins: Vec<_> = told.iter().map(|grant| grant.origin.name()).collect();
    assert_eq!(origins, ["unbound-redirect", "redirect"]);
}
