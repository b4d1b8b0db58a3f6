//! `SQLite`: one file, many processes of one machine.
//!
//! ```text
//!   store.db        0600   WAL, synchronous=FULL: a commit is on the disk before it is confirmed
//!   store.db-wal    0600   SQLite gives both the mode of the first
//!   store.db-shm    0600
//!   store.db.locks/ 0700   one empty file per grant, locked by its holder; never removed, since a file that is removed and made
//!                          anew would be two locks of one name
//! ```
//!
//! All writes of a process go over one connection, so that they wait in our queue and not in
//! `SQLite`'s busy loop.

pub(super) mod lock_files;
pub(super) mod connections;
mod open;
mod read_only;
mod statements;
mod problems;
mod work;
#[cfg(test)]
mod hook_plans;
#[cfg(test)]
mod tests;
