//! What is logged of a token request.

use alloc::string::ToString;

use crate::echoes;
use crate::error::TransportError;
use crate::raw_response::RawResponse;

/// What helps at night, and nothing of what was sent or received.
pub(crate) fn report(result: &Result<RawResponse, TransportError>, sent: &[u8]) {
    match result {
        Ok(response) => tracing::debug!(
            status = response.status(),
            request_id = echoes::request_id(response, sent),
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
