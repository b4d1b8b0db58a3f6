//! Both databases, by the same tests, and what only one of them has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking; a child process answers on its standard output"
)]

extern crate alloc;

mod samples;
mod hook_samples;
mod log_lines;
mod place;
mod child;
#[cfg(target_os = "linux")]
mod small_disk;
#[cfg(feature = "sqlite")]
mod sqlite_place;
#[cfg(feature = "postgres")]
mod postgres_place;
#[cfg(feature = "postgres")]
mod pooler;
#[cfg(feature = "postgres")]
mod silence;

mod conformance;
#[cfg(feature = "sqlite")]
mod on_sqlite;
#[cfg(feature = "postgres")]
mod on_postgres;
mod lifeboat;
#[cfg(target_os = "linux")]
mod full_disk_exchange;
