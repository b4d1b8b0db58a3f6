#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

// In the order the data flows, which is also the order to read them. A file uses only files above
// it.
mod answer;
mod received_request;
mod text;
mod search;
mod signature;
mod body;
mod lines;
mod chats_request;
mod chat_hook;
mod open_api;
mod disconnect;
mod captured;

pub use answer::explanation::Explanation;
pub use answer::finding::Finding;
pub use answer::finding_code::FindingCode;
pub use body::variants::RE_ENCODED_BYTES_MAX;
pub use captured::capture_error::{CaptureError, CaptureErrorKind};
pub use captured::captured_request::{CaptureNote, CapturedRequest};
pub use captured::curl_command::CurlCommand;
pub use captured::http_text::read_http_text;
pub use chat_hook::explain_chat_hook;
pub use chats_request::explain_chats_request;
pub use disconnect::explain_disconnect;
pub use kommo_sign::SecretError;
pub use open_api::explain_open_api;
pub use received_request::ReceivedRequest;
pub use search::MACS_MAX;
