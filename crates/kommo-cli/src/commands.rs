//! The commands, one file each. `demo` begins as `sandbox` does; the others do not know each other.

pub(crate) mod api;
pub(crate) mod auth;
pub(crate) mod chats;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod hooks;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod open_api;
pub(crate) mod profile;
pub(crate) mod sandbox;
pub(crate) mod secret;
pub(crate) mod sign;
pub(crate) mod verify;

pub(crate) mod demo;
