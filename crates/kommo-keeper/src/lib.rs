#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a file uses only what stands above it.
mod clock;
mod shared_clock;
mod grant_store;
mod due_grants;
mod pending_codes;
mod lifeboat_port;
mod token_endpoint;
mod erased;
mod access_tokens;
mod shared_bucket;
mod alarm;
mod metrics;
mod settings;
mod identity;
mod own_holds;
mod hook_bucket;
mod ports;
mod record_change;
mod probe_times;
mod carry_out;
mod cached_token;
mod entry;
mod keeper_error;
mod keeper;
mod keeper_builder;
mod payment;
mod renamed;
mod lifting;
mod handing_out;
mod code_outcome;
mod exchanged_pair;
mod exchange;
mod disconnect;
mod sweep;
mod rescue;

pub use access_tokens::AccessTokens;
pub use alarm::{Alarm, AlarmKind, NewGrant};
pub use cached_token::FreshToken;
pub use clock::{Clock, SystemClock};
pub use code_outcome::{CodeOutcome, ExchangeError, ExchangedCode};
pub use disconnect::DisconnectVerdict;
pub use due_grants::{DueClaim, DueGrants};
pub use grant_store::{GrantStore, StoreError, StoreErrorKind, Written};
pub use keeper::{GrantHandle, Keeper};
pub use keeper_builder::KeeperBuilder;
pub use keeper_error::KeeperError;
pub use lifeboat_port::LifeboatPort;
pub use metrics::{Counter, Metrics};
pub use pending_codes::{
    ClaimedCode, CodeEnd, CodeOrigin, CodePut, CodeStore, PendingCode, PendingCodes,
};
pub use settings::KeeperSettings;
pub use shared_bucket::{BucketSize, SharedBucket, Taken};
pub use shared_clock::SharedClock;
pub use sweep::SweepReport;
pub use token_endpoint::{Probe, TokenEndpoint};
