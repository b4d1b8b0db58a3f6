//! `kommo chats create`, `send`, `edit`, `status`, `typing`, `react` and `history`.

use kommo_sign::{
    ChannelSecret, ChatsSigner, ContentType, RequestDate, RequestMethod, RequestPath,
};
use serde_json::{Value, json};

use crate::planted::{JSON, Planted, answer};
use crate::program::{Ended, Room};
use crate::sandbox::{Running, config};

const CHANNEL: &str = "c0ffee00-0000-4000-8000-000000000001";
const ACCOUNT: &str = "acc00000-0000-4000-8000-000000000001";
const SECRET: &str = "MARKER-channel-secret";

fn words<'a>(verb: &'a str, url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let base = [
        "chats",
        verb,
        "--channel",
        CHANNEL,
        "--account-amojo-id",
        ACCOUNT,
        "--secret-file",
        "secret",
        "--sandbox",
        url,
        "--format",
        "json",
    ];
    [&base[..], more].concat()
}

fn room() -> Room {
    let room = Room::new();
    room.file("secret", SECRET);
    room
}

/// What a dry run prints; its signature is right.
#[track_caller]
fn dry(room: &Room, verb: &str, more: &[&str]) -> (String, Value) {
    let more = [more, &["--dry-run"]].concat();
    let printed = room.run(words(verb, "http://127.0.0.1:9", &more));
    printed.done();
    let json = printed.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (url, body) = (text(&json["url"]), text(&json["body"]));
    let target = url.strip_prefix("http://127.0.0.1:9").unwrap();
    let path = target.split('?').next().unwrap();
    let header = |name: &str| text(&json["headers"][name]);
    let method = text(&json["method"]);
    let signed = ChatsSigner::new(&ChannelSecret::new(SECRET).unwrap()).sign(
        RequestMethod::parse(&method).unwrap(),
        RequestPath::parse(path).unwrap(),
        ContentType::JSON,
        RequestDate::parse(&header("Date")).unwrap(),
        body.as_bytes(),
    );
    for (name, value) in &signed.headers() {
        assert_eq!(header(name), *value, "{name}");
    }
    let scope = format!("/v2/origin/custom/{CHANNEL}_{ACCOUNT}");
    let below = target.strip_prefix(&scope).unwrap();
    let body = match body.as_str() {
        "" => Value::Null,
        body => serde_json::from_str(body).unwrap(),
    };
    (format!("{method} {below}"), body)
}

// Rules S1, S6.
#[test]
fn every_verb_prints_its_signed_request() {
    let room = room();
    let client = ["--client", "u-1", "--name", "Ann"];
    let create = [&client[..], &["--conversation", "c-1", "--phone", "+1555"]].concat();
    let (line, body) = dry(&room, "create", &create);
    assert_eq!(line, "POST /chats");
    let user = json!({ "id": "u-1", "name": "Ann", "profile": { "phone": "+1555" } });
    assert_eq!(body, json!({ "conversation_id": "c-1", "user": user }));

    let typing = [
        "--conversation",
        "c-1",
        "--client",
        "u-1",
        "--duration-ms",
        "900",
    ];
    let (line, body) = dry(&room, "typing", &typing);
    assert_eq!(line, "POST /typing");
    let expected =
        json!({ "conversation_id": "c-1", "sender": { "id": "u-1" }, "duration_ms": 900 });
    assert_eq!(body, expected);

    let react = [
        "--conversation",
        "c-1",
        "--message",
        "m-1",
        "--by-client",
        "u-1",
    ];
    let (line, body) = dry(&room, "react", &[&react[..], &["--emoji", "👍"]].concat());
    assert_eq!(line, "POST /react");
    assert_eq!(
        (&body["type"], &body["emoji"]),
        (&json!("react"), &json!("👍"))
    );
    let (_, body) = dry(&room, "react", &[&react[..], &["--remove"]].concat());
    assert_eq!(
        (&body["type"], &body["msgid"]),
        (&json!("unreact"), &json!("m-1"))
    );

    let history = ["--conversation-ref", "c-9", "--limit", "2", "--offset", "4"];
    let (line, body) = dry(&room, "history", &history);
    assert_eq!(
        (line.as_str(), body),
        ("GET /chats/c-9/history?offset=4&limit=2", Value::Null)
    );

    let failed = [
        "--message-ref",
        "m-9",
        "failed",
        "--reason",
        "other",
        "--error",
        "no number",
    ];
    let (line, body) = dry(&room, "status", &failed);
    assert_eq!(line, "POST /m-9/delivery_status");
    assert_eq!(
        body,
        json!({ "status_code": -1, "error_code": 905, "error": "no number" })
    );
    let (_, body) = dry(&room, "status", &["--message-ref", "m-9", "read"]);
    assert_eq!(body, json!({ "status_code": 2 }));

    let edit = [
        "--conversation",
        "c-1",
        "--message-ref",
        "m-9",
        "--text",
        "new",
        "--at",
        "5",
    ];
    let (line, body) = dry(&room, "edit", &edit);
    assert_eq!(
        (line.as_str(), &body["event_type"]),
        ("POST ", &json!("edit_message"))
    );
    assert_eq!(
        (&body["payload"]["id"], &body["payload"]["timestamp"]),
        (&json!("m-9"), &json!(5))
    );
}

#[test]
fn a_message_takes_its_content_from_options_files_and_standard_input() {
    let room = room();
    room.file("pic.png", [0; 7]);
    room.file("text.txt", "Hello\n\n");
    let send = |more: &[&str]| {
        let base = [
            "--conversation",
            "c-1",
            "--client",
            "u-1",
            "--name",
            "Ann",
            "--at",
            "5",
        ];
        let (line, body) = dry(&room, "send", &[&base[..], more].concat());
        assert_eq!(line, "POST ");
        body["payload"].clone()
    };
    let payload = send(&[
        "--text",
        "Hi",
        "--msgid",
        "m-1",
        "--silent",
        "--reply-to",
        "m-0",
    ]);
    assert_eq!(
        (&payload["msgid"], &payload["silent"]),
        (&json!("m-1"), &json!(true))
    );
    assert_eq!(payload["message"], json!({ "type": "text", "text": "Hi" }));
    assert_eq!(
        payload["reply_to"],
        json!({ "message": { "msgid": "m-0" } })
    );
    // One line feed is dropped, as of a secret.
    let payload = send(&["--text-file", "text.txt"]);
    assert_eq!(payload["message"]["text"], "Hello\n");
    assert!(payload["msgid"].as_str().unwrap().starts_with("kommo-"));
    let payload = send(&[
        "--media",
        "https://a.example/x",
        "--media-file",
        "pic.png",
        "--text",
        "c",
    ]);
    let expected = json!({
        "type": "picture", "text": "c", "media": "https://a.example/x",
        "file_name": "pic.png", "file_size": 7,
    });
    assert_eq!(payload["message"], expected);
    let payload = send(&["--media", "https://a.example/x.ogg", "--duration", "3"]);
    assert_eq!(
        (
            &payload["message"]["type"],
            &payload["message"]["media_duration"]
        ),
        (&json!("voice"), &json!(3))
    );
    let payload = send(&["--location", "-37.5,55.75"]);
    assert_eq!(
        payload["message"]["location"],
        json!({ "lon": -37.5, "lat": 55.75 })
    );
    let payload = send(&["--contact", "Lee, Ann, +1555"]);
    assert_eq!(
        payload["message"]["contact"],
        json!({ "name": "Lee, Ann", "phone": "+1555" })
    );
    let payload = send(&["--text", "Row", "--callback-data", "r1"]);
    assert_eq!(payload["message"]["callback_data"], "r1");
    let payload = send(&[
        "--text",
        "Hi",
        "--from-user",
        "user-9",
        "--from-name",
        "Max",
    ]);
    assert_eq!(payload["sender"]["ref_id"], "user-9");
    assert_eq!(payload["receiver"]["id"], "u-1");

    let more = [
        "--conversation",
        "c-1",
        "--client",
        "u-1",
        "--name",
        "Ann",
        "--dry-run",
    ];
    let more = [&more[..], &["--text-file", "-"]].concat();
    let words = words("send", "http://127.0.0.1:9", &more);
    let printed = room.run_with_input(&words, "from input".as_bytes());
    assert!(printed.done().contains("from input"));
}

#[test]
fn what_is_wrong_with_a_message_is_said_before_anything_is_sent() {
    let room = room();
    room.file("latin1", [0xe9]);
    let said = |verb: &str, more: &[&str]| {
        let ended = room.run(words(verb, "http://127.0.0.1:9", more));
        ended.failed_json(2)["message"].as_str().unwrap().to_owned()
    };
    let base = ["--conversation", "c-1", "--client", "u-1", "--name", "Ann"];
    let send = |more: &[&str]| said("send", &[&base[..], more].concat());
    assert!(send(&[]).contains("is empty"));
    assert!(send(&["--text", ""]).contains("text"));
    assert!(send(&["--text", "a", "--location", "1,2"]).contains("--location"));
    assert!(send(&["--location", "200,2"]).contains("location.lon"));
    assert!(send(&["--location", "here"]).contains("37.6173"));
    assert!(send(&["--media", "no address"]).contains("media"));
    assert!(send(&["--text-file", "latin1"]).contains("UTF-8"));
    let both = ["--secret-file", "-", "--text-file", "-"];
    let words: Vec<_> = words("send", "http://127.0.0.1:9", &base)
        .into_iter()
        .filter(|word| !["--secret-file", "secret"].contains(word))
        .chain(both)
        .collect();
    let ended = room.run(&words);
    assert!(
        ended.failed_json(2)["message"]
            .as_str()
            .unwrap()
            .contains("standard input")
    );
    assert!(said("status", &["--message-ref", "m", "failed"]).contains("--reason"));
    assert!(
        said(
            "status",
            &["--message-ref", "m", "read", "--reason", "internal"]
        )
        .contains("failed")
    );
    assert!(
        said(
            "status",
            &["--message-ref", "m", "failed", "--reason", "other"]
        )
        .contains("error")
    );
    assert!(said("history", &["--conversation-ref", "c", "--limit", "51"]).contains("limit"));
}

// Rule C6 for connecting; a repeated msgid is not taken twice.
#[test]
fn a_message_is_taken_once_and_its_id_is_printed() {
    let room = Room::new();
    config(&room);
    let running = Running::start(&room, &["--config", "sandbox.json"]);
    let url = running.base_url();
    room.run(words("connect", url, &[])).done();
    let send = [
        "--conversation",
        "c-1",
        "--client",
        "u-1",
        "--name",
        "Ann",
        "--text",
        "Hi",
        "--msgid",
        "m-1",
    ];
    let sent = room.run(words("send", url, &send));
    sent.done();
    let json = sent.json();
    assert_eq!(json["msgid"], "m-1");
    assert!(json["id"].as_str().unwrap().len() == 36 && json["conversation"].is_string());
    let again = room.run(words("send", url, &send)).failed_json(1);
    assert_eq!(
        (&again["code"], &again["http_status"]),
        (&json!("refused"), &json!(400))
    );
    let stranger = [&send[..8], &["--from-user", "nobody", "--from-name", "Max"]].concat();
    let refused = room.run(words("send", url, &stranger)).failed_json(1);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("sender: user not found")
    );
    assert!(
        refused["hint"]
            .as_str()
            .unwrap()
            .contains("users?with=amojo_id")
    );
}

#[test]
fn a_lost_answer_to_a_message_says_with_which_id_it_is_sent_again() {
    let room = room();
    let server = Planted::start(vec![answer("500 X", "", b"{}")]);
    let send = [
        "--conversation",
        "c-1",
        "--client",
        "u-1",
        "--name",
        "Ann",
        "--text",
        "MARKER-text",
    ];
    let error = room.run(words("send", &server.url, &send)).failed_json(3);
    assert_eq!(error["code"], "in-doubt");
    let id = error["msgid"].as_str().unwrap();
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains(&format!("--msgid {id}"))
    );
    assert!(!error.to_string().contains("MARKER"));
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|asked| asked.body.contains(id)));

    let refused = Planted::start(vec![answer("500 X", "", b""), answer("400 X", JSON, b"{}")]);
    let error = room.run(words("send", &refused.url, &send)).failed_json(1);
    assert_eq!(error["code"], "unconfirmed");
    assert!(error["hint"].as_str().unwrap().contains("chats history"));
}

const PAGE: &str = r#"{"messages":[
 {"timestamp":1596470954,"sender":{"id":"d8","name":"Max\u001b[2J"},
  "receiver":{"id":"86","client_id":"u-1","name":"Ann"},
  "message":{"id":"m-2","type":"picture","text":"look","media":"https://a.example/x.png"}},
 {"timestamp":1596470953,"sender":{"id":"86","client_id":"u-1","name":"Ann"},
  "message":{"id":"m-1","client_id":"own-1","type":"text","text":"Hi"}},{}]}"#;

#[test]
fn a_history_is_a_line_a_message_newest_first() {
    let room = room();
    let server = Planted::start(vec![answer("200 OK", JSON, PAGE.as_bytes())]);
    let of = ["--conversation-ref", "c-9"];
    let printed = room.run(words("history", &server.url, &of));
    assert_eq!(printed.status, 0, "{printed:?}");
    assert!(printed.stderr.contains("1 messages could not be read"));
    let lines: Vec<Value> = printed
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["id"], &lines[0]["type"]),
        (&json!("m-2"), &json!("picture"))
    );
    assert_eq!(
        (&lines[1]["msgid"], &lines[1]["text"]),
        (&json!("own-1"), &json!("Hi"))
    );
    let words_of = words("history", &server.url, &of);
    let text = words_of
        .into_iter()
        .filter(|word| !["--format", "json"].contains(word));
    let printed = room.run(text);
    let first = printed.stdout.lines().next().unwrap();
    assert!(
        first.contains("out  Max") && first.ends_with(": [picture] look"),
        "{first}"
    );
    assert!(!printed.stdout.contains('\u{1b}'));

    let nothing = Planted::start(vec![answer("204 No Content", "", b"")]);
    let error = room.run(words("history", &nothing.url, &of)).failed_json(1);
    assert_eq!(error["code"], "not-found");
}

#[test]
fn a_status_of_an_unknown_message_says_whose_id_it_takes() {
    let room = room();
    let server = Planted::start(vec![answer("404 X", "", b"")]);
    let of = ["--message-ref", "own-1", "delivered"];
    let refused: Ended = room.run(words("status", &server.url, &of));
    let error = refused.failed_json(1);
    assert!(error["hint"].as_str().unwrap().contains("platform's"));
}
