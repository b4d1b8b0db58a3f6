//! What the benchmarks of the signer measure against: the same inputs for all, a floor below which
//! no signer can go, and the obvious code that somebody writes who needs a signature today.
//!
//! - [`inputs`]: bodies and headers, the same bytes in every run.
//! - [`floor`]: the hash functions alone, with every key schedule done beforehand.
//! - [`naive`]: strings joined, keys set up per call, hex digit by digit.
//! - [`turns`]: measures them in turns, in one run.
//!
//! A test shows that all three compute the same, so that no side is measured at doing less work
//! than it claims.

#![forbid(unsafe_code)]

pub mod inputs;

pub mod batches;
pub mod floor;
pub mod naive;
pub mod turns;
