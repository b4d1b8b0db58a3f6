//! The sandbox seen from outside: over its router, and over real sockets. One file per theme.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy takes only functions marked as tests for tests, and these share code"
)]

extern crate alloc;

mod browser;
mod naive_client;
mod raw_socket;
mod receiver;

mod chats;
mod clock;
mod connections;
mod consent;
mod control_api;
mod customer_messages;
mod dashboard;
mod external_integration;
mod faults;
mod hook_faults;
mod hook_repeats;
mod hook_samples;
mod hooks;
mod journal;
mod journal_record;
mod lifecycle;
mod messages;
mod open_api;
mod published;
mod secrets;
mod signature_check;
mod tls;
mod whole_state;
