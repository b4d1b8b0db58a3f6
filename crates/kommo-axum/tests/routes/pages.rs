//! What the pages and the script are allowed to do.

use axum::http::{HeaderMap, StatusCode};
use kommo_axum::{Attempt, LocalPath};
use kommo_oauth::consent::ConsentMode;
use kommo_oauth::integration::PageUri;

use crate::app::{App, CLIENT, redirect_query};
use crate::browser::{Browser, fetch};

#[tokio::test]
async fn every_answer_is_kept_by_nobody_and_leaves_no_address_behind() {
    let app = App::with(|builder| builder.metrics());
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("post_message").await;
    for target in [
        redirect_query("def502-1-1", &state),
        redirect_query("def502-1-1", "x"),
        "/kommo/result".into(),
        "/kommo/result?id=000000000000".into(),
        "/kommo/start".into(),
        "/kommo/script.js".into(),
        "/kommo/disconnect".into(),
        "/kommo/health".into(),
        "/kommo/metrics".into(),
    ] {
        let seen = browser.get(&target).await;
        assert_eq!(seen.header("cache-control"), "no-store", "{target}");
        assert_eq!(seen.header("referrer-policy"), "no-referrer", "{target}");
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{target}");
        assert!(
            seen.header("content-security-policy")
                .starts_with("default-src 'none'"),
            "{target}"
        );
        assert!(
            seen.header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{target}"
        );
    }
}

#[tokio::test]
async fn only_a_window_that_was_opened_runs_a_script() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    for (mode, runs) in [("popup", false), ("post_message", true)] {
        let state = browser.begin(mode).await;
        let seen = browser
            .come_back(&redirect_query("def502-1-1", &format!("{state}x")))
            .await;
        assert!(
            !seen.text.contains("<script"),
            "whose window it is, is not known"
        );
        let seen = browser
            .come_back(&redirect_query(&format!("def502-1-1-{mode}"), &state))
            .await;
        assert_eq!(seen.text.contains("<script>"), runs, "{mode}");
        assert_eq!(
            seen.header("content-security-policy")
                .contains("script-src 'sha256-"),
            runs,
            "{mode}"
        );
        assert!(
            !seen.header("content-security-policy").contains("unsafe"),
            "{mode}"
        );
    }
}

#[tokio::test]
async fn a_connected_window_without_scripts_goes_on_by_itself() {
    let path = LocalPath::parse("/done?tab=1&more=2").unwrap();
    let app = App::with(|builder| builder.success_path(path));
    let mut browser = Browser::new(&app.router);
    let onward = "<noscript><meta http-equiv=\"refresh\" content=\"0;url=/done?tab=1&amp;more=2\"></noscript>";
    let state = browser.begin("post_message").await;
    let seen = browser
        .come_back(&redirect_query("def502-1-1", &state))
        .await;
    assert!(seen.text.contains(onward), "{}", seen.text);
    for (code, says) in [
        ("def502-2-1", "connected-before"),
        ("def502-used", "connected-before"),
    ] {
        let seen = browser.come_back(&redirect_query(code, &state)).await;
        assert_eq!(seen.code(), says);
        assert!(!seen.text.contains("http-equiv"), "it is to be read");
    }
    let state = browser.begin("post_message").await;
    let seen = browser
        .come_back(&redirect_query("def502-used", &state))
        .await;
    assert_eq!(seen.code(), "code-refused");
    assert!(!seen.text.contains("http-equiv"), "a refusal is to be read");
}

#[tokio::test]
async fn the_message_is_for_the_one_origin_that_opens_the_window() {
    let page = PageUri::parse("https://Panel.example:443/settings").unwrap();
    let app = App::with(|builder| builder.opened_by(page));
    let mut browser = Browser::new(&app.router);
    let state = browser.begin("post_message").await;
    let seen = browser
        .come_back(&redirect_query("def502-1-1", &state))
        .await;
    assert!(
        seen.text
            .contains("data-kommo-opener=\"https://panel.example\""),
        "{}",
        seen.text
    );
    assert!(!seen.text.contains("'*'") && !seen.text.contains("\"*\""));
}

#[tokio::test]
async fn the_script_knows_its_origins_and_nothing_of_a_consent() {
    let app = App::new();
    let seen = fetch(&app.router, "/kommo/script.js").await;
    assert_eq!(
        (seen.status, seen.header("content-type")),
        (StatusCode::OK, "text/javascript; charset=utf-8")
    );
    for line in [
        "const platformOrigin = \"https://www.kommo.com\";",
        "const ownOrigin = \"https://app.example\";",
        "new URL(\"https://app.example/kommo/callback\")",
        "const defaultMode = \"popup\";",
        "const width = 750;",
        "const height = 580;",
    ] {
        assert!(seen.text.contains(line), "{line}");
    }
    assert!(!seen.text.contains("{{"), "a place is left open");
}

#[tokio::test]
async fn the_link_works_without_a_script_and_under_a_strict_policy() {
    let app = App::new();
    assert_eq!(
        app.connect.link_html("/kommo", "Connect \"Kommo\""),
        "<a data-kommo=\"connect\" href=\"/kommo/start\">Connect &quot;Kommo&quot;</a>\n\
         <script src=\"/kommo/script.js\" defer></script>"
    );
}

#[tokio::test]
async fn the_button_has_the_state_that_its_cookie_knows() {
    let app = App::new();
    let begun = app
        .connect
        .button(
            &HeaderMap::new(),
            &Attempt::new(),
            ConsentMode::Popup,
            |button| button.title("Join"),
        )
        .unwrap();
    assert!(
        begun.text.contains(&format!("data-client-id=\"{CLIENT}\"")),
        "{}",
        begun.text
    );
    assert!(begun.text.contains("data-title=\"Join\""));
    let (_, rest) = begun.text.split_once("data-state=\"").unwrap();
    let state = rest.split('"').next().unwrap();
    let cookie = begun.set_cookies[0].to_str().unwrap();
    let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    let mut browser = Browser::new(&app.router);
    browser.cookies.insert(name.into(), value.into());
    assert_eq!(
        browser
            .come_back(&redirect_query("def502-1-1", state))
            .await
            .code(),
        "connected"
    );
}
