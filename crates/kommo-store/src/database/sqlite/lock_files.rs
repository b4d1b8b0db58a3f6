//! One lock file per grant. The operating system frees the lock when its holder drops it, ends, or
//! is killed.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::StoreFault;
use crate::private_files::{leads_to, private_directory, private_file};
use crate::sealing::hash_text::hash_text;

/// How often a lock file may be replaced while it is being locked.
const REPLACED_AT_MOST: u32 = 100;

/// The directory of the lock files.
#[derive(Debug)]
pub(super) struct LockFiles {
    directory: PathBuf,
}

/// The lock of one grant in a file's store. It is free as soon as this value is dropped.
#[derive(Debug)]
pub(crate) struct SqliteLock {
    key: String,
    path: PathBuf,
    /// Held for its lock.
    file: File,
}

impl SqliteLock {
    pub(in crate::database) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the name still leads to the locked file. If the file was removed or replaced, others
    /// lock another one.
    pub(in crate::database) fn is_held(&self) -> Result<bool, StoreFault> {
        leads_to(&self.path, &self.file)
            .map_err(|error| StoreFault::file("looking at a lock", &self.path, error))
    }
}

impl LockFiles {
    /// Beside a database, whose path must be the real one: two spellings of it would be two sets of
    /// locks.
    pub(super) fn beside(database: &Path) -> Result<Self, StoreFault> {
        let files = Self::looked_at(database);
        let directory = &files.directory;
        private_directory(directory)
            .map_err(|error| StoreFault::file("making the directory of locks", directory, error))?;
        Ok(files)
    }

    /// The same, without creating anything.
    pub(super) fn looked_at(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".locks");
        Self {
            directory: PathBuf::from(name),
        }
    }

    pub(super) fn try_lock(&self, key: &str) -> Result<Option<SqliteLock>, StoreFault> {
        let path = self.directory.join(hash_text("kommo-store lock", &[key]));
        let failed = |error| StoreFault::file("locking a grant", &path, error);
        for _ in 0..REPLACED_AT_MOST {
            let file = private_file(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // Between opening and locking, another may have removed the file: two workers would
            // have a lock each.
            if leads_to(&path, &file).map_err(failed)? {
                let key = key.to_owned();
                return Ok(Some(SqliteLock { key, path, file }));
            }
        }
        Err(failed(io::Error::other("file is replaced all the time")))
    }

    /// The lock files that this process cannot open, each as its error. None is made, locked or
    /// changed.
    pub(super) fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        let failed = |error| StoreFault::file("listing the locks", &self.directory, error);
        let mut problems = Vec::new();
        let entries = match fs::read_dir(&self.directory) {
            // No grant was ever locked here.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(problems),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let opened = File::options().read(true).write(true).open(&path);
            if let Err(error) = opened {
                problems.push(StoreFault::file("opening a lock", &path, error));
            }
        }
        Ok(problems)
    }
}
