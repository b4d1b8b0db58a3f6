//! The keeper between a store in memory and a made-up token endpoint, under a virtual clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a test program of std, which has no `extern crate alloc`"
)]

mod claimed;
mod memory_store;
mod scene;
mod virtual_clock;
mod wire;

mod cancelled;
mod codes;
mod disconnects;
mod fresh;
mod holds;
mod hostile_host;
mod long_lived;
mod lifting;
mod outages;
mod own_holds;
mod payment;
mod put_off;
mod recovery;
mod rejected;
mod renamed;
mod secrecy;
mod stubborn;
mod sweeps;
mod two_clocks;
mod wishes;
mod withheld;
