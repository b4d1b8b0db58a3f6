//! Fields of a body, strictly typed. `null` is no fault: clients send it as often as they leave an
//! optional field out (rule C5).

use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::chats::connect_body::{optional_string, wrong_type};
use crate::chats::refusal::Refusal;
use crate::hooks::making::new_uuid;

/// A text that is not empty.
pub(crate) fn required<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    given(fields, name)?.ok_or_else(|| missing(name))
}

/// The same, if it is there.
pub(crate) fn given<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, Refusal> {
    Ok(optional_string(fields, name)?.filter(|text| !text.is_empty()))
}

pub(crate) fn required_number(fields: &Map<String, Value>, name: &str) -> Result<u64, Refusal> {
    optional_number(fields, name)?.ok_or_else(|| missing(name))
}

pub(crate) fn optional_number(
    fields: &Map<String, Value>,
    name: &str,
) -> Result<Option<u64>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(other) => {
            let number = other.as_u64();
            number
                .map(Some)
                .ok_or_else(|| wrong_type(name, "a whole number", other))
        }
    }
}

pub(crate) fn required_object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<&'a Map<String, Value>, Refusal> {
    optional_object(fields, name)?.ok_or_else(|| missing(name))
}

pub(crate) fn optional_object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(other) => Err(wrong_type(name, "an object", other)),
    }
}

/// `source.external_id`: at most 40 printable ASCII characters. An unknown one is no fault.
pub(crate) fn check_source(payload: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(source) = optional_object(payload, "source")? else {
        return Ok(());
    };
    let id = given(source, "external_id")?.unwrap_or_default();
    let is_printable = id.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    match id.len() <= 40 && is_printable {
        true => Ok(()),
        false => {
            let reason = "source.external_id is not at most 40 printable ASCII characters";
            Err(bad("field-value", reason))
        }
    }
}

pub(crate) fn missing(name: &str) -> Refusal {
    bad("field-missing", format!("{name} is missing"))
}

pub(crate) fn bad(code: &'static str, reason: impl Into<String>) -> Refusal {
    Refusal {
        rule: None,
        ..Refusal::bad_request("C5", code, reason)
    }
}

/// 404 for a message that is not there (rule E2 for what it looks like).
pub(crate) fn not_found(code: &'static str, reason: &str) -> Refusal {
    Refusal::other(StatusCode::NOT_FOUND, "NOT_FOUND", code, reason)
}

pub(crate) fn uuid() -> Result<String, Refusal> {
    new_uuid().map_err(|_| {
        let reason = "the operating system returned no random bytes";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Refusal::other(status, "INTERNAL", "random", reason)
    })
}
