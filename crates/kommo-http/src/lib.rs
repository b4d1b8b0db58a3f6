#![cfg_attr(feature = "chats", doc = include_str!("../README.md"))] // its examples need the feature
#![cfg_attr(
    not(feature = "chats"),
    doc = "The transport alone; feature `chats` brings the client of the Chats API."
)]
#![forbid(unsafe_code)]

extern crate alloc;

// In the order the data flows, which is also the order to read them. A file uses only files above it.
mod request_query;
mod error;
mod outgoing_request;
mod raw_response;
mod tls_roots;
mod transport;
mod transport_builder;

// Feature `chats`.
#[cfg(feature = "chats")]
mod environment;
#[cfg(feature = "chats")]
mod server_date;
#[cfg(feature = "chats")]
mod clock_offset;
#[cfg(feature = "chats")]
mod refusal;
#[cfg(feature = "chats")]
mod chats_error;
#[cfg(feature = "chats")]
mod retry_policy;
#[cfg(feature = "chats")]
mod raw_request;
#[cfg(feature = "chats")]
mod answer;
#[cfg(feature = "chats")]
mod attempt;
#[cfg(feature = "chats")]
mod call;
#[cfg(feature = "chats")]
mod chats_client;

pub use error::{BuildError, Cause, InvalidRequest, TransportError};
pub use outgoing_request::OutgoingRequest;
pub use raw_response::RawResponse;
pub use request_query::{ParseQueryError, RequestQuery};
pub use transport::Transport;
pub use transport_builder::TransportBuilder;

#[cfg(feature = "chats")]
pub use {
    answer::Answer,
    chats_client::ChatsClient,
    chats_error::{ChatsError, Unreadable, UnreadableReason},
    environment::{Environment, Pause, SystemEnvironment},
    raw_request::{RawRequest, Repeat},
    refusal::Refusal,
    retry_policy::RetryPolicy,
};
