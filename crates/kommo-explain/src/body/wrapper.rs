//! Wrappers around a body: what was put around it on its way to us, taken off again; and what a
//! signer put around it.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Base64Unpadded, Base64Url, Encoding};
use serde_json::Value;

use crate::signature::signature_text::{from_base64, from_hex};
use crate::text::charset;
use crate::text::compressed;
use crate::text::percent;
use crate::text::python;

/// A body, and how to say what was done to it.
pub(crate) type Changed = (Vec<u8>, &'static str);

/// The most bodies that are looked for inside one that came.
const UNWRAPPED_MAX: usize = 40;

/// The longest body that is taken out of a compressed one.
const UNPACKED_BYTES_MAX: usize = 64 * 1024;

/// The most pairs of a form that are looked at.
const FORM_PAIRS_MAX: usize = 16;

pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const IN_A_STRING: &str =
    "The JSON came inside a JSON string: it was encoded twice before it was sent.";
const IN_AN_ENVELOPE: &str = "The body came inside another JSON value, as an event of a function service or a node of a workflow holds it.";

/// Every body that a wrapper may hold, or `two` of them, each with the wrappers from the outside
/// in.
pub(crate) fn unwrapped(body: &[u8], two: bool) -> Vec<(Vec<u8>, Vec<&'static str>)> {
    let mut found: Vec<(Vec<u8>, Vec<&'static str>)> = Vec::new();
    let add = |found: &mut Vec<_>, bytes: Vec<u8>, messages: Vec<&'static str>| {
        let is_new = |(known, _): &(Vec<u8>, Vec<&'static str>)| *known != bytes;
        if bytes != body && found.len() < UNWRAPPED_MAX && found.iter().all(is_new) {
            found.push((bytes, messages));
        }
    };
    for (bytes, message) in once_unwrapped(body) {
        add(&mut found, bytes, Vec::from([message]));
    }
    for (outer, messages) in if two { found.clone() } else { Vec::new() } {
        for (bytes, message) in once_unwrapped(&outer) {
            let messages = messages.iter().copied().chain([message]).collect();
            add(&mut found, bytes, messages);
        }
    }
    found
}

/// A line end after the wrapper does not belong to it; so the body is read without it first.
fn once_unwrapped(body: &[u8]) -> Vec<Changed> {
    let mut found = Vec::new();
    let bare = body.strip_suffix(b"\r\n").or(body.strip_suffix(b"\n"));
    for bytes in bare.into_iter().chain([body]) {
        found.extend(taken_off(bytes));
    }
    found
}

fn taken_off(body: &[u8]) -> Vec<Changed> {
    let mut found = charset::undone(body);
    if let Some(text) = body.strip_prefix(BYTE_ORDER_MARK) {
        let message = "The body came with a byte-order mark before it that was not signed.";
        found.push((text.to_vec(), message));
    }
    if let Some(bytes) = compressed::undone(body, UNPACKED_BYTES_MAX) {
        let message = "The body came compressed, and was signed before that.";
        found.push((bytes, message));
    }
    if let Some(text) = body.trim_ascii_end().strip_suffix(b"\0") {
        let end = text.iter().rposition(|byte| *byte != 0);
        let text = text.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
        let message = "The body came with NUL bytes at its end, as from a buffer of C.";
        found.push((text.to_vec(), message));
    }
    let Ok(text) = core::str::from_utf8(body) else {
        return found;
    };
    let trimmed = text.trim();
    found.extend(of_json(trimmed));
    found.extend(of_quotes(trimmed));
    found.extend(of_doubled(trimmed));
    if let Some(inner) = of_call(trimmed) {
        let message = "The body came as the argument of a function, as in JSONP.";
        found.push((inner.as_bytes().to_vec(), message));
    }
    for plus_is_space in [false, true] {
        let message = "The body came URL-encoded, and was signed before that.";
        let decoded = percent::decode(body, plus_is_space);
        found.extend(decoded.map(|bytes| (bytes, message)));
    }
    found.extend(of_form(trimmed));
    found.extend(of_digits(trimmed));
    if let Some(decoded) = without_entities(text) {
        let message = "The body came with HTML entities, as from a page that shows it.";
        found.push((decoded.into_bytes(), message));
    }
    found.extend(of_http(text));
    found
}

/// A JSON string, a `Buffer` of Node, an event with a `body`, a list of one.
fn of_json(text: &str) -> Vec<Changed> {
    let string = |text: &str| serde_json::from_str::<String>(text).ok();
    let mut found = Vec::new();
    if let Some(inner) = string(text) {
        found.push((inner.into_bytes(), IN_A_STRING));
    } else if text.contains("\\\"") {
        // Without the quotes around it, as a log line shows it.
        let message = "The body came with backslashes before its quotes, as a log shows it.";
        let inner = string(&format!("\"{text}\""));
        found.extend(inner.map(|inner| (inner.into_bytes(), message)));
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return found;
    };
    let value = match &value {
        Value::Array(items) if items.len() == 1 => {
            let inner = text
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'));
            found.extend(inner.map(|inner| (inner.trim().as_bytes().to_vec(), IN_AN_ENVELOPE)));
            items.first().unwrap_or(&value)
        }
        value => value,
    };
    if value.get("type").and_then(Value::as_str) == Some("Buffer") {
        let bytes = value.get("data").and_then(Value::as_array).map(|data| {
            let bytes = data.iter().map(|byte| byte.as_u64()?.try_into().ok());
            bytes.collect::<Option<Vec<u8>>>()
        });
        let message = "The body came as the numbers of its bytes, as Node writes a Buffer.";
        found.extend(bytes.flatten().map(|bytes| (bytes, message)));
    }
    match value.get("body").or_else(|| value.get("rawBody")) {
        Some(Value::String(inner)) => {
            let is_base64 = value.get("isBase64Encoded") == Some(&Value::Bool(true));
            let decoded = from_base64(inner).filter(|_| is_base64);
            let bytes = decoded.unwrap_or_else(|| inner.as_bytes().to_vec());
            found.push((bytes, IN_AN_ENVELOPE));
        }
        Some(Value::Object(_) | Value::Array(_)) => {
            let text = member(text, "body").unwrap_or_default();
            found.push((text.as_bytes().to_vec(), IN_AN_ENVELOPE));
        }
        _ => {}
    }
    found
}

/// The text of a member's object or list, by its brackets: a value type would not keep the order of
/// keys.
fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = text.split_once(&format!("\"{name}\""))?;
    let value = behind.trim_start().strip_prefix(':')?.trim_start();
    let mut values = serde_json::Deserializer::from_str(value).into_iter::<Value>();
    values.next()?.ok()?;
    value.get(..values.byte_offset())
}

/// Quotes of a shell around it, or the text of Python's `bytes`.
fn of_quotes(text: &str) -> Vec<Changed> {
    let inside = |text: &str| {
        let quote = text
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\'' | '`'))?;
        text.strip_prefix(quote)?
            .strip_suffix(quote)
            .map(str::to_owned)
    };
    let mut found = Vec::new();
    if let Some(inner) = inside(text) {
        let literal = inner.contains('\\').then(|| python::to_bytes(&inner));
        let message = "The body came with quotes around it, as from a command line.";
        found.push((inner.into_bytes(), message));
        let message = "The body came as a text in the source of a program, with its escapes.";
        found.extend(literal.flatten().map(|inner| (inner, message)));
    }
    let bytes = text.strip_prefix('b').and_then(inside);
    if let Some(inner) = bytes.and_then(|inner| python::to_bytes(&inner)) {
        let message = "The body came as the text of Python's bytes, `b'…'`.";
        found.push((inner, message));
    }
    found
}

/// Quotes that were written twice, and backslashes before them.
fn of_doubled(text: &str) -> Vec<Changed> {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    let mut found = Vec::new();
    if text.contains("''") {
        let inner = inside('\'').unwrap_or(text).replace("''", "'");
        let message = "The body came with its apostrophes written twice, as in SQL.";
        found.push((inner.into_bytes(), message));
    }
    if let Some(inner) = inside('"').filter(|inner| inner.contains("\"\"")) {
        let message = "The body came with its quotes written twice, as in a CSV file.";
        found.push((inner.replace("\"\"", "\"").into_bytes(), message));
    }
    if text.contains("\\\"") || text.contains("\\'") {
        let message =
            "The body came with backslashes before its quotes, as PHP's addslashes puts them.";
        found.push((without_slashes(text).into_bytes(), message));
    }
    found
}

/// PHP's `stripslashes`.
fn without_slashes(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => bare.extend(
                rest.next()
                    .map(|next| if next == '0' { '\0' } else { next }),
            ),
            c => bare.push(c),
        }
    }
    bare
}

/// PHP's `addslashes`.
fn with_slashes(text: &str) -> String {
    let mut slashed = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' => slashed.extend(['\\', c]),
            '\0' => slashed.push_str("\\0"),
            c => slashed.push(c),
        }
    }
    slashed
}

/// The argument of `name(…);`.
fn of_call(text: &str) -> Option<&str> {
    let text = text.strip_suffix(';').unwrap_or(text).trim_end();
    let (name, argument) = text.strip_suffix(')')?.split_once('(')?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.$*/ []".contains(c);
    name.chars().all(is_part).then(|| argument.trim())
}

/// The value of a field of a form, or its name if the whole body became a name.
fn of_form(text: &str) -> Vec<Changed> {
    let message = "The body came as a field of a form.";
    let decode = |text: &str| {
        let decoded = percent::decode(text.as_bytes(), true);
        decoded.unwrap_or_else(|| text.as_bytes().to_vec())
    };
    let mut found = Vec::new();
    for pair in text.split('&').take(FORM_PAIRS_MAX) {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        for text in [value, name] {
            let decoded = decode(text);
            if matches!(decoded.trim_ascii_start(), [b'{' | b'[' | b'"', ..]) {
                found.push((decoded, message));
            }
        }
    }
    found
}

/// Base64, perhaps over several lines, and hex digits.
fn of_digits(text: &str) -> Vec<Changed> {
    let is_json =
        |bytes: &Vec<u8>| matches!(bytes.trim_ascii_start(), [b'{' | b'[' | b'"' | 0xef, ..]);
    let mut found = Vec::new();
    let text: String = text.split_ascii_whitespace().collect();
    if let Some(bytes) = from_base64(&text).filter(is_json) {
        found.push((
            bytes,
            "The body came as base64, and was signed before that.",
        ));
    }
    let digits = ["\\x", "0x", "\\\\x"]
        .iter()
        .find_map(|before| text.strip_prefix(before));
    if let Some(bytes) = from_hex(digits.unwrap_or(&text).as_bytes()).filter(is_json) {
        let message =
            "The body came as hex digits, as a database shows bytes, and was signed before that.";
        found.push((bytes, message));
    }
    found
}

/// An entity without its `&` and `;` is no longer.
const ENTITY_BYTES_MAX: usize = 10;

/// Decoded in one pass, so that `&amp;lt;` is `&lt;`.
fn without_entities(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        decoded.push_str(before);
        let mut start = behind.bytes().take(ENTITY_BYTES_MAX);
        let end = start.position(|byte| byte == b';');
        let name = end.and_then(|end| behind.get(..end));
        match name.and_then(entity) {
            Some(character) => {
                decoded.push(character);
                rest = behind.split_once(';').map_or("", |(_, rest)| rest);
            }
            None => {
                decoded.push('&');
                rest = behind;
            }
        }
    }
    decoded.push_str(rest);
    (decoded != text).then_some(decoded)
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "quot" => '"',
        "apos" => '\'',
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "nbsp" => '\u{a0}',
        name => {
            let digits = name.strip_prefix('#')?;
            let number = match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    })
}

/// What escapers write for `"`, for `'`, and for what else they escape besides `&`, `<` and `>`.
type Escaper = (&'static str, &'static str, &'static [(char, &'static str)]);

const ESCAPERS: [Escaper; 8] = [
    // Named ones alone: PHP's `htmlspecialchars` before 8.1.
    ("&quot;", "'", &[]),
    // PHP since 8.1.
    ("&quot;", "&#039;", &[]),
    // Python's `html.escape`, lodash.
    ("&quot;", "&#x27;", &[]),
    ("&quot;", "&#39;", &[]),
    // Go's `html.EscapeString`.
    ("&#34;", "&#39;", &[]),
    // Mustache.
    (
        "&quot;",
        "&#39;",
        &[('/', "&#x2F;"), ('`', "&#x60;"), ('=', "&#x3D;")],
    ),
    // Underscore.
    ("&quot;", "&#x27;", &[('`', "&#x60;")]),
    // Without quotes, as the text of an element.
    ("\"", "'", &[]),
];

fn with_entities(text: &str, (quote, apostrophe, others): Escaper) -> String {
    let mut escaped = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str(quote),
            '\'' => escaped.push_str(apostrophe),
            c => match others.iter().find(|(other, _)| *other == c) {
                Some((_, entity)) => escaped.push_str(entity),
                None => escaped.push(c),
            },
        }
    }
    escaped
}

/// The body of a whole HTTP message, and a chunked body.
fn of_http(text: &str) -> Vec<Changed> {
    let mut found = Vec::new();
    let line = text.lines().next().unwrap_or_default();
    if line.starts_with("HTTP/") || line.contains(" HTTP/") {
        let ends = ["\r\n\r\n", "\n\n"];
        let behind = ends.iter().find_map(|end| text.split_once(end));
        let message = "The body came with the headers of its message before it.";
        found.extend(behind.map(|(_, body)| (body.as_bytes().to_vec(), message)));
    }
    let message = "The body came with the lengths of its chunks, as on the wire.";
    found.extend(without_chunks(text.as_bytes()).map(|bytes| (bytes, message)));
    found
}

fn without_chunks(body: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let (length, behind) = rest.split_at_checked(end)?;
        let length = core::str::from_utf8(length).ok()?.split(';').next()?;
        let length = usize::from_str_radix(length.trim(), 16).ok()?;
        if length == 0 {
            return Some(bytes);
        }
        let (chunk, behind) = behind.strip_prefix(b"\r\n")?.split_at_checked(length)?;
        bytes.extend_from_slice(chunk);
        rest = behind.strip_prefix(b"\r\n")?;
    }
}

/// What a signer made of a body before it signed it.
pub(crate) fn wrapped(body: &[u8]) -> Vec<Changed> {
    let message = "The body was signed with a byte-order mark before it, and came without.";
    let mut made = Vec::from([([BYTE_ORDER_MARK, body].concat(), message)]);
    let message = "The body was URL-encoded for the signature, and came plain.";
    for space_is_plus in [false, true] {
        made.push((percent::encode(body, space_is_plus), message));
    }
    let message = "The body was encoded as base64 for the signature, and came plain.";
    for text in [
        Base64::encode_string(body),
        Base64Unpadded::encode_string(body),
        Base64Url::encode_string(body),
    ] {
        made.push((text.into_bytes(), message));
    }
    let message = "The body was written as hex digits for the signature, and came plain.";
    let digits = body.iter().map(|byte| format!("{byte:02x}"));
    made.push((digits.collect::<String>().into_bytes(), message));
    let Ok(text) = core::str::from_utf8(body) else {
        return made;
    };
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let message =
        "The JSON was signed inside a JSON string: it was encoded twice before it was signed.";
    let once = quoted(text);
    let inner = once
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = inner.filter(|inner| *inner != text) {
        let message = "The body was signed with backslashes before its quotes.";
        made.push((inner.as_bytes().to_vec(), message));
    }
    // PHP's encoder escapes slashes too, and there `\/` is usual.
    made.push((once.replace('/', "\\/").into_bytes(), message));
    made.push((quoted(&once).into_bytes(), message));
    made.push((once.into_bytes(), message));
    let message = "The body was signed with quotes around it.";
    for quote in ["'", "\""] {
        made.push((format!("{quote}{text}{quote}").into_bytes(), message));
    }
    let message = "The body was signed with backslashes before its quotes.";
    made.push((with_slashes(text).into_bytes(), message));
    let message = "The body was signed with HTML entities in it.";
    let entities = ESCAPERS.map(|escaper| with_entities(text, escaper));
    let entities = entities.into_iter().filter(|escaped| escaped != text);
    made.extend(entities.map(|escaped| (escaped.into_bytes(), message)));
    let message = "The body was signed with a NUL byte at its end.";
    made.push(([body, b"\0"].concat(), message));
    let message = "The text of Python's bytes, `b'…'`, was signed in place of the bytes.";
    made.push((python::of_bytes(body).into_bytes(), message));
    made
}
