//! The body as it may have been when it was signed.

pub(crate) mod wrapper;
pub(crate) mod variants;
pub(crate) mod search;
