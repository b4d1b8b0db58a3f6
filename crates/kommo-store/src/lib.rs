#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(
        dead_code,
        unused_macros,
        unused_imports,
        reason = "without a database only the lifeboat is left"
    )
)]

extern crate alloc;

// Reading order: a file uses only files above it.
mod error;
mod sealing;
mod settings;
mod records;
mod private_files;
mod lifeboat;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod database;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod location;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod store;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod inbox;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod worker;

#[cfg(feature = "postgres")]
pub use database::url::{DatabaseUrl, DatabaseUrlError};
pub use error::{DatabaseFault, StoreFault};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use inbox::{
    ClaimedHook, HookFilter, HookLine, HookState, Inbox, InboxDepth, InboxLine, InboxName,
    InboxNameError, InboxSettings, StoredHook, Swept,
};
pub use lifeboat::{Lifeboat, LifeboatContents};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use location::{StoreLocation, StoreLocationError};
pub use records::rotated::Rotated;
pub use records::rows::Erased;
pub use records::summaries::{CodeLine, GrantSummary, HistoryLine, KeyUse};
pub use sealing::encryption_key::{EncryptionKey, EncryptionKeyError, EncryptionKeys, KeyId};
pub use settings::StoreSettings;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use store::{Store, StoreLock};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use worker::{HookHandler, InboxWorker, WorkerSettings};
