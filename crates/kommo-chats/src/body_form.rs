//! What kind of thing a body is, whatever its content type says.

use serde_json::Value;

use crate::peer_json;

/// The form of a body that came.
///
/// The bytes decide, since the platform and proxies label bodies wrongly; the content type only
/// distinguishes a text from a page. Source: rule E6 of `docs/protocol.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyForm {
    /// Nothing, or only white space.
    Empty,
    /// A JSON object or array. A bare JSON string or number counts as text.
    Json,
    /// Readable text: UTF-8 without control characters other than tab and line ends.
    Text,
    /// A web page.
    Html,
    /// Anything else.
    OtherBytes,
}

impl BodyForm {
    /// Looks at a body. Never panics.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_chats::BodyForm;
    /// assert_eq!(BodyForm::of(Some("application/json"), b"403 Forbidden"), BodyForm::Text);
    /// assert_eq!(BodyForm::of(None, b"{}"), BodyForm::Json);
    /// ```
    #[must_use]
    pub fn of(content_type: Option<&str>, body: &[u8]) -> Self {
        Self::and_json(content_type, body).0
    }

    /// The form, and the parsed value if it is [`Json`](Self::Json).
    pub(crate) fn and_json(content_type: Option<&str>, body: &[u8]) -> (Self, Option<Value>) {
        if body.trim_ascii().is_empty() {
            return (Self::Empty, None);
        }
        if let Ok(value @ (Value::Object(_) | Value::Array(_))) = peer_json::parse(body) {
            return (Self::Json, Some(value));
        }
        (Self::of_non_json(content_type, body), None)
    }

    fn of_non_json(content_type: Option<&str>, body: &[u8]) -> Self {
        let Ok(text) = core::str::from_utf8(body) else {
            return Self::OtherBytes;
        };
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n'))
        {
            return Self::OtherBytes;
        }
        if is_html(content_type) || begins_like_a_page(text) {
            Self::Html
        } else {
            Self::Text
        }
    }
}

fn is_html(content_type: Option<&str>) -> bool {
    let media_type = content_type.and_then(|value| value.split(';').next());
    media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case("text/html"))
}

fn begins_like_a_page(text: &str) -> bool {
    let start = text.trim_start().as_bytes();
    [b"<!doctype html".as_slice(), b"<html"].iter().any(|tag| {
        start
            .get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag))
    })
}
