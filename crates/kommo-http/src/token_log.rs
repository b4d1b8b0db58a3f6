//! What is logged of a token request.

use alloc::string::ToString;

use crate::error::TransportError;
use crate::raw_response::RawResponse;

/// A UUID has 36; the longest secret that could be in hex has 64.
const REQUEST_ID_MAX_BYTES: usize = 40;

/// What helps at night, and nothing of what was sent or received.
pub(crate) fn report(result: &Result<RawResponse, TransportError>, sent: &[u8]) {
    match result {
        Ok(response) => tracing::debug!(
            status = response.status(),
            request_id = response.request_id().filter(|id| is_harmless(id, sent)),
            answer_bytes = response.body().len(),
            "token endpoint answered"
        ),
        Err(error) => tracing::warn!(
            %error,
            cause = ?core::error::Error::source(error).map(ToString::to_string),
            "token endpoint gave no answer"
        ),
    }
}

/// Whether a request id has the form of one and is no piece of what was sent: whoever answers may have put a secret there.
fn is_harmless(id: &str, sent: &[u8]) -> bool {
    let is_hex = id
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_id = is_hex && (1..=REQUEST_ID_MAX_BYTES).contains(&id.len());
    is_id && !sent.windows(id.len()).any(|piece| piece == id.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::is_harmless;

    #[test]
    fn a_request_id_is_logged_only_if_it_is_one() {
        let sent = br#"{"refresh_token":"def50200aabb","client_secret":"s3cret"}"#;
        for id in ["0f8c-77", "6E8BC430-9C3A-11D9-9669-0800200C9A66"] {
            assert!(is_harmless(id, sent), "{id}");
        }
        let long = "0123456789abcdef0123456789abcdef012345678";
        for id in ["", "def50200aabb", "50200aab", "s3cret", "x-1", "a b", long] {
            assert!(!is_harmless(id, sent), "{id}");
        }
    }
}
