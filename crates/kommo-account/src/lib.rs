#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

// Reading order: a file uses only files above it.
mod doubled;
mod error;
mod loopback_host;
mod inline_text;
mod platform;
mod host_shape;
mod account_host;
mod account_id;
mod user_id;
mod api_domain;
mod chats_host;
mod open_api_host;
mod loopback_url;
mod endpoints;
mod ids;
mod scope_id;
mod peer_pause;

pub use account_host::AccountHost;
pub use account_id::AccountId;
pub use api_domain::ApiDomain;
pub use chats_host::ChatsHost;
pub use doubled::doubled;
pub use endpoints::{EndpointRole, Endpoints, Realm, Target};
pub use error::{
    HostShapeError, NotLoopback, ParseAccountHostError, ParseAccountIdError, ParseApiDomainError,
    ParseChatsHostError, ParseLoopbackUrlError, ParseOpenApiHostError, ParseScopeIdError,
    ParseUserIdError, ParseUuidError, UnknownPlatform, WriteUrlError,
};
pub use ids::{AmojoId, ChannelId, ClientId};
pub use loopback_host::is_loopback_host;
pub use open_api_host::OpenApiHost;
pub use peer_pause::{PeerPause, PeerPausePolicy};
pub use platform::{HostSuffix, Platform};
pub use scope_id::ScopeId;
pub use user_id::UserId;
