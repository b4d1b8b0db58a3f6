//! What a command prints, and where.

// In the order the data flows: a file uses only files above it.
pub(crate) mod global_options;
pub(crate) mod paragraph;
pub(crate) mod json_layout;
pub(crate) mod output;
pub(crate) mod progress;
pub(crate) mod progress_bar;
pub(crate) mod finding_list;
pub(crate) mod attempt_log;
