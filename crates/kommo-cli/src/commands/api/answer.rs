//! How an answer of the platform is printed: as it came into a pipe or a file, readable on a
//! terminal, one line for programs.

use base64ct::{Base64, Encoding};
use kommo_http::RawResponse;
use kommo_peer::{escaped, escaped_json, escaped_lines, is_json, json_text};
use serde_json::{Value, json};

use crate::failure::exit::Failure;
use crate::run::context::Context;
use crate::terminal::json_layout::{indented, on_one_line};
use crate::terminal::output;

/// What of an answer is printed.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) has_headers: bool,
    /// Whether another answer follows, so that this one ends its line.
    pub(super) is_page: bool,
}

impl Shown {
    /// A success.
    pub(super) fn print(self, response: &RawResponse, context: &Context) -> Result<(), Failure> {
        let output = context.output;
        output.detail(&format!("http {}", response.status()));
        if output.is_json() {
            note_charset(response, context);
            return output.bytes(self.line(response).as_bytes());
        }
        self.print_as_it_came(response, context)
    }

    /// For people and pipes: byte for byte, unless it goes to a terminal.
    pub(super) fn print_as_it_came(
        self,
        response: &RawResponse,
        context: &Context,
    ) -> Result<(), Failure> {
        let is_terminal = output::is_on_terminal();
        if is_terminal {
            note_charset(response, context);
        }
        let mut bytes = Vec::new();
        if self.has_headers {
            bytes.extend(head(response).into_bytes());
        }
        if is_terminal {
            bytes.extend(for_terminal(response.content_type(), response.body()).into_bytes());
        } else {
            bytes.extend_from_slice(response.body());
        }
        let is_open = bytes.last().is_some_and(|last| *last != b'\n');
        if is_open && (is_terminal || self.is_page) {
            bytes.push(b'\n');
        }
        context.output.bytes(&bytes)
    }

    /// The platform's JSON on one line, with its numbers as they were written.
    fn line(self, response: &RawResponse) -> String {
        let (status, body) = (response.status(), value(response));
        let bytes = bytes_field(response);
        let line = if self.has_headers {
            let headers = headers(response);
            let body = body.unwrap_or_else(|text| text);
            format!(r#"{{"http_status":{status},"headers":{headers},"body":{body}{bytes}}}"#)
        } else {
            body.unwrap_or_else(|text| {
                format!(r#"{{"http_status":{status},"is_json":false,"body":{text}{bytes}}}"#)
            })
        };
        format!("{}\n", escaped_json(&line))
    }
}

/// The body as JSON on one line; one that is not JSON, as a text in quotes.
fn value(response: &RawResponse) -> Result<String, String> {
    let text = json_text(response.body());
    let text = String::from_utf8_lossy(&text);
    if text.trim().is_empty() {
        return Ok("null".to_owned());
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
        Ok(on_one_line(&text))
    } else {
        Err(json!(text).to_string())
    }
}

/// The body in the error object of a refusal: the text of the platform, whole.
pub(super) fn body_text(response: &RawResponse) -> Value {
    let text = json_text(response.body());
    String::from_utf8_lossy(&text).into()
}

/// The bytes of a body, if they are no text in UTF-8 or UTF-16.
fn not_text(response: &RawResponse) -> Option<&[u8]> {
    let body = response.body();
    if core::str::from_utf8(body).is_ok() {
        return None;
    }
    // The reader replaces what it cannot read.
    let text = json_text(body);
    String::from_utf8_lossy(&text)
        .contains('\u{fffd}')
        .then_some(body)
}

fn note_charset(response: &RawResponse, context: &Context) {
    if not_text(response).is_some() {
        context.output.note(
            "warning: the body is not in UTF-8; what cannot be shown is \u{fffd}. Into a pipe, \
             without --format json, its bytes go as they came",
        );
    }
}

/// The same in Base64, for programs: the text beside it has lost what it could not hold.
pub(super) fn body_base64(response: &RawResponse) -> Option<String> {
    not_text(response).map(Base64::encode_string)
}

fn bytes_field(response: &RawResponse) -> String {
    let bytes = body_base64(response);
    bytes.map_or_else(String::new, |text| format!(r#","body_base64":"{text}""#))
}

pub(super) fn headers(response: &RawResponse) -> Value {
    let mut all = serde_json::Map::new();
    for (name, value) in response.header_bytes() {
        let value = String::from_utf8_lossy(value);
        match all.get_mut(name) {
            Some(Value::String(before)) => {
                before.push_str(", ");
                before.push_str(&value);
            }
            _ => {
                all.insert(name.to_owned(), value.into());
            }
        }
    }
    Value::Object(all)
}

/// The status, the headers in the order of their arrival, an empty line.
fn head(response: &RawResponse) -> String {
    let mut head = format!("HTTP {}\n", response.status());
    for (name, value) in response.header_bytes() {
        let value = String::from_utf8_lossy(value);
        head.push_str(&format!("{}: {}\n", escaped(name), escaped(&value)));
    }
    head.push('\n');
    head
}

/// JSON with line breaks, without characters that could move a cursor or hide.
fn for_terminal(content_type: Option<&str>, body: &[u8]) -> String {
    let text = json_text(body);
    let text = String::from_utf8_lossy(&text);
    let is_whole = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    if is_whole && is_json(content_type, body) {
        escaped_json(&indented(&text)).into_owned()
    } else {
        escaped_lines(&text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::for_terminal;

    #[test]
    fn what_could_move_a_cursor_or_hide_is_escaped_on_a_terminal() {
        let body = "{\"name\":\"a\u{9b}2J\u{9d}0;x\u{7f}\u{85}\u{202e}\u{2028}\",\"n\":1.10}";
        assert_eq!(
            for_terminal(None, body.as_bytes()),
            "{\n  \"name\": \"a\\u009b2J\\u009d0;x\\u007f\\u0085\\u202e\\u2028\",\n  \"n\": 1.10\n}"
        );
        let page = "<html>\u{1b}]0;title\u{7}\r\n\tx";
        assert_eq!(
            for_terminal(Some("text/html"), page.as_bytes()),
            "<html>\\u001b]0;title\\u0007\\r\n\tx"
        );
        assert_eq!(for_terminal(None, b"a\xffb"), "a\u{fffd}b");
    }
}
