//! What every command runs with: its context, the async runtime, signals.

// In the order the data flows: a file uses only files above it.
pub(crate) mod interruption;
pub(crate) mod stop_signals;
pub(crate) mod opened;
pub(crate) mod latest_came;
pub(crate) mod shown_pauses;
pub(crate) mod context;
pub(crate) mod runtime;
