//! How a command fails: codes, exit statuses, and messages.

// In the order the data flows: a file uses only files above it.
pub(crate) mod error_code;
pub(crate) mod exit;
pub(crate) mod missing;
pub(crate) mod usage_error;
