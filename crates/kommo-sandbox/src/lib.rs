#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

// In data-flow order: a file uses only files above it.
mod error;
mod account;
mod clock;
mod config;
mod channel_key;
mod random_text;
mod received_request;
mod request_date;
mod explainer;
mod refusal;
mod proof;
mod connection;
mod fault_kind;
mod fault;
mod fault_queue;
mod counters;
mod journal;
mod state;
mod platform;
mod answer;
mod chats_route;
mod description;
mod exchange;
mod host;
mod read_body;
mod control;
mod dashboard;
mod app;
mod server;
mod sandbox;

pub use account::{Account, User};
pub use app::app;
pub use config::{DisconnectAnswer, SandboxConfig};
pub use connection::Connection;
pub use counters::Counters;
pub use error::{ConfigError, StartError};
pub use explainer::{Explainer, Explanation};
pub use fault::{CutPoint, Fault, FaultError, RetryAfterPlace};
pub use fault_kind::FaultKind;
pub use journal::{Detail, Direction, JournalEntry, Verdict};
pub use platform::Platform;
pub use received_request::ReceivedRequest;
pub use sandbox::{Sandbox, SandboxBuilder};
pub use state::SandboxState;
