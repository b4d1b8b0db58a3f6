//! The routes as a browser, the platform and an attacker meet them.

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
mod fake_platform;
mod browser;
mod app;

mod consent;
mod start_from;
mod cookie_room;
mod bound_sessions;
mod unbound_consents;
mod repeated_visits;
mod languages;
mod exchanges;
mod clean_addresses;
mod attacks;
mod from_widget;
mod install_hook;
mod disconnect_hook;
mod secrets_uri;
#[cfg(feature = "store")]
mod with_store;
mod pages;
mod settings;
mod watching;
