//! The keeper of grants, and all that a command needs for one.

// In the order the data flows: a file uses only files above it.
pub(crate) mod store_place;
pub(crate) mod integration;
pub(crate) mod stores;
pub(crate) mod lifeboats;
pub(crate) mod waiting_codes;
pub(crate) mod grant_choice;
pub(crate) mod observed_endpoint;
pub(crate) mod keeper_setup;
pub(crate) mod secret_use;
