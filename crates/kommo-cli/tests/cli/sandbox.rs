//! `kommo sandbox` as a process, with real signals.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::plain_http;
use crate::program::Room;

/// A running sandbox; killed at the end.
pub(crate) struct Running {
    child: Child,
    first_line: Value,
}

impl Running {
    pub(crate) fn start(room: &Room, more: &[&str]) -> Self {
        Self::start_with(room, more, &[])
    }

    /// The same with variables.
    pub(crate) fn start_with(room: &Room, more: &[&str], variables: &[(&str, &Path)]) -> Self {
        let mut command = room.command(["sandbox"].iter().chain(more));
        command.envs(variables.iter().copied());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let first_line =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { child, first_line }
    }

    pub(crate) fn base_url(&self) -> &str {
        self.first_line["base_url"].as_str().unwrap()
    }

    /// A field of the first line.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.first_line[name].as_str().unwrap()
    }

    /// Asks the control API.
    pub(crate) fn ask(&self, path: &str) -> Value {
        let url = self.first_line["control_url"].as_str().unwrap();
        let answer = plain_http::get(&format!("{url}/{path}"));
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Orders something of the control API.
    pub(crate) fn order(&self, path: &str, order: &Value) -> Value {
        let url = self.first_line["control_url"].as_str().unwrap();
        let answer = plain_http::post(&format!("{url}/{path}"), &order.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Ends it without a goodbye.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal and gives the status and what was said on standard error.
    pub(crate) fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(self.child.stderr.as_mut().unwrap(), &mut said).unwrap();
        (status.code(), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A configuration whose secret is known.
pub(crate) fn config(room: &Room) {
    room.file(
        "sandbox.json",
        r#"{"channel_secret":"MARKER-channel-secret"}"#,
    );
    room.file("secret", "MARKER-channel-secret");
}

#[test]
fn the_first_line_names_the_urls_and_a_signal_ends_it_cleanly() {
    let room = Room::new();
    for signal in ["-TERM", "-INT"] {
        let running = Running::start(&room, &[]);
        let line = running.first_line.as_object().unwrap();
        assert_eq!(
            line.keys().collect::<Vec<_>>(),
            ["base_url", "control_url", "dashboard_url"]
        );
        let base_url = running.base_url().to_owned();
        assert!(base_url.starts_with("http://127.0.0.1:"));
        for name in ["control_url", "dashboard_url"] {
            assert!(line[name].as_str().unwrap().starts_with(&base_url));
        }
        assert_eq!(running.end(signal), (Some(0), String::new()));
    }
}

#[test]
fn verbose_tells_the_journal_without_secrets() {
    let room = Room::new();
    config(&room);
    let running = Running::start(&room, &["--config", "sandbox.json", "--verbose"]);
    room.file("other", "another-secret");
    let connect = |secret: &str| {
        room.run([
            "chats",
            "connect",
            "--sandbox",
            running.base_url(),
            "--secret-file",
            secret,
            "--channel",
            "c0ffee00-0000-4000-8000-000000000001",
            "--account-amojo-id",
            "acc00000-0000-4000-8000-000000000001",
        ])
    };
    connect("secret").done();
    connect("other").failed(1);
    // What was not told yet is told at the end, so there is nothing to wait for by the clock.
    let (status, said) = running.end("-TERM");
    assert_eq!(status, Some(0));
    assert!(said.contains("  unknown: "), "{said}");
    assert!(
        said.starts_with(
            "POST /v2/origin/custom/c0ffee00-0000-4000-8000-000000000001/connect 200 "
        ),
        "{said}"
    );
    assert!(!said.contains("MARKER"), "{said}");
}

// Invariant I3.
#[test]
fn only_loopback_is_listened_on() {
    let room = Room::new();
    for listen in [
        "0.0.0.0:0",
        "192.0.2.1:80",
        "[::]:0",
        "example.com:80",
        "127.0.0.1",
        "x",
    ] {
        room.run(["sandbox", "--listen", listen]).failed(2);
    }
}

#[test]
fn a_wrong_configuration_is_a_mistake_of_the_operator_and_is_not_repeated() {
    let room = Room::new();
    for text in [
        "",
        "{",
        "[]",
        r#"{"chanel_id":"MARKER"}"#,
        r#"{"channel_id":"MARKER"}"#,
        r#"{"channel_secret":["MARKER"]}"#,
        r#"{"now":"MARKER"}"#,
        r#"{"channel_secret":""}"#,
        r#"{"channel_secret":"MARKER"#,
    ] {
        room.file("sandbox.json", text);
        assert!(
            !room
                .run(["sandbox", "--config", "sandbox.json"])
                .failed(2)
                .contains("MARKER"),
            "{text}"
        );
    }
    room.run(["sandbox", "--config", "missing.json"]).failed(3);
}

#[test]
fn a_value_of_another_type_is_named_by_its_field() {
    let room = Room::new();
    for (text, part) in [
        (
            r#"{"client_secret":5}"#,
            "client_secret: a string is expected",
        ),
        (
            r#"{"accounts":[{"id":"MARKER"}]}"#,
            "accounts[0].id: a whole number is expected",
        ),
        (
            r#"{"oauth":{"rotation":"MARKER"}}"#,
            "oauth.rotation: one of `strict`, `until-refresh-used`, `until-access-used` is expected",
        ),
        (r#"{"tls":"MARKER"}"#, "tls: a boolean is expected"),
        (
            r#"{"accounts":[{"id":1}]}"#,
            "accounts[0]: missing field `host`",
        ),
        (r#"{"crm":{"nil":1}}"#, "crm.nil: unknown field `nil`"),
    ] {
        room.file("sandbox.json", text);
        let failed = room.run(["sandbox", "--config", "sandbox.json"]);
        let said = failed.failed(2);
        assert!(said.contains(part) && !said.contains("MARKER"), "{said}");
    }
}

#[test]
fn a_port_that_is_taken_is_io() {
    let room = Room::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    room.run([
        "sandbox",
        "--listen",
        &taken.local_addr().unwrap().to_string(),
    ])
    .failed(3);
}

#[test]
fn with_tls_the_first_line_names_the_certificate_of_its_authority() {
    let room = Room::new();
    let running = Running::start(&room, &["--tls"]);
    let line = running.first_line.as_object().unwrap();
    assert_eq!(
        line.keys().collect::<Vec<_>>(),
        ["base_url", "control_url", "dashboard_url", "ca_file"]
    );
    assert!(running.base_url().starts_with("https://127.0.0.1:"));
    let file = std::path::PathBuf::from(line["ca_file"].as_str().unwrap());
    let pem = std::fs::read_to_string(&file).unwrap();
    assert!(
        pem.starts_with("-----BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE"),
        "{pem}"
    );
    let mode = std::fs::metadata(&file).unwrap().permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600
    );
    assert_eq!(running.end("-TERM"), (Some(0), String::new()));
    assert!(!file.exists());
}

// Rule K11.
#[test]
fn the_three_readings_of_the_rotation_can_be_chosen() {
    let room = Room::new();
    for (reading, is_alive) in [
        ("strict", false),
        ("until-refresh-used", true),
        ("until-access-used", true),
    ] {
        let running = Running::start(&room, &["--rotation", reading]);
        assert_eq!(running.ask("oauth")["rotation"], reading);
        let made = running.order("grants", &serde_json::json!({ "count": 1 }));
        let first = made["grants"][0].clone();
        let refresh = || {
            let order = serde_json::json!({
                "client_id": running.ask("state")["client_id"],
                "client_secret": running.ask("state")["client_secret"],
                "redirect_uri": running.ask("state")["redirect_uri"],
                "grant_type": "refresh_token",
                "refresh_token": first["refresh_token"],
            });
            let host = first["account_host"].as_str().unwrap();
            let url = format!("{}/oauth2/access_token", running.base_url());
            plain_http::post_to(&url, host, &order.to_string()).status
        };
        assert_eq!(refresh(), 200);
        assert_eq!(refresh() == 200, is_alive, "{reading}");
    }
    room.run(["sandbox", "--rotation", "never"]).failed(2);
}
