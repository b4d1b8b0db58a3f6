//! Real processes at one store: killed, stopped, and all at one grant.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says how hard it tried, and what it left out"
)]

mod database_server;

mod crashes;
mod failing_stores;
mod single_flights;
mod stopped_holders;
mod strangers;
mod sweeps;

use std::path::PathBuf;

/// The program of the workers.
fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_kommo-fleet-probe"))
}
