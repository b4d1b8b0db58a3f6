//! The sandbox seen from outside: over its router, and over real sockets. One file per theme.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy takes only functions marked as tests for tests, and these share code"
)]

mod naive_client;
mod raw_socket;

mod clock;
mod connections;
mod control_api;
mod dashboard;
mod faults;
mod journal;
mod lifecycle;
mod proof;
mod published;
mod secrets;
