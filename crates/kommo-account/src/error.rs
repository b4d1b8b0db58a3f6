//! What can be wrong with a host, an address or an identifier.
//!
//! Every error says what and where. None of them holds the text that was refused: it may come from
//! an attacker, and it may hold a secret that was pasted into the wrong field. Offsets are bytes
//! from the start of the given text.

mod endpoints;
mod hosts;
mod ids;

pub use endpoints::{NotLoopback, ParseLoopbackUrlError, UnknownPlatform, WriteUrlError};
pub use hosts::{
    HostShapeError, ParseAccountHostError, ParseApiDomainError, ParseChatsHostError,
    ParseOpenApiHostError,
};
pub use ids::{ParseAccountIdError, ParseScopeIdError, ParseUserIdError, ParseUuidError};
