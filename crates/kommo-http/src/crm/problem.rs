//! What the body of a refusal says: problem JSON, validation errors, the legacy shape; or a page.
//!
//! Decided by status first, body second. Whatever the body is, reading it does not fail (rule E6).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use kommo_peer::{is_json, json_text, replaced};
use serde_json::{Map, Value};

use crate::secrets::redaction::repeats;
use crate::transport::raw_response::is_blank;

/// A longer body is not looked into.
const MAX_BYTES: usize = 1024 * 1024;

/// Longest text that is kept, in characters.
const TEXT_MAX_CHARACTERS: usize = 200;

/// So many findings of a validation are kept.
const MAX_FINDINGS: usize = 250;

/// One thing that the platform found wrong in a body.
///
/// Source: vendor page "HTTP codes". Names of more than 128 bytes are left out; the sentence is cut
/// after 200 characters; control characters are replaced.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidationError {
    /// Which item of a batch, by the `request_id` that it was sent with, or by its index.
    pub request_id: Option<String>,
    /// The kind, such as `NotSupportedChoice`.
    pub code: Option<String>,
    /// The field, such as `custom_fields_values.0.field_id`.
    pub path: Option<String>,
    /// A sentence, in the language of the account. It may repeat what was sent.
    pub detail: Option<String>,
}

/// Does not show the sentence.
impl fmt::Debug for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValidationError")
            .field("request_id", &self.request_id)
            .field("code", &self.code)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Longer names and ids are left out, not cut: they are shown in logs, and a part of a token would
/// be one too many.
const NAME_MAX_BYTES: usize = 128;

/// What was read of a body.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct CrmProblem {
    /// Whether the body is JSON, be it cut.
    pub(crate) is_json: bool,
    pub(crate) is_empty: bool,
    pub(crate) title: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) trace_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) legacy_code: Option<u64>,
    pub(crate) findings: Vec<ValidationError>,
}

impl CrmProblem {
    /// Reads a body. A text that contains `secret` or a piece of it is dropped.
    pub(crate) fn read(content_type: Option<&str>, body: &[u8], secret: &str) -> Self {
        let is_json = is_json(content_type, body);
        let is_empty = is_blank(body);
        let parsed =
            (body.len() <= MAX_BYTES).then(|| serde_json::from_slice(&json_text(body)).ok());
        let Some(Value::Object(fields)) = parsed.flatten() else {
            return Self {
                is_json,
                is_empty,
                ..Self::default()
            };
        };
        let text = |fields: &Map<String, Value>, name| text(fields, name, secret);
        let legacy = fields.get("response").and_then(Value::as_object);
        Self {
            is_json,
            is_empty,
            title: text(&fields, "title"),
            detail: text(&fields, "detail"),
            trace_id: name(&fields, "trace_id", secret),
            retry_after: number(&fields, "retry_after").map(Duration::from_secs),
            legacy_code: legacy.and_then(|fields| number(fields, "error_code")),
            findings: findings(&fields, secret),
        }
    }
}

fn findings(fields: &Map<String, Value>, secret: &str) -> Vec<ValidationError> {
    let requests = fields.get("validation-errors").and_then(Value::as_array);
    let requests = requests.into_iter().flatten().filter_map(Value::as_object);
    let findings = requests.flat_map(|request| {
        let errors = request.get("errors").and_then(Value::as_array);
        let errors = errors.into_iter().flatten().filter_map(Value::as_object);
        errors.map(|error| ValidationError {
            request_id: name(request, "request_id", secret),
            code: name(error, "code", secret),
            path: name(error, "path", secret),
            detail: text(error, "detail", secret),
        })
    });
    findings.take(MAX_FINDINGS).collect()
}

/// A text or a number, cut and cleaned.
fn text(fields: &Map<String, Value>, name: &str, secret: &str) -> Option<String> {
    let text = match fields.get(name)? {
        Value::String(text) => clean(text),
        Value::Number(number) => clean(&alloc::format!("{number}")),
        _ => return None,
    };
    (!repeats(text.as_bytes(), secret.as_bytes())).then_some(text)
}

/// Cut, and without what could move a cursor or hide.
fn clean(text: &str) -> String {
    replaced(text, TEXT_MAX_CHARACTERS).to_string()
}

/// The same for a name or an id.
fn name(fields: &Map<String, Value>, name: &str, secret: &str) -> Option<String> {
    let length = fields.get(name)?.as_str().map_or(0, str::len);
    (length <= NAME_MAX_BYTES).then(|| text(fields, name, secret))?
}

/// A whole number, or the same as a text.
fn number(fields: &Map<String, Value>, name: &str) -> Option<u64> {
    match fields.get(name)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
#[allow(
    clippy::indexing_slicing,
    reason = "the parts of a test outside its function may end it too"
)]
mod tests {
    use alloc::borrow::ToOwned;
    use core::time::Duration;

    use super::CrmProblem;

    fn read(body: &str) -> CrmProblem {
        CrmProblem::read(None, body.as_bytes(), "the-token")
    }

    // Source: vendor page "HTTP codes".
    #[test]
    fn validation_errors_keep_item_code_and_path() {
        let problem = read(
            r#"{"validation-errors":[{"request_id":"0","errors":[{"code":"NotSupportedChoice","path":"status_id","detail":"wrong"},{"code":7}]},{"errors":"x"},3],"title":"Bad Request","status":400}"#,
        );
        assert_eq!(problem.findings.len(), 2);
        let first = &problem.findings[0];
        assert_eq!(first.request_id.as_deref(), Some("0"));
        assert_eq!(first.code.as_deref(), Some("NotSupportedChoice"));
        assert_eq!(first.path.as_deref(), Some("status_id"));
        assert_eq!(problem.findings[1].code.as_deref(), Some("7"));
        assert_eq!(problem.title.as_deref(), Some("Bad Request"));
    }

    // Rules E4, E5, E6.
    #[test]
    fn whatever_the_body_is_reading_does_not_fail() {
        for (body, is_json) in [
            ("", false),
            ("<html>", false),
            ("{", false),
            ("\u{0}", false),
            ("[]", true),
            ("null", true),
        ] {
            let problem = read(body);
            assert_eq!(problem.is_json, is_json, "{body:?}");
            assert!(problem.findings.is_empty(), "{body:?} was read");
        }
        assert_eq!(
            read(r#"{"retry_after":300}"#).retry_after,
            Some(Duration::from_secs(300))
        );
        assert_eq!(
            read(r#"{"retry_after":"5"}"#).retry_after,
            Some(Duration::from_secs(5))
        );
        assert_eq!(read(r#"{"retry_after":-1}"#).retry_after, None);
        assert_eq!(
            read(r#"{"trace_id":"abc"}"#).trace_id.as_deref(),
            Some("abc")
        );
        assert_eq!(
            read(r#"{"response":{"error_code":"113"}}"#).legacy_code,
            Some(113)
        );
    }

    #[test]
    fn a_text_that_repeats_the_token_is_dropped_and_a_long_one_is_cut() {
        let problem = read(r#"{"title":"Bearer the-token","detail":"a\nb"}"#);
        assert_eq!(problem.title, None);
        assert_eq!(problem.detail.as_deref(), Some("a\u{fffd}b"));
        let token = "eyJ0.".to_owned() + &"0123456789abcdef".repeat(60);
        let piece = &token[400..500];
        let body =
            alloc::format!(r#"{{"title":"no {piece}","detail":"{piece}","trace_id":"{piece}"}}"#);
        let problem = CrmProblem::read(None, body.as_bytes(), &token);
        assert_eq!(
            (problem.title, problem.detail, problem.trace_id),
            (None, None, None)
        );
        let long = alloc::format!(r#"{{"title":"{}"}}"#, "x".repeat(5000));
        assert_eq!(read(&long).title.map(|title| title.len()), Some(200));
        let long = alloc::format!(r#"{{"trace_id":"{}"}}"#, "x".repeat(129));
        assert_eq!(read(&long).trace_id, None);
    }
}
