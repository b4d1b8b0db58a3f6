//! Texts of a peer on their way to a terminal.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

extern crate alloc;

use alloc::borrow::Cow;

use kommo_peer::{escaped, escaped_json, escaped_lines, is_hidden, replaced};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What three cleaners of before let through, each another part of it.
const PLANTED: &str = "a\u{0}\u{7}\u{1b}[2J\u{7f}\u{85}\u{9b}2J\u{9d}0;t\u{9c}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\u{2028}\u{2029}\u{202e}\u{2060}\u{2066}\u{feff}\u{fff9}\u{e0041}\r\n\tz";

#[test]
fn nothing_hidden_is_left() {
    let hidden = PLANTED.chars().filter(|c| is_hidden(*c)).count();
    let shown = replaced(PLANTED, usize::MAX).to_string();
    assert_eq!(shown.matches('\u{fffd}').count(), hidden);
    assert!(shown.starts_with("a\u{fffd}\u{fffd}\u{fffd}[2J") && shown.ends_with('z'));
    for shown in [shown, escaped(PLANTED).to_string()] {
        assert!(!shown.contains(is_hidden), "{shown:?}");
    }
    assert_eq!(replaced("abc", 2).to_string(), "ab");
}

#[test]
fn lines_stay_where_lines_are_wanted() {
    assert_eq!(escaped("a\r\n\tb").to_string(), r"a\r\n\tb");
    assert_eq!(
        escaped_lines("a\r\n\tb\u{1b}").to_string(),
        "a\\r\n\tb\\u001b"
    );
}

#[test]
fn words_of_every_language_stay() {
    for text in [
        "Оплачено",
        "café",
        "👨‍👩‍👧".split('\u{200d}').next().unwrap(),
        "日本語",
        "❤\u{fe0f}",
        "a\u{a0}b",
    ] {
        assert_eq!(replaced(text, 99).to_string(), text);
        assert_eq!(escaped(text).to_string(), text);
        assert!(matches!(escaped_json(text), Cow::Borrowed(_)));
    }
}

proptest! {
    #[test]
    fn escaped_json_says_the_same(text in any::<String>(), key in any::<String>()) {
        let value = json!({ key: [text, PLANTED] });
        for written in [value.to_string(), format!("{value:#}")] {
            let escaped = escaped_json(&written);
            prop_assert!(!escaped.contains(|c| is_hidden(c) && c != '\n'));
            prop_assert_eq!(&serde_json::from_str::<Value>(&escaped).unwrap(), &value);
        }
    }

    #[test]
    fn a_control_character_is_always_hidden(character in any::<char>()) {
        prop_assert!(!character.is_control() || is_hidden(character));
    }
}
