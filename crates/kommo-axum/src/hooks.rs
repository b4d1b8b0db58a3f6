//! Hooks that are proven by themselves, without a consent: chat hooks.

// Reading order: a file uses only files above it.
pub(crate) mod hook_refused;
pub(crate) mod chat_hooks;
pub(crate) mod proven_chat_hook;
#[cfg(feature = "store")]
pub(crate) mod chat_inbox;
