#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a file uses only files above it.
mod field;
mod stamp;

pub mod request;

mod answer;
mod event;
mod visitor_link;

pub use answer::{AnswerError, FailureKind, OpenApiFailure, read_answer};
pub use event::{Message, OpenApiEvent, OpenApiEventKind, UnknownEvent};
pub use field::{AgentId, ChatId};
pub use kommo_peer::{FieldError, FieldProblem};
pub use stamp::{AppId, NONCE_MIN_BYTES, Stamp};
pub use visitor_link::{VisitorHost, VisitorLink};
