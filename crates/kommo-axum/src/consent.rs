//! An attempt at a consent and its state.

// Reading order: a file uses only files above it.
pub(crate) mod state_key;
pub(crate) mod attempt;
pub(crate) mod sealed_attempt;
pub(crate) mod used_states;
pub(crate) mod redirect_digest;
