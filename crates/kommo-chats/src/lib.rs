#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a file uses only files above it.
mod error;
mod peer_json;
mod body_form;
mod hook_api_version;
mod connect;
mod disconnect;
mod peer_text;
mod error_body;
mod no_data;

mod ids;

pub mod hook;

pub mod request;

pub use body_form::BodyForm;
pub use connect::{ConnectRequest, ConnectResponse};
pub use disconnect::DisconnectRequest;
pub use error::{DecodeError, EmptyTitle, JsonType};
pub use error_body::{ErrorBody, ErrorKind, MAX_RETRY_AFTER_SECONDS};
pub use hook_api_version::HookApiVersion;
pub use ids::{
    AmojoConversationId, AmojoMessageId, AmojoParticipantId, ClientConversationId, ClientMessageId,
    ClientParticipantId,
};
pub use kommo_peer::{FieldError, FieldProblem};
pub use no_data::{UnexpectedBody, expect_no_data};
pub use peer_text::MAX_TEXT_CHARACTERS;
