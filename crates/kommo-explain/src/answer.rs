//! The answer: a verdict and its findings.

pub(crate) mod finding_code;
pub(crate) mod finding;
pub(crate) mod explanation;
