//! The descriptions against what they describe.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy takes only functions marked as tests for tests, and these share code"
)]

extern crate alloc;

mod schema;
mod signed;

mod coverage;
mod hooks;
mod operations;
mod samples;
