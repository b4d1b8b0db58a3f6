#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "without a database only the lifeboat is left")
)]

extern crate alloc;

// Reading order: a file uses only what stands above it.
mod error;
mod encryption_key;
mod sealed;
mod versioned;
mod settings;
mod realm_text;
mod hash_text;
mod columns;
mod history;
mod grant_columns;
mod code_columns;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod pooled;
mod backend;
mod private_files;
mod rotated;
mod lifeboat;
mod store;
mod schema;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod statements;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "postgres")]
mod database_url;
#[cfg(feature = "postgres")]
mod postgres;

pub use backend::Backend;
pub use columns::Erased;
#[cfg(feature = "postgres")]
pub use database_url::{DatabaseUrl, DatabaseUrlError};
pub use encryption_key::{EncryptionKey, EncryptionKeyError, EncryptionKeys, KeyId};
pub use error::{DatabaseFault, StoreFault};
pub use history::{CodeLine, GrantLine, HistoryLine, KeyUse};
pub use lifeboat::Lifeboat;
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresLock, PostgresStore};
pub use rotated::Rotated;
pub use settings::StoreSettings;
#[cfg(feature = "sqlite")]
pub use sqlite::{Sqlite, SqliteLock, SqliteStore};
pub use store::Store;
