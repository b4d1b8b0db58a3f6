//! One redirect that comes more than once: fetched ahead, stopped and tried again, in two tabs, or
//! by the way back. All visits of the browser that began it get the same end.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderValue, StatusCode};
use kommo_axum::{LocalPath, RedirectTo};

use crate::app::{App, eventually, redirect_query};
use crate::browser::Browser;

#[tokio::test]
async fn a_redirect_that_comes_again_gets_the_same_end() {
    for (code, says) in [
        ("def502-1-1", "connected"),
        ("def502-used", "code-refused"),
        ("def502-lost-1-1", "waiting"),
        ("def502-wrong-secret", "client-refused"),
    ] {
        for mode in ["popup", "post_message"] {
            let app = App::new();
            let mut browser = Browser::new(&app.router);
            let state = browser.begin(mode).await;
            let callback = redirect_query(code, &state);
            // With the cookie of the attempt, as if the answer to the first visit had never
            // arrived.
            let mut lost_answer = browser.clone();
            let first = browser.come_back(&callback).await;
            assert_eq!(first.code(), says);
            for again in [&mut browser, &mut lost_answer] {
                let seen = again.come_back(&callback).await;
                assert_eq!((seen.code(), &seen.text), (says, &first.text), "{mode}");
            }
            // And once more, after that.
            assert_eq!(lost_answer.come_back(&callback).await.code(), says);
            assert_eq!(app.platform.exchanges.load(Ordering::SeqCst), 1);
            assert_eq!(app.store.codes().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_browser_that_was_sent_on_is_sent_on_again() {
    let asked = Arc::new(Mutex::new(0));
    for path in ["/accounts/77".to_owned(), format!("/{}", "a".repeat(900))] {
        let count = Arc::clone(&asked);
        let onward = LocalPath::parse(path.as_str()).unwrap();
        let app = App::with(|builder| {
            builder.on_connected(move |_, _| {
                *count.lock().unwrap() += 1;
                let cookie = HeaderValue::from_static("seen=77; Path=/");
                let onward = RedirectTo::to(onward.clone()).with_cookie(cookie);
                async move { Some(onward) }
            })
        });
        let mut browser = Browser::new(&app.router);
        let state = browser.begin("popup").await;
        let callback = redirect_query("def502-77-5", &state);
        let mut lost_answer = browser.clone();
        assert_eq!(browser.get(&callback).await.location(), path);
        let seen = lost_answer.get(&callback).await;
        assert_eq!(seen.location(), path);
        assert_eq!(lost_answer.cookies["seen"], "77", "the application's too");
        let seen = browser.get(&callback).await;
        if path.len() < 300 {
            assert_eq!(seen.location(), path);
        } else {
            // A long address is not in the cookie: it ends at the page, which says the same.
            let page = browser.get(seen.location()).await;
            assert_eq!(page.code(), "connected");
        }
    }
    assert_eq!(*asked.lock().unwrap(), 2, "once for each consent");
}

#[tokio::test]
async fn the_success_path_is_where_every_visit_ends() {
    let path = LocalPath::parse("/settings").unwrap();
    let app = App::with(|builder| builder.success_path(path));
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    for _ in 0..3 {
        let seen = browser.get(&redirect_query("def502-77-5", &state)).await;
        assert_eq!(
            (seen.status, seen.location()),
            (StatusCode::SEE_OTHER, "/settings")
        );
    }
    assert_eq!(app.store.grants().len(), 1);
}

#[tokio::test]
async fn two_visits_at_once_are_one() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let callback = redirect_query("def502-1-1-slow", &state);
    let mut tabs = Vec::new();
    for _ in 0..5 {
        let (mut tab, callback) = (browser.clone(), callback.clone());
        tabs.push(tokio::spawn(async move { tab.come_back(&callback).await }));
    }
    let exchanges = Arc::clone(&app.platform.exchanges);
    eventually(|| exchanges.load(Ordering::SeqCst) == 1).await;
    app.platform.slow.add_permits(5);
    for tab in tabs {
        assert_eq!(tab.await.unwrap().code(), "connected");
    }
    assert_eq!(app.platform.exchanges.load(Ordering::SeqCst), 1);
    assert_eq!(app.told.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_visit_that_was_stopped_is_carried_out_and_the_next_is_told() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let callback = redirect_query("def502-1-1-slow", &state);
    let (mut stopped, target) = (browser.clone(), callback.clone());
    let stopped = tokio::spawn(async move { stopped.come_back(&target).await });
    let exchanges = Arc::clone(&app.platform.exchanges);
    eventually(|| exchanges.load(Ordering::SeqCst) == 1).await;
    stopped.abort();
    assert!(stopped.await.unwrap_err().is_cancelled());
    app.platform.slow.add_permits(1);
    assert_eq!(browser.come_back(&callback).await.code(), "connected");
    assert_eq!(app.platform.exchanges.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_application_that_panics_does_not_take_the_answer_with_it() {
    let app = App::with(|builder| {
        builder.on_connected(|_, _| async { panic!("a fault of the application") })
    });
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let callback = redirect_query("def502-1-1", &state);
    assert_eq!(browser.come_back(&callback).await.code(), "connected");
    assert_eq!(browser.come_back(&callback).await.code(), "connected");
}

#[tokio::test]
async fn nobody_but_the_browser_that_began_is_told() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let callback = redirect_query("def502-1-1", &state);
    assert_eq!(browser.come_back(&callback).await.code(), "connected");
    // Whoever saw the address; with results and attempts of his own.
    let mut other = Browser::new(&app.router);
    assert_eq!(other.come_back(&callback).await.code(), "state-unknown");
    let own = other.begin("popup").await;
    other.come_back(&redirect_query("def502-2-1", &own)).await;
    assert_eq!(other.come_back(&callback).await.code(), "state-unknown");
    // A result of his own under the name of the other's.
    let mine = other
        .cookies
        .iter()
        .find(|(name, _)| !name.ends_with("none"));
    let sealed = mine.unwrap().1.clone();
    let names = browser.cookies.keys().cloned();
    other
        .cookies
        .extend(names.map(|name| (name, sealed.clone())));
    assert_eq!(other.come_back(&callback).await.code(), "state-unknown");
}

#[tokio::test]
async fn an_attempt_that_is_over_says_so() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let callback = redirect_query("def502-1-1", &state);
    browser.come_back(&callback).await;
    app.clock.advance(Duration::from_secs(1_200));
    assert_eq!(browser.come_back(&callback).await.code(), "connected");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(browser.come_back(&callback).await.code(), "state-expired");
}

#[tokio::test]
async fn another_process_does_not_say_that_it_is_not_connected() {
    let one = App::new();
    let other = App::beside(&one, |builder| builder);
    let mut browser = Browser::new(&one.router);
    let state = browser.begin("popup").await;
    let callback = redirect_query("def502-1-1", &state);
    // The answer of the first process is lost with its cookies; the second has the attempt, and
    // does not know what came of it.
    let mut elsewhere = Browser::new(&other.router);
    elsewhere.cookies.clone_from(&browser.cookies);
    assert_eq!(browser.come_back(&callback).await.code(), "connected");
    let seen = elsewhere.come_back(&callback).await;
    assert_eq!(seen.code(), "code-repeated");
    assert!(
        seen.text.contains("<h1>Already finished</h1>"),
        "{}",
        seen.text
    );
    assert!(!seen.text.contains("Not connected") && !seen.text.contains("Nothing was changed"));
    // With the cookies of the first answer it does know.
    elsewhere.cookies = browser.cookies;
    assert_eq!(elsewhere.come_back(&callback).await.code(), "connected");
}
