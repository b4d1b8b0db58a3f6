//! The conformance suite: the store in memory passes it, and stores that break a promise do not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a test program of std, which has no `extern crate alloc`"
)]

mod memory_place;

mod broken_store;
mod breaches;
mod in_memory;
