//! Connections: to the real platform, or to a sandbox on this machine.

// In the order the data flows: a file uses only files above it.
pub(crate) mod transport;
pub(crate) mod sandbox_place;
