//! What the benchmarks share: a keeper with one fresh grant, whose store and platform do nothing;
//! chat hooks as requests, and connections that send them.

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

mod load;

mod chat_requests;
mod counting;
mod one_grant;

pub use chat_requests::{ChatRequests, SCOPE};
pub use counting::{Counting, allocations};
pub use load::{Load, Requests};
pub use one_grant::{Handle, fresh_handle};
