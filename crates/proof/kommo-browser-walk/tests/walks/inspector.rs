//! What the walks of the inspector have in common: requests that come to the sandbox, and what the
//! page says of them.

use std::io::{Read, Write};
use std::net::TcpStream;

use kommo_browser_walk::{ApplicationPlace, Stage};
use serde_json::{Value, json};

use crate::walk::stage;

/// A stage whose browser shows the inspector.
#[track_caller]
pub(crate) fn inspector() -> Option<Stage> {
    let stage = stage(ApplicationPlace::Loopback)?;
    stage.browser.go(stage.sandbox.dashboard_url());
    stage
        .browser
        .wait_until("document.getElementById('now').textContent.includes('UTC')");
    Some(stage)
}

/// Sends a request as it stands here; the status.
pub(crate) fn send(stage: &Stage, method: &str, target: &str, heads: &str, body: &str) -> String {
    let address = stage.sandbox.base_url().strip_prefix("http://").unwrap();
    let host = match heads.to_ascii_lowercase().contains("host:") {
        true => String::new(),
        false => format!("Host: {address}\r\n"),
    };
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\n{host}{heads}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

/// A call to the CRM that is refused: 401.
#[track_caller]
pub(crate) fn crm_call(stage: &Stage) {
    let host = format!("Host: {}\r\n", stage.account(0).host);
    assert_eq!(send(stage, "GET", "/api/v4/account", &host, ""), "401");
}

/// The path of the Chats API that connects the channel.
pub(crate) fn connect_path(stage: &Stage) -> String {
    let channel_id = stage.sandbox.state().channel_id;
    format!("/v2/origin/custom/{channel_id}/connect")
}

/// The body of [`chats_call`]; its digest is not the one that the header names.
pub(crate) const BODY: &str = "{\"title\":\"it's <b>me</b>\"}\n";

/// A request to the Chats API whose digest is another one: 403.
#[track_caller]
pub(crate) fn chats_call(stage: &Stage) {
    let heads = format!(
        "Date: {}\r\nContent-Type: application/json\r\nContent-MD5: {}\r\nX-Signature: {}\r\n",
        date(stage),
        "0".repeat(32),
        "f".repeat(40)
    );
    let status = send(stage, "POST", &connect_path(stage), &heads, BODY);
    assert_eq!(status, "403");
}

/// The sandbox's time as the header has it, written by the browser.
pub(crate) fn date(stage: &Stage) -> String {
    let script = "return new Date(arguments[0] * 1000).toUTCString().replace('GMT', '+0000')";
    let date = stage.browser.run(script, &[json!(stage.sandbox.now())]);
    date.as_str().unwrap().to_owned()
}

/// Waits until the journal has so many lines; a page shows at most about forty.
#[track_caller]
pub(crate) fn wait_for_rows(stage: &Stage, number: usize) {
    let rows = format!("document.querySelectorAll('.row').length === {number}");
    stage.browser.wait_until(&rows);
}

/// The causes of the lines that are shown, newest first.
#[track_caller]
pub(crate) fn causes(stage: &Stage) -> Value {
    let script = "return [...document.querySelectorAll('.row')].sort((a, b) => b.dataset.id - a.dataset.id) \
                  .map((row) => row.querySelector('.cause').textContent)";
    stage.browser.run(script, &[])
}

/// The text of an element, shown or not.
#[track_caller]
pub(crate) fn text(stage: &Stage, css: &str) -> String {
    let script = "return document.querySelector(arguments[0]).textContent";
    let text = stage.browser.run(script, &[json!(css)]);
    text.as_str().unwrap().to_owned()
}

/// Presses a button that copies, and gives what it copied.
#[track_caller]
pub(crate) fn copied(stage: &Stage, label: &str) -> String {
    let browser = &stage.browser;
    let script = "window.copied = null; \
        navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }; \
        [...document.querySelectorAll('button')].find((button) => button.textContent === arguments[0]).click()";
    browser.run(script, &[json!(label)]);
    browser.wait_until("window.copied !== null");
    let copied = browser.run("return window.copied", &[]);
    copied.as_str().unwrap().to_owned()
}
