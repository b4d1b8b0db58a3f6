//! What is logged of a token request.

use alloc::string::{String, ToString};
use core::fmt::Write as _;

use kommo_oauth::refresh::SendOutcome;
use kommo_oauth::token::TokenAnswer;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::TransportError;
use crate::secrets::redaction;
use crate::transport::raw_response::RawResponse;

/// So many bytes of the digest are shown: enough to find the same token again, and nothing of it.
const DIGEST_BYTES: usize = 4;

/// What helps when debugging, and nothing of what was sent or received: of a refusal the status,
/// the hint if it is a known one, the request id, and a short digest of the refresh token.
pub(crate) fn report(
    result: &Result<RawResponse, TransportError>,
    outcome: &SendOutcome,
    sent: &[u8],
) {
    match (result, outcome) {
        (Ok(response), SendOutcome::Answered(TokenAnswer::Refused(refusal))) => tracing::warn!(
            status = response.status(),
            // Its own text, and not the peer's.
            hint = refusal.hint.map(|hint| hint.as_str()),
            meaning = %refusal.kind,
            request_id = redaction::request_id(response, sent),
            refresh_token_digest = digest(sent),
            answer_bytes = response.body().len(),
            "token endpoint refused"
        ),
        (Ok(response), SendOutcome::Answered(TokenAnswer::InDoubt(cause))) => tracing::warn!(
            status = response.status(),
            %cause,
            request_id = redaction::request_id(response, sent),
            refresh_token_digest = digest(sent),
            answer_bytes = response.body().len(),
            "token endpoint left it in doubt"
        ),
        (Ok(response), _) => tracing::debug!(
            status = response.status(),
            request_id = redaction::request_id(response, sent),
            answer_bytes = response.body().len(),
            "token endpoint answered"
        ),
        (Err(error), _) => tracing::warn!(
            %error,
            cause = ?core::error::Error::source(error).map(ToString::to_string),
            refresh_token_digest = digest(sent),
            "token endpoint did not answer"
        ),
    }
}

#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(borrow)]
    refresh_token: alloc::borrow::Cow<'a, str>,
}

/// The first eight hexadecimal digits of the SHA-256 of the refresh token that was sent; none for a
/// code.
fn digest(sent: &[u8]) -> Option<String> {
    let sent: Sent<'_> = serde_json::from_slice(sent).ok()?;
    let digest = Sha256::digest(sent.refresh_token.as_bytes());
    let mut text = String::new();
    for byte in digest.iter().take(DIGEST_BYTES) {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn the_digest_is_the_beginning_of_the_tokens_own() {
        // printf abc | sha256sum
        let sent = br#"{"grant_type":"refresh_token","refresh_token":"abc"}"#;
        assert_eq!(digest(sent).as_deref(), Some("ba7816bf"));
        assert_eq!(digest(br#"{"code":"abc"}"#), None);
    }
}
