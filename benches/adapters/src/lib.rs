//! A keeper with one fresh grant, whose store and platform do nothing: what is measured is the
//! keeper.

#![allow(
    clippy::missing_errors_doc,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a benchmark without its inputs must stop"
)]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]

mod counting;
mod one_grant;

pub use counting::{Counting, allocations};
pub use one_grant::{Handle, fresh_handle};
