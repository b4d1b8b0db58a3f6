#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a file uses only what is above it.
mod ports;
mod reporting;
mod settings;
mod process;
mod refresh;
mod cache;
mod keeper;
mod tokens;
mod codes;
mod maintenance;
#[cfg(feature = "testing")]
pub mod testing;

pub use cache::cached_token::FreshToken;
pub use codes::outcome::{CodeOutcome, ExchangeError, ExchangedCode};
pub use keeper::Keeper;
pub use keeper::builder::KeeperBuilder;
pub use keeper::error::KeeperError;
pub use keeper::handle::GrantHandle;
pub use maintenance::disconnect::DisconnectVerdict;
pub use maintenance::sweep::SweepReport;
pub use ports::access_tokens::AccessTokens;
pub use ports::clock::{Clock, SystemClock};
pub use ports::due_grants::{DueClaim, DueGrants};
pub use ports::grant_store::{GrantStore, StoreError, StoreErrorKind, Written};
pub use ports::lifeboat::LifeboatPort;
pub use ports::pending_codes::{
    ClaimedCode, CodeEnd, CodeOrigin, CodePut, CodeStore, PendingCode, PendingCodes,
};
pub use ports::shared_bucket::{BucketSize, SharedBucket, Taken};
pub use ports::shared_clock::SharedClock;
pub use ports::token_endpoint::{Probe, TokenEndpoint};
pub use reporting::alarm::{Alarm, AlarmKind, NewGrant};
pub use reporting::metrics::{Counter, Metrics};
pub use settings::KeeperSettings;
