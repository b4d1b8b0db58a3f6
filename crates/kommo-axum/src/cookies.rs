//! The cookies of an attempt, and requests without their secrets.

// Reading order: a file uses only files above it.
pub(crate) mod cookie_kind;
pub(crate) mod attempt_cookie;
pub(crate) mod redacted_parts;
