//! How a consent ended, kept for the browser that began it.

// Reading order: a file uses only files above it.
pub(crate) mod used_attempts;
pub(crate) mod sealed_result;
pub(crate) mod result_cookie;
