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
mod inbox_crashes;
mod single_flights;
mod stopped_holders;
mod strangers;
mod sweeps;

use std::io::Write as _;
use std::path::PathBuf;

use kommo_fleet_probe::small_disk::SmallDisk;

/// Whether a disk of a drive's own can be had; if not, that is said.
fn has_small_disk() -> bool {
    let has = SmallDisk::can_be_had();
    if !has {
        let _ = writeln!(
            std::io::stderr(),
            "left out: a small disk, which root can mount"
        );
    }
    has
}

/// The program of the workers.
fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_kommo-fleet-probe"))
}
