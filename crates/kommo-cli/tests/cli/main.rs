//! The real binary, run as a process: what scripts rely on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod program;

mod chats;
mod contract;
mod demo;
mod documents;
mod explain;
mod init;
mod sandbox;
mod secrets;
mod sign;
mod sign_curl;
mod verify;
