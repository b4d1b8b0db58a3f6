//! What a command reads: variables, standard input, files, secrets.

// In the order the data flows: a file uses only files above it.
pub(crate) mod environment;
pub(crate) mod standard_input;
pub(crate) mod private_file;
pub(crate) mod bounded;
pub(crate) mod body_source;
pub(crate) mod batch_lines;
pub(crate) mod query_source;
pub(crate) mod secret_source;
