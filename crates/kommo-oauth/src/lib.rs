#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a file uses only files above it.
mod unix_time;
mod peer_json;
pub mod integration;
pub mod token;
pub mod consent;
pub mod grant;
pub mod stored_grant;
pub mod refresh;

pub use unix_time::UnixSeconds;
