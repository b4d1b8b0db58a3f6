//! The dashboard of the sandbox shows what happens while it happens, and is loaded once.

use std::io::{Read, Write};
use std::net::TcpStream;

use kommo_browser_walk::{ApplicationPlace, Stage};
use kommo_sandbox::GrantOrder;
use serde_json::json;

use crate::walk::{pictures, stage};

const DAY: u64 = 86_400;

/// A call to the CRM of the first account, without a token.
fn call(stage: &Stage) -> String {
    let address = stage.sandbox.base_url().strip_prefix("http://").unwrap();
    let host = stage.account(0).host;
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /api/v4/account HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_dashboard_shows_calls_grants_faults_and_the_clock_as_they_come() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(stage.sandbox.dashboard_url());
    browser.wait_until("document.getElementById('now').textContent.includes('UTC')");
    browser.run("window.isTheFirst = true", &[]);
    assert!(!browser.has(".row"));
    assert!(!browser.has("#grants .card"));
    assert!(!browser.has("#faults li"));

    assert!(call(&stage).starts_with("HTTP/1.1 401 "));
    browser.wait_until("document.querySelectorAll('.row').length === 1");
    let line = browser.shown(".row.refused");
    for part in ["GET", "/api/v4/account", "401"] {
        assert!(line.contains(part), "{part} in {line}");
    }

    stage.sandbox.make_grants(GrantOrder::new(1)).unwrap();
    browser.wait_until("document.querySelectorAll('#grants .card').length === 1");
    let grant = "return document.querySelector('#grants .good').textContent";
    assert_eq!(browser.run(grant, &[]), json!("alive"));

    // Ordered on the page, forgotten elsewhere, ordered elsewhere.
    browser.click("#fault-form button:not([type])");
    browser.wait_until("document.querySelectorAll('#faults li').length === 1");
    let ordered = stage.sandbox.faults();
    assert_eq!(ordered.len(), 1);
    stage.sandbox.clear_faults();
    browser.wait_until("document.querySelectorAll('#faults li').length === 0");
    for fault in ordered {
        stage.sandbox.inject(fault);
    }
    browser.wait_until("document.querySelectorAll('#faults li').length === 1");

    browser.click("[data-clock*=false]");
    browser.wait_until("document.getElementById('running').textContent === 'stands still'");
    let then = stage.sandbox.now() + DAY;
    stage.sandbox.advance_seconds(DAY);
    wait_for_clock(&stage, then);
    browser.click("[data-clock*='3600']");
    wait_for_clock(&stage, then + 3_600);
    assert_eq!(stage.sandbox.now(), then + 3_600);

    assert_eq!(
        browser.run("return window.isTheFirst === true", &[]),
        json!(true)
    );
    assert_eq!(browser.shown("#trouble"), "");
    pictures(&stage, "dashboard");
}

/// The page says this instant.
#[track_caller]
fn wait_for_clock(stage: &Stage, unix: u64) {
    let says = format!(
        "document.getElementById('now').textContent.startsWith(new Date({unix} * 1000).toISOString().slice(0, 19).replace('T', ' '))"
    );
    stage.browser.wait_until(&says);
}
