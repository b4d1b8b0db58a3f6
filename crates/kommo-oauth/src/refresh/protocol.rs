//! The refresh protocol as a pure procedure: it says what to do next, takes a report of the result,
//! and does no I/O itself.
//!
//! ```text
//!  load ─ met, held, over ──────────────────────────────────────────────> done
//!    └ lock ─ busy ─────────────────────────────────────────────────────> done
//!        └ load again ─ lifeboat? ─ save it ┐
//!            └ met, held, over ─────────────┼─ release ─────────────────> done
//!                └ record the attempt       │
//!                    └ send ─ pair ── save ─┘            not saved: lifeboat, wait, load, save again
//!                          ├ lost, 5xx ─── record the doubt ─ release ──> done
//!                          ├ not sent ──── record that ─ release ───────> done
//!                          ├ dead ──────── load ─ other pair? record, send │ record the end ─ release ─> done
//!                          └ no such account here? look up ─ record, send once │ record a hold ─ release ─> done
//! ```
//!
//! One run sends at most one request per pair and host. Any wait longer than a save needs a new
//! run, so the lock is free between tries.
//!
//! INVARIANT (I4): a token leaves a run only out of a record that the store returned or confirmed:
//! [`Report::Loaded`] and [`Report::Saved`].
//!
//! Source: rules K11, M1, M2 of `docs/protocol.md`.

mod reports;
mod run;
mod saving;
mod deciding;
mod answer;
mod handlers;

pub use self::reports::{Located, Report, SendOutcome, UnexpectedReport};
pub use self::run::{RefreshProtocol, Step};
