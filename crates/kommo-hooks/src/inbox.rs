//! The rules of the inbox, without I/O: what a hook is known by, who may handle it when, and what
//! becomes of it. `kommo-store` carries them out in a database.
//!
//! ```text
//!   put ──> waiting ──claim──> leased ──settle──> done      kept for a while, so that a repeat is
//!             ▲  ▲               │ │                        known; without its body
//!             │  └──lease ends───┘ ├──settle──> waiting     later, after a pause
//!             │                    └──settle──> failed      stays, with its reason, to be seen
//!             └───────────── replay ───────────────┘
//! ```
//!
//! 1. **One.** Two hooks with one [`EntryKey`] are one entry.
//! 2. **Order.** Of the entries of a conversation that wait, at most one can be claimed: its head.
//!    When the head is done or has failed, the oldest of the others becomes the head.
//! 3. **Fence.** A [`Lease`] is a token and an attempt number. An entry is settled only under the
//!    lease of its last attempt: a worker whose lease ended is refused as soon as another attempt
//!    began.
//! 4. **At least once.** An entry leaves `waiting` only by such a settlement, or by an erasure.
//!
//! [`Queue`] is these rules as a small state machine, in the plainest form. The databases are
//! tested against it, and the model check of `kommo-protocol-proof` runs it.

mod account;
mod origin;
mod keys;
mod new_hook;
mod unsigned_facts;
mod lease;
mod outcome;
mod retry_policy;
mod queue;
mod stored_form;

pub use account::HookAccount;
pub use keys::{ConversationKey, EntryKey};
pub use lease::Lease;
pub use new_hook::{HookFacts, NewHook};
pub use origin::{HookOrigin, UnsignedKind};
pub use outcome::{HandlingOutcome, REASON_MAX_CHARS, Settlement};
pub use queue::{EntryState, Put, Queue, QueueEntry};
pub use retry_policy::RetryPolicy;
pub use stored_form::{HookRecord, SpoolGroup, SpooledHook, StoredFormError};
