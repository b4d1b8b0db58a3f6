#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(
        dead_code,
        unreachable_code,
        unused_imports,
        unused_macros,
        unused_variables,
        reason = "without a database only the lifeboat does anything, and no store can be opened"
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
mod spool;
mod database;
mod location;
mod store;
mod inbox;
mod worker;

#[cfg(feature = "postgres")]
pub use database::url::{DatabaseUrl, DatabaseUrlError};
pub use error::{DatabaseFault, StoreFault};
pub use inbox::{
    ClaimedHook, HookFilter, HookLine, HookState, Inbox, InboxDepth, InboxLine, InboxName,
    InboxNameError, InboxSettings, StoredHook, Swept,
};
pub use lifeboat::{Lifeboat, LifeboatContents};
pub use location::{StoreLocation, StoreLocationError};
pub use records::rotated::Rotated;
pub use records::rows::Erased;
pub use records::summaries::{CodeLine, GrantSummary, HistoryLine, KeyUse};
pub use sealing::encryption_key::{EncryptionKey, EncryptionKeyError, EncryptionKeys, KeyId};
pub use settings::StoreSettings;
pub use store::{Store, StoreLock};
pub use worker::{HookHandler, InboxWorker, WorkerSettings};
