//! `kommo sandbox --data` and `--seed` with the real process: killed, started again, refused, and
//! out of room.

use alloc::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use crate::program::Room;
use crate::sandbox::Running;

/// Status and body of one call of the control API; `None` if the connection ended before.
fn call(url: &str, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let rest = url.strip_prefix("http://").unwrap();
    let (address, base) = rest.split_at(rest.find('/').unwrap());
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    write!(
        stream,
        "{method} {base}/{path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// A manager writes; the hook goes where nothing listens.
fn write(url: &str, text: &str) -> Option<u16> {
    let message = json!({"text": text, "to": "http://127.0.0.1:1/"});
    call(url, "POST", "messages", &message.to_string()).map(|(status, _)| status)
}

fn texts(sandbox: &Running) -> Vec<String> {
    let state = sandbox.ask("snapshot");
    let messages = state["messages"].as_array().unwrap();
    let text = |message: &Value| message["text"].as_str().unwrap().to_owned();
    messages.iter().map(text).collect()
}

#[test]
fn whatever_was_answered_is_there_after_a_kill_and_nothing_twice() {
    let room = Room::new();
    let directory = room.path().join("data");
    let arguments = ["--data", directory.to_str().unwrap()];
    let answered = Mutex::new(BTreeSet::new());
    for round in 0..6 {
        let mut sandbox = Running::start(&room, &arguments);
        let url = sandbox.field("control_url").to_owned();
        let (count, url) = (answered.lock().unwrap().len(), url.as_str());
        thread::scope(|scope| {
            for writer in 0..4 {
                let answered = &answered;
                scope.spawn(move || {
                    for n in 0.. {
                        let text = format!("{round} {writer} {n}");
                        match write(url, &text) {
                            Some(200) => answered.lock().unwrap().insert(text),
                            Some(status) => panic!("{status}"),
                            None => return,
                        };
                    }
                });
            }
            // In the middle of it: as many as a round of all writers, and some.
            while answered.lock().unwrap().len() < count + 20 {
                thread::yield_now();
            }
            sandbox.kill();
        });
        let again = Running::start(&room, &arguments);
        let there = texts(&again);
        let set: BTreeSet<_> = there.iter().cloned().collect();
        assert_eq!(set.len(), there.len(), "round {round}: doubled");
        let lost: Vec<_> = answered.lock().unwrap().difference(&set).cloned().collect();
        assert_eq!(lost, Vec::<String>::new(), "round {round}: lost");
    }
}

#[test]
fn a_second_sandbox_on_the_directory_is_refused_and_says_why() {
    let room = Room::new();
    let first = Running::start(&room, &["--data", "data"]);
    let second = room.run(["sandbox", "--data", "data"]);
    assert_eq!(second.status, 3, "{}", second.stderr);
    assert!(
        second
            .stderr
            .contains("another sandbox runs on the directory data"),
        "{}",
        second.stderr
    );
    drop(first);
    Running::start(&room, &["--data", "data"]);
}

#[test]
fn a_seed_is_taken_once_and_a_wrong_one_names_its_field() {
    let room = Room::new();
    let seed = json!({
        "version": 1,
        "chats": [{"client_id": "c1", "customer": {"client_id": "ann", "name": "Ann"}}],
        "messages": [{"conversation_id": "c1", "text": "Hello"}],
    });
    room.file("seed.json", seed.to_string());
    let arguments = ["--data", "data", "--seed", "seed.json"];
    let secret = {
        let sandbox = Running::start(&room, &arguments);
        assert_eq!(texts(&sandbox), ["Hello"]);
        assert_eq!(write(sandbox.field("control_url"), "Good day"), Some(200));
        sandbox.ask("state")["channel_secret"].clone()
    };
    let sandbox = Running::start(&room, &arguments);
    assert_eq!(texts(&sandbox), ["Hello", "Good day"]);
    assert_eq!(sandbox.ask("state")["channel_secret"], secret);

    room.file(
        "wrong.json",
        r#"{"version":1,"messages":[{"conversation_id":"c9"}]}"#,
    );
    let wrong = room.run(["sandbox", "--seed", "wrong.json"]);
    assert_eq!(wrong.status, 2, "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("messages[0].conversation_id"),
        "{}",
        wrong.stderr
    );
}

/// A sandbox whose files cannot grow beyond a size, as on a full disk.
fn start_without_room(room: &Path) -> (Child, Value) {
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" sandbox --data data";
    let mut child = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_kommo")])
        .env("HOME", room)
        .current_dir(room)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let output = child.stdout.as_mut().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing_that_was_answered() {
    let room = Room::new();
    let (mut child, first_line) = start_without_room(room.path());
    let url = first_line["control_url"].as_str().unwrap();
    let mut answered = Vec::new();
    let long = "x".repeat(2000);
    let refused = loop {
        let text = format!("{} {long}", answered.len());
        match write(url, &text) {
            Some(200) => answered.push(text),
            other => break other,
        }
        assert!(answered.len() < 1000, "the limit was never met");
    };
    assert_eq!(refused, Some(507));
    // Neither is anything answered from a state that is not kept.
    assert_eq!(call(url, "GET", "counters", "").unwrap().0, 507);
    child.kill().unwrap();
    child.wait().unwrap();

    let sandbox = Running::start(&room, &["--data", "data"]);
    assert_eq!(texts(&sandbox), answered);
    assert_eq!(write(sandbox.field("control_url"), "and on"), Some(200));
}
