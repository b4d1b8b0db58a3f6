//! One request to one host, and its whole answer: checked TLS, limits, no redirects, no repetition.

pub(crate) mod request_query;
pub(crate) mod outgoing_request;
pub(crate) mod raw_response;
pub(crate) mod retry_policy;
mod wiped_buffer;
mod content_coding;
pub(crate) mod tls_roots;
pub(crate) mod client;
pub(crate) mod builder;

pub use self::builder::TransportBuilder;
pub use self::client::Transport;
pub use self::outgoing_request::OutgoingRequest;
pub use self::raw_response::RawResponse;
pub use self::request_query::RequestQuery;
pub use self::retry_policy::{Repeat, RetryPolicy};
