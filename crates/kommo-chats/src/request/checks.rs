//! Limits of single fields.

use alloc::format;
use alloc::string::String;

use kommo_peer::{FieldError, FieldProblem};

/// Characters of `source.external_id`: the Chats API takes 40, the sources of the CRM 36.
const SOURCE_MAX: usize = 36;

/// An id as one segment of a path, whatever is in it: it names no other path. UUIDs, which the
/// platform uses, stay as they are.
pub(super) fn segment(id: &str) -> String {
    let mut segment = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'-' | b'_' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                segment.push(char::from(byte));
            }
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

/// A text that must not be empty; no limit is published.
pub(super) const fn not_empty(field: &'static str, text: &str) -> Result<(), FieldError> {
    if text.is_empty() {
        return Err(FieldError::new(field, FieldProblem::Empty));
    }
    Ok(())
}

/// Printable ASCII and spaces, 1 to 36 of them.
pub(super) fn source(text: &str) -> Result<(), FieldError> {
    kommo_peer::check_text("source.external_id", text, SOURCE_MAX)?;
    let wrong = text.bytes().position(|byte| !matches!(byte, b' '..=b'~'));
    wrong.map_or(Ok(()), |offset| {
        let problem = FieldProblem::Character { offset };
        Err(FieldError::new("source.external_id", problem))
    })
}

/// An address that the platform downloads from.
pub(super) fn address(field: &'static str, text: &str) -> Result<(), FieldError> {
    not_empty(field, text)?;
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    if is_web && !text.contains(char::is_whitespace) {
        return Ok(());
    }
    Err(FieldError::new(
        field,
        FieldProblem::Character { offset: 0 },
    ))
}
