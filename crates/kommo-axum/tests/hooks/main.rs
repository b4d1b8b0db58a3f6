//! Hooks of every kind, and calls of widgets, over real HTTP: proven, kept before the answer,
//! handled once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]

mod app;
mod tokens;

mod bot_hooks;
mod chat_hooks;
mod chat_layer;
mod crm_hooks;
mod limits;
mod open_api_hooks;
mod platform;
mod widget_calls;
