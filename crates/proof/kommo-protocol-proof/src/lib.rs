//! Proofs about the refresh protocol of `kommo-oauth`: the procedure itself, not a copy of it, run
//! by workers that crash, over a network that loses, delays and reorders, on a store that fails
//! before and after a write, against a platform whose token rotation is not known.
//!
//! ```text
//!             ┌ model check: every order of events within bounds (stateright)
//!   World ────┤
//!             └ simulation: random orders, many workers, a virtual clock
//!
//!   World = workers (each a `RefreshProtocol`) + store + lifeboats + network + platform + what has been seen so far
//! ```
//!
//! The inbox is on trial in [`inbox`].
//!
//! What is modelled and what is not, with the bounds and the numbers of states:
//! `docs/refresh-protocol.md`.

#![forbid(unsafe_code)]
#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "unpublished: the only users are the tests of this crate"
)]

// Reading order: a file uses only files above it.
mod broken;
mod budget;
mod shared;
mod reading;
mod platform;
mod pair_text;
mod setup;
mod worker;
mod task;
mod seen;
mod action;
mod world;
mod platform_side;
mod worker_side;
mod choices;
mod last_run;
mod event;
mod model;
mod schedule;

pub mod inbox;

pub use action::{Action, Answering, Ask, Fate};
pub use broken::Rule;
pub use budget::Budget;
pub use last_run::{Ending, end_of};
pub use model::{ENDS_WELL, NO_RULE_BROKEN, RefreshModel, Sight};
pub use platform::PairId;
pub use reading::{Reading, Rotation, Siblings};
pub use schedule::{Schedule, Tally};
pub use setup::{Mutation, Noise, Setup};
pub use world::World;
