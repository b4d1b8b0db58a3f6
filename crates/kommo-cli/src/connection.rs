//! Connections: to the real platform, to a sandbox on this machine, or those that come here.

// In the order the data flows: a file uses only files above it.
pub(crate) mod http_server;
pub(crate) mod transport;
pub(crate) mod sandbox_registry;
pub(crate) mod sandbox_control;
pub(crate) mod sandbox_place;
