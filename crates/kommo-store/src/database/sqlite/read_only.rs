//! Opening a store read-only: no file is created, no mode narrowed, nothing written, so its
//! problems stay as they are and can be reported.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tokio::sync::Mutex;

use crate::database::pooled::Pooled;
use crate::error::{DatabaseFault, StoreFault};
use crate::settings::StoreSettings;

use super::connections::Sqlite;
use super::lock_files::LockFiles;
use super::open::{check_directory, patiently, stored_version};

fn failed(error: sqlx::Error) -> StoreFault {
    StoreFault::Database {
        doing: "looking at the tables",
        source: DatabaseFault::at_opening(error),
    }
}

impl Sqlite {
    pub(super) async fn read_only(
        path: &Path,
        settings: &StoreSettings,
    ) -> Result<Self, StoreFault> {
        check_directory(path)?;
        let path = path
            .canonicalize()
            .map_err(|error| StoreFault::file("finding the store", path, error))?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(true)
            // Without a log the file is not open anywhere, and a plain reader would create the log
            // to read it; with one it is read too.
            .immutable(!has_log(&path)?)
            .busy_timeout(settings.wait_at_most)
            .pragma("query_only", "ON")
            .disable_statement_logging();
        let readers = SqlitePoolOptions::new()
            .max_connections(settings.connections.max(1))
            .acquire_timeout(settings.wait_at_most)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone());
        patiently(settings.wait_at_most, || {
            let readers = readers.clone();
            async move { look_at_tables(&readers).await }
        })
        .await?;
        Ok(Self {
            options,
            writer: Mutex::new(None),
            readers,
            lock_files: LockFiles::looked_at(&path),
            is_read_only: true,
            wait_at_most: settings.wait_at_most,
        })
    }
}

/// Whether the write-ahead log exists: the last process that closes the file removes it.
fn has_log(path: &Path) -> Result<bool, StoreFault> {
    let mut name = path.to_path_buf().into_os_string();
    name.push("-wal");
    let log = PathBuf::from(name);
    match std::fs::metadata(&log) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreFault::file("looking at the log", &log, error)),
    }
}

async fn look_at_tables(readers: &SqlitePool) -> Result<(), StoreFault> {
    let mut reader = Pooled::new(readers.acquire().await.map_err(failed)?);
    let stored = stored_version(&mut reader).await.map_err(failed)?;
    reader.sound();
    stored.check_as_it_is()
}
