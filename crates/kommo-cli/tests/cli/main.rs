//! The real binary, run as a process: what scripts rely on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod plain_http;
mod program;

mod shop;

mod api;
mod auth_login;
mod auth_verbs;
mod chats;
mod contract;
mod demo;
mod doctor;
mod documents;
mod explain;
mod init;
mod sandbox;
mod secret_rotation;
mod secrets;
mod sign;
mod sign_curl;
mod verify;
