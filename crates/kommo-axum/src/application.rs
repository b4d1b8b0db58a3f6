//! What the application provides: its answers, its sink for secrets, its log of proofs.

// Reading order: a file uses only files above it.
pub(crate) mod redirect_to;
pub(crate) mod callbacks;
pub(crate) mod secret_sink;
pub(crate) mod proof_log;
#[cfg(feature = "store")]
pub(crate) mod store_ports;
