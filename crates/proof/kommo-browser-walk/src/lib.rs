//! A headless browser, an application, the sandbox and a third site, for tests that walk the
//! consent and read the sandbox's inspector.
//!
//! ```text
//!   test ── WebDriver ──> chromedriver ──> Chromium, a new profile
//!                                            │
//!              ┌─────────────────────────────┼──────────────────────────────┐
//!              ▼                             ▼                              ▼
//!   https://app.example:PORT         http://127.0.0.1:PORT         http://third.example:PORT
//!   the application, kommo-axum ───> the sandbox                   a site of somebody else
//! ```
//!
//! All three listen on this machine; the browser is told where the names are, and that all other
//! names are nowhere. Everything here is a tool of tests and fails by panicking.

#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tools of tests, which fail by panicking"
)]
#![allow(
    clippy::must_use_candidate,
    reason = "what looks also waits, and a walk may want no more of it than that"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a crate of std, which has no `extern crate alloc`"
)]

// Reading order: a file uses only what stands above it.
mod needed_programs;
mod json_exchange;
mod driver;
mod browser;
mod tls_identity;
mod listener;
mod application;
mod third_site;
mod stage;

pub use application::{Application, ApplicationPlace};
pub use browser::{Browser, WindowId};
pub use needed_programs::{is_left_out, missing_programs};
pub use stage::Stage;
