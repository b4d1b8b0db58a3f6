#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

// In the order the data flows, which is also the order to read them. A file uses only files above
// it.
mod refusal;

mod received_signature;
mod freshness;
mod verified;
mod stored;
pub mod dangerous;

#[cfg(feature = "alloc")]
mod head;

mod chat;
mod open_api;
mod disconnect;

#[cfg(feature = "alloc")]
mod token;

#[cfg(feature = "alloc")]
pub mod unsigned;

#[cfg(feature = "alloc")]
pub mod inbox;

#[cfg(feature = "alloc")]
pub use chat::AddressedHook;
pub use chat::ChatHookVerifier;
pub use disconnect::{DisconnectVerifier, Disconnected};
pub use freshness::FreshnessWindow;
pub use open_api::OpenApiVerifier;
pub use received_signature::ReceivedSignature;
pub use refusal::{Refusal, RefusalKind};
pub use stored::StoredVerified;
#[cfg(feature = "alloc")]
pub use token::{
    BotEntity, BotToken, BotTokenVerifier, BotType, OneTimeUse, ReplayMemory, ReturnUrl,
    ReturnUrlError, TOKEN_LEEWAY_SECONDS, TOKEN_MAX_BYTES, WIDGET_TOKEN_MAX_LIFETIME_SECONDS,
    WidgetToken, WidgetTokenVerifier,
};
pub use verified::{FromProven, HookKind, Proof, Verified};
