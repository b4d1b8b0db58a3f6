//! Whether an answer is the platform's own, by its body: its refusals are JSON, and pages are made
//! by something on the way.

use serde::de::IgnoredAny;

use crate::json_text::json_text;

/// Whether a body is JSON: any whole value; or an object or a list that is cut or broken, if the
/// content type says JSON. Never panics.
///
/// Source: rule L6 of `docs/protocol.md`: a 403 that is not JSON is a block.
#[must_use]
pub fn is_json(content_type: Option<&str>, body: &[u8]) -> bool {
    let text = json_text(body);
    let is_begun = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
    (is_begun && is_json_type(content_type)) || serde_json::from_slice::<IgnoredAny>(&text).is_ok()
}

fn is_json_type(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|value| value.split(';').next());
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}
