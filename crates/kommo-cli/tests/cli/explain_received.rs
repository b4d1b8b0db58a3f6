//! `kommo explain chats` on what people have: a curl command, the text of a request, a request in
//! the journal of a sandbox.

use kommo_test_vectors::{ChatsRequestCase, chats_request};

use crate::program::{Ended, Room};
use crate::sandbox::Running;

const CONNECT: &str = "/v2/origin/custom/c0ffee00-0000-4000-8000-000000000001/connect";

fn explain(room: &Room, case: &ChatsRequestCase, more: &[&str], input: &[u8]) -> Ended {
    room.file("secret", &case.secret);
    let at = case.at.to_string();
    let words = ["explain", "chats", "--secret-file", "secret", "--at", &at];
    room.run_with_input(words.iter().chain(more), input)
}

fn head(case: &ChatsRequestCase, line_end: &str) -> Vec<u8> {
    let headers = case.headers();
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"));
    let first = format!("{} {} HTTP/1.1", case.method, case.target);
    let lines: Vec<_> = [first].into_iter().chain(lines).collect();
    (lines.join(line_end) + line_end + line_end).into_bytes()
}

fn command(case: &ChatsRequestCase, data: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let headers = case.headers();
    let headers = headers
        .iter()
        .map(|(name, value)| quoted(&format!("{name}: {value}")));
    let headers: Vec<_> = headers.map(|header| format!("  -H {header}")).collect();
    let url = quoted(&format!("https://amojo.kommo.com{}", case.target));
    format!(
        "curl -X {} {url} \\\n{} \\\n  {data}\n",
        case.method,
        headers.join(" \\\n")
    )
}

#[test]
fn a_request_as_text_is_judged_like_its_parts() {
    let room = Room::new();
    for name in ["connect-published", "body-trailing-newline"] {
        let case = chats_request(name);
        for line_end in ["\r\n", "\n"] {
            let text = [head(&case, line_end), case.body.clone()].concat();
            room.file("request.http", &text);
            for file in ["request.http", "-"] {
                let ended = explain(&room, &case, &["--request", file], &text);
                let expected = case.finding.as_deref().unwrap_or("accepted");
                assert!(ended.stdout.contains(expected), "{name}: {ended:?}");
                assert_eq!(ended.status, i32::from(!case.is_valid()), "{name}");
            }
        }
    }
}

#[test]
fn a_curl_command_is_judged_like_its_parts_and_its_file_is_read() {
    let room = Room::new();
    let case = chats_request("connect-published");
    room.file("body.json", &case.body);
    let body = String::from_utf8(case.body.clone()).unwrap();
    let text = command(&case, &format!("--data-raw '{body}'"));
    let ended = explain(&room, &case, &["--curl", "-"], text.as_bytes());
    assert_eq!(ended.done(), "accepted\n");
    room.file("command.txt", command(&case, "--data-binary @body.json"));
    let curl = ["--curl", "command.txt"];
    assert_eq!(explain(&room, &case, &curl, b"").done(), "accepted\n");
    let text = command(&case, "--data-binary @-");
    assert_eq!(
        explain(&room, &case, &["--curl", "-"], text.as_bytes()).status,
        2,
        "the command is standard input already"
    );
    room.file("command.txt", text);
    assert_eq!(
        explain(&room, &case, &curl, &case.body).done(),
        "accepted\n"
    );
    room.file("command.txt", command(&case, "--data-binary @gone.json"));
    explain(&room, &case, &curl, b"").failed(3);
}

#[test]
fn what_cannot_be_read_is_a_mistake_with_its_place_and_no_text() {
    let room = Room::new();
    let case = chats_request("connect-published");
    for (option, text, place) in [
        (
            "--curl",
            "curl http://h/ \\\n -H \"X-Signature: $MARKER\"",
            "at line 2, column 19",
        ),
        ("--curl", "curl 'http://h/MARKER", "at line 1, column 6"),
        ("--curl", "\u{1b}[2J MARKER", "at line 1, column 1"),
        (
            "--request",
            "POST /MARKER HTTP/1.1\nMARKER\n",
            "at line 2, column 1",
        ),
        ("--request", "", "at line 1, column 1"),
    ] {
        let ended = explain(&room, &case, &[option, "-"], text.as_bytes());
        let said = ended.failed(2);
        assert!(said.contains(place) && !said.contains("MARKER"), "{said}");
        assert!(
            said.contains("hint: ") && !said.contains('\u{1b}'),
            "{said}"
        );
    }
    // Without an end, and longer than is read.
    for option in ["--curl", "--request"] {
        explain(&room, &case, &[option, "/dev/zero"], b"").failed(2);
        explain(&room, &case, &[option, "/dev/null"], b"").failed(2);
        explain(&room, &case, &[option, "gone"], b"").failed(3);
    }
}

#[test]
fn a_request_comes_from_one_place() {
    let room = Room::new();
    let case = chats_request("connect-published");
    for more in [
        &["--curl", "a", "--request", "b"][..],
        &["--curl", "a", "--journal", "1"],
        &["--curl", "a", "--method", "POST"],
        &["--request", "a", "--body", "b"],
        &["--request", "a", "--header", "a: b"],
        &["--journal", "1"],
        &["--method", "POST"],
        &[],
    ] {
        assert_eq!(explain(&room, &case, more, b"").status, 2, "{more:?}");
    }
}

#[test]
fn a_request_of_a_journal_is_explained_by_its_number_alone() {
    let room = Room::new();
    let running = Running::start(&room, &[]);
    room.file("secret", "another-secret-MARKER");
    room.run([
        "chats",
        "connect",
        "--sandbox",
        running.base_url(),
        "--secret-file",
        "secret",
        "--channel",
        "c0ffee00-0000-4000-8000-000000000001",
        "--account-amojo-id",
        "acc00000-0000-4000-8000-000000000001",
    ])
    .failed(1);
    let of = |url: &str, number: &str, more: &[&str]| {
        let words = ["explain", "chats", "--journal", number, "--sandbox", url];
        room.run(words.iter().chain(more))
    };
    let (plain, dashboard) = (running.base_url(), running.field("dashboard_url"));
    for url in [plain, dashboard, running.field("control_url")] {
        let ended = of(url, "1", &[]);
        assert_eq!((ended.status, ended.stderr.as_str()), (1, ""), "{url}");
        assert!(
            ended.stdout.starts_with("refused\n\nunknown\n"),
            "{ended:?}"
        );
    }
    let json = of(plain, "1", &["--format", "json"]).json();
    assert_eq!(json["findings"][0]["code"], "unknown");
    assert_eq!(json["judged_as_of"], "journal");
    // With the secret that signed it, it is right.
    assert_eq!(
        of(plain, "1", &["--secret-file", "secret"]).done(),
        "accepted\n"
    );
    assert!(of(plain, "2", &[]).failed(1).contains("no request 2"));
    assert_eq!(of(plain, "0", &[]).status, 1);
    assert!(running.ask("journal").to_string().contains(CONNECT));
    let other = Room::new();
    let unknown = other.run(["explain", "chats", "--journal", "1", "--sandbox", plain]);
    assert!(
        unknown.failed(1).contains("no sandbox of this user"),
        "{unknown:?}"
    );
    for url in [
        "http://192.0.2.1:80",
        "http://example.com/_sandbox/x",
        "MARKER",
    ] {
        assert_eq!(of(url, "1", &[]).status, 2, "{url}");
    }
    drop(running);
    let gone = of("http://127.0.0.1:1/_sandbox/0123/dashboard", "1", &[]);
    assert_eq!(gone.status, 3, "{gone:?}");
}
