//! The body as it may have been before it was re-encoded, trimmed or given a line end on its way.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::body::wrapper::{self, BYTE_ORDER_MARK};
use crate::search::Variant;
use crate::text::json_number::Numbers;
use crate::text::json_style::{self, Escapes, KeyOrder, Layout, Style};
use crate::text::json_tree::{self, Loss, Node};
use crate::text::php_query;
use crate::text::python;
use crate::text::{NO_VALUES, charset};

/// Bodies above this length, in bytes, are not re-encoded. Nothing that the platform sends or takes
/// comes near it.
pub const RE_ENCODED_BYTES_MAX: usize = 64 * 1024;

/// Bodies above this length, in bytes, are not tried as what a signer made of them, and one wrapper
/// alone is taken off. Each of these makes another body: so the time grows with the length of the
/// body, and not many times faster.
const WRAPPED_BYTES_MAX: usize = 8 * 1024;

pub(crate) type Body<'a> = Cow<'a, [u8]>;

/// Collects variants, each bytes once.
pub(crate) struct BodyVariants<'a> {
    variants: Vec<Variant<Body<'a>>>,
    /// Whether one line end at the end does not belong to the signed bytes.
    line_end_is_free: bool,
}

impl<'a> BodyVariants<'a> {
    /// The variants of a body that may be signed as it is.
    pub(crate) fn of(body: &'a [u8]) -> Vec<Variant<Body<'a>>> {
        Self::with_readings(body, &[])
    }

    /// The variants of a body of which other readings are right too: those without their line end.
    pub(crate) fn with_readings(body: &'a [u8], readings: &[&'a [u8]]) -> Vec<Variant<Body<'a>>> {
        let right = core::iter::once(&body).chain(readings);
        let mut found = Self {
            variants: right
                .map(|bytes| Variant::right(Cow::Borrowed(*bytes)))
                .collect(),
            line_end_is_free: !readings.is_empty(),
        };
        found.trailing_newline(body);
        found.trailing_space(body);
        found.trailing_whitespace(body);
        found.nothing(body);
        if body.len() <= RE_ENCODED_BYTES_MAX {
            found.marks_and_line_ends(body);
            found.unwrapped(body);
            // After the simpler ones, so that what is also something simpler is called by that.
            found.json(body);
        }
        if body.len() <= WRAPPED_BYTES_MAX {
            found.signed_otherwise(body);
        }
        // Last, since a body may hold such a text itself.
        found.no_value();
        found.variants
    }

    fn add(&mut self, common: bool, bytes: impl Into<Body<'a>>, findings: Vec<Finding>) {
        let bytes = bytes.into();
        if self.variants.iter().all(|known| known.value != bytes) {
            self.variants.push(Variant {
                value: bytes,
                findings,
                common,
            });
        }
    }

    fn re_encoded(&mut self, common: bool, bytes: impl Into<Body<'a>>, message: &'static str) {
        let finding = Finding::new(FindingCode::BodyReEncoded, message);
        self.add(common, bytes, Vec::from([finding]));
    }

    fn trailing_newline(&mut self, body: &'a [u8]) {
        let finding =
            |message| Vec::from([Finding::new(FindingCode::BodyTrailingNewline, message)]);
        let lost = "The body was signed with a line feed at its end, and came without.";
        self.add(true, with_end(body, b"\n"), finding(lost));
        let lost = "The body was signed with CR LF at its end, and came without.";
        self.add(true, with_end(body, b"\r\n"), finding(lost));
        if let Some(text) = body.strip_suffix(b"\n") {
            let added = "The body came with a line feed at its end that was not signed.";
            self.add(true, text, finding(added));
        }
        if let Some(text) = body.strip_suffix(b"\r\n") {
            let added = "The body came with CR LF at its end that was not signed.";
            self.add(true, text, finding(added));
            let changed = "The body was signed with a line feed at its end, and came with CR LF.";
            self.add(true, with_end(text, b"\n"), finding(changed));
        } else if let Some(text) = body.strip_suffix(b"\n") {
            let changed = "The body was signed with CR LF at its end, and came with a line feed.";
            self.add(true, with_end(text, b"\r\n"), finding(changed));
        }
        if body.ends_with(b"\n") {
            let added = "The body came with several line ends that were not signed.";
            self.add(true, without_end(body, b"\r\n"), finding(added));
        }
    }

    fn trailing_space(&mut self, body: &'a [u8]) {
        let finding = |message| Vec::from([Finding::new(FindingCode::BodyTrailingSpace, message)]);
        let lost = "The body was signed with a space at its end, and came without.";
        self.add(true, with_end(body, b" "), finding(lost));
        if let Some(text) = body.strip_suffix(b" ") {
            let added = "The body came with a space at its end that was not signed.";
            self.add(true, text, finding(added));
        }
        let added = "The body came with several spaces at its end that were not signed.";
        self.add(true, without_end(body, b" "), finding(added));
    }

    fn trailing_whitespace(&mut self, body: &'a [u8]) {
        let finding =
            |message| Vec::from([Finding::new(FindingCode::BodyTrailingWhitespace, message)]);
        if let Some(text) = body.strip_suffix(b"\r") {
            let added =
                "The body came with a lone CR at its end, which is no line end and was not signed.";
            self.add(true, text, finding(added));
        }
        let added = "The body came with white space at its end that was not signed.";
        self.add(true, without_end(body, b" \t\r\n"), finding(added));
        let added = "The body came with white space around it that was not signed.";
        self.add(true, body.trim_ascii(), finding(added));
    }

    fn json(&mut self, body: &'a [u8]) {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        let Some(node) = core::str::from_utf8(body).ok().and_then(json_tree::read) else {
            return;
        };
        let texts: Vec<(Style, bool, Vec<u8>)> = styles()
            .map(|(style, common)| (style, common, json_style::write(&node, style).into_bytes()))
            .collect();
        let trimmed = body.trim_ascii();
        let came = texts.iter().filter(|(_, _, text)| text == trimmed);
        let came: Vec<Style> = came.map(|(style, _, _)| *style).collect();
        for (style, common, text) in texts {
            let message = message_of(style, &came);
            let finding = Finding::new(FindingCode::BodyReEncoded, message);
            if common {
                let newline = "The text of that encoder was signed with a line feed at its end.";
                let newline = Finding::new(FindingCode::BodyTrailingNewline, newline);
                let findings = Vec::from([finding.clone(), newline]);
                self.add(false, with_end(&text, b"\n"), findings);
            }
            self.add(common, text, Vec::from([finding]));
        }
        self.values(&node);
    }

    /// Encoders that change the values too.
    fn values(&mut self, node: &Node<'_>) {
        let message = "The JSON was signed with its numbers written otherwise than they came, such as `2.5` for `2.50`.";
        for style in number_styles() {
            self.re_encoded(false, json_style::write(node, style).into_bytes(), message);
        }
        for (loss, message) in LOSSES {
            let node = json_tree::with_loss(node, loss);
            for style in php_styles(&[
                Numbers::Kept,
                Numbers::Shortest,
                Numbers::Php17,
                Numbers::Php14,
            ]) {
                let text = json_style::write(&node, style);
                self.re_encoded(false, text.into_bytes(), message);
            }
        }
        let message = "The JSON was signed as a query, as PHP's `http_build_query` writes it.";
        for is_encoded in [true, false] {
            let text = php_query::of_value(node, is_encoded);
            self.re_encoded(false, text.into_bytes(), message);
        }
        let message =
            "The text that Python prints for a dictionary was signed in place of its JSON.";
        self.re_encoded(false, python::of_value(node).into_bytes(), message);
    }

    /// What wrappers around it hold, with any line end, and as other encoders write it.
    fn unwrapped(&mut self, body: &[u8]) {
        for (number, (inner, messages)) in wrapper::unwrapped(body, body.len() <= WRAPPED_BYTES_MAX)
            .into_iter()
            .enumerate()
        {
            let findings: Vec<Finding> = messages
                .iter()
                .map(|message| Finding::new(FindingCode::BodyReEncoded, *message))
                .collect();
            for (bytes, line_end) in self.line_ends(&inner) {
                let findings = findings.iter().cloned().chain(line_end).collect();
                self.add(false, bytes.to_vec(), findings);
            }
            if number >= RE_ENCODED_WRAPPERS_MAX || inner.len() > WRAPPED_BYTES_MAX {
                continue;
            }
            let mark = inner.strip_prefix(BYTE_ORDER_MARK);
            let text = core::str::from_utf8(mark.unwrap_or(&inner)).ok();
            let Some(node) = text.and_then(json_tree::read) else {
                continue;
            };
            let usual =
                styles().filter(|(style, common)| *common && style.key_order == KeyOrder::Kept);
            for (style, _) in usual {
                let message = message_of(style, &[]);
                let finding = Finding::new(FindingCode::BodyReEncoded, message);
                let findings = findings.iter().cloned().chain([finding]).collect();
                self.add(
                    false,
                    json_style::write(&node, style).into_bytes(),
                    findings,
                );
            }
        }
    }

    /// What a signer made of it, with any line end: wrappers, and other character sets.
    fn signed_otherwise(&mut self, body: &[u8]) {
        let bases: Vec<(Vec<u8>, Option<Finding>)> = self
            .line_ends(body)
            .into_iter()
            .map(|(bytes, finding)| (bytes.into_owned(), finding))
            .collect();
        for (base, line_end) in bases {
            let charsets = core::str::from_utf8(&base).map(charset::signed_instead);
            for (code, changes) in [
                (FindingCode::BodyCharset, charsets.unwrap_or_default()),
                (FindingCode::BodyReEncoded, wrapper::wrapped(&base)),
            ] {
                for (bytes, message) in changes {
                    let finding = Finding::new(code, message);
                    let findings = [finding].into_iter().chain(line_end.clone()).collect();
                    self.add(false, bytes, findings);
                }
            }
        }
    }

    /// A body with each line end that it may have been signed with, and what that says.
    fn line_ends<'b>(&self, body: &'b [u8]) -> Vec<(Cow<'b, [u8]>, Option<Finding>)> {
        let newline = |message| Finding::new(FindingCode::BodyTrailingNewline, message);
        let mut ends = Vec::from([(Cow::Borrowed(body), None)]);
        let text = body.strip_suffix(b"\r\n").or(body.strip_suffix(b"\n"));
        if let Some(text) = text {
            let message = "The body came with a line end at its end that was not signed.";
            let finding = (!self.line_end_is_free).then(|| newline(message));
            ends.push((Cow::Borrowed(text), finding));
        }
        let trimmed = body.trim_ascii();
        if trimmed.len() != body.len() && text != Some(trimmed) {
            let message = "The body came with white space around it that was not signed.";
            let finding = Finding::new(FindingCode::BodyTrailingWhitespace, message);
            ends.push((Cow::Borrowed(trimmed), Some(finding)));
        }
        let bare = text.unwrap_or(body);
        for end in [&b"\n"[..], b"\r\n"] {
            let bytes = with_end(bare, end);
            if bytes != body {
                let message = "The body was signed with a line end at its end, and came without or with another.";
                ends.push((Cow::Owned(bytes), Some(newline(message))));
            }
        }
        ends
    }

    fn marks_and_line_ends(&mut self, body: &'a [u8]) {
        if let Some(text) = body.strip_prefix(BYTE_ORDER_MARK) {
            let message = "The body came with a byte-order mark before it that was not signed.";
            self.re_encoded(true, text, message);
        }
        let mut marked = BYTE_ORDER_MARK.to_vec();
        marked.extend_from_slice(body);
        let message = "The body was signed with a byte-order mark before it, and came without.";
        self.re_encoded(false, marked, message);
        let unix = with_unix_line_ends(body);
        let message = "The body was signed with CR LF as its line ends, and came with line feeds.";
        self.re_encoded(false, with_windows_line_ends(&unix), message);
        let message = "The body was signed with line feeds as its line ends, and came with CR LF.";
        self.re_encoded(false, unix, message);
    }

    /// What encoders write where there is nothing to send.
    fn nothing(&mut self, body: &'a [u8]) {
        const NOTHING: [&[u8]; 4] = [b"{}", b"[]", b"null", b"\"\""];
        let trimmed = body.trim_ascii();
        if NOTHING.contains(&trimmed) {
            let message = "Nothing was signed, and an empty JSON value came.";
            self.re_encoded(true, &b""[..], message);
        }
        if trimmed.is_empty() || NOTHING.contains(&trimmed) {
            let message = "Another empty JSON value was signed than came.";
            for text in NOTHING {
                self.re_encoded(true, text, message);
            }
        }
    }

    /// What variables hold that were never set, and what languages print for an object or a list.
    fn no_value(&mut self) {
        let message = "Nothing was signed in place of the body: an empty text.";
        let finding = Finding::new(FindingCode::NothingSigned, message);
        self.add(false, &b""[..], Vec::from([finding]));
        let message = "A text that names no value was signed in place of the body, such as `undefined` or `[object Object]`.";
        let finding = Finding::new(FindingCode::NothingSigned, message);
        for text in NO_VALUES {
            self.add(false, text.as_bytes(), Vec::from([finding.clone()]));
        }
    }
}

/// How many of the bodies found inside wrappers are re-encoded too.
const RE_ENCODED_WRAPPERS_MAX: usize = 4;

const LOSSES: [(Loss, &str); 4] = [
    (
        Loss::ObjectToList,
        "The JSON was signed with `[]` where `{}` came: PHP's arrays know no empty object.",
    ),
    (
        Loss::ListToObject,
        "The JSON was signed with `{}` where `[]` came: PHP's arrays know no empty object.",
    ),
    (
        Loss::EmptyTextToNull,
        "The JSON was signed with `null` where an empty text came, as by Laravel's middleware.",
    ),
    (
        Loss::NullToEmptyText,
        "The JSON was signed with an empty text where `null` came, as by Laravel's middleware.",
    ),
];

const LAYOUTS: [Layout; 6] = [
    Layout::Compact,
    Layout::Spaced,
    Layout::ColonSpaced,
    Layout::Indented(2),
    Layout::Indented(4),
    Layout::Tabs,
];

/// Each with whether it is what an encoder in wide use writes by default.
const ESCAPES: [(Escapes, bool); 8] = [
    (Escapes::NONE, true),
    (Escapes::PHP, true),
    (Escapes::PYTHON, true),
    (Escapes::GO, true),
    (Escapes::PHP_UNICODE, true),
    (Escapes::NON_ASCII, false),
    (Escapes::GSON, false),
    (Escapes::DOT_NET, false),
];

/// Every style, and whether it is tried together with another deviation.
fn styles() -> impl Iterator<Item = (Style, bool)> {
    let orders = [KeyOrder::Kept, KeyOrder::Sorted].into_iter();
    let layouts = orders.flat_map(|key_order| LAYOUTS.map(|layout| (key_order, layout)));
    layouts.flat_map(|(key_order, layout)| {
        ESCAPES.map(|(escapes, is_usual)| {
            let style = Style {
                layout,
                escapes,
                key_order,
                numbers: Numbers::Kept,
            };
            let common = match layout {
                Layout::Compact => is_usual,
                Layout::Spaced => is_usual && key_order == KeyOrder::Kept,
                _ => false,
            };
            (style, common)
        })
    })
}

/// What PHP writes with and without its flags for slashes, letters and indentation.
fn php_styles(numbers: &[Numbers]) -> impl Iterator<Item = Style> {
    const LAYOUTS: [Layout; 2] = [Layout::Compact, Layout::Indented(4)];
    const ESCAPES: [Escapes; 4] = [
        Escapes::PHP,
        Escapes::PHP_UNICODE,
        Escapes::NON_ASCII,
        Escapes::NONE,
    ];
    let layouts = numbers
        .iter()
        .flat_map(|numbers| LAYOUTS.map(|layout| (*numbers, layout)));
    layouts.flat_map(|(numbers, layout)| {
        ESCAPES.map(|escapes| Style {
            layout,
            numbers,
            ..Style::compact(escapes)
        })
    })
}

/// Encoders that write numbers in their own way, each with the escapes that go with it.
fn number_styles() -> impl Iterator<Item = Style> {
    let style = |layout: Layout, numbers: Numbers| {
        move |escapes: Escapes| Style {
            layout,
            numbers,
            ..Style::compact(escapes)
        }
    };
    let shortest = ESCAPES.into_iter().map(|(escapes, _)| escapes);
    // JavaScript's indentation; PHP's is below.
    let indented = style(Layout::Indented(2), Numbers::Shortest)(Escapes::NONE);
    let python = [Layout::Compact, Layout::Spaced, Layout::Indented(4)]
        .into_iter()
        .flat_map(move |layout| {
            [Escapes::PYTHON, Escapes::NONE].map(style(layout, Numbers::Python))
        });
    let java = [Escapes::GSON, Escapes::NONE].map(style(Layout::Compact, Numbers::Java));
    shortest
        .map(style(Layout::Compact, Numbers::Shortest))
        .chain([indented])
        .chain(python)
        .chain(php_styles(&[
            Numbers::Shortest,
            Numbers::Php17,
            Numbers::Php14,
        ]))
        .chain(java)
}

/// What the signed text has and the received one lacks; `came` are the styles that yield the
/// latter.
fn message_of(signed: Style, came: &[Style]) -> &'static str {
    if signed.key_order == KeyOrder::Sorted {
        return "The JSON was signed with its keys sorted, and came in another order.";
    }
    if came.iter().any(|came| came.layout == signed.layout) {
        return "The JSON was signed with other escapes than it came with, such as `\\/` or `\\uXXXX`.";
    }
    if !came.iter().any(|came| came.escapes == signed.escapes) {
        return "The JSON was signed with other spaces and perhaps other escapes than it came with.";
    }
    match signed.layout {
        Layout::Compact => {
            "The JSON was signed without spaces between its tokens, and came with some."
        }
        Layout::Spaced | Layout::ColonSpaced => {
            "The JSON was signed with spaces after its colons or commas, and came otherwise."
        }
        Layout::Indented(_) | Layout::Tabs => {
            "The JSON was signed with line feeds and indentation, and came otherwise."
        }
    }
}

fn with_end(body: &[u8], end: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + end.len());
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(end);
    bytes
}

fn without_end<'a>(body: &'a [u8], cut: &[u8]) -> &'a [u8] {
    let mut rest = body;
    while let Some((last, before)) = rest.split_last() {
        if !cut.contains(last) {
            break;
        }
        rest = before;
    }
    rest
}

fn with_unix_line_ends(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\r' || rest.peek() != Some(&b'\n') {
            bytes.push(byte);
        }
    }
    bytes
}

fn with_windows_line_ends(unix: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(unix.len());
    for byte in unix {
        if *byte == b'\n' {
            bytes.push(b'\r');
        }
        bytes.push(*byte);
    }
    bytes
}
