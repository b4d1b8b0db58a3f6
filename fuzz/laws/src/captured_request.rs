//! Captured requests. What one shell or another would make a word of is read as that word, and an
//! error names a place within the text.

use kommo_explain::{CaptureError, CurlCommand, read_http_text};

use crate::fields::Fields;

/// The whole input is read as a command and as a request; then its fields are written as a command
/// and as a request, and read again.
///
/// Choices 0 and 1: the shell. The fields: a path, a header's value, the body.
///
/// # Panics
///
/// If a law is broken.
pub fn captured_request(data: &[u8]) {
    if let Err(error) = CurlCommand::read(data) {
        is_within(data, &error);
    }
    if let Err(error) = read_http_text(data) {
        is_within(data, &error);
    }
    let mut fields = Fields::of(data);
    let quote = match (fields.choice(0), fields.choice(1)) {
        (false, false) => single_quoted,
        (true, false) => escaped,
        (false, true) => of_cmd,
        (true, true) => of_power_shell,
    };
    let (path, value, body) = (fields.text(), fields.text(), fields.text());
    // A fragment stays with curl, a second scheme is no path, and no line of a head has these.
    let path: String = path
        .chars()
        .filter(|letter| !letter.is_control() && *letter != '#')
        .collect();
    let value: String = value
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    let url = format!("http://h/{path}");
    command(&url, &value, &body, quote);
    request(&value, body.as_bytes());
}

fn is_within(text: &[u8], error: &CaptureError) {
    let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
    assert!(
        (1..=lines).contains(&error.line()),
        "a line that is not there"
    );
    assert!(
        (1..=text.len() + 1).contains(&error.column()),
        "a column that is not there"
    );
}

/// What is written for a shell and read again is the same.
fn command(url: &str, value: &str, body: &str, quote: fn(&str) -> Option<String>) {
    let header = format!("X-A:{value}");
    let words = [url, &header, body].map(quote);
    let [Some(url_word), Some(header_word), Some(body_word)] = words else {
        return;
    };
    // The line continuation of the shell that is meant.
    let end = match quote("x").as_deref() {
        Some(word) if word.starts_with('^') => "^\r\n ",
        Some("'x'") if quote("'").as_deref() == Some("''''") => "`\r\n ",
        _ => "\\\n ",
    };
    let text = format!("curl {end}{url_word} {end}-H {header_word} {end}--data-raw {body_word}");
    let read = match CurlCommand::read(text.as_bytes()) {
        Ok(read) => read,
        Err(error) => panic!("{text:?} is not read: {error}"),
    };
    let Ok(read) = read.request(|_| Err::<Vec<u8>, ()>(())) else {
        panic!("a raw text is no file");
    };
    assert_eq!(read.target(), url, "{text:?}");
    assert_eq!(read.body(), body.as_bytes(), "{text:?}");
    let given = read.headers().find(|(name, _)| *name == "X-A");
    // A header without a value takes one away.
    let expected = Some(value).filter(|value| !value.trim().is_empty());
    assert_eq!(given.map(|(_, value)| value), expected, "{text:?}");
}

/// Without a quote in it, as it is; else not at all.
#[expect(clippy::unnecessary_wraps, reason = "one of several ways to quote")]
fn single_quoted(text: &str) -> Option<String> {
    Some(format!("'{}'", text.replace('\'', "'\\''")))
}

/// Every byte as an escape of `$'…'`.
#[expect(clippy::unnecessary_wraps, reason = "one of several ways to quote")]
fn escaped(text: &str) -> Option<String> {
    let bytes: String = text.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
    Some(format!("$'{bytes}'"))
}

/// A caret before every character that may mean something to cmd.exe; backslashes are doubled where
/// the C runtime of Windows halves them, before a quote.
fn of_cmd(text: &str) -> Option<String> {
    if text.contains(['\r', '\0']) {
        return None;
    }
    let mut quoted = String::from("^\"");
    let mut backslashes = 0;
    for letter in text.chars() {
        backslashes = if letter == '\\' { backslashes + 1 } else { 0 };
        match letter {
            '\n' => quoted.push_str("^\n\n"),
            '"' => {
                let before = text_backslashes(&quoted);
                (0..=before).for_each(|_| quoted.push_str("^\\"));
                quoted.push_str("^\"");
            }
            letter if letter.is_ascii_alphanumeric() || letter == ' ' || !letter.is_ascii() => {
                quoted.push(letter);
            }
            letter => quoted.extend(['^', letter]),
        }
    }
    (0..backslashes).for_each(|_| quoted.push_str("^\\"));
    Some(quoted + "^\"")
}

/// How many backslashes are at the end, each after its caret.
fn text_backslashes(quoted: &str) -> usize {
    let mut rest = quoted;
    let mut count = 0;
    while let Some(shorter) = rest.strip_suffix("^\\") {
        (rest, count) = (shorter, count + 1);
    }
    count
}

/// A text with `\"` is a quote there.
fn of_power_shell(text: &str) -> Option<String> {
    let has_escape = text.contains("\\\"");
    (!has_escape).then(|| format!("'{}'", text.replace('\'', "''")))
}

/// A request that is written and read again is the same.
fn request(value: &str, body: &[u8]) {
    let length = body.len();
    let head = format!("POST /a HTTP/1.1\r\nX-A:{value}\r\nContent-Length: {length}\r\n\r\n");
    let chunked =
        format!("POST /a HTTP/1.1\nX-A:{value}\nTransfer-Encoding: chunked\n\n{length:x}\r\n");
    let whole = [head.as_bytes(), body].concat();
    let chunks = match body {
        [] => [chunked.as_bytes(), b"\r\n"].concat(),
        body => [chunked.as_bytes(), body, b"\r\n0\r\n\r\n"].concat(),
    };
    for text in [whole, chunks] {
        let read = match read_http_text(&text) {
            Ok(read) => read,
            Err(error) => panic!("a whole request is not read: {error}"),
        };
        assert_eq!((read.method(), read.target()), ("POST", "/a"));
        assert_eq!(read.body(), body);
        assert_eq!(read.headers().next(), Some(("X-A", value)));
    }
}

/// The requests of the vectors, for each shell.
#[cfg(feature = "seeds")]
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let cases = kommo_test_vectors::chats_requests().into_iter().enumerate();
    cases
        .map(|(number, case)| {
            let date = case.date.clone().unwrap_or_default();
            let fields = [
                case.target.as_bytes(),
                date.as_bytes(),
                case.body.as_slice(),
            ];
            let choices = u8::try_from(number % 4).unwrap_or_default();
            (case.name, crate::fields::join(choices, &fields))
        })
        .collect()
}
