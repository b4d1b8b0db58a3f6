#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(any(feature = "sqlite", feature = "postgres"))]
extern crate alloc;

// Reading order: a file uses only what stands above it.
mod error;
mod builder;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod account;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod client;
#[cfg(all(feature = "hooks", any(feature = "sqlite", feature = "postgres")))]
mod kept_hooks;
#[cfg(all(
    feature = "axum",
    feature = "hooks",
    any(feature = "sqlite", feature = "postgres")
))]
mod hooks_in;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use account::{Account, Grant, Keeper};
pub use builder::Builder;
#[cfg(all(feature = "axum", any(feature = "sqlite", feature = "postgres")))]
pub use client::ConnectBuilder;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use client::Kommo;
pub use error::Error;

// The small crates, for what the front door does not shorten.
#[cfg(feature = "axum")]
pub use kommo_axum as axum;
#[cfg(any(feature = "chats", feature = "hooks"))]
pub use kommo_chats as chats;
#[cfg(feature = "handover")]
pub use kommo_handover as handover;
#[cfg(any(
    feature = "chats",
    feature = "crm",
    feature = "grants",
    feature = "handover",
    feature = "open-api"
))]
pub use kommo_http as http;
#[cfg(feature = "grants")]
pub use kommo_keeper as keeper;
#[cfg(feature = "grants")]
pub use kommo_oauth as oauth;
#[cfg(feature = "open-api")]
pub use kommo_open_api as open_api;
#[cfg(feature = "grants")]
pub use kommo_store as store;
pub use {kommo_account as accounts, kommo_hooks as hooks, kommo_sign as sign};

/// Begins to set up: the real platform, unless [`Builder::sandbox`] says otherwise.
pub fn builder() -> Builder {
    Builder::default()
}
