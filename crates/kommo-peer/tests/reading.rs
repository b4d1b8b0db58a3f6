//! JSON of a peer, whatever became of it on the way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

extern crate alloc;

use alloc::borrow::Cow;

use kommo_peer::{is_json, json_text};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(&json_text(body)).unwrap()
}

#[test]
fn what_needs_nothing_is_borrowed() {
    for body in [
        "",
        "{}",
        r#"{"a":"\ud83d\ude0d \\ud83d \" \u0430"}"#,
        "[\"😍\"]",
        "<html>",
        "\\u",
        r"\ud8",
    ] {
        assert!(
            matches!(json_text(body.as_bytes()), Cow::Borrowed(text) if text == body.as_bytes()),
            "{body}"
        );
    }
}

#[test]
fn every_encoding_reads_the_same() {
    let text = r#"{"name":"Ж😍 caf\u00e9"}"#;
    let wanted = json!({"name": "Ж😍 café"});
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for body in [
        text.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        [b"\xff\xfe", &*little].concat(),
        [b"\xfe\xff", &*big].concat(),
        little,
        big,
    ] {
        assert_eq!(parsed(&body), wanted, "{body:?}");
    }
}

#[test]
fn half_a_pair_and_a_broken_letter_spoil_one_letter_alone() {
    for (body, wanted) in [
        (r#"["a\ud83d","b"]"#, json!(["a\u{fffd}", "b"])),
        (r#"["\ude0d\ud83d"]"#, json!(["\u{fffd}\u{fffd}"])),
        (r#"["\uD83D\uD83D\uDE0D"]"#, json!(["\u{fffd}😍"])),
        (r#"["\ud83dx\\ud83d"]"#, json!(["\u{fffd}x\\ud83d"])),
        (r#"["\ud83d\n"]"#, json!(["\u{fffd}\n"])),
    ] {
        assert_eq!(parsed(body.as_bytes()), wanted, "{body}");
    }
    assert_eq!(parsed(b"[\"a\xd0\"]"), json!(["a\u{fffd}"]));
}

// Rule L6.
#[test]
fn any_value_is_json_and_a_cut_one_needs_its_content_type() {
    for body in [
        "{}",
        "[]",
        r#""denied""#,
        "null",
        " {\"a\":1} ",
        "\u{feff}{}",
        r#"{"title":"\ud83d"}"#,
    ] {
        assert!(is_json(None, body.as_bytes()), "{body}");
        assert!(is_json(Some("text/html"), body.as_bytes()), "{body}");
    }
    for body in ["{\"title\":\"Forb", "[1,", " {", "\u{feff}{"] {
        assert!(!is_json(None, body.as_bytes()), "{body}");
        assert!(!is_json(Some("text/html"), body.as_bytes()), "{body}");
        for named in [
            "application/json",
            "Application/Problem+JSON; charset=utf-8",
            "application/json; charset=windows-1251",
        ] {
            assert!(is_json(Some(named), body.as_bytes()), "{body}");
        }
    }
    for body in ["", " ", "<html>", "403 Forbidden", "denied", "\u{feff}"] {
        assert!(
            !is_json(Some("application/json"), body.as_bytes()),
            "{body}"
        );
    }
}

proptest! {
    #[test]
    fn bytes_become_utf8_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = json_text(&body);
        prop_assert!(core::str::from_utf8(&text).is_ok());
    }

    #[test]
    fn escapes_of_any_unit_can_be_parsed(units in proptest::collection::vec(0xd7f0_u16..0xe010, 0..20)) {
        let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let body = format!("[\"{escapes}\"]");
        let wanted = String::from_utf16_lossy(&units);
        prop_assert_eq!(parsed(body.as_bytes()), json!([wanted]));
    }

    #[test]
    fn json_stays_what_it_is(text in "\\PC{0,40}") {
        let body = json!({ "a": text }).to_string();
        prop_assert_eq!(&*json_text(body.as_bytes()), body.as_bytes());
    }
}
