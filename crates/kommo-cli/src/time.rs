//! Instants: the wall clock, dates for people, and `--at`.

// In the order the data flows: a file uses only files above it.
pub(crate) mod clock;
pub(crate) mod instant;
pub(crate) mod at;
