#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a file uses only files above it.
mod hidden;
mod shown;
mod json_text;
mod json_form;
mod json_object;
mod field_error;

pub use field_error::{FieldError, FieldProblem, check_text};
pub use hidden::is_hidden;
pub use json_form::is_json;
pub use json_object::JsonObject;
pub use json_text::json_text;
pub use shown::{Escaped, Replaced, escaped, escaped_json, escaped_lines, replaced};
