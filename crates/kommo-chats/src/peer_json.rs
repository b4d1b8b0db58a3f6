//! Reads fields out of a JSON body of the platform.
//!
//! Fields are picked one by one, so that an error can name the field, unknown fields do no harm,
//! and of a field that is there twice, the last one counts.

use alloc::string::String;

use kommo_peer::json_text;
use serde_json::{Map, Value};

use crate::error::{DecodeError, JsonType};

/// Parses a body, whatever its encoding.
pub(crate) fn parse(body: &[u8]) -> Result<Value, DecodeError> {
    let body = json_text(body);
    if body.trim_ascii().is_empty() {
        return Err(DecodeError::Empty);
    }
    serde_json::from_slice(&body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        if error.is_eof() {
            DecodeError::Truncated { line, column }
        } else {
            DecodeError::Syntax { line, column }
        }
    })
}

/// The fields of a body that must be an object.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, DecodeError> {
        match parse(body)? {
            Value::Object(fields) => Ok(Self(fields)),
            other => Err(DecodeError::NotAnObject {
                found: type_of(&other),
            }),
        }
    }

    /// A text that may be left out or `null`.
    pub(crate) fn optional_text(&self, field: &'static str) -> Result<Option<&str>, DecodeError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(DecodeError::WrongType {
                field,
                found: type_of(other),
            }),
        }
    }

    /// A text that must be there.
    pub(crate) fn text(&self, field: &'static str) -> Result<&str, DecodeError> {
        self.optional_text(field)?
            .ok_or(DecodeError::Missing { field })
    }

    /// A truth value that may be left out or `null`.
    pub(crate) fn optional_bool(&self, field: &'static str) -> Result<Option<bool>, DecodeError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(DecodeError::WrongType {
                field,
                found: type_of(other),
            }),
        }
    }
}

fn type_of(value: &Value) -> JsonType {
    match value {
        Value::Null => JsonType::Null,
        Value::Bool(_) => JsonType::Bool,
        Value::Number(_) => JsonType::Number,
        Value::String(_) => JsonType::String,
        Value::Array(_) => JsonType::Array,
        Value::Object(_) => JsonType::Object,
    }
}
