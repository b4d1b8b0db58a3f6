#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a folder uses only folders above it.
mod settings;
mod browser;
mod consent;
mod cookies;
mod pages;
mod application;
mod result;
mod exchange;
mod setup;
mod routes;
mod hooks;

pub use application::callbacks::Connected;
pub use application::proof_log::{ProofLog, SecretProof};
pub use application::redirect_to::RedirectTo;
pub use application::secret_sink::{IntegrationSecrets, NotKept, SecretSink};
pub use browser::browser_context::StartFrom;
pub use consent::attempt::{Attempt, CARRIED_MAX_BYTES, CarriedTooLong};
pub use consent::state_key::{STATE_KEY_MIN_BYTES, StateKey, StateKeyError};
pub use hooks::bot_hooks::{BotCall, BotHooks};
pub use hooks::chat_hooks::ChatHooks;
pub use hooks::chat_layer::{ChatHookLayer, ChatHookService};
pub use hooks::crm_hooks::{CrmHooks, CrmPaths, UnsignedCrmCall};
#[cfg(feature = "store")]
pub use hooks::hook_handlers::{HookHandlers, chat_events};
pub use hooks::hook_receiver::HookReceiver;
pub use hooks::hook_refused::HookRefused;
#[cfg(feature = "open-api")]
pub use hooks::open_api_hooks::{OpenApiDoor, OpenApiHooks, ProvenOpenApiHook};
pub use hooks::proven_chat_hook::ProvenChatHook;
pub use hooks::widget_calls::{WidgetCaller, WidgetCalls};
pub use pages::refusal::Refusal;
pub use settings::connect_error::ConnectError;
pub use settings::local_path::{LOCAL_PATH_MAX_BYTES, LocalPath, LocalPathError};
pub use settings::route_paths::RoutePaths;
pub use setup::connect::{Connect, ConsentStart, InstallHooks, TlsProof};
pub use setup::connect_builder::ConnectBuilder;
