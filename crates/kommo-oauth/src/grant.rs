//! A grant: its key, the host of its account, and one of six states.
//!
//! ```text
//!            begin               receive
//!   Active ────────> Refreshing ────────> Active (generation + 1)
//!                     │  │  │  └ without effect ──> Active, or InDoubt if it was the retry of a doubt
//!                doubt│  │  └ refused, all pairs ──> ReauthRequired ──┐
//!                     ▼  └ refused, others left ──┐                  │ a late answer, a late spare
//!                   InDoubt <─────────────────────┘ <────────────────┘
//!                     └ begin (with the same refresh token) ──> Refreshing
//!
//!   any ── disconnect confirmed, logout, export ──> Disconnected (generation + 1)
//!   any ── new consent ──> Active (generation + 1)
//! ```
//!
//! All transitions are in one file: `transition.rs`.

mod generation;
mod key;
mod pairs;
mod hold;
mod disconnect_reason;
mod long_lived;
mod attempt;
mod states;
mod usable_token;
mod record;
mod event;
mod transition;
mod unsaved_pair;

pub use self::attempt::{Attempt, AttemptId, Doubt, DoubtReason, Orphan};
pub use self::disconnect_reason::DisconnectReason;
pub use self::event::GrantEvent;
pub use self::generation::{Generation, PairNumber, Revision};
pub(crate) use self::hold::CLOCKS_MAY_DIFFER;
pub use self::hold::{Fingerprint, Hold, HoldKind, HoldScope, Requester};
pub use self::key::{GrantKey, ParseGrantKeyError};
pub use self::long_lived::{EndWarning, LongLived, LongLivedEnd, LongLivedState};
pub use self::pairs::{HeldPair, Pairs};
pub use self::record::Grant;
pub use self::states::{
    Active, Disconnected, GrantState, InDoubt, ReauthReason, ReauthRequired, Refreshing,
};
pub use self::transition::{IllegalTransition, PairFate, Transition};
pub use self::unsaved_pair::UnsavedPair;
pub use self::usable_token::UsableToken;
