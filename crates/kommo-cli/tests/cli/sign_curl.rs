//! `kommo sign chats --output curl`: the printed command, really run by sh, with a curl that writes
//! down what it got.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::program::Room;

/// Writes each argument to `arguments`, a NUL behind each, and the file behind `@` to `sent`.
const STUB: &str = r#"#!/bin/sh
: > "$ROOM/arguments"
for word in "$@"; do
  printf '%s\0' "$word" >> "$ROOM/arguments"
  case $word in @*) cat -- "${word#@}" > "$ROOM/sent" ;; esac
done
"#;

struct Curl {
    words: Vec<String>,
    sent: Option<Vec<u8>>,
}

impl Curl {
    /// Runs what `kommo` printed.
    #[track_caller]
    fn of(room: &Room, command: &str) -> Self {
        let bin = room.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let stub = bin.join("curl");
        std::fs::write(&stub, STUB).unwrap();
        std::fs::set_permissions(&stub, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", bin.display());
        let status = Command::new("/bin/sh")
            .args(["-c", command])
            .env_clear()
            .env("PATH", path)
            .env("ROOM", room.path())
            .current_dir(room.path())
            .status()
            .unwrap();
        assert!(status.success(), "{command}");
        let words = std::fs::read_to_string(room.path().join("arguments")).unwrap();
        Self {
            words: words.split_terminator('\0').map(str::to_owned).collect(),
            sent: std::fs::read(room.path().join("sent")).ok(),
        }
    }

    /// The values of an option.
    fn values(&self, option: &str) -> Vec<&str> {
        let pairs = self.words.windows(2).filter(|pair| pair[0] == option);
        pairs.map(|pair| pair[1].as_str()).collect()
    }
}

const SIGN: [&str; 8] = [
    "sign",
    "chats",
    "--secret-file",
    "secret",
    "--at",
    "1669231521",
    "--output",
    "curl",
];

// Invariant I1.
#[test]
fn curl_gets_the_signed_headers_and_the_signed_bytes() {
    for name in [
        "body.json",
        "it's a body.json",
        "$(touch pwned) `touch pwned` \"x\" \\.json",
        "line\nfeed",
        "-",
        "--",
        "*",
    ] {
        let room = Room::new();
        room.file("secret", "channel-secret");
        let body = b"{\"a\":\"\\u0412\"}\r\n\n\0\xff";
        room.file(name, body);
        let path = room.path().join(name);
        let url = "https://amojo.kommo.com/v2/origin/custom/x?a='b'&c={1,2}[3-4]";
        let body_option = if name == "-" {
            path.to_str().unwrap()
        } else {
            name
        };
        let body_option = format!("--body={body_option}");
        let ended = room.run(
            SIGN.iter()
                .chain(&["--method", "POST", "--url", url, &body_option]),
        );
        let headers = room.run(SIGN.iter().take(6).chain(&[
            "--method",
            "POST",
            "--url",
            url,
            "--output",
            "headers",
            &body_option,
        ]));
        let curl = Curl::of(&room, ended.done());
        assert_eq!(curl.sent.as_deref(), Some(&body[..]), "{name}");
        assert_eq!(
            curl.values("--header"),
            headers.done().lines().collect::<Vec<_>>(),
            "{name}"
        );
        assert_eq!(curl.values("--url"), [url]);
        assert_eq!(curl.values("--request"), ["POST"]);
        assert!(
            curl.words.iter().any(|word| word == "--globoff")
                && curl.words.iter().any(|word| word == "--path-as-is")
        );
        assert!(!Path::new(&room.path().join("pwned")).exists());
    }
}

#[test]
fn curl_without_a_body_sends_none_and_without_content_type_none() {
    let room = Room::new();
    room.file("secret", "channel-secret");
    let url = "https://amojo.kommo.com/v2/x";
    let get = Curl::of(
        &room,
        room.run(SIGN.iter().chain(&["--method", "GET", "--url", url]))
            .done(),
    );
    assert_eq!(
        (get.values("--data-binary"), get.sent.as_ref()),
        (vec![], None)
    );
    let bare =
        room.run(
            SIGN.iter()
                .chain(&["--method", "DELETE", "--url", url, "--no-content-type"]),
        );
    let bare = Curl::of(&room, bare.done());
    assert_eq!(bare.values("--data-binary"), [""]);
    // curl's own spelling of "leave this header out".
    assert!(bare.values("--header").contains(&"Content-Type:"));
}

#[test]
fn curl_refuses_a_body_that_can_be_read_only_once_and_a_path_without_host() {
    let room = Room::new();
    room.file("secret", "channel-secret");
    room.run_with_input(
        SIGN.iter()
            .chain(&["--method", "POST", "--url", "https://h/x", "--body", "-"]),
        b"{}",
    )
    .failed(2);
    room.run(SIGN.iter().chain(&[
        "--method",
        "POST",
        "--url",
        "https://h/x",
        "--body",
        "/dev/null",
    ]))
    .failed(2);
    let hostless = room.run(SIGN.iter().chain(&["--method", "POST", "--path", "/v2/x"]));
    assert!(hostless.failed(2).contains("--url"));
    room.run(SIGN.iter().chain(&[
        "--method",
        "POST",
        "--url",
        "https://h/x",
        "--body",
        "missing",
    ]))
    .failed(3);
}
