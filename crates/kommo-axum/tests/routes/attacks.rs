//! What somebody who means harm tries at the Redirect URI.

use core::sync::atomic::Ordering;
use core::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::app::{App, CLIENT, redirect_query};
use crate::browser::{Browser, send};

#[tokio::test]
async fn a_forged_or_absent_state_is_refused() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    browser.begin("popup").await;
    for (query, code) in [
        (
            redirect_query("def502-1-1", &"A".repeat(43)),
            "state-unknown",
        ),
        (redirect_query("def502-1-1", ""), "state-unknown"),
        (
            "/kommo/callback?code=def502-1-1&referer=myshop.kommo.com".into(),
            "state-missing",
        ),
        ("/kommo/callback".into(), "state-missing"),
        (
            format!("/kommo/callback?error=access_denied&client_id={CLIENT}"),
            "state-missing",
        ),
    ] {
        let seen = browser.come_back(&query).await;
        assert_eq!(
            (seen.status, seen.code()),
            (StatusCode::BAD_REQUEST, code),
            "{query}"
        );
    }
    app.assert_untouched();
    assert_eq!(browser.attempts(), 1, "the attempt under way goes on");
}

#[tokio::test]
async fn a_state_of_zeros_is_no_way_in_for_a_browser_without_attempts() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let seen = browser
        .come_back(&redirect_query("def502-1-1", &"A".repeat(43)))
        .await;
    assert_eq!(seen.code(), "state-unknown");
    app.assert_untouched();
}

#[tokio::test]
async fn the_state_of_another_browser_is_refused() {
    let app = App::new();
    let mut attacker = Browser::new(&app.router);
    let mut victim = Browser::new(&app.router);
    let state = attacker.begin("popup").await;
    victim.begin("popup").await;
    assert_eq!(
        victim
            .come_back(&redirect_query("def502-1-1", &state))
            .await
            .code(),
        "state-unknown"
    );
    app.assert_untouched();
}

#[tokio::test]
async fn the_state_of_one_tab_does_not_finish_the_other() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let first = browser.begin("popup").await;
    let mut only_second = browser.clone();
    only_second.cookies.clear();
    only_second.begin("popup").await;
    assert_eq!(
        only_second
            .come_back(&redirect_query("def502-1-1", &first))
            .await
            .code(),
        "state-unknown"
    );
    app.assert_untouched();
}

#[tokio::test]
async fn a_state_is_used_once_even_if_the_cookie_is_kept() {
    for (first, code) in [
        ("def502-1-1", "connected-before"),
        ("def502-used", "state-used"),
    ] {
        let app = App::new();
        let mut browser = Browser::new(&app.router);
        let state = browser.begin("popup").await;
        let mut replay = browser.clone();
        browser.come_back(&redirect_query(first, &state)).await;
        let seen = replay
            .come_back(&redirect_query("def502-2-1", &state))
            .await;
        assert_eq!(seen.code(), code);
        let seen = browser
            .come_back(&redirect_query("def502-3-1", &state))
            .await;
        assert_eq!(seen.code(), code, "and if it is gone");
        assert_eq!(app.store.codes().len(), 1);
        assert_eq!(app.platform.exchanges.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_replay_at_another_process_meets_the_store() {
    let one = App::new();
    let other = App::beside(&one, |builder| builder);
    let mut browser = Browser::new(&one.router);
    let state = browser.begin("popup").await;
    let mut replay = Browser::new(&other.router);
    replay.cookies.clone_from(&browser.cookies);
    assert_eq!(
        browser
            .come_back(&redirect_query("def502-1-1", &state))
            .await
            .code(),
        "connected"
    );
    assert_eq!(
        replay
            .come_back(&redirect_query("def502-1-1", &state))
            .await
            .code(),
        "code-repeated"
    );
    assert_eq!(other.platform.exchanges.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_state_ends_after_twenty_minutes() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    app.clock.advance(Duration::from_secs(1_201));
    assert_eq!(
        browser
            .come_back(&redirect_query("def502-1-1", &state))
            .await
            .code(),
        "state-expired"
    );
    app.assert_untouched();
}

#[tokio::test]
async fn a_cookie_with_one_letter_changed_is_none() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let (name, sealed) = browser.cookies.first_key_value().unwrap();
    let (name, sealed) = (name.clone(), sealed.clone());
    for place in 0..sealed.len() {
        let mut bytes = sealed.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        browser
            .cookies
            .insert(name.clone(), String::from_utf8(bytes).unwrap());
        let seen = browser
            .come_back(&redirect_query("def502-1-1", &state))
            .await;
        assert_eq!(seen.code(), "state-unknown", "place {place}");
    }
    app.assert_untouched();
}

#[tokio::test]
async fn a_foreign_referer_gets_nothing_and_ends_the_attempt() {
    for referer in [
        "evil.example",
        "myshop.kommo.com.evil.example",
        "myshop.kommo.com%40evil.example",
        "evil.example%2F.kommo.com",
        "www.kommo.com",
        "127.0.0.1",
        "xn--80ak6aa92e.kommo.com",
        "myshop.kommo.com%0d%0aX%3A1",
        "http%3A%2F%2Fmyshop.kommo.com",
    ] {
        let app = App::new();
        let mut browser = Browser::new(&app.router);
        let state = browser.begin("popup").await;
        let query = format!("/kommo/callback?code=def502-1-1&state={state}&referer={referer}");
        let seen = browser.come_back(&query).await;
        assert_eq!(
            (seen.status, seen.code()),
            (StatusCode::BAD_REQUEST, "referer-refused"),
            "{referer}"
        );
        assert!(!seen.text.contains("evil"), "{}", seen.text);
        app.assert_untouched();
        assert_eq!(
            browser
                .come_back(&redirect_query("def502-1-1", &state))
                .await
                .code(),
            "state-used"
        );
        app.assert_untouched();
    }
}

#[tokio::test]
async fn what_contradicts_itself_is_refused() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    for (rest, code) in [
        (
            "code=def502-1-1&referer=a.kommo.com&platform=1",
            "platform-disagrees",
        ),
        (
            "code=def502-1-1&referer=a.amocrm.ru&platform=2",
            "platform-disagrees",
        ),
        (
            "code=def502-1-1&referer=a.amocrm.ru&platform=1",
            "other-platform",
        ),
        (
            "code=def502-1-1&referer=a.kommo.com&platform=3",
            "platform-unknown",
        ),
        (
            "code=def502-1-1&referer=a.kommo.com&client_id=22222222-2222-3333-4444-555555555555",
            "other-client",
        ),
        ("code=def502-1-1", "referer-missing"),
        ("referer=a.kommo.com", "code-missing"),
        (
            "code=def502-1-1&error=access_denied&referer=a.kommo.com",
            "code-and-error",
        ),
        ("error=server_error", "error-unknown"),
        (
            "code=def502-1-1&code=def502-2-2&referer=a.kommo.com",
            "parameter-repeated",
        ),
        (
            "code=def502-1-1&%63ode=def502-2-2&referer=a.kommo.com",
            "parameter-repeated",
        ),
        (
            "code=def502-1-1&referer=a.kommo.com&referer=b.kommo.com",
            "parameter-repeated",
        ),
        ("code=%zz&referer=a.kommo.com", "query-unreadable"),
    ] {
        let state = browser.begin("popup").await;
        let seen = browser
            .come_back(&format!("/kommo/callback?{rest}&state={state}"))
            .await;
        assert_eq!(
            (seen.status, seen.code()),
            (StatusCode::BAD_REQUEST, code),
            "{rest}"
        );
    }
    let state = browser.begin("popup").await;
    let twice = format!("{}&state={state}", redirect_query("def502-1-1", &state));
    assert_eq!(browser.come_back(&twice).await.code(), "parameter-repeated");
    app.assert_untouched();
}

#[tokio::test]
async fn a_huge_query_is_refused_unread() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    let huge = format!(
        "{}&x={}",
        redirect_query("def502-1-1", &state),
        "a".repeat(9_000)
    );
    let seen = browser.come_back(&huge).await;
    assert_eq!(
        (seen.status, seen.code()),
        (StatusCode::URI_TOO_LONG, "query-too-long")
    );
    let seen = browser
        .get(&format!("/kommo/start?x={}", "a".repeat(9_000)))
        .await;
    assert_eq!(
        (seen.status, seen.code()),
        (StatusCode::URI_TOO_LONG, "query-too-long")
    );
    app.assert_untouched();
}

#[tokio::test]
async fn asking_for_the_head_of_an_answer_uses_nothing_up() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("popup").await;
    for target in [
        redirect_query("def502-1-1", &state),
        "/kommo/start".into(),
        "/kommo/disconnect".into(),
    ] {
        let request = Request::head(&target).body(Body::empty()).unwrap();
        assert_eq!(
            send(&app.router, request).await.status,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
    app.assert_untouched();
    assert_eq!(
        browser
            .come_back(&redirect_query("def502-1-1", &state))
            .await
            .code(),
        "connected"
    );
}

#[tokio::test]
async fn a_start_in_an_unknown_mode_begins_nothing() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    for query in ["mode=iframe", "mode=", "mode=popup&mode=popup"] {
        let seen = browser.get(&format!("/kommo/start?{query}")).await;
        assert_eq!(
            (seen.status, seen.code()),
            (StatusCode::BAD_REQUEST, "mode-unknown"),
            "{query}"
        );
    }
    assert!(browser.cookies.is_empty());
}
