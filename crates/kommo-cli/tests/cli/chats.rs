//! `kommo chats` against a sandbox that runs as a process.

use kommo_test_vectors::chats_request;

use crate::planted::{Planted, answer};
use crate::program::{Ended, Room, ended};
use crate::sandbox::{Running, config};

const CHANNEL: &str = "c0ffee00-0000-4000-8000-000000000001";
const ACCOUNT: &str = "acc00000-0000-4000-8000-000000000001";

fn call(room: &Room, verb: &str, more: &[&str]) -> Ended {
    let base = [
        "chats",
        verb,
        "--channel",
        CHANNEL,
        "--account-amojo-id",
        ACCOUNT,
    ];
    room.run(base.iter().chain(more))
}

// Rules C1, C2, C3, N2.
#[test]
fn connect_prints_the_scope_id_and_disconnect_ends_it() {
    let room = Room::new();
    config(&room);
    let running = Running::start(&room, &["--config", "sandbox.json"]);
    let place = ["--sandbox", running.base_url(), "--secret-file", "secret"];
    let connected = call(&room, "connect", &place);
    assert_eq!(connected.done(), format!("{CHANNEL}_{ACCOUNT}\n"));
    let connected = call(
        &room,
        "connect",
        &[&place[..], &["--title", "Shop \"1\"", "--format", "json"]].concat(),
    );
    connected.done();
    assert_eq!(connected.json()["scope_id"], format!("{CHANNEL}_{ACCOUNT}"));
    assert_eq!(connected.json()["title"], "Shop \"1\"");
    assert_eq!(call(&room, "disconnect", &place).done(), "disconnected\n");

    let mut command = room.command([
        "chats",
        "connect",
        "--channel",
        CHANNEL,
        "--account-amojo-id",
        ACCOUNT,
        "--secret-env",
        "S",
    ]);
    command
        .env("KOMMO_SANDBOX_URL", running.base_url())
        .env("S", "MARKER-channel-secret");
    ended(command, b"").done();
}

#[test]
fn a_5xx_leaves_open_whether_it_was_done() {
    let server = Planted::start(vec![answer("500 X", "", b"{}")]);
    let room = Room::new();
    room.file("secret", "MARKER-channel-secret");
    let place = [
        "--sandbox",
        &server.url,
        "--secret-file",
        "secret",
        "--format",
        "json",
    ];
    for verb in ["connect", "disconnect"] {
        let failed = call(&room, verb, &place);
        let error = failed.failed_json(3);
        assert_eq!(error["code"], "in-doubt", "{failed:?}");
        assert_eq!(error["http_status"], 500, "{failed:?}");
    }
}

// Rule E1, invariant I8.
#[test]
fn a_refusal_is_status_1_with_its_meaning_and_without_secrets() {
    let room = Room::new();
    config(&room);
    room.file("other", "MARKER-another-secret");
    let running = Running::start(&room, &["--config", "sandbox.json"]);
    let refused = call(
        &room,
        "connect",
        &["--sandbox", running.base_url(), "--secret-file", "other"],
    );
    let said = refused.failed(1);
    assert!(
        said.contains("403")
            && said.contains("ORIGIN_INVALID_SIGNATURE")
            && said.contains("another secret"),
        "{said}"
    );
    assert!(!said.contains("MARKER"), "{said}");
    let verbose = call(
        &room,
        "connect",
        &[
            "--sandbox",
            running.base_url(),
            "--secret-file",
            "secret",
            "--verbose",
        ],
    );
    assert_eq!(verbose.status, 0);
    assert!(
        verbose.stderr.contains("status=200") && !verbose.stderr.contains("MARKER"),
        "{verbose:?}"
    );
}

// Rule T3.
#[test]
fn a_clock_that_is_wrong_is_allowed_for_and_told() {
    let room = Room::new();
    room.file(
        "sandbox.json",
        r#"{"channel_secret":"MARKER-channel-secret","now":1669231521}"#,
    );
    room.file("secret", "MARKER-channel-secret");
    let running = Running::start(&room, &["--config", "sandbox.json"]);
    let connected = call(
        &room,
        "connect",
        &[
            "--sandbox",
            running.base_url(),
            "--secret-file",
            "secret",
            "--format",
            "json",
        ],
    );
    assert_eq!(connected.status, 0, "{connected:?}");
    assert!(connected.json()["clock_offset_seconds"].as_i64().unwrap() < -1000);
    assert!(
        connected
            .stderr
            .starts_with("warning: the clock of this machine is ")
            && connected.stderr.contains("ahead of")
    );
}

// Invariant I3.
#[test]
fn a_sandbox_that_is_not_loopback_is_refused_before_a_secret_is_read() {
    let room = Room::new();
    for url in [
        "http://example.com:80",
        "https://127.0.0.1:1",
        "http://192.0.2.1:1",
        "http://127.0.0.1",
        "http://127.0.0.1:1/x",
        "http://127.0.0.1@192.0.2.1:1",
        "x",
    ] {
        // The missing file would be status 3.
        call(
            &room,
            "connect",
            &["--sandbox", url, "--secret-file", "missing"],
        )
        .failed(2);
        let mut command = room.command([
            "chats",
            "connect",
            "--channel",
            CHANNEL,
            "--account-amojo-id",
            ACCOUNT,
            "--secret-file",
            "missing",
        ]);
        command.env("KOMMO_SANDBOX_URL", url);
        ended(command, b"").failed(2);
    }
}

#[test]
fn a_network_that_is_not_there_is_status_3() {
    let room = Room::new();
    room.file("secret", "s");
    // A port that was free a moment ago, with nobody behind it.
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    call(
        &room,
        "disconnect",
        &["--sandbox", &url, "--secret-file", "secret"],
    )
    .failed(3);
}

// Rules C4, C6, E6.
#[test]
fn a_success_that_cannot_be_read_says_that_it_was_probably_done() {
    let room = Room::new();
    room.file("secret", "s");
    let coded = answer("200 OK", "Content-Encoding: br\r\n", b"\x0b\x02");
    for planted in [
        answer("200 OK", "Content-Type: text/plain\r\n", b"OK"),
        answer("202 Accepted", "", b"queued, 7"),
        coded,
    ] {
        for (verb, hint) in [
            ("connect", "run it again, connecting twice is harmless"),
            ("disconnect", "the channel is probably disconnected"),
        ] {
            let server = Planted::start(vec![planted.clone()]);
            let place = ["--sandbox", &server.url, "--secret-file", "secret"];
            let said = call(&room, verb, &place).failed(1).to_owned();
            assert!(said.contains(hint), "{verb}: {said}");
            let ended = call(&room, verb, &[&place[..], &["--format", "json"]].concat());
            let error = &ended.json()["error"];
            assert_eq!(ended.status, 1, "{ended:?}");
            assert_eq!(error["code"], "unconfirmed", "{error}");
            assert!(error["http_status"] == 200 || error["http_status"] == 202);
            assert_eq!(server.asked().len(), 2);
        }
    }
}

// Rules A1, A5, N1.
#[test]
fn what_is_missing_or_malformed_is_status_2() {
    let room = Room::new();
    room.file("secret", "s");
    for wrong in [
        &[][..],
        &["--account", "32720107"],
        &["--account", "shop.example.com"],
        &["--account", ""],
        &["--chats-host", "shop.kommo.com"],
        &["--account", "shop.kommo.com", "--title", " "],
        &["--account", "shop.kommo.com", "--channel", "x"],
    ] {
        call(
            &room,
            "connect",
            &[&["--secret-file", "secret", "--dry-run"], wrong].concat(),
        )
        .failed(2);
    }
    room.run([
        "chats",
        "connect",
        "--account",
        "shop.kommo.com",
        "--secret-file",
        "secret",
        "--dry-run",
    ])
    .failed(2);
    call(
        &room,
        "connect",
        &["--account", "shop.kommo.com", "--dry-run"],
    )
    .failed(2);
}

// Invariant I1, rule A5.
#[test]
fn dry_run_prints_the_signed_request_and_sends_nothing() {
    let room = Room::new();
    room.file("secret", "s");
    let dry = [
        "--secret-file",
        "secret",
        "--account",
        "shop.amocrm.ru",
        "--dry-run",
    ];
    let text = call(&room, "connect", &dry);
    let url = format!("https://amojo.amocrm.ru/v2/origin/custom/{CHANNEL}/connect");
    let (head, body) = text.done().split_once("\n\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some(format!("POST {url}").as_str()));
    let names: Vec<_> = lines.map(|line| line.split_once(": ").unwrap().0).collect();
    assert_eq!(
        names,
        ["Date", "Content-Type", "Content-MD5", "X-Signature"]
    );
    assert!(body.starts_with(&format!("{{\"account_id\":\"{ACCOUNT}\",\"title\":")));

    let json = call(
        &room,
        "disconnect",
        &[&dry[..], &["--format", "json"]].concat(),
    );
    json.done();
    let json = json.json();
    assert_eq!(json["method"], "DELETE");
    room.file("body", json["body"].as_str().unwrap());
    let signed = room.run([
        "sign",
        "chats",
        "--secret-file",
        "secret",
        "--method",
        "DELETE",
        "--url",
        json["url"].as_str().unwrap(),
        "--body",
        "body",
        "--date",
        json["headers"]["Date"].as_str().unwrap(),
        "--format",
        "json",
    ]);
    assert_eq!(signed.json()["headers"], json["headers"]);
}

#[test]
fn a_profile_gives_what_is_not_typed() {
    let room = Room::new();
    let case = chats_request("connect-published");
    room.file("secret", &case.secret);
    room.run([
        "init",
        "--profile",
        "shop",
        "--account",
        "shop.kommo.com",
        "--channel-id",
        CHANNEL,
        "--account-amojo-id",
        ACCOUNT,
        "--channel-secret-file",
        "secret",
        "--quiet",
    ])
    .done();
    let dry = room.run(["chats", "connect", "--profile", "shop", "--dry-run"]);
    assert!(
        dry.done()
            .starts_with("POST https://amojo.kommo.com/v2/origin/custom/c0ffee00-")
    );
    let other = room.run([
        "chats",
        "connect",
        "--profile",
        "shop",
        "--chats-host",
        "amojo.amocrm.com",
        "--dry-run",
    ]);
    assert!(other.done().starts_with("POST https://amojo.amocrm.com/"));
}
