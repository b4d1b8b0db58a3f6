//! The keeper between a store in memory and a scripted token endpoint, with a virtual clock.
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
mod scene;

mod blocks;
mod cancelled;
mod codes;
mod disconnects;
mod flights;
mod fresh;
mod from_the_future;
mod holds;
mod hooks;
mod hostile_host;
mod long_lived;
mod lifting;
mod lost_lock;
mod outages;
mod process_holds;
mod payment;
mod pauses;
mod deferred;
mod recovery;
mod rejected;
mod renamed;
mod reserved;
mod secrecy;
mod stubborn;
mod sweeps;
mod two_clocks;
mod unsaved_answers;
mod wishes;
mod withheld;
