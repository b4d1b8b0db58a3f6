//! What can go wrong with a store. No text here has a secret, a token, a stored body or a database
//! URL in it.

mod database;

use core::{error, fmt};
use std::io;

use kommo_keeper::{StoreError, StoreErrorKind};
use kommo_oauth::grant::GrantKey;
use kommo_oauth::stored_grant::StoredGrantError;

pub use self::database::DatabaseFault;

/// An error of a store. [`kind`](StoreError::kind) says who must act.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreFault {
    /// The database refused, or did not answer.
    Database {
        /// What was being done.
        doing: &'static str,
        /// What came back.
        source: DatabaseFault,
    },
    /// The connection that held the lock of this grant is gone, and the lock with it. Nothing was
    /// written.
    LockLost {
        /// Whose lock.
        key: Box<GrantKey>,
    },
    /// Another worker holds the lock of this grant now.
    Locked {
        /// Whose lock.
        key: Box<GrantKey>,
    },
    /// The grant does not exist.
    NoGrant {
        /// Which.
        key: Box<GrantKey>,
    },
    /// There is a usable grant of this key already, or the grant is not in the state that this
    /// operation needs.
    WrongState {
        /// Which.
        key: Box<GrantKey>,
        /// The state that it is in.
        state: &'static str,
    },
    /// The record was written by others again and again while this was being done.
    Contended {
        /// Which.
        key: Box<GrantKey>,
    },
    /// A code has an answer already, which is kept.
    AnswerThere {
        /// The hash of the code.
        record: String,
    },
    /// An erasure took this code, so the answer to its exchange is not kept.
    Erased {
        /// The hash of the code.
        record: String,
    },
    /// An integration has another secret already, which is kept.
    SecretThere {
        /// The id of the integration.
        client_id: String,
    },
    /// The limit of client secrets of integrations without a grant is reached.
    SecretsFull {
        /// How many.
        most: u32,
    },
    /// The newest pair of this grant is in the lifeboat, and not in the store yet. Refresh the
    /// grant first: that saves it.
    UnsavedPair {
        /// Which.
        key: Box<GrantKey>,
    },
    /// This export was imported here before. Its refresh token was used since, or belongs to a
    /// grant that has ended.
    ImportedBefore {
        /// Which grant.
        key: Box<GrantKey>,
    },
    /// A record cannot be read. It is still there.
    Damaged {
        /// The key of the grant, or the name of another record.
        record: String,
        /// Which part of it.
        what: &'static str,
    },
    /// A record was written by a newer version of this program.
    NewerRecord {
        /// The key of the grant, or the name of another record.
        record: String,
        /// The version of the record.
        version: u64,
    },
    /// A record is encrypted, and not with a key that was given.
    WrongKey {
        /// The key of the grant, or the name of another record.
        record: String,
        /// The id of the key that it needs, in hex.
        key_id: String,
    },
    /// The whole store was made by a newer version, which says that this one must not use it.
    NewerSchema {
        /// The oldest version that may use it.
        needed: i64,
        /// The version of this program.
        known: i64,
    },
    /// The tables of this program do not exist, and the store was opened read-only. Opening it for
    /// writing creates them.
    OlderSchema {
        /// The version of the tables; 0 if there are none.
        found: i64,
        /// The version of this program.
        known: i64,
    },
    /// The store is set up in a way that could lose or leak a token, or the caller made a mistake.
    Misconfigured {
        /// What is wrong.
        what: &'static str,
    },
    /// A file beside the store cannot be used.
    File {
        /// What was being done.
        doing: &'static str,
        /// The file's own name, without its directory.
        name: String,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl StoreFault {
    pub(crate) fn of_record(record: impl fmt::Display, error: StoredGrantError) -> Self {
        let record = record.to_string();
        match error {
            StoredGrantError::Newer { found } => Self::NewerRecord {
                record,
                version: found,
            },
            StoredGrantError::Damaged { what } => Self::Damaged { record, what },
            _ => Self::Damaged {
                record,
                what: "the record of another grant",
            },
        }
    }

    /// The same once more, for another who waited for the same transaction.
    pub(crate) fn repeated(&self) -> Self {
        match self {
            Self::Database { doing, source } => Self::Database {
                doing,
                source: source.clone(),
            },
            Self::Misconfigured { what } => Self::Misconfigured { what },
            _ => Self::Database {
                doing: "keeping hooks",
                source: DatabaseFault::closed(),
            },
        }
    }

    pub(crate) fn damaged(record: impl fmt::Display, what: &'static str) -> Self {
        Self::Damaged {
            record: record.to_string(),
            what,
        }
    }

    pub(crate) const fn misconfigured(what: &'static str) -> Self {
        Self::Misconfigured { what }
    }

    /// A lock was requested in a read-only store.
    pub(crate) const fn looked_at_only() -> Self {
        Self::misconfigured("the store was opened read-only")
    }

    pub(crate) fn file(doing: &'static str, path: &std::path::Path, source: io::Error) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self::File {
            doing,
            name: name.to_string_lossy().into_owned(),
            source,
        }
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { doing, .. } => write!(f, "store failed while {doing}"),
            Self::LockLost { key } => write!(f, "lock of grant {key} was lost with its connection"),
            Self::Locked { key } => write!(f, "grant {key} is locked by another worker"),
            Self::NoGrant { key } => write!(f, "no grant {key}"),
            Self::WrongState { key, state } => write!(f, "grant {key} is {state}"),
            Self::Contended { key } => write!(f, "grant {key} was written by others all the time"),
            Self::AnswerThere { record } => write!(f, "code {record} has an answer already"),
            Self::Erased { record } => write!(f, "code {record} was erased"),
            Self::SecretThere { client_id } => {
                write!(f, "integration {client_id} has another secret already")
            }
            Self::SecretsFull { most } => write!(
                f,
                "{most} client secrets are kept already of integrations without a grant"
            ),
            Self::UnsavedPair { key } => write!(
                f,
                "the newest pair of grant {key} is in the lifeboat and not saved yet"
            ),
            Self::ImportedBefore { key } => {
                write!(f, "this export of grant {key} was imported before")
            }
            Self::Damaged { record, what } => write!(f, "record {record} is damaged: {what}"),
            Self::NewerRecord { record, version } => write!(
                f,
                "record {record} has version {version}, written by a newer program"
            ),
            Self::WrongKey { record, key_id } => {
                write!(f, "record {record} needs encryption key {key_id}")
            }
            Self::NewerSchema { needed, known } => write!(
                f,
                "store needs a program of schema version {needed} or later, this one has {known}"
            ),
            Self::OlderSchema { found: 0, .. } => {
                f.write_str("the tables of a store are not there")
            }
            Self::OlderSchema { found, known } => write!(
                f,
                "store has schema version {found}, this program needs {known}"
            ),
            Self::Misconfigured { what } => f.write_str(what),
            Self::File { doing, name, .. } => write!(f, "{doing} failed for the file {name}"),
        }
    }
}

impl error::Error for StoreFault {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Database { source, .. } => Some(source),
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl StoreError for StoreFault {
    fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Database { source, .. } => source.kind(),
            Self::Damaged { .. } => StoreErrorKind::Damaged,
            Self::AnswerThere { .. } | Self::SecretThere { .. } => StoreErrorKind::Taken,
            Self::Erased { .. } => StoreErrorKind::Erased,
            Self::NewerRecord { .. } | Self::NewerSchema { .. } => StoreErrorKind::NewerVersion,
            Self::WrongKey { .. } => StoreErrorKind::WrongKey,
            Self::Misconfigured { .. }
            | Self::OlderSchema { .. }
            | Self::NoGrant { .. }
            | Self::UnsavedPair { .. }
            | Self::ImportedBefore { .. }
            | Self::WrongState { .. } => StoreErrorKind::Misconfigured,
            Self::File { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => StoreErrorKind::Misconfigured,
                _ => StoreErrorKind::Unavailable,
            },
            Self::LockLost { .. }
            | Self::Locked { .. }
            | Self::Contended { .. }
            | Self::SecretsFull { .. } => StoreErrorKind::Unavailable,
        }
    }
}
