//! The inbox on trial: the rules of `kommo_hooks::inbox`, the very state machine that the databases
//! are tested against, with receivers that spool and merge, and workers that claim, handle and
//! settle. All of them crash at every step; the database fails before and after it has written.
//!
//! ```text
//!   hooks ──> receiver ──put──> queue <──claim, settle── worker
//!               │  ▲              ▲
//!               ▼  └── 200, 503   │
//!             spool ────merge─────┘
//! ```
//!
//! A lease may end at any moment: every claim has one that is over at once, so that another worker
//! may or may not claim next. What is modelled, the bounds and the numbers: `docs/inbox.md`.

mod mistake;
mod setup;
mod action;
mod world;
mod choices;
mod model;

pub use action::{Action, Fate, SettleFate};
pub use mistake::{Broken, Mistake};
pub use model::{ENDS_WELL, InboxModel, NO_RULE_BROKEN, Sight};
pub use setup::{HookId, Setup};
pub use world::World;
