//! `kommo hooks` as processes: a sandbox or `trigger` sends, `listen` proves and keeps, `inbox`
//! shows what is kept.

use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::on_postgres::Database;
use crate::plain_http;
use crate::planted::{self, Asked, Planted, answer};
use crate::program::{Ended, Room, ended};
use crate::sandbox::Running;

const CLIENT: &str = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
const REDIRECT_URI: &str = "https://integration.example/callback";

/// How long a receiver may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(120);

/// Every kind, and the name that its line has.
const KINDS: [(&str, &str, &str); 15] = [
    ("chat-message", "chat", "message"),
    ("chat-picture", "chat", "message"),
    ("chat-comment", "chat", "comment-reply"),
    ("chat-typing", "chat", "typing"),
    ("chat-reaction", "chat", "reaction"),
    ("disconnect", "disconnect", ""),
    ("open-api", "open-api", "unreplied"),
    ("crm-lead", "crm", "status-lead"),
    ("crm-message", "crm", "add-message"),
    ("crm-outgoing-message", "crm", "add-outgoing-message"),
    ("digital-pipeline", "crm", "status-lead"),
    ("pipeline-widget", "crm", "pipeline-widget"),
    ("bot", "bot", "widget-request"),
    ("widget", "widget", ""),
    ("install", "install", ""),
];

/// A room with three secrets, that of a stranger, and a profile that names them.
pub(crate) fn room() -> Room {
    let room = Room::new();
    room.file("channel.secret", "MARKER-channel-secret");
    room.file("client.secret", "MARKER-client-secret");
    room.file("app.secret", "MARKER-app-secret");
    room.file("other.secret", "MARKER-other-secret");
    room.file(
        "hooks.toml",
        format!(
            "client_id = \"{CLIENT}\"\nredirect_uri = \"{REDIRECT_URI}\"\n\
             channel_secret_file = \"channel.secret\"\nclient_secret_file = \"client.secret\"\n\
             app_secret_file = \"app.secret\"\n"
        ),
    );
    room
}

/// `kommo hooks listen` in a process; killed at the end.
pub(crate) struct Listening {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub(crate) first: Value,
}

impl Listening {
    pub(crate) fn start(room: &Room, more: &[&str]) -> Self {
        Self::with(room, more, |_| {})
    }

    pub(crate) fn with(room: &Room, more: &[&str], set: impl FnOnce(&mut Command)) -> Self {
        let words = ["hooks", "listen", "--listen", "127.0.0.1:0"];
        let mut command = room.command(
            words
                .iter()
                .chain(["--profile", "./hooks.toml"].iter())
                .chain(more),
        );
        set(&mut command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let first = serde_json::from_str(&line).unwrap_or_else(|error| {
            let mut said = String::new();
            let _ = child.stderr.as_mut().unwrap().read_to_string(&mut said);
            panic!("{error}: {line:?} {said}")
        });
        Self {
            child,
            lines,
            first,
        }
    }

    pub(crate) fn url(&self, kind: &str) -> &str {
        self.first["urls"][kind].as_str().unwrap()
    }

    /// The next line.
    pub(crate) fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Sends a signal, and waits for the end.
    pub(crate) fn end(self, signal: &str) -> (Vec<Value>, Option<i32>, String) {
        self.signal(signal);
        self.rest()
    }

    /// The lines that were still printed, the status, and standard error. Killed if it does not
    /// end: it then has no status.
    fn rest(mut self) -> (Vec<Value>, Option<i32>, String) {
        let (has_ended, ended) = mpsc::channel::<()>();
        let id = self.child.id().to_string();
        let _guard = thread::spawn(move || {
            if ended.recv_timeout(ENDS_WITHIN) == Err(RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
        });
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        drop(has_ended);
        let mut said = String::new();
        self.child
            .stderr
            .as_mut()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        let lines = rest.lines().map(|line| serde_json::from_str(line).unwrap());
        (lines.collect(), status.code(), said)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address that a kind of sample belongs to.
fn address<'a>(listening: &'a Listening, kind: &str) -> &'a str {
    let (_, name, _) = KINDS.iter().find(|(sample, ..)| *sample == kind).unwrap();
    listening.url(name)
}

fn trigger(room: &Room, kind: &str, to: &str, more: &[&str]) -> Ended {
    let words = [
        "hooks",
        "trigger",
        kind,
        "--to",
        to,
        "--profile",
        "./hooks.toml",
    ];
    room.run(words.iter().chain(more))
}

fn inbox(room: &Room, words: &[&str]) -> Ended {
    let head = ["hooks", "inbox"];
    let tail = ["--profile", "./hooks.toml"];
    room.run(head.iter().chain(words).chain(&tail))
}

fn listed(room: &Room, words: &[&str]) -> Vec<Value> {
    let words: Vec<_> = ["list", "--format", "json"]
        .iter()
        .chain(words)
        .copied()
        .collect();
    let ended = inbox(room, &words);
    ended.json()["hooks"].as_array().unwrap().clone()
}

#[test]
fn every_kind_of_hook_is_proven_kept_and_shown() {
    let room = room();
    let mut listening = Listening::start(&room, &[]);
    let mut kept = Vec::new();
    for (sample, kind, event) in KINDS {
        let sent = trigger(&room, sample, address(&listening, sample), &[]);
        assert!(
            sent.done().starts_with(&format!("{sample}: 200 in ")),
            "{sample}"
        );
        let line = listening.next();
        assert_eq!(
            (&line["kind"], &line["status"]),
            (&json!(kind), &json!(200)),
            "{line}"
        );
        assert_eq!(line["event"].as_str().unwrap_or_default(), event, "{line}");
        let verdict = match kind {
            "crm" | "install" => "unsigned",
            _ => "proven",
        };
        assert_eq!(line["verdict"], verdict, "{line}");
        match kind {
            "disconnect" | "widget" | "install" => assert_eq!(line["kept"], Value::Null),
            _ => {
                assert_eq!(line["kept"], "stored", "{line}");
                kept.push(line["id"].as_i64().unwrap());
            }
        }
    }
    let (rest, status, said) = listening.end("-TERM");
    assert_eq!((rest.len(), status, said.as_str()), (0, Some(0), ""));
    let mut numbers: Vec<_> = listed(&room, &[])
        .iter()
        .map(|hook| hook["id"].as_i64().unwrap())
        .collect();
    numbers.reverse();
    assert_eq!(numbers, kept);
}

#[test]
fn what_is_forged_stale_or_for_another_is_refused_and_not_kept() {
    let room = room();
    let mut listening = Listening::start(&room, &["--max-age", "10m"]);
    let chat = listening.url("chat").to_owned();
    let other = ["--secret-file", "other.secret"];
    let cases: [(&str, &[&str], &str, u16); 9] = [
        ("chat-message", &other, "not-proven", 401),
        ("open-api", &other, "not-proven", 401),
        ("disconnect", &other, "not-proven", 401),
        ("bot", &other, "not-proven", 401),
        ("widget", &other, "not-proven", 401),
        // As they were published: years ago.
        ("chat-message", &["--as-is"], "stale", 401),
        ("open-api", &["--as-is"], "stale", 401),
        ("bot", &["--set", "token.exp=1"], "expired", 401),
        (
            "bot",
            &["--set", "return_url=https://evil.example/"],
            "return-url",
            401,
        ),
    ];
    for (sample, more, reason, status) in cases {
        let error = trigger(&room, sample, address(&listening, sample), more);
        let error = error.failed(1);
        assert!(error.contains(&status.to_string()), "{error}");
        let line = listening.next();
        assert_eq!(
            (
                &line["verdict"],
                &line["reason"],
                &line["status"],
                &line["kept"]
            ),
            (
                &json!("refused"),
                &json!(reason),
                &json!(status),
                &Value::Null
            ),
            "{sample} {more:?}"
        );
    }
    // The account of the address is that of the body.
    let to = chat.replace(
        ":scope_id",
        "f90ba33d-c9d9-44da-b76c-c349b0ecbe41_81ede28b-8952-4785-abe2-c8d93f5fcc7d",
    );
    trigger(&room, "chat-message", &to, &[]).failed(1);
    assert_eq!(listening.next()["reason"], "other-account");
    // An address that nobody was told is one that is not there.
    let guessed = listening.url("crm").rsplit_once('/').unwrap().0.to_owned() + "/guessed";
    trigger(&room, "crm-lead", &guessed, &[]).failed(1);
    // Two line feeds, and none: what was signed is what came.
    for where_to in ["signed", "absent"] {
        trigger(&room, "chat-message", &chat, &["--line-feed", where_to]).done();
        assert_eq!(listening.next()["verdict"], "proven");
    }
    assert_eq!(listed(&room, &[]).len(), 2);
    let (_, _, said) = listening.end("-INT");
    assert_eq!(said, "");
}

/// A connection to the receiver, by the raw socket.
fn connected(listening: &Listening) -> TcpStream {
    let url = listening.url("install");
    let host = url.strip_prefix("http://").unwrap().split('/').next();
    TcpStream::connect(host.unwrap()).unwrap()
}

#[test]
fn a_head_that_is_never_finished_keeps_no_receiver_from_its_end() {
    let room = room();
    for signals in [&["-INT"][..], &["-TERM", "-TERM"]] {
        let mut listening = Listening::start(&room, &[]);
        let mut half = connected(&listening);
        half.write_all(b"POST /").unwrap();
        // Connections are taken in their order: this one is after that one.
        trigger(&room, "install", listening.url("install"), &[]).done();
        listening.next();
        for signal in &signals[1..] {
            listening.signal(signal);
        }
        let (rest, status, said) = listening.end(signals[0]);
        assert_eq!((rest.len(), status, said.as_str()), (0, Some(0), ""));
    }
}

#[test]
fn a_head_that_takes_too_long_ends_its_connection_alone() {
    let room = room();
    let mut listening = Listening::start(&room, &[]);
    let mut half = connected(&listening);
    half.write_all(b"POST /chat/x HTTP/1.1\r\nhost: x\r\n")
        .unwrap();
    half.set_read_timeout(Some(ENDS_WITHIN)).unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.is_empty() || answer.contains(" 408 "), "{answer}");
    trigger(&room, "install", listening.url("install"), &[]).done();
    assert_eq!(listening.next()["status"], 200);
}

#[test]
fn a_repeat_is_a_duplicate_and_answered_200() {
    let room = room();
    let mut listening = Listening::start(&room, &[]);
    let chat = listening.url("chat").to_owned();
    let widget = listening.url("widget").to_owned();
    for kept in ["stored", "duplicate", "duplicate"] {
        trigger(&room, "chat-message", &chat, &["--as-is"]).done();
        let line = listening.next();
        assert_eq!((&line["kept"], &line["id"]), (&json!(kept), &json!(1)));
    }
    assert_eq!(listed(&room, &[]).len(), 1);
    // A widget's token counts once.
    let token = ["--set", "token.jti=7b1f0c2e-0000-4000-8000-000000000001"];
    trigger(&room, "widget", &widget, &token).done();
    listening.next();
    trigger(&room, "widget", &widget, &token).failed(1);
    assert_eq!(listening.next()["reason"], "replayed");
}

#[test]
fn a_sandbox_sends_what_is_proven_forged_and_sent_twice() {
    let room = room();
    room.file(
        "sandbox.json",
        json!({ "channel_secret": "MARKER-channel-secret" }).to_string(),
    );
    let sandbox = Running::start(&room, &["--config", "sandbox.json"]);
    let mut listening = Listening::start(&room, &["--sandbox", sandbox.base_url()]);
    let chat = listening.url("chat").to_owned();
    let send = |fault: Option<&str>, order: Value| {
        if let Some(kind) = fault {
            sandbox.order("faults", &json!({ "on": "hook", "kind": kind, "times": 1 }));
        }
        sandbox.order("hooks/chat", &order)
    };
    let sent = send(
        None,
        json!({ "to": chat, "wait": true, "event": "picture" }),
    );
    assert_eq!(sent["status"], 200);
    assert_eq!(listening.next()["kept"], "stored");
    let sent = send(Some("wrong-signature"), json!({ "to": chat, "wait": true }));
    assert_eq!(sent["status"], 401);
    assert_eq!(listening.next()["reason"], "not-proven");
    let sent = send(Some("no-signature"), json!({ "to": chat, "wait": true }));
    assert_eq!(sent["status"], 401);
    assert_eq!(listening.next()["reason"], "signature-missing");
    send(Some("sent-twice"), json!({ "to": chat }));
    assert_eq!(listening.next()["kept"], "stored");
    assert_eq!(listening.next()["kept"], "duplicate");
    // A manager writes.
    sandbox.order("messages", &json!({ "text": "Hello <you>", "to": chat }));
    let line = listening.next();
    assert_eq!(
        (&line["event"], &line["verdict"]),
        (&json!("message"), &json!("proven"))
    );
    let shown = inbox(
        &room,
        &[
            "show",
            &line["id"].to_string(),
            "--sandbox",
            sandbox.base_url(),
        ],
    );
    assert!(shown.done().contains(r"Hello \u003cyou\u003e"), "{shown:?}");
    let counters = sandbox.ask("counters");
    assert_eq!(
        (&counters["hooks_sent"], &counters["hooks_answered_200"]),
        (&json!(6), &json!(4))
    );
    // Its hooks are of another world.
    let here = listed(&room, &["--sandbox", sandbox.base_url()]);
    assert_eq!(here.len(), 3);
}

#[test]
fn two_receivers_share_an_inbox_and_no_address() {
    let room = room();
    let mut first = Listening::start(&room, &[]);
    let mut second = Listening::start(&room, &[]);
    let (one, two) = (first.url("chat").to_owned(), second.url("chat").to_owned());
    trigger(&room, "chat-message", &one, &["--as-is"]).done();
    assert_eq!(first.next()["kept"], "stored");
    trigger(&room, "chat-message", &two, &["--as-is"]).done();
    assert_eq!(second.next()["kept"], "duplicate");

    let taken = one
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let words = [
        "hooks",
        "listen",
        "--listen",
        taken,
        "--profile",
        "./hooks.toml",
    ];
    let error = room.run(words).failed(3).to_owned();
    assert!(error.contains("127.0.0.1:0 takes a free port"), "{error}");
}

#[test]
fn the_inbox_is_listed_and_shown() {
    let room = room();
    let mut listening = Listening::start(&room, &[]);
    let chat = listening.url("chat").to_owned();
    let crm = listening.url("crm").to_owned();
    let said = "message.message.text=Two \u{1b}[2J lines";
    trigger(&room, "chat-message", &chat, &["--set", said]).done();
    trigger(&room, "chat-typing", &chat, &[]).done();
    trigger(&room, "crm-lead", &crm, &[]).done();
    for _ in 0..3 {
        listening.next();
    }
    listening.end("-TERM");
    for (words, count) in [
        (&[][..], 3),
        (&["--kind", "chat"], 2),
        (&["--event", "typing"], 1),
        (&["--state", "waiting"], 3),
        (&["--state", "failed"], 0),
        (&["--limit", "1"], 1),
        (&["--before", "2"], 1),
        (&["--older-than", "1h"], 0),
        (&["--younger-than", "1h"], 3),
        (&["--account", "12345678"], 1),
        (
            &["--account", "chats:52e591f7-c98f-4255-8495-827210138c81"],
            1,
        ),
    ] {
        assert_eq!(listed(&room, words).len(), count, "{words:?}");
    }
    let list = inbox(&room, &["list"]);
    for line in list.done().lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(list.stdout.contains("3 wait, the oldest for "), "{list:?}");
    assert_eq!(inbox(&room, &["list", "--event", "none"]).status, 1);

    let shown = inbox(&room, &["show", "1"]);
    assert!(
        shown.done().contains("verdict   proven, by the secret "),
        "{shown:?}"
    );
    assert!(!shown.stdout.contains('\u{1b}'));
    let object = inbox(&room, &["show", "1", "--format", "json"]).json();
    let body: Value = serde_json::from_str(object["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["message"]["message"]["text"], "Two \u{1b}[2J lines");
    assert_eq!(object["state"], "waiting");
    assert!(inbox(&room, &["show", "3"]).done().contains("unsigned"));
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let room = room();
    let error = inbox(&room, &["list"]).failed(1).to_owned();
    assert!(error.contains("`kommo hooks listen` creates it"), "{error}");
    let mut listening = Listening::start(&room, &[]);
    let chat = listening.url("chat").to_owned();
    assert!(inbox(&room, &["list"]).failed(1).contains("has no hooks"));
    trigger(&room, "chat-message", &chat, &[]).done();
    listening.next();
    let error = inbox(&room, &["show", "99"]).failed(1).to_owned();
    assert!(error.contains("no hook 99"), "{error}");
    let error = inbox(&room, &["list", "--inbox", "other"])
        .failed(1)
        .to_owned();
    assert!(error.contains(&format!("there is {CLIENT}")), "{error}");
    for (words, status) in [
        (&["replay"][..], 2),
        (&["replay", "--all"], 1),
        (&["replay", "1"], 1),
        (&["replay", "1", "--all"], 2),
        (&["list", "--older-than", "5"], 2),
        (&["list", "--account", "shop"], 2),
        (&["show", "first"], 2),
    ] {
        inbox(&room, words).failed(status);
    }
}

#[test]
fn a_mistake_with_a_sample_is_status_2_and_nothing_is_sent() {
    let room = room();
    let here = "http://127.0.0.1:9/x";
    for (kind, to, more) in [
        ("chat", here, &[][..]),
        ("chat-message", "ftp://127.0.0.1/", &[]),
        ("chat-message", "http://user:MARKER@127.0.0.1/", &[]),
        ("chat-message", "http://shop.example/", &[]),
        ("chat-message", here, &["--set", "word"]),
        ("chat-message", here, &["--set", "account_id.x=1"]),
        ("chat-message", here, &["--set", "token.exp=1"]),
        ("chat-message", here, &["--set", "time=1", "--as-is"]),
        ("disconnect", here, &["--set", "account_id=0"]),
    ] {
        let error = trigger(&room, kind, to, more).failed(2).to_owned();
        assert!(!error.contains("MARKER"), "{error}");
    }
    // Without a profile, what is missing is named.
    for kind in ["bot", "disconnect"] {
        let bare = ["hooks", "trigger", kind, "--to", here, "--format", "json"];
        let error = Room::new().run(bare).failed_json(2);
        assert_eq!(error["missing"], json!(["client_id", "secret"]), "{kind}");
    }
    let bare = ["hooks", "listen", "--format", "json"];
    assert_eq!(
        Room::new().run(bare).failed_json(2)["code"],
        "setting-missing"
    );
}

#[test]
fn a_receiver_that_is_away_silent_or_refuses_has_its_status() {
    let room = room();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/", gone.local_addr().unwrap());
    drop(gone);
    let error = trigger(&room, "crm-lead", &to, &[]).failed(3).to_owned();
    assert!(
        error.contains("is `kommo hooks listen` running?"),
        "{error}"
    );
    // The platform waits two seconds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/", silent.local_addr().unwrap());
    let error = trigger(&room, "crm-lead", &to, &[]).failed(3).to_owned();
    assert!(error.contains("no answer came within 2 s"), "{error}");
    let listening = Listening::start(&room, &[]);
    let wrong = listening.url("chat").replace("/chat/", "/nothing/");
    let ended = trigger(&room, "chat-message", &wrong, &["--format", "json"]);
    let error = ended.failed_json(1);
    assert_eq!(
        (&error["code"], &error["status"]),
        (&json!("refused"), &json!(404))
    );
}

#[test]
fn a_body_that_is_too_large_or_no_hook_is_refused_by_name() {
    let room = room();
    let mut listening = Listening::start(&room, &[]);
    let crm = listening.url("crm").to_owned();
    assert_eq!(plain_http::post(&crm, "no form").status, 400);
    assert_eq!(listening.next()["reason"], "body-malformed");
    // Source: rule U3 of `docs/protocol.md`: 512 KiB; a bot has 64.
    assert_eq!(plain_http::post(&crm, &"x".repeat(524_288)).status, 400);
    assert_eq!(listening.next()["reason"], "body-malformed");
    let bot = listening.url("bot").to_owned();
    assert_eq!(plain_http::post(&bot, &"x".repeat(65_536)).status, 400);
    assert_eq!(listening.next()["reason"], "body-malformed");
    for (url, bytes) in [(&crm, 524_289), (&bot, 65_537)] {
        assert_eq!(plain_http::post(url, &"x".repeat(bytes)).status, 413);
        assert_eq!(listening.next()["reason"], "body-too-large");
    }
    // Without a signature the body is not read at all.
    let chat = listening.url("chat").replace(":scope_id", "x");
    let answer = plain_http::post(&chat, "{}");
    assert_eq!((answer.status, answer.body.as_str()), (401, "not-proven"));
    assert_eq!(listening.next()["reason"], "signature-missing");
    // The CRM looks at an address before it takes it.
    assert_eq!(plain_http::get(&crm).status, 200);
    assert_eq!(plain_http::get(&format!("{crm}x")).status, 404);
}

#[test]
fn a_secret_that_rotates_is_proven_by_either_and_named() {
    let room = room();
    let both = [
        "--channel-secret-file",
        "channel.secret",
        "--channel-secret-file",
        "other.secret",
    ];
    let mut listening = Listening::start(&room, &both);
    let chat = listening.url("chat").to_owned();
    let mut keys = Vec::new();
    for secret in ["channel.secret", "other.secret"] {
        trigger(&room, "chat-message", &chat, &["--secret-file", secret]).done();
        let id = listening.next()["id"].to_string();
        let shown = inbox(&room, &["show", &id, "--format", "json"]).json();
        keys.push(shown["verified_by"].as_str().unwrap().to_owned());
    }
    assert_ne!(keys[0], keys[1]);
}

// Invariant I8.
#[test]
fn no_secret_is_printed() {
    let room = room();
    let mut listening = Listening::start(&room, &["--verbose"]);
    let chat = listening.url("chat").to_owned();
    let mut said = String::new();
    for more in [&["--verbose"][..], &["--secret-file", "other.secret"]] {
        let sent = trigger(&room, "chat-message", &chat, more);
        said += &(sent.stdout + &sent.stderr);
        said += &listening.next().to_string();
    }
    let (rest, _, stderr) = listening.end("-TERM");
    said += &format!("{rest:?}{stderr}");
    assert!(!said.contains("MARKER"), "{said}");
}

#[test]
fn an_output_that_takes_nothing_is_io() {
    let room = room();
    let words = [
        "hooks",
        "listen",
        "--listen",
        "127.0.0.1:0",
        "--profile",
        "./hooks.toml",
    ];
    let mut command = room.command(words);
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    command.stdout(full).stderr(Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("error: cannot write to standard output"),
        "{said}"
    );
}

/// A store that cannot be written is found out before a hook comes.
#[test]
fn a_store_that_takes_nothing_is_said_at_once() {
    let room = room();
    room.file("taken", "no database");
    for (store, status) in [("sqlite:taken", 3), ("sqlite:taken/under/it", 3)] {
        let words = [
            "hooks",
            "listen",
            "--listen",
            "127.0.0.1:0",
            "--profile",
            "./hooks.toml",
        ];
        let ended = room.run(words.iter().chain(["--store", store].iter()));
        ended.failed(status);
    }
}

#[test]
fn hooks_are_kept_in_postgresql_too() {
    let Some(database) = Database::make("hooks") else {
        return;
    };
    let room = room();
    let mut listening = Listening::with(&room, &[], |command| {
        command.env("KOMMO_STORE", database.url());
    });
    assert_eq!(listening.first["store"], "postgres");
    let chat = listening.url("chat").to_owned();
    for kept in ["stored", "duplicate"] {
        trigger(&room, "chat-message", &chat, &["--as-is"]).done();
        assert_eq!(listening.next()["kept"], kept);
    }
    let (_, status, _) = listening.end("-TERM");
    assert_eq!(status, Some(0));
    let words = [
        "hooks",
        "inbox",
        "list",
        "--format",
        "json",
        "--profile",
        "./hooks.toml",
    ];
    let mut command = room.command(words);
    command.env("KOMMO_STORE", database.url());
    let hooks = ended(command, b"").json();
    assert_eq!(
        (&hooks["waiting"], &hooks["hooks"][0]["event"]),
        (&json!(1), &json!("message"))
    );
}

#[test]
fn the_kinds_are_in_the_help_and_in_the_completions() {
    let room = Room::new();
    let help = room.run(["hooks", "trigger", "--help"]);
    let completions = room.run(["completions", "bash"]);
    for (kind, ..) in KINDS {
        assert!(help.done().contains(kind), "{kind}");
        assert!(completions.done().contains(kind), "{kind}");
    }
}

/// The secret of the receiver of hand-overs; the key is what stands after the prefix, decoded.
const WEBHOOK_SECRET: &str = "whsec_TUFSS0VSLXdlYmhvb2stc2VjcmV0LTAxMjM=";

/// HMAC-SHA256 from its definition, in base64, over `id.timestamp.body`.
fn webhook_signature(asked: &Asked) -> String {
    let key = Base64::decode_vec(WEBHOOK_SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = format!(
        "{}.{}.{}",
        asked.header("webhook-id"),
        asked.header("webhook-timestamp"),
        asked.body
    );
    let mut block = key;
    block.resize(64, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = Sha256::digest([padded(0x36), signed.into_bytes()].concat());
    let mac = Sha256::digest([padded(0x5c), inner.to_vec()].concat());
    format!("v1,{}", Base64::encode_string(&mac))
}

fn forwarding(room: &Room, server: &Planted) -> Listening {
    room.file("webhook.secret", WEBHOOK_SECRET);
    let to = format!("{}/hooks", server.url);
    let more = [
        "--forward-to",
        &to,
        "--webhook-secret-file",
        "webhook.secret",
    ];
    Listening::start(room, &more)
}

#[test]
fn hooks_are_handed_over_signed_in_an_envelope() {
    let room = room();
    let server = Planted::start(vec![answer("200 OK", "", b"")]);
    let mut listening = forwarding(&room, &server);
    assert_eq!(listening.first["forward_to"], server.url);
    let chat = listening.url("chat").to_owned();
    trigger(
        &room,
        "chat-message",
        &chat,
        &["--set", "message.message.text=Hi"],
    )
    .done();
    let line = listening.next();
    // One line, or two if the hand-over took its time.
    let line = match &line["handed_over"] {
        Value::Null => listening.next(),
        _ => line,
    };
    assert_eq!(line["handed_over"]["outcome"], "done", "{line}");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    let asked = &asked[0];
    assert!(
        asked.head.starts_with("POST /hooks HTTP/1.1"),
        "{}",
        asked.head
    );
    assert_eq!(asked.header("webhook-signature"), webhook_signature(asked));
    assert_eq!(asked.header("webhook-id"), line["key"].as_str().unwrap());
    let envelope: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(envelope["type"], "chat.message");
    assert_eq!(envelope["data"]["json"]["message"]["message"]["text"], "Hi");
    let (_, status, said) = listening.end("-TERM");
    assert_eq!((status, said.as_str()), (Some(0), ""));
    assert_eq!(listed(&room, &["--state", "done"]).len(), 1);
}

#[test]
fn a_hook_that_the_receiver_refuses_is_replayed_when_it_takes_it() {
    let room = room();
    let server = Planted::start(vec![answer("410 Gone", "", b""), answer("200 OK", "", b"")]);
    let mut listening = forwarding(&room, &server);
    let chat = listening.url("chat").to_owned();
    trigger(&room, "chat-message", &chat, &[]).done();
    let mut outcome = || loop {
        let line = listening.next();
        if line["handed_over"].is_object() {
            return line["handed_over"].clone();
        }
    };
    let refused = outcome();
    assert_eq!(
        (&refused["outcome"], &refused["reason"]),
        (&json!("refused"), &json!("http 410"))
    );
    // It is settled after its line.
    let failed = loop {
        let failed = listed(&room, &["--state", "failed"]);
        if !failed.is_empty() {
            break failed;
        }
    };
    assert_eq!(failed[0]["reason"], "http 410");
    assert!(inbox(&room, &["list"]).done().contains("1 has failed"));
    assert_eq!(
        inbox(&room, &["replay", "1"]).done(),
        "1 hook queued again\n"
    );
    assert_eq!(outcome()["outcome"], "done");
    let asked = server.asked();
    assert_eq!(asked[0].header("webhook-id"), asked[1].header("webhook-id"));
    assert_eq!(asked[0].body, asked[1].body);
}

#[test]
fn a_receiver_that_fails_is_tried_again_and_keeps_the_order_of_a_conversation() {
    let room = room();
    let server = Planted::start(vec![answer("500 Oops", "", b""), answer("200 OK", "", b"")]);
    let mut listening = forwarding(&room, &server);
    let chat = listening.url("chat").to_owned();
    for text in ["first", "second"] {
        let change = format!("message.message.text={text}");
        trigger(&room, "chat-message", &chat, &["--set", &change]).done();
    }
    let mut outcomes = Vec::new();
    while outcomes.iter().filter(|outcome| *outcome == "done").count() < 2 {
        let line = listening.next();
        if let Some(outcome) = line["handed_over"]["outcome"].as_str() {
            outcomes.push(outcome.to_owned());
        }
    }
    assert_eq!(outcomes, ["later", "done", "done"]);
    let texts: Vec<_> = server
        .asked()
        .iter()
        .map(|asked| {
            let envelope: Value = serde_json::from_str(&asked.body).unwrap();
            envelope["data"]["json"]["message"]["message"]["text"].clone()
        })
        .collect();
    assert_eq!(texts, ["first", "first", "second"]);
}

/// Takes what is posted to it; answers all but hooks of the CRM, whose connections it holds open.
fn start_program_that_hangs_on_crm_hooks() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (taken, bodies) = mpsc::channel();
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let body = planted::read(&stream).unwrap().body;
            match body.contains("unsigned_crm") {
                true => held.push(stream),
                false => {
                    let answer =
                        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    stream.write_all(answer).unwrap();
                }
            }
            if taken.send(body).is_err() {
                return;
            }
        }
    });
    (url, bodies)
}

#[test]
fn a_program_that_hangs_on_one_kind_of_hook_delays_no_other_kind() {
    let room = room();
    room.file("webhook.secret", WEBHOOK_SECRET);
    let (to, bodies) = start_program_that_hangs_on_crm_hooks();
    let more = [
        "--forward-to",
        &to,
        "--webhook-secret-file",
        "webhook.secret",
    ];
    let listening = Listening::start(&room, &more);
    let crm = listening.url("crm").to_owned();
    // As many as a worker handles at a time, and as many again.
    for lead in 1..=32 {
        let body = format!("account[id]=7&leads[add][0][id]={lead}");
        assert_eq!(plain_http::post(&crm, &body).status, 200);
    }
    for _ in 0..16 {
        assert!(bodies.recv().unwrap().contains("unsigned_crm"));
    }
    trigger(&room, "chat-message", listening.url("chat"), &[]).done();
    let of_chat = bodies.iter().find(|body| body.contains("chat.message"));
    assert!(of_chat.is_some());
    drop(listening);
    assert_eq!(
        listed(&room, &["--inbox", &format!("{CLIENT}.crm")]).len(),
        32
    );
    assert_eq!(
        listed(&room, &["--inbox", &format!("{CLIENT}.chat")]).len(),
        1
    );
    assert_eq!(listed(&room, &["--kind", "unsigned-crm"]).len(), 32);
    let object = inbox(&room, &["list", "--format", "json", "--limit", "2"]).json();
    assert_eq!(object["hooks"][0]["inbox"], format!("{CLIENT}.chat"));
    let names: Vec<_> = object["inboxes"].as_array().unwrap().iter().collect();
    assert_eq!((names.len(), &names[1]["waiting"]), (2, &json!(32)));
    assert_eq!(object["hooks"].as_array().unwrap().len(), 2);
}

#[test]
fn a_name_that_leaves_no_room_for_the_kinds_is_status_2_and_nothing_is_done() {
    let room = room();
    let name = "x".repeat(56);
    let words = [
        "hooks",
        "listen",
        "--profile",
        "./hooks.toml",
        "--inbox",
        &name,
    ];
    let error = room.run(words).failed(2).to_owned();
    assert!(error.contains("at most 55 letters"), "{error}");
    assert!(!room.path().join(".local/share/kommo").exists());
}

#[test]
fn what_was_kept_without_a_receiver_is_handed_over_by_the_next_one() {
    let room = room();
    let mut alone = Listening::start(&room, &[]);
    let chat = alone.url("chat").to_owned();
    trigger(&room, "chat-message", &chat, &[]).done();
    assert_eq!(alone.next()["handed_over"], Value::Null);
    alone.end("-TERM");
    let server = Planted::start(vec![answer("200 OK", "", b"")]);
    let mut listening = forwarding(&room, &server);
    assert_eq!(listening.next()["handed_over"]["outcome"], "done");
}

#[test]
fn a_hand_over_needs_a_secret_and_this_machine() {
    let room = room();
    let listen = |more: &[&str]| {
        let words = [
            "hooks",
            "listen",
            "--listen",
            "127.0.0.1:0",
            "--profile",
            "./hooks.toml",
        ];
        room.run(words.iter().chain(more))
    };
    let here = ["--forward-to", "http://127.0.0.1:9/"];
    let error = listen(&here).failed(2).to_owned();
    assert!(error.contains("no webhook secret was given"), "{error}");
    let key = ["--webhook-secret-file", "channel.secret"];
    let error = listen(&[&here[..], &key].concat()).failed(2).to_owned();
    assert!(!error.contains("MARKER"), "{error}");
    for away in [
        "https://shop.example/hooks",
        "http://shop.example/hooks",
        "https://me:MARKER@127.0.0.1/",
    ] {
        let error = listen(&["--forward-to", away]).failed(2).to_owned();
        assert!(!error.contains("MARKER"), "{error}");
    }
}

#[test]
fn a_sample_goes_over_tls_to_a_receiver_whose_certificate_is_checked() {
    let room = room();
    let sandbox = Running::start(&room, &["--tls"]);
    let to = format!("{}/nothing-is-here", sandbox.base_url());
    let words = [
        "hooks",
        "trigger",
        "crm-lead",
        "--to",
        &to,
        "--profile",
        "./hooks.toml",
    ];
    let error = room.run(words).failed(3).to_owned();
    assert!(error.contains("no answer from 127.0.0.1:"), "{error}");
    let mut command = room.command(words);
    command.env("SSL_CERT_FILE", sandbox.field("ca_file"));
    let error = ended(command, b"").failed(1).to_owned();
    assert!(error.contains("the receiver answered 404"), "{error}");
}

/// Another process that writes to the store and does not end; it does when it is dropped.
struct Locked(Child);

impl Locked {
    fn hold(room: &Room) -> Self {
        let script = "import sqlite3, sys\n\
            store = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
            store.execute('BEGIN EXCLUSIVE')\n\
            print('held', flush=True)\n\
            sys.stdin.read()\n";
        let mut child = Command::new("python3")
            .args(["-c", script])
            .arg(room.path().join(".local/share/kommo/grants.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "held\n");
        Self(child)
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn while_the_store_takes_nothing_proven_hooks_are_spooled_and_others_refused() {
    let room = room();
    let mut listening = Listening::start(&room, &[]);
    let (chat, crm) = (
        listening.url("chat").to_owned(),
        listening.url("crm").to_owned(),
    );
    let locked = Locked::hold(&room);
    trigger(&room, "chat-message", &chat, &[]).done();
    assert_eq!(listening.next()["kept"], "spooled");
    // The CRM sends it again.
    let error = trigger(&room, "crm-lead", &crm, &[]).failed(1).to_owned();
    assert!(error.contains("answered 503"), "{error}");
    assert_eq!(listening.next()["kept"], "failed");
    drop(locked);
    // Merged as soon as the store takes it.
    while inbox(&room, &["list", "--kind", "chat"]).status != 0 {}
    assert_eq!(listed(&room, &["--event", "message"]).len(), 1);
}

#[test]
fn a_signal_waits_for_the_hand_over_that_is_on_its_way() {
    let room = room();
    room.file("webhook.secret", WEBHOOK_SECRET);
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/", server.local_addr().unwrap());
    let more = [
        "--forward-to",
        &to,
        "--webhook-secret-file",
        "webhook.secret",
    ];
    let listening = Listening::start(&room, &more);
    let chat = listening.url("chat").to_owned();
    let address = chat
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    trigger(&room, "chat-message", &chat, &[]).done();
    let (mut stream, _) = server.accept().unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    listening.signal("-TERM");
    // Nothing more is taken, so the signal was heard.
    while TcpStream::connect(&address).is_ok() {}
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .unwrap();
    let (lines, status, said) = listening.rest();
    assert_eq!((status, said.as_str()), (Some(0), ""));
    assert_eq!(lines.last().unwrap()["handed_over"]["outcome"], "done");
    assert_eq!(listed(&room, &["--state", "done"]).len(), 1);
}
