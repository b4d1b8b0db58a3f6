//! `PostgreSQL`: many processes on many machines.
//!
//! ```text
//!   pool            reads, claims, codes, writes without a lock
//!   lock sessions   outside the pool, one per grant that is being refreshed: pg_try_advisory_lock, the attempt, the save,
//!                   pg_advisory_unlock, all on one connection. When it ends, for any reason, the lock is free, and no
//!                   write can go over it any more.
//! ```
//!
//! A holder that stops without its connection ending (SIGSTOP, a lost network) is ended by the
//! server: `idle_session_timeout` is three request limits on lock sessions, and so is the same for
//! transactions.

mod limits;
mod checks;
pub(super) mod lock_sessions;
pub(super) mod connections;
mod open;
mod statements;
mod work;
#[cfg(test)]
mod hook_plans;
