//! What a browser says of where a request comes from.

// Reading order: a file uses only files above it.
pub(crate) mod browser_context;
pub(crate) mod browser_origin;
