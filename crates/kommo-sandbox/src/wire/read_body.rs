//! Reads a request's body up to a limit.

use axum::body::Body;
use http_body_util::BodyExt;

/// How much more than the limit is still taken off the wire, so that the peer can read the refusal
/// instead of failing to write.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadBodyError {
    /// It is longer than the limit.
    TooLong,
    /// The peer broke off.
    Broken,
}

/// The whole body, at most `limit` bytes.
pub(crate) async fn read_body(mut body: Body, limit: usize) -> Result<Vec<u8>, ReadBodyError> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ReadBodyError::Broken)?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(piece.len());
        if length <= limit {
            bytes.extend_from_slice(&piece);
        } else if length > limit.saturating_add(DRAINED_BYTES) {
            break;
        }
    }
    if length > limit {
        Err(ReadBodyError::TooLong)
    } else {
        Ok(bytes)
    }
}
