#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod judgement;

mod folder;

mod account_host;
mod chat_hook;
mod chats_request;
mod compact_jws;
mod disconnect;
mod open_api;
mod visitor;

pub use account_host::{AccountHostCase, account_host, account_hosts};
pub use chat_hook::{ChatHookCase, Covered, chat_hook, chat_hooks};
pub use chats_request::{ChatsRequestCase, chats_request, chats_requests};
pub use compact_jws::{CompactJwsCase, compact_jws, compact_jws_case};
pub use disconnect::{DisconnectCase, disconnect, disconnects};
pub use judgement::{Certainty, Verdict};
pub use open_api::{OpenApiCase, open_api_bodies, open_api_body};
pub use visitor::{VisitorCase, visitor, visitors};
