//! Hooks that are proven by themselves, without a consent, calls of widgets, and unsigned hooks.

// Reading order: a file uses only files above it.
pub(crate) mod hook_refused;
pub(crate) mod account_gate;
pub(crate) mod hook_receiver;
pub(crate) mod chat_hooks;
pub(crate) mod proven_chat_hook;
pub(crate) mod chat_layer;
#[cfg(feature = "open-api")]
pub(crate) mod open_api_hooks;
pub(crate) mod bot_hooks;
pub(crate) mod crm_hooks;
pub(crate) mod widget_calls;
#[cfg(feature = "store")]
pub(crate) mod kept_hooks;
#[cfg(feature = "store")]
pub(crate) mod hook_handlers;
