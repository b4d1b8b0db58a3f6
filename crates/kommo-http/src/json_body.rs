//! Whether an answer is the platform's own, and the JSON in it: one reader for every kind of answer
//! (`kommo-peer`).

use kommo_peer::{is_json, json_text};
use serde::de::DeserializeOwned;

use crate::raw_response::RawResponse;

/// Whether an answer has JSON in it: its refusals have, and pages are made by something on the way.
pub(crate) fn is_in(response: &RawResponse) -> bool {
    is_json(response.content_type(), response.body())
}

/// Whether the body is JSON or nothing.
pub(crate) fn is_in_or_empty(response: &RawResponse) -> bool {
    is_nothing(response.body()) || is_in(response)
}

/// Whether there is nothing in a body but white space and a byte-order mark.
pub(crate) fn is_nothing(body: &[u8]) -> bool {
    json_text(body).trim_ascii().is_empty()
}

/// Reads a body in any encoding.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(&json_text(body))
}
