//! Whether an answer is the platform's own, by its body: its refusals are JSON, and pages are made by something on the way.

use serde::de::IgnoredAny;

use crate::raw_response::RawResponse;

/// Whether a body is JSON: any value; or an object or a list that is cut or broken, if the content type says JSON.
pub(crate) fn is_json(content_type: Option<&str>, body: &[u8]) -> bool {
    let is_begun = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    (is_begun && is_json_type(content_type)) || serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// The same of a whole answer.
pub(crate) fn is_in(response: &RawResponse) -> bool {
    is_json(response.content_type(), response.body())
}

/// Whether the body is JSON or nothing.
#[cfg(feature = "crm")]
pub(crate) fn is_in_or_empty(response: &RawResponse) -> bool {
    response.body().trim_ascii().is_empty() || is_in(response)
}

fn is_json_type(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|value| value.split(';').next());
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::is_json;

    // Rule L6.
    #[test]
    fn any_value_is_json_and_a_cut_one_needs_its_content_type() {
        for body in ["{}", "[]", r#""denied""#, "null", " {\"a\":1} "] {
            assert!(is_json(None, body.as_bytes()), "{body}");
            assert!(is_json(Some("text/html"), body.as_bytes()), "{body}");
        }
        for body in ["{\"title\":\"Forb", "[1,", " {"] {
            assert!(!is_json(None, body.as_bytes()), "{body}");
            assert!(!is_json(Some("text/html"), body.as_bytes()), "{body}");
            for named in [
                "application/json",
                "Application/Problem+JSON; charset=utf-8",
            ] {
                assert!(is_json(Some(named), body.as_bytes()), "{body}");
            }
        }
        for body in ["", " ", "<html>", "403 Forbidden", "denied"] {
            assert!(
                !is_json(Some("application/json"), body.as_bytes()),
                "{body}"
            );
        }
    }
}
