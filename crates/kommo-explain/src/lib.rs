#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

// In the order the data flows, which is also the order to read them. A file uses only files above it.
mod finding_code;
mod finding;
mod explanation;
mod received_request;
mod percent;
mod time_words;
mod json_tree;
mod json_number;
mod json_style;
mod python_text;
mod text_charset;
mod search;
mod wrong_mac;
mod signature_text;
mod secret_variants;
mod hash_variants;
mod body_wrapper;
mod body_variants;
mod date_variants;
mod line_variants;
mod target;
mod content_md5;
mod line_layout;
mod body_search;
mod signature_search;
mod chats_request;
mod chat_hook;
mod open_api;
mod disconnect;

pub use body_variants::RE_ENCODED_BYTES_MAX;
pub use chat_hook::explain_chat_hook;
pub use chats_request::explain_chats_request;
pub use disconnect::explain_disconnect;
pub use explanation::Explanation;
pub use finding::Finding;
pub use finding_code::FindingCode;
pub use kommo_sign::SecretError;
pub use open_api::explain_open_api;
pub use received_request::ReceivedRequest;
pub use search::MACS_MAX;
