//! The chat Open API: its eight endpoints, and the check of its signatures.

pub(crate) mod refusal;
pub(crate) mod fields;
pub(crate) mod stamp;
pub(crate) mod order;
pub(crate) mod endpoint;
