#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

// In the order the data flows; a file uses only files above it.
mod envelope;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "amqp")]
mod amqp;

#[cfg(feature = "amqp")]
pub use amqp::{AmqpHandover, AmqpTarget, AmqpTargetError};
pub use envelope::{CONTENT_TYPE, envelope, event_type};
#[cfg(feature = "http")]
pub use http::HttpHandover;
