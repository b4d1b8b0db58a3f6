//! Profiles: the settings that are not typed each time.

// In the order the data flows: a file uses only files above it.
pub(crate) mod setting;
pub(crate) mod content;
pub(crate) mod profile_file;
