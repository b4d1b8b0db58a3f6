//! Where secrets come from, and that they go nowhere else.

use crate::program::{Room, ended};

/// HMAC-SHA1 of `{}` under `channel-secret`, by `openssl dgst -sha1 -hmac channel-secret`.
const SIGNATURE: &str = "c60b4ba9862a7f063d15641b2964840c36d771d3\n";

#[test]
fn a_secret_comes_from_a_file_standard_input_or_the_environment() {
    let room = Room::new();
    room.file("body", "{}");
    room.file("secret", "channel-secret");
    let sign = ["sign", "hook", "--body", "body"];
    assert_eq!(
        room.run(sign.iter().chain(&["--secret-file", "secret"]))
            .done(),
        SIGNATURE
    );
    assert_eq!(
        room.run_with_input(
            sign.iter().chain(&["--secret-file", "-"]),
            b"channel-secret\n"
        )
        .done(),
        SIGNATURE
    );
    let mut command = room.command(sign.iter().chain(&["--secret-env", "SOME_SECRET"]));
    command.env("SOME_SECRET", "channel-secret");
    assert_eq!(ended(command, b"").done(), SIGNATURE);
}

#[test]
fn exactly_one_final_line_feed_is_dropped_and_nothing_else() {
    let room = Room::new();
    room.file("body", "{}");
    let sign = |secret: &[u8]| {
        room.file("secret", secret);
        room.run([
            "sign",
            "hook",
            "--secret-file",
            "secret",
            "--body",
            "body",
            "--quiet",
        ])
    };
    assert_eq!(sign(b"channel-secret\n").done(), SIGNATURE);
    for other in [
        &b"channel-secret\n\n"[..],
        b"channel-secret\r\n",
        b"channel-secret ",
        b" channel-secret",
        b"\xef\xbb\xbfchannel-secret",
    ] {
        assert_ne!(sign(other).done(), SIGNATURE, "{other:?}");
    }
    // What stands before the dropped line feed is kept: CR LF is the secret with CR.
    let mut command = room.command([
        "sign",
        "hook",
        "--secret-env",
        "S",
        "--body",
        "body",
        "--quiet",
    ]);
    command.env("S", "channel-secret\r");
    assert_eq!(
        sign(b"channel-secret\r\n").done(),
        ended(command, b"").done()
    );
    // A variable is taken as it is.
    let mut command = room.command([
        "sign",
        "hook",
        "--secret-env",
        "S",
        "--body",
        "body",
        "--quiet",
    ]);
    command.env("S", "channel-secret\n");
    assert_ne!(ended(command, b"").done(), SIGNATURE);
}

// Rule O5 and invariant I12.
#[test]
fn an_empty_overlong_or_broken_secret_is_a_mistake_of_the_operator() {
    let room = Room::new();
    for secret in [&b""[..], b"\n", &[b'a'; 257], &[b'a'; 5000], b"\xff"] {
        room.file("secret", secret);
        for kind in ["hook", "open-api"] {
            room.run(["sign", kind, "--secret-file", "secret"])
                .failed(2);
        }
        for kind in ["chat-hook", "open-api"] {
            room.run([
                "verify",
                kind,
                "--secret-file",
                "secret",
                "--signature",
                "x",
            ])
            .failed(2);
        }
    }
    room.run_with_input(["sign", "hook", "--secret-file", "-"], b"")
        .failed(2);
    let mut command = room.command(["sign", "hook", "--secret-env", "S"]);
    command.env("S", "");
    ended(command, b"").failed(2);
    room.run(["sign", "hook", "--secret-env", "NOT_SET"])
        .failed(2);
    room.run(["sign", "hook"]).failed(2);
}

#[test]
fn a_missing_secret_file_is_io() {
    let room = Room::new();
    assert!(
        room.run(["sign", "hook", "--secret-file", "missing"])
            .failed(3)
            .contains("'missing'")
    );
    assert!(
        room.run(["sign", "hook", "--secret-file", "."])
            .failed(3)
            .contains("'.'")
    );
}

#[test]
fn standard_input_is_read_for_one_purpose_only() {
    let room = Room::new();
    room.file("secret", "s");
    room.run_with_input(["sign", "hook", "--secret-file", "-", "--body", "-"], b"x")
        .failed(2);
    room.run_with_input(
        [
            "sign",
            "chats",
            "--method",
            "GET",
            "--path",
            "/",
            "--secret-file",
            "-",
            "--body",
            "-",
        ],
        b"x",
    )
    .failed(2);
    room.run_with_input(
        [
            "verify",
            "open-api",
            "--signature",
            "x",
            "--secret-file",
            "-",
            "--secret-file",
            "-",
        ],
        b"x",
    )
    .failed(2);
    room.run_with_input(
        [
            "verify",
            "chat-hook",
            "--signature",
            "x",
            "--secret-file",
            "-",
            "--body",
            "-",
        ],
        b"x",
    )
    .failed(2);
    room.run_with_input(
        [
            "verify",
            "disconnect",
            "--client-id",
            "01d01160-d7a0-4087-b4af-6a1bb83fcd1d",
            "--secret-file",
            "-",
            "--query-file",
            "-",
        ],
        b"x",
    )
    .failed(2);
}

// Invariant I8: even a secret in the wrong place is not repeated.
#[test]
fn a_secret_typed_in_the_place_of_its_file_is_not_repeated() {
    let room = Room::new();
    let marker = "5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189";
    let as_file = room.run(["sign", "hook", "--secret-file", marker]);
    assert!(!as_file.failed(3).contains(marker));
    let as_name = room.run(["sign", "hook", "--secret-env", marker]);
    assert!(!as_name.failed(2).contains(marker));
    let as_option = room.run(["sign", "hook", &format!("--secret={marker}")]);
    assert!(!as_option.failed(2).contains(marker));
}
