//! The routes' common ground, and how it is set up.

// Reading order: a file uses only files above it.
pub(crate) mod route_counts;
pub(crate) mod connect;
pub(crate) mod connect_builder;
