//! Secrets in requests, and pieces of them in answers.

pub(crate) mod bearer;
pub(crate) mod redaction;
