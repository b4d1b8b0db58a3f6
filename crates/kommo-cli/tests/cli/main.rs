//! The real binary, run as a process: what scripts rely on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too"
)]

extern crate alloc;

mod command_tree;
mod plain_http;
mod program;

mod planted;
mod shop;
mod stored_grants;

mod api;
mod api_answers;
mod auth_login;
mod auth_verbs;
mod batch;
mod chat_verbs;
mod chats;
mod contract;
mod credential;
mod demo;
mod doctor;
mod doctor_store;
mod documents;
mod explain;
mod explain_received;
mod failures;
mod hooks;
mod init;
mod lifeboat;
mod many_grants;
mod on_postgres;
mod open_api;
mod profile;
mod readme;
mod recipes;
mod sandbox;
mod sandbox_data;
mod sandbox_profile;
mod sandbox_tls;
mod secret_modes;
mod secret_rotation;
mod secrets;
mod sign;
mod sign_curl;
mod signals;
mod silent_server;
mod verify;
mod waiting;
mod words;
