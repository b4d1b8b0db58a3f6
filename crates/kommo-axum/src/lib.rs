#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a file uses only what stands above it.
mod local_path;
mod connect_error;
mod route_paths;
mod browser_context;
mod browser_origin;
mod page_language;
mod page_texts;
mod state_key;
mod attempt;
mod sealed_attempt;
mod used_states;
mod cookie_kind;
mod attempt_cookie;
mod seen_request;
mod onward;
mod redirect_digest;
mod application;
mod secret_sink;
mod proof_log;
#[cfg(feature = "store")]
mod store_ports;
mod hook_gate;
mod owner_room;
mod exchange_room;
mod made_keepers;
mod refusal;
mod consent_end;
mod used_attempts;
mod sealed_result;
mod result_cookie;
mod route_counts;
mod guarded_answer;
mod page;
mod connect;
mod connect_builder;
mod endings;
mod start_route;
mod script_route;
mod install_route;
mod callback_route;
mod result_route;
mod secrets_route;
mod disconnect_route;
mod watch_routes;
mod routes;

pub use application::Connected;
pub use attempt::{Attempt, CARRIED_MAX_BYTES, CarriedTooLong};
pub use browser_context::StartDoor;
pub use connect::{Begun, Connect, InstallDoor, TlsProof};
pub use connect_builder::ConnectBuilder;
pub use connect_error::ConnectError;
pub use local_path::{LOCAL_PATH_MAX_BYTES, LocalPath, LocalPathError};
pub use onward::Onward;
pub use proof_log::{ProofLog, SecretProof};
pub use refusal::Refusal;
pub use route_paths::RoutePaths;
pub use secret_sink::{IntegrationSecrets, NotKept, SecretSink};
pub use state_key::{STATE_KEY_MIN_BYTES, StateKey, StateKeyError};
