//! From a request to its answer: one pipeline for every part of the platform.

pub(crate) mod response;
pub(crate) mod page_template;
pub(crate) mod problem;
pub(crate) mod fault_answer;
pub(crate) mod outcome;
pub(crate) mod journal_entry;
pub(crate) mod recorded_body;
pub(crate) mod pipeline;
