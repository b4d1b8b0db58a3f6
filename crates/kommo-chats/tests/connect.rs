//! Connect: what we send and what comes back.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at once; clippy.toml covers test functions only"
)]

use core::error::Error;

use kommo_account::{AmojoId, ChannelId, ParseScopeIdError, ParseUuidError, ScopeId};
use kommo_chats::{
    ConnectRequest, ConnectResponse, DecodeError, EmptyTitle, HookApiVersion, JsonType,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const CHANNEL: &str = "344a5002-f8ca-454d-af3d-396180102ac7";
const ACCOUNT: &str = "52e591f7-c98f-4255-8495-827210138c81";

fn channel() -> ChannelId {
    ChannelId::parse(CHANNEL).expect("a channel id")
}

fn account() -> AmojoId {
    AmojoId::parse(ACCOUNT).expect("an amojo id")
}

fn request(title: &str) -> ConnectRequest {
    ConnectRequest::new(account(), title).expect(title)
}

fn text(body: Vec<u8>) -> String {
    String::from_utf8(body).expect("utf-8")
}

/// An answer with all fields, one of them replaced.
fn answer_with(field: &str, value: Value) -> Vec<u8> {
    let mut answer = json!({
        "account_id": ACCOUNT,
        "scope_id": format!("{CHANNEL}_{ACCOUNT}"),
        "title": "ScopeTitle",
        "hook_api_version": "v2",
        "is_time_window_disabled": false,
    });
    answer[field] = value;
    answer.to_string().into_bytes()
}

// Rule C1.
#[test]
fn the_published_request_is_made_byte_for_byte() {
    assert_eq!(
        text(request("ChatsIntegration").to_body()),
        r#"{"account_id":"52e591f7-c98f-4255-8495-827210138c81","title":"ChatsIntegration","hook_api_version":"v2"}"#
    );
    assert_eq!(ConnectRequest::METHOD, "POST");
    assert_eq!(
        ConnectRequest::path(&channel()),
        "/v2/origin/custom/344a5002-f8ca-454d-af3d-396180102ac7/connect"
    );
}

// Rule C1.
#[test]
fn the_time_window_is_named_only_if_wanted() {
    let body = |request: ConnectRequest| text(request.to_body());
    let plain = body(request("a"));
    assert!(!plain.contains("time_window"));
    let tail = |value| {
        format!(
            r#"{},"is_time_window_disabled":{value}}}"#,
            &plain[..plain.len() - 1]
        )
    };
    assert_eq!(body(request("a").without_time_window()), tail(true));
    assert_eq!(body(request("a").with_time_window()), tail(false));
    assert_eq!(request("a").is_time_window_disabled(), None);
    assert_eq!(
        request("a").with_time_window().is_time_window_disabled(),
        Some(false)
    );
}

// Rule C1. A title is always sent, and hooks of version 2 are always asked for.
#[test]
fn a_request_without_a_title_cannot_be_made() {
    for title in ["", " ", "\t\r\n", "\u{a0}"] {
        assert!(matches!(
            ConnectRequest::new(account(), title),
            Err(EmptyTitle { .. })
        ));
    }
    assert_eq!(request("x").hook_api_version(), &HookApiVersion::V2);
    assert_eq!(
        (request("x").title(), *request("x").account_id()),
        ("x", account())
    );
}

// Rule C5. Every field that we send has the type that the API demands.
#[test]
fn ids_and_texts_are_sent_as_strings_and_switches_as_bools() {
    let body = request("12345").without_time_window().to_body();
    let value: Value = serde_json::from_slice(&body).expect("json");
    for field in ["account_id", "title", "hook_api_version"] {
        assert!(value[field].is_string(), "{field}");
    }
    assert!(value["is_time_window_disabled"].is_boolean());
}

// Rule C6. The same request is the same path and bytes, so it can be sent again.
#[test]
fn a_repeated_request_is_the_same_request() {
    let first = request("ChatsIntegration");
    let again = request("ChatsIntegration");
    assert_eq!(first, again);
    assert_eq!(first.to_body(), again.to_body());
    assert_eq!(first.to_body(), first.to_body());
}

// Rule C2.
#[test]
fn the_published_answers_are_read() {
    let new = br#"{"account_id":"af9945ff-1490-4cad-807d-945c15d88bec","scope_id":"f90ba33d-c9d9-44da-b76c-c349b0ecbe41_af9945ff-1490-4cad-807d-945c15d88bec","title":"ChatIntegration","hook_api_version":"v2","is_time_window_disabled":false}"#;
    let answer = ConnectResponse::from_body(new).expect("an answer");
    let account = AmojoId::parse("af9945ff-1490-4cad-807d-945c15d88bec").expect("an amojo id");
    let channel = ChannelId::parse("f90ba33d-c9d9-44da-b76c-c349b0ecbe41").expect("a channel id");
    assert_eq!(answer.account_id(), &account);
    assert_eq!(answer.scope_id(), &ScopeId::new(channel, account));
    assert_eq!(answer.title(), Some("ChatIntegration"));
    assert_eq!(answer.hook_api_version(), Some(&HookApiVersion::V2));
    assert_eq!(answer.is_time_window_disabled(), Some(false));

    let old = text(new.to_vec()).replace(r#","is_time_window_disabled":false"#, "");
    let answer = ConnectResponse::from_body(old.as_bytes()).expect("an older answer");
    assert_eq!(answer.is_time_window_disabled(), None);
}

// Rule C2.
#[test]
fn an_answer_may_have_more_fields_less_fields_and_unknown_versions() {
    let more = answer_with("colour", json!({"any": ["thing", 1, null]}));
    assert!(ConnectResponse::from_body(&more).is_ok());
    for field in ["title", "hook_api_version", "is_time_window_disabled"] {
        assert!(
            ConnectResponse::from_body(&answer_with(field, Value::Null)).is_ok(),
            "{field}"
        );
    }
    let mut with_mark = b"\xef\xbb\xbf \r\n".to_vec();
    with_mark.extend(answer_with("title", "x".into()));
    assert_eq!(
        ConnectResponse::from_body(&with_mark)
            .expect("an answer")
            .title(),
        Some("x")
    );
    let body = text(answer_with("title", "x".into())).replace("\"x\"", r#""x\ud83d""#);
    let utf16 = body.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for body in [body.into_bytes(), utf16] {
        let answer = ConnectResponse::from_body(&body).expect("an answer");
        assert_eq!(answer.title(), Some("x\u{fffd}"));
    }

    let v3 = ConnectResponse::from_body(&answer_with("hook_api_version", "v3".into()));
    assert_eq!(
        v3.expect("an answer").hook_api_version(),
        Some(&HookApiVersion::Other("v3".into()))
    );
    assert_eq!(HookApiVersion::from_text("v1"), HookApiVersion::V1);
    for version in ["v1", "v2", "v3", ""] {
        assert_eq!(HookApiVersion::from_text(version).to_string(), version);
    }
}

// Rule C2. The scope names the channel and the account of the request.
#[test]
fn an_answer_about_another_connection_is_noticed() {
    let answer = ConnectResponse::from_body(&answer_with("title", "x".into())).expect("an answer");
    assert!(answer.is_for(&channel(), &account()));
    let other = "11111111-2222-3333-4444-555555555555";
    assert!(!answer.is_for(&ChannelId::parse(other).expect("an id"), &account()));
    assert!(!answer.is_for(&channel(), &AmojoId::parse(other).expect("an id")));
    let answer = ConnectResponse::from_body(&answer_with("account_id", other.into()));
    assert!(!answer.expect("an answer").is_for(&channel(), &account()));
}

// Rules C2, C5.
#[test]
fn a_field_of_the_wrong_type_is_named() {
    for (field, value, found) in [
        ("account_id", json!(1), JsonType::Number),
        ("scope_id", json!(["x"]), JsonType::Array),
        ("title", json!({}), JsonType::Object),
        ("hook_api_version", json!(2), JsonType::Number),
        ("is_time_window_disabled", json!("false"), JsonType::String),
    ] {
        assert_eq!(
            ConnectResponse::from_body(&answer_with(field, value)),
            Err(DecodeError::WrongType { field, found })
        );
    }
    assert_eq!(
        ConnectResponse::from_body(&answer_with("scope_id", Value::Null)),
        Err(DecodeError::Missing { field: "scope_id" })
    );
    assert_eq!(
        ConnectResponse::from_body(b"{}"),
        Err(DecodeError::Missing {
            field: "account_id"
        })
    );
}

#[test]
fn a_malformed_id_is_named_with_its_cause() {
    let upper = ACCOUNT.to_uppercase();
    let refusal = ConnectResponse::from_body(&answer_with("account_id", upper.into())).unwrap_err();
    let error = ParseUuidError::UpperCase { offset: 2 };
    assert_eq!(
        refusal,
        DecodeError::Uuid {
            field: "account_id",
            error
        }
    );
    assert_eq!(
        refusal.source().expect("a cause").to_string(),
        error.to_string()
    );

    let refusal = ConnectResponse::from_body(&answer_with("scope_id", "x".into())).unwrap_err();
    assert_eq!(
        refusal,
        DecodeError::ScopeId(ParseScopeIdError::Length { found: 1 })
    );
    assert!(refusal.source().is_some());
}

#[test]
fn a_body_that_is_no_json_object_is_refused_with_its_place() {
    for (body, error) in [
        ("", DecodeError::Empty),
        (" \r\n", DecodeError::Empty),
        ("\u{feff}", DecodeError::Empty),
        ("<html>", DecodeError::Syntax { line: 1, column: 1 }),
        ("{\n\"a\" 1}", DecodeError::Syntax { line: 2, column: 5 }),
        ("{} {}", DecodeError::Syntax { line: 1, column: 4 }),
        (
            "{\"account_id\":",
            DecodeError::Truncated {
                line: 1,
                column: 14,
            },
        ),
        (
            "[]",
            DecodeError::NotAnObject {
                found: JsonType::Array,
            },
        ),
        (
            "null",
            DecodeError::NotAnObject {
                found: JsonType::Null,
            },
        ),
        (
            "\"ok\"",
            DecodeError::NotAnObject {
                found: JsonType::String,
            },
        ),
        (
            "true",
            DecodeError::NotAnObject {
                found: JsonType::Bool,
            },
        ),
    ] {
        assert_eq!(
            ConnectResponse::from_body(body.as_bytes()),
            Err(error),
            "{body}"
        );
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(
        ConnectResponse::from_body(deep.as_bytes()),
        Err(DecodeError::Syntax { .. })
    ));
}

#[test]
fn no_refusal_repeats_the_body() {
    for body in [
        "plantedmarker".into(),
        r#"{"account_id":"plantedmarker"#.into(),
        r#"{"account_id":"plantedmarker"}"#.into(),
        r#""plantedmarker""#.into(),
        text(answer_with("scope_id", "plantedmarker".into())),
        text(answer_with(
            "is_time_window_disabled",
            "plantedmarker".into(),
        )),
    ] {
        let refusal = ConnectResponse::from_body(body.as_bytes()).unwrap_err();
        let cause = refusal.source().map(ToString::to_string);
        let shown = format!("{refusal} {refusal:?} {cause:?}");
        assert!(!shown.contains("planted"), "{shown}");
    }
}

/// The obvious way to write the same body: serde_json escapes the whole.
fn naive_body(title: &str, is_time_window_disabled: Option<bool>) -> String {
    let quoted = |text: &str| serde_json::to_string(text).expect("a string");
    let mut fields = vec![
        format!("{}:{}", quoted("account_id"), quoted(ACCOUNT)),
        format!("{}:{}", quoted("title"), quoted(title)),
        format!("{}:{}", quoted("hook_api_version"), quoted("v2")),
    ];
    fields.extend(
        is_time_window_disabled
            .map(|value| format!("{}:{value}", quoted("is_time_window_disabled"))),
    );
    format!("{{{}}}", fields.join(","))
}

proptest! {
    // Rule S9.
    #[test]
    fn any_title_arrives_as_it_is(title in any::<String>(), switch in any::<Option<bool>>()) {
        let Ok(request) = ConnectRequest::new(account(), title.as_str()) else {
            prop_assert!(title.trim().is_empty());
            return Ok(());
        };
        let request = match switch {
            None => request,
            Some(true) => request.without_time_window(),
            Some(false) => request.with_time_window(),
        };
        prop_assert_eq!(text(request.to_body()), naive_body(&title, switch));
        let value: Value = serde_json::from_slice(&request.to_body()).expect("json");
        prop_assert_eq!(&value["title"], &Value::from(title));
    }

    #[test]
    fn any_bytes_give_a_verdict(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(ConnectResponse::from_body(&bytes).is_err());
    }

    #[test]
    fn a_cut_answer_is_never_read_as_a_whole_one(length in 0_usize..250) {
        let whole = answer_with("title", "ScopeTitle".into());
        let cut = &whole[..length.min(whole.len() - 1)];
        prop_assert!(ConnectResponse::from_body(cut).is_err());
    }
}
