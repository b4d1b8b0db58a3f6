//! Answers of the Chats API.

use kommo_chats::request::{AcceptedMessage, CreatedChat, HistoryPage};
use kommo_chats::{ConnectResponse, ErrorBody, MAX_TEXT_CHARACTERS};
use serde_json::Value;

use crate::fields::Fields;

/// Each type of answer is read where a naive reader finds its ids, with the same ids; no entry of a
/// history is lost without being counted; a refusal keeps its status, and what it shows is clean.
///
/// Fields: status, `Content-Type`, `Retry-After`, body.
///
/// # Panics
///
/// If a law is broken.
pub fn chats_answer(data: &[u8]) {
    let mut fields = Fields::of(data);
    let status: u16 = fields.text().parse().unwrap_or(400);
    let (content_type, retry_after) = (fields.text(), fields.text());
    let body = fields.bytes();
    refusal(status, &content_type, &retry_after, body);
    let accepted = AcceptedMessage::from_body(body);
    let chat = CreatedChat::from_body(body);
    let page = HistoryPage::from_body(body);
    let connected = ConnectResponse::from_body(body);
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let found = accepted.as_ref().ok().map(|message| message.id.as_str());
    same(found, text("/new_message/msgid"));
    same(chat.as_ref().ok().map(|chat| chat.id.as_str()), text("/id"));
    if connected.is_ok() {
        assert!(value.get("scope_id").is_some(), "connected to nothing");
    }
    let entries = value.get("messages").and_then(Value::as_array);
    match (page, entries) {
        (Ok(page), Some(entries)) => {
            assert_eq!(page.messages.len() + page.unread, entries.len());
            let ids = entries.iter().map(|entry| entry.pointer("/message/id"));
            let mut ids = ids.filter_map(|id| id.and_then(Value::as_str));
            for message in &page.messages {
                let is_there = ids.any(|id| id == message.id.as_str());
                assert!(is_there, "a message that nobody sent, or another order");
            }
        }
        (Ok(_), None) => panic!("a page without messages"),
        (Err(_), Some(_)) => panic!("a page was not read"),
        (Err(_), None) => {}
    }
}

/// An id that is read is the one that stands there, and a plain one is read.
fn same(found: Option<&str>, there: Option<&str>) {
    if found.is_some() {
        assert_eq!(found, there);
    }
    let is_plain = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if let Some(id) = there.filter(is_plain) {
        assert_eq!(found, Some(id));
    }
}

fn refusal(status: u16, content_type: &str, retry_after: &str, body: &[u8]) {
    let error = ErrorBody::from_body(status, Some(content_type), Some(retry_after), body);
    assert_eq!(error.http_status(), status);
    let shown = error.to_string();
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    // Status, type, description, title, detail and the words between.
    assert!(shown.chars().count() <= 6 * MAX_TEXT_CHARACTERS + 200);
    let hex_run = |text: &str| {
        let mut runs = text.split(|c: char| !c.is_ascii_hexdigit());
        runs.any(|run| run.len() >= 40)
    };
    assert!(!hex_run(&shown), "{shown:?}");
}

/// The first inputs: published answers, and some that are wrong.
#[cfg(feature = "seeds")]
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let bodies = [
        r#"{"account_id":"a","scope_id":"c_a","title":"t","hook_api_version":"v2","is_time_window_disabled":false}"#,
        r#"{"id":"6cbab3d5","user":{"id":"86a0","client_id":"sk-1","name":"N","avatar":"","phone":"7"}}"#,
        r#"{"id":"6cbab3d5","user":{"id":"86a0","profile":{"phone":"7"}}}"#,
        r#"{"new_message":{"conversation_id":"c","sender_id":"s","receiver_id":null,"msgid":"m","ref_id":"r"}}"#,
        r#"{"new_message":{"msgid":"","ref_id":7}}"#,
        r#"{"messages":[{"timestamp":1,"msec_timestamp":1000,"sender":{"id":"s"},"message":{"id":"i","type":"text","text":"x"}},{"message":{}}]}"#,
        r#"{"status":0,"error_code":403,"error_type":"ORIGIN_INVALID_SIGNATURE","error_description":"invalid signature"}"#,
        r#"{"title":"Too Many Requests","status":429,"detail":"d","retry_after":300}"#,
        r#"{"error_description":"81211856ce0c5095f3e1a90c0a38dc9d736cfd5581211856"}"#,
        "403 Forbidden",
        "<html>",
        "",
        "[]",
    ];
    let statuses = ["200", "400", "403", "404", "429", "500"];
    let inputs = bodies.iter().flat_map(|body| {
        statuses.map(|status| {
            let fields: [&[u8]; 4] = [status.as_bytes(), b"application/json", b"", body.as_bytes()];
            crate::fields::join(0, &fields)
        })
    });
    let numbered = inputs.enumerate();
    numbered
        .map(|(number, input)| (format!("answer-{number}"), input))
        .collect()
}
