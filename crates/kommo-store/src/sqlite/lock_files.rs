//! One lock file per grant. The operating system frees the lock when its holder drops it, ends, or is killed.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::StoreFault;
use crate::hash_text::hash_text;
use crate::private_files::{private_directory, private_file};

/// The directory of the lock files.
#[derive(Debug)]
pub(super) struct LockFiles {
    directory: PathBuf,
}

/// The lock of one grant in a [`SqliteStore`](crate::SqliteStore). It is free as soon as this value is gone.
#[derive(Debug)]
pub struct SqliteLock {
    key: String,
    /// Held for its lock.
    _file: File,
}

impl SqliteLock {
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

impl LockFiles {
    /// Beside a database, whose path must be the real one: two spellings of it would be two sets of locks.
    pub(super) fn beside(database: &Path) -> Result<Self, StoreFault> {
        let mut name = database.as_os_str().to_owned();
        name.push(".locks");
        let directory = PathBuf::from(name);
        private_directory(&directory).map_err(|error| {
            StoreFault::file("making the directory of locks", &directory, error)
        })?;
        Ok(Self { directory })
    }

    pub(super) fn try_lock(&self, key: &str) -> Result<Option<SqliteLock>, StoreFault> {
        let path = self.directory.join(hash_text("kommo-store lock", &[key]));
        let failed = |error| StoreFault::file("locking a grant", &path, error);
        let file = private_file(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(SqliteLock {
                key: key.to_owned(),
                _file: file,
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
