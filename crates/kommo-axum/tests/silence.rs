//! No secret, code, token or state leaves by a log, a page, a metric or a `Debug` text.
//!
//! A program of its own: where other tests log at the same time without a subscriber, `tracing` may
//! decide that a line interests nobody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]
#![allow(
    dead_code,
    reason = "what the tests of the routes have in common, of which this one needs a part"
)]

mod routes {
    pub(crate) mod fake_platform;
    pub(crate) mod browser;
    pub(crate) mod app;
}

use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use kommo_axum::InstallHooks;
use tracing_subscriber::fmt::MakeWriter;

use crate::routes::{app, browser, fake_platform};

use crate::app::{App, CLIENT, SECRET, eventually, redirect_query};
use crate::browser::{Browser, fetch, send};
use crate::fake_platform::{ACCESS_MARKER, REFRESH_MARKER};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn planted_markers_are_found_nowhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let app = App::with(|builder| builder.metrics().install_hooks(InstallHooks::Callback));
    let mut shown = String::new();
    let mut states = Vec::new();
    let mut browser = Browser::new(&app.router);
    for code in [
        "def502-1-1-PLANTEDCODE",
        "def502-used-PLANTEDCODE",
        "def502-lost-PLANTEDCODE",
    ] {
        let state = browser.begin("post_message").await;
        shown.push_str(&browser.come_back(&redirect_query(code, &state)).await.text);
        let again = browser.come_back(&redirect_query(code, &state)).await;
        shown.push_str(&again.text);
        states.push(state);
    }
    let hook = format!(
        "/kommo/callback?code=def502-3-3-PLANTEDCODE&referer=myshop.kommo.com&from_widget=1&client_id={CLIENT}"
    );
    shown.push_str(&fetch(&app.router, &hook).await.text);
    shown.push_str(
        &fetch(&app.router, "/kommo/disconnect?signature=PLANTEDSIGNATURE")
            .await
            .text,
    );
    let post = Request::post("/kommo/secrets")
        .body(Body::from("PLANTEDBODY"))
        .unwrap();
    shown.push_str(&send(&app.router, post).await.text);
    let store = app.store.clone();
    eventually(|| store.grants().len() == 2).await;
    shown.push_str(&fetch(&app.router, "/kommo/metrics").await.text);
    shown.push_str(&format!("{:?}", app.connect));
    drop(guard);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("connected") && logged.contains("code-refused"),
        "{logged}"
    );
    for text in [&shown, &logged] {
        for marker in ["PLANTED", SECRET, ACCESS_MARKER, REFRESH_MARKER] {
            assert!(!text.contains(marker), "{marker} in {text}");
        }
        for state in &states {
            assert!(!text.contains(state.as_str()), "a state in {text}");
        }
    }
}
