//! Bodies of refusals: everything in them is optional, and nothing about them is a failure of its
//! own.

use alloc::string::{String, ToString};
use core::fmt;

use serde_json::{Map, Value};

use crate::body_form::BodyForm;
use crate::peer_text;

/// Longest pause that [`ErrorBody::retry_after_seconds`] gives: one day. A longer one is cut to it,
/// so that a broken answer cannot stop a client for good. The longest that was published is 300
/// seconds.
pub const MAX_RETRY_AFTER_SECONDS: u64 = 86_400;

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `ORIGIN_INVALID_SIGNATURE`: wrong secret, wrong signature, or a stale date (rule E1).
    InvalidSignature,
    /// `ORIGIN_NOT_REGISTERED`, or a 404 without a body: unknown channel or scope (rule E2).
    NotRegistered,
    /// A 403 whose body is not JSON: blocked after too many requests. Never to be retried (rule
    /// E3).
    BlockedAsText,
    /// 429 (rule E4).
    TooManyRequests,
    /// 5xx: the platform's own trouble (rule E5).
    Internal,
    /// 400: the request was understood and is wrong (rule C5).
    BadRequest,
    /// Anything else, a 403 without a body too.
    Other,
}

/// What a refusal said, in bounded and cleaned pieces.
///
/// Reading one cannot fail (rule E6). The body itself is not kept. Each text is at most
/// [`MAX_TEXT_CHARACTERS`](crate::MAX_TEXT_CHARACTERS) long, has no control characters, and no run
/// of 40 or more hex digits, which could be our own signature; so `Debug` and `Display` may be
/// logged.
///
/// Source: rules E1 to E6 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_chats::{ErrorBody, ErrorKind};
/// let body = br#"{"status":0,"error_code":403,"error_type":"ORIGIN_INVALID_SIGNATURE","error_description":"invalid signature"}"#;
/// let error = ErrorBody::from_body(403, Some("application/json"), None, body);
/// assert_eq!(error.kind(), ErrorKind::InvalidSignature);
/// assert_eq!(error.to_string(), "http 403, ORIGIN_INVALID_SIGNATURE: invalid signature");
///
/// let error = ErrorBody::from_body(403, Some("text/plain"), None, b"403 Forbidden");
/// assert_eq!(error.kind(), ErrorKind::BlockedAsText);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorBody {
    http_status: u16,
    form: BodyForm,
    kind: ErrorKind,
    retry_after_seconds: Option<u64>,
    error_code: Option<i64>,
    error_type: Option<String>,
    error_description: Option<String>,
    title: Option<String>,
    detail: Option<String>,
    trace_id: Option<String>,
}

impl ErrorBody {
    /// Reads a refusal: its HTTP status, its headers `Content-Type` and `Retry-After` if they came,
    /// and its body. Never panics.
    ///
    /// The caller caps the length of the body before.
    #[must_use]
    pub fn from_body(
        http_status: u16,
        content_type: Option<&str>,
        retry_after_header: Option<&str>,
        body: &[u8],
    ) -> Self {
        let (form, json) = BodyForm::and_json(content_type, body);
        let fields = match json {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let retry_after_body = plain_text(&fields, "retry_after");
        let error_type = plain_text(&fields, "error_type");
        Self {
            http_status,
            form,
            kind: kind_of(http_status, form, error_type.as_deref()),
            retry_after_seconds: longer_pause(retry_after_body.as_deref(), retry_after_header),
            error_code: plain_text(&fields, "error_code").and_then(|text| text.trim().parse().ok()),
            error_type: error_type.as_deref().map(peer_text::clean),
            error_description: clean_text(&fields, "error_description"),
            title: clean_text(&fields, "title"),
            detail: clean_text(&fields, "detail"),
            trace_id: clean_text(&fields, "trace_id"),
        }
    }

    /// The HTTP status of the answer; the field `status` inside a body means other things.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        self.http_status
    }

    /// What kind of thing the body is.
    #[must_use]
    pub fn form(&self) -> BodyForm {
        self.form
    }

    /// What the refusal means.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The pause that is asked for, by `retry_after` in the body or by the header; the longer one
    /// if both are there, at most [`MAX_RETRY_AFTER_SECONDS`]. A fraction counts as a whole second.
    /// A header with a date is not read: that needs a clock.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds
    }

    /// `error_code`.
    #[must_use]
    pub fn error_code(&self) -> Option<i64> {
        self.error_code
    }

    /// `error_type`.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        self.error_type.as_deref()
    }

    /// `error_description`.
    #[must_use]
    pub fn error_description(&self) -> Option<&str> {
        self.error_description.as_deref()
    }

    /// `title`.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// `detail`.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// `trace_id`, for the platform's support.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }
}

/// Status, then what the body names itself, then what it says about itself; absent pieces are left
/// out.
impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http {}", self.http_status)?;
        if let Some(name) = self.error_type().or(self.title()) {
            write!(f, ", {name}")?;
        }
        if let Some(text) = self.error_description().or(self.detail()) {
            write!(f, ": {text}")?;
        }
        if let Some(trace_id) = self.trace_id() {
            write!(f, " (trace_id {trace_id})")?;
        }
        Ok(())
    }
}

/// The status of overload and of the platform's own trouble counts before what a body names itself.
fn kind_of(http_status: u16, form: BodyForm, error_type: Option<&str>) -> ErrorKind {
    match (http_status, form, error_type) {
        (429, ..) => ErrorKind::TooManyRequests,
        (500..=599, ..) => ErrorKind::Internal,
        (400..=499, _, Some("ORIGIN_INVALID_SIGNATURE")) => ErrorKind::InvalidSignature,
        (400..=499, _, Some("ORIGIN_NOT_REGISTERED")) => ErrorKind::NotRegistered,
        (404, BodyForm::Empty, _) => ErrorKind::NotRegistered,
        (403, BodyForm::Text | BodyForm::Html | BodyForm::OtherBytes, _) => {
            ErrorKind::BlockedAsText
        }
        (400, ..) => ErrorKind::BadRequest,
        _ => ErrorKind::Other,
    }
}

/// A string, or a number as text; anything else counts as absent.
fn plain_text(fields: &Map<String, Value>, field: &str) -> Option<String> {
    match fields.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn clean_text(fields: &Map<String, Value>, field: &str) -> Option<String> {
    plain_text(fields, field).map(|text| peer_text::clean(&text))
}

fn longer_pause(body: Option<&str>, header: Option<&str>) -> Option<u64> {
    // `None` is less than any number.
    body.and_then(seconds).max(header.and_then(seconds))
}

/// Digits, and perhaps a fraction, which is rounded up.
fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let are_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    // Only digits: what does not fit into 64 bits is longer than a day.
    let whole = whole.parse().unwrap_or(MAX_RETRY_AFTER_SECONDS);
    let rounded_up = whole.saturating_add(u64::from(fraction.bytes().any(|digit| digit != b'0')));
    Some(rounded_up.min(MAX_RETRY_AFTER_SECONDS))
}
