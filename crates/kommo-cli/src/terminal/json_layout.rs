//! Lays JSON out anew without touching what it says: a number of the platform stays as it was
//! written, `1.10` and long ids too.
//!
//! Only for text that is known to be JSON: everything outside its strings is structure, numbers and
//! words.

/// Everything on one line, without white space between.
pub(crate) fn on_one_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for (piece, is_text) in pieces(json) {
        if is_text {
            line.push_str(piece);
        } else {
            line.extend(piece.split_ascii_whitespace());
        }
    }
    line
}

/// One value a line, two spaces deeper in each object and list; empty ones stay together.
pub(crate) fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut is_just_opened = false;
    for (piece, is_text) in pieces(json) {
        if is_text {
            open_line(&mut out, &mut is_just_opened, depth);
            out.push_str(piece);
            continue;
        }
        for character in piece.chars().filter(|c| !c.is_ascii_whitespace()) {
            match character {
                '{' | '[' => {
                    open_line(&mut out, &mut is_just_opened, depth);
                    out.push(character);
                    depth += 1;
                    is_just_opened = true;
                }
                '}' | ']' => {
                    depth = depth.saturating_sub(1);
                    if !is_just_opened {
                        new_line(&mut out, depth);
                    }
                    is_just_opened = false;
                    out.push(character);
                }
                ',' => {
                    out.push(',');
                    new_line(&mut out, depth);
                }
                ':' => out.push_str(": "),
                _ => {
                    open_line(&mut out, &mut is_just_opened, depth);
                    out.push(character);
                }
            }
        }
    }
    out
}

fn open_line(out: &mut String, is_just_opened: &mut bool, depth: usize) {
    if *is_just_opened {
        new_line(out, depth);
        *is_just_opened = false;
    }
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(core::iter::repeat_n("  ", depth));
}

/// The strings of JSON with their quotes, and what is between them.
fn pieces(json: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = json;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let is_text = rest.starts_with('"');
        let end = if is_text {
            end_of_text(rest)
        } else {
            rest.find('"').unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at_checked(end)?;
        rest = after;
        Some((piece, is_text))
    })
}

/// The text after the closing quote; all of it if there is no such quote.
fn end_of_text(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::{indented, on_one_line};

    #[test]
    fn a_layout_is_that_of_the_parser_wherever_it_has_one() {
        for value in [
            json!({}),
            json!([]),
            json!([{}, [], [[]], {"a": {}}]),
            json!({"a b": [1, -2, true, null, "x\"y\\", "{[,:]}"], "ё\\": {"b": "\\\""}}),
            json!("text"),
            json!(7),
        ] {
            for written in [
                value.to_string(),
                format!("{value:#}"),
                format!(" {value} \r\n"),
            ] {
                assert_eq!(on_one_line(&written), value.to_string());
                assert_eq!(indented(&written), format!("{value:#}"));
            }
        }
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        let written = "{\"a\" : 1.10, \"b\":[12345678901234567890123, 1E400,\t-0.0]}";
        let line = r#"{"a":1.10,"b":[12345678901234567890123,1E400,-0.0]}"#;
        assert_eq!(on_one_line(written), line);
        assert_eq!(on_one_line(&indented(written)), line);
    }

    #[test]
    fn what_is_no_json_does_not_panic() {
        for text in ["\"", "\"\\", "}}]", "{\"a", "\"é\\"] {
            let (_, _): (String, String) = (on_one_line(text), indented(text));
            assert!(serde_json::from_str::<Value>(text).is_err());
        }
    }
}
