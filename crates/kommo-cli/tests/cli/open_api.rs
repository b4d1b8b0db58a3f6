//! `kommo open-api call`.

use kommo_sign::{AppSecret, OpenApiKey};
use serde_json::{Value, json};

use crate::planted::{Planted, answer};
use crate::program::{Ended, Room, ended};
use crate::sandbox::Running;

const APP_ID: &str = "00000000000000000000000000a99001";
const SECRET: &str = "MARKER-app-secret";
const TICKET: &str = r#"{ "sbs": "customer_001", "kefu_id": [10411], "fzr_uid": 10411,
  "ip": "127.0.0.1", "sbs_mc": "张三", "content": "hello" }"#;

fn room() -> Room {
    let room = Room::new();
    room.file("sandbox.json", format!(r#"{{"app_secret":"{SECRET}"}}"#));
    room.file("app.secret", SECRET);
    room.file("ticket.json", TICKET);
    room
}

/// The words of a call that prints for people.
fn for_people(words: Vec<&str>) -> Vec<&str> {
    let kept = words.into_iter();
    kept.filter(|word| !["--format", "json"].contains(word))
        .collect()
}

fn words<'a>(endpoint: &'a str, url: &'a str, body: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let base = [
        "open-api",
        "call",
        endpoint,
        "--appid",
        APP_ID,
        "--secret-file",
        "app.secret",
        "--sandbox",
        url,
        "--body",
        body,
        "--format",
        "json",
    ];
    [&base[..], more].concat()
}

// Rules O1, O8, O9.
#[test]
fn a_ticket_is_created_and_takes_agents() {
    let room = room();
    let running = Running::start(&room, &["--config", "sandbox.json"]);
    let url = running.base_url();
    let created = room.run(words("create_gd", url, "ticket.json", &[]));
    created.done();
    assert_eq!(created.json(), json!({ "data": { "chat_id": 1841 } }));
    let agents = br#"{"chat_id":1841,"kefu_ids":"10427,10428"}"#;
    let added = room.run_with_input(
        words("/openapi/chat/add_kf", url, "-", &["--repeat"]),
        agents,
    );
    added.done();
    assert_eq!(added.json(), json!({ "data": "" }));
    let text = room.run(for_people(words("create_gd", url, "ticket.json", &[])));
    assert_eq!(text.done(), "{\"chat_id\":1842}\n");
    let chats = running.ask("open-api")["chats"].clone();
    assert_eq!(chats[0]["agents"], json!([10_411, 10_427, 10_428]));

    let gone = room.run_with_input(words("js_zxlt_ql", url, "-", &[]), br#"{"chat_id":7}"#);
    let error = gone.failed_json(1);
    assert_eq!(
        (&error["code"], &error["open_api_code"]),
        (&json!("refused"), &json!(-1))
    );
    assert_eq!(error["open_api_msg"], "群聊不存在");
    assert!(error["hint"].as_str().unwrap().contains("no such chat"));

    room.file("app.secret", "MARKER-another-secret");
    let refused = room.run(words("create_gd", url, "ticket.json", &[]));
    let error = refused.failed_json(1);
    assert!(error["hint"].as_str().unwrap().contains("another secret"));
    assert!(!error.to_string().contains("MARKER"));
    let explained = &running.ask("journal")["entries"];
    let last = explained.as_array().unwrap().last().unwrap();
    assert_eq!(last["detail"]["code"], "signature-differs");
    assert_eq!(last["detail"]["explanations"][0]["code"], "unknown");
}

#[test]
fn a_dry_run_prints_the_signed_request_and_keeps_the_bytes_of_the_body() {
    let room = room();
    let dry = || {
        let url = "http://127.0.0.1:9";
        room.run(words("create_gd", url, "ticket.json", &["--dry-run"]))
    };
    let printed = dry();
    printed.done();
    let json = printed.json();
    assert_eq!(json["url"], "http://127.0.0.1:9/openapi/chat/create_gd");
    assert_eq!(json["headers"]["Host"], "apichat.twt.com");
    let body = json["body"].as_str().unwrap();
    assert!(body.ends_with(&TICKET[1..]), "{body}");
    let parsed: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&parsed["appid"], parsed["ranstr"].as_str().unwrap().len()),
        (&json!(APP_ID), 16)
    );
    let signature = json["headers"]["x-chat-signature"].as_str().unwrap();
    let key = OpenApiKey::new(&AppSecret::new(SECRET).unwrap());
    key.verify(body.as_bytes(), signature).unwrap();
    let other = dry().json();
    assert_ne!(
        other["body"], json["body"],
        "every request has its own stamp"
    );
    let words = words(
        "create_gd",
        "http://127.0.0.1:9",
        "ticket.json",
        &["--dry-run"],
    );
    let text = room.run(for_people(words));
    assert!(
        text.done()
            .starts_with("POST http://127.0.0.1:9/openapi/chat/create_gd\nHost: ")
    );
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let room = room();
    let said = |body: &[u8]| {
        let words = words("create_gd", "http://127.0.0.1:9", "-", &[]);
        let error = room.run_with_input(words, body).failed_json(2);
        error.to_string()
    };
    assert!(said(b"").contains("not a json object"));
    assert!(said(b"[]").contains("not a json object"));
    assert!(said(br#"{"timestamp":1}"#).contains("leave appid, timestamp and ranstr out"));
    let bare = ["open-api", "call", "create_gd", "--format", "json"];
    let missing = room.run(bare).failed_json(2);
    let text = missing.to_string();
    assert!(
        text.contains("--appid ID") && text.contains("--secret-file FILE"),
        "{text}"
    );
    let mut command = room.command([
        "open-api",
        "call",
        "x",
        "--secret-env",
        "S",
        "--sandbox",
        "http://127.0.0.1:9",
        "--body",
        "-",
        "--dry-run",
    ]);
    command.env("KOMMO_APPID", APP_ID).env("S", SECRET);
    ended(command, b"{}").done();
    let remote = words("create_gd", "http://192.0.2.1:80", "ticket.json", &[]);
    room.run(remote).failed_json(2);
}

// Rule O10.
#[test]
fn a_lost_answer_is_in_doubt_and_not_repeated_unless_that_was_asked_for() {
    let room = room();
    for (more, times) in [(&[][..], 1), (&["--repeat"][..], 3)] {
        let server = Planted::start(vec![answer("502 X", "", b"<html>")]);
        let call: Ended = room.run(words("create_gd", &server.url, "ticket.json", more));
        assert_eq!(call.failed_json(3)["code"], "in-doubt");
        assert_eq!(server.asked().len(), times);
    }
    let page = Planted::start(vec![answer("200 OK", "", b"<html>")]);
    let call = room.run(words("create_gd", &page.url, "ticket.json", &[]));
    assert_eq!(call.failed_json(1)["code"], "unconfirmed");
}
