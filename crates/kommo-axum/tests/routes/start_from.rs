//! From where a consent may be begun: not from other sites, unless the application says so.

use core::time::Duration;

use axum::http::StatusCode;
use kommo_axum::StartFrom;
use kommo_oauth::integration::PageUri;

use crate::app::{App, redirect_query};
use crate::browser::{Browser, Seen};

type Headers = [(&'static str, &'static str)];

const OTHER_SITE: &Headers = &[
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

#[track_caller]
fn assert_refused(seen: &Seen, code: &str) {
    assert_eq!((seen.status, seen.code()), (StatusCode::FORBIDDEN, code));
    assert!(
        !seen.headers.contains_key("set-cookie"),
        "no cookie is set or ended"
    );
}

#[tokio::test]
async fn another_site_begins_nothing_and_ends_nothing_of_the_users() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let own = browser.begin("popup").await;
    for _ in 0..20 {
        app.clock.advance(Duration::from_secs(1));
        let seen = browser.get_with("/kommo/start", OTHER_SITE).await;
        assert_refused(&seen, "other-site");
        // One click there begins it, since that is the user's own.
        assert!(seen.text.contains("href=\"/kommo/start\">Try again<"));
    }
    assert_eq!(browser.attempts(), 1);
    let seen = browser.come_back(&redirect_query("def502-1-1", &own)).await;
    assert_eq!(seen.code(), "connected");
}

#[tokio::test]
async fn no_frame_picture_or_script_begins_a_consent_from_whatever_site() {
    for from in [StartFrom::OwnSite, StartFrom::AnySite] {
        let app = App::with(|builder| builder.start_from(from));
        let mut browser = Browser::new(&app.router);
        for (mode, dest) in [
            ("navigate", "iframe"),
            ("navigate", "frame"),
            ("navigate", "object"),
            ("no-cors", "image"),
            ("no-cors", "script"),
            ("cors", "empty"),
        ] {
            let headers = [
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
            ];
            let seen = browser.get_with("/kommo/start", &headers).await;
            assert_refused(&seen, "no-page");
        }
    }
}

#[tokio::test]
async fn the_own_site_the_address_bar_and_old_browsers_begin() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    for site in ["same-origin", "same-site", "none"] {
        let headers = [
            ("sec-fetch-site", site),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        let seen = browser.get_with("/kommo/start", &headers).await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{site}");
    }
    assert_eq!(
        browser.get("/kommo/start").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn the_application_may_let_other_sites_begin() {
    let app = App::with(|builder| builder.start_from(StartFrom::AnySite));
    let seen = Browser::new(&app.router)
        .get_with("/kommo/start", OTHER_SITE)
        .await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER);
    // The page that opens the window may be on another site, and needs no more than to say where it
    // is.
    let panel = PageUri::parse("https://panel.example/settings").unwrap();
    let app = App::with(|builder| builder.opened_by(panel));
    for (referer, status) in [
        ("https://panel.example/settings", StatusCode::SEE_OTHER),
        ("https://evil.example/", StatusCode::FORBIDDEN),
    ] {
        let headers = [OTHER_SITE, &[("referer", referer)]].concat();
        let seen = Browser::new(&app.router)
            .get_with("/kommo/start", &headers)
            .await;
        assert_eq!(seen.status, status, "{referer}");
    }
}

#[tokio::test]
async fn what_is_fetched_ahead_begins_and_uses_nothing() {
    let app = App::new();
    let mut browser = Browser::new(&app.router);
    let ahead = [("sec-purpose", "prefetch;prerender")];
    let seen = browser.get_with("/kommo/start", &ahead).await;
    assert_eq!(
        (seen.status, seen.text.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "")
    );
    assert_eq!(browser.cookies.len(), 0);
    let state = browser.begin("popup").await;
    let callback = redirect_query("def502-1-1", &state);
    let seen = browser.get_with(&callback, &ahead).await;
    assert_eq!(
        (seen.status, seen.text.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "")
    );
    app.assert_untouched();
    assert_eq!(browser.come_back(&callback).await.code(), "connected");
}
