#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

// In data-flow order: a file uses only files above it.
mod error;
mod tracked;
mod clock;
mod wire;
mod config;
mod secrets;
mod data;
mod faults;
mod grants;
mod state;
mod reply;
mod hooks;
mod chats;
mod oauth;
mod crm;
mod open_api;
mod consent;
mod control;
mod app;
mod tls;
mod server;
mod sandbox;

pub use app::app;
pub use config::account::{Account, User};
pub use config::crm_rules::CrmRules;
pub use config::hook_kind::HookKind;
pub use config::integration::{IntegrationKind, IntegrationSettings};
pub use config::oauth_rules::{OauthRules, ProblemLanguage, RedirectUriHint, Rotation, Siblings};
pub use config::open_api_rules::{OpenApiAgent, OpenApiRules, SignatureMessage};
pub use config::outward_rules::{OutwardRules, PlatformParameter};
pub use config::sandbox_config::{DisconnectAnswer, SandboxConfig};
pub use config::token_algorithm::TokenAlgorithm;
pub use config::token_error::TokenError;
pub use error::{ConfigError, DataError, StartError, StateError};
pub use faults::fault::{CommitPoint, CutPoint, Fault, FaultError, RetryAfterPlace};
pub use faults::kind::FaultKind;
pub use faults::surface::Surface;
pub use grants::{GrantView, PairView};
pub use hooks::manager_message::ManagerMessage;
pub use hooks::order::{ClientParameter, HookError, HookOrder, HookVariant, LineFeed};
pub use oauth::made_grant::{GrantOrder, IssuedCode, LongLivedToken, MadeGrant};
pub use sandbox::{Sandbox, SandboxBuilder};
pub use state::chat_book::{ChatMessage, MessageDirection, MessageReaction, MessageStatus};
pub use state::connection::Connection;
pub use state::counters::Counters;
pub use state::deliveries::{Delivery, DeliveryOutcome};
pub use state::explainer::{Explainer, Explanation};
pub use state::grant_error::GrantError;
pub use state::journal::{Detail, Direction, JournalEntry, Verdict};
pub use state::journal_record::{
    JournalRecord, RecordedBody, RecordedRequest, RecordedResponse, SecretView, SignedLine,
};
pub use state::open_api_book::{
    OpenApiChat, OpenApiChatKind, OpenApiCustomer, OpenApiMessage, OpenApiState,
};
pub use state::platform::Platform;
pub use state::snapshot::SandboxState;
pub use state::webhook_list::CrmWebhook;
pub use wire::received_request::ReceivedRequest;
