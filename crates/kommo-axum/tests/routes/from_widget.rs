//! `from_widget` at the Redirect URI: never a way around the state.

use axum::http::StatusCode;
use kommo_axum::InstallHooks;

use crate::app::{App, eventually, redirect_query};
use crate::browser::Browser;

#[tokio::test]
async fn from_widget_is_no_way_around_the_state() {
    for at in [
        InstallHooks::Callback,
        InstallHooks::OwnPath,
        InstallHooks::Off,
    ] {
        let app = App::with(|builder| builder.install_hooks(at));
        let mut browser = Browser::new(&app.router);
        let state = browser.begin("popup").await;
        let query = format!("{}&from_widget=1", redirect_query("def502-1-1", &state));
        let seen = browser.come_back(&query).await;
        assert_eq!(seen.status, StatusCode::BAD_REQUEST, "{at:?}");
        assert_eq!(seen.code(), "install-hook-on-browser-route");
        app.assert_untouched();
        assert_eq!(browser.attempts(), 1, "the attempt under way goes on");
    }
}

#[tokio::test]
async fn from_widget_without_a_state_is_never_bound_to_the_browser_that_brings_it() {
    let app = App::with(|builder| {
        builder
            .install_hooks(InstallHooks::Callback)
            .on_connected(|_, _| async { unreachable!("bound to a browser") })
    });
    let mut victim = Browser::new(&app.router);
    victim.begin("popup").await;
    let seen = victim
        .get("/kommo/callback?code=def502-666-1&referer=attacker.kommo.com&from_widget=1")
        .await;
    assert_eq!((seen.status, seen.text.as_str()), (StatusCode::OK, ""));
    let told = std::sync::Arc::clone(&app.told);
    eventually(|| told.lock().unwrap().len() == 1).await;
    let told = told.lock().unwrap();
    assert_eq!(
        (told[0].origin.name(), told[0].carried.as_deref()),
        ("install-hook", None)
    );
}

#[tokio::test]
async fn from_widget_is_refused_at_the_callback_unless_install_hooks_are_taken_there() {
    for at in [InstallHooks::OwnPath, InstallHooks::Off] {
        let app = App::with(|builder| builder.install_hooks(at));
        let seen = Browser::new(&app.router)
            .come_back("/kommo/callback?code=def502-1-1&referer=a.kommo.com&from_widget=1")
            .await;
        assert_eq!(seen.code(), "install-hook-on-browser-route", "{at:?}");
        app.assert_untouched();
    }
}
