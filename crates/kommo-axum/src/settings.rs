//! The application's settings: its paths, and the errors of its settings.

// Reading order: a file uses only files above it.
pub(crate) mod local_path;
pub(crate) mod connect_error;
pub(crate) mod route_paths;
