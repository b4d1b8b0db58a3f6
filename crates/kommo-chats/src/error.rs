//! What can be wrong with a value of the caller or a body of the platform.
//!
//! No error holds a piece of the body: it may be signed, and it may be logged.

use core::fmt;

use kommo_account::{ParseScopeIdError, ParseUuidError};

/// The caller's title is empty or only white space. The platform demands one in one of its two
/// documentations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptyTitle;

impl fmt::Display for EmptyTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("title of the connection is empty")
    }
}

impl core::error::Error for EmptyTitle {}

/// The type of a JSON value that stood where another one belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonType {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// `[…]`.
    Array,
    /// `{…}`.
    Object,
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        })
    }
}

/// Why a body of the platform is not the answer that was expected: the peer's nonsense, never the
/// caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// Nothing, or only white space.
    Empty,
    /// `<html>…`: no JSON.
    Syntax {
        /// Line of the first byte that does not fit, from 1.
        line: usize,
        /// Column in bytes, from 1 (0 before the first byte of a line).
        column: usize,
    },
    /// `{"account_id":`: JSON that ends too early.
    Truncated {
        /// Line of the end, from 1.
        line: usize,
        /// Column of the end in bytes.
        column: usize,
    },
    /// `[]`, `"ok"`: JSON, but no object.
    NotAnObject {
        /// What it is instead.
        found: JsonType,
    },
    /// A field that must be there is not, or is `null`.
    Missing {
        /// Name of the field.
        field: &'static str,
    },
    /// `{"account_id":1}`: a field of another type.
    WrongType {
        /// Name of the field.
        field: &'static str,
        /// What is there.
        found: JsonType,
    },
    /// A field that should be a UUID.
    Uuid {
        /// Name of the field.
        field: &'static str,
        /// What is wrong with it, and where.
        error: ParseUuidError,
    },
    /// The field `scope_id`.
    ScopeId(ParseScopeIdError),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("body is empty"),
            Self::Syntax { line, column } => {
                write!(f, "body is not json from line {line}, column {column}")
            }
            Self::Truncated { line, column } => {
                write!(
                    f,
                    "body ends inside its json at line {line}, column {column}"
                )
            }
            Self::NotAnObject { found } => write!(f, "body is a json {found}, not an object"),
            Self::Missing { field } => write!(f, "body has no field {field}"),
            Self::WrongType { field, found } => {
                write!(f, "field {field} of the body has the wrong type: {found}")
            }
            Self::Uuid { field, .. } => write!(f, "field {field} of the body is not a uuid"),
            Self::ScopeId(_) => f.write_str("field scope_id of the body is not a scope_id"),
        }
    }
}

impl core::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Uuid { error, .. } => Some(error),
            Self::ScopeId(error) => Some(error),
            _ => None,
        }
    }
}
