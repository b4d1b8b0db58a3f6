//! Opening a store to look at it: nothing is made, narrowed or written, so what is wrong with it can be told.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, query_as};
use tokio::sync::Mutex;

use crate::error::{DatabaseFault, StoreFault};
use crate::schema::StoredVersion;
use crate::settings::StoreSettings;

use super::Sqlite;
use super::opening::check_directory;

fn failed(error: sqlx::Error) -> StoreFault {
    StoreFault::Database {
        doing: "looking at the tables",
        source: DatabaseFault::from(error),
    }
}

impl Sqlite {
    pub(super) async fn look_at(path: &Path, settings: &StoreSettings) -> Result<Self, StoreFault> {
        check_directory(path)?;
        let path = path
            .canonicalize()
            .map_err(|error| StoreFault::file("finding the store", path, error))?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(true)
            // Without a log nobody has the file open, and a plain reader would make the log to read it; with one it is read too.
            .immutable(!has_log(&path)?)
            .busy_timeout(settings.wait_at_most)
            .pragma("query_only", "ON")
            .disable_statement_logging();
        let readers = SqlitePoolOptions::new()
            .max_connections(settings.connections.max(1))
            .acquire_timeout(settings.wait_at_most)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone());
        look_at_tables(&readers).await?;
        Ok(Self {
            options,
            writer: Mutex::new(None),
            readers,
            locks: None,
        })
    }
}

/// Whether the write-ahead log is there: the last one who closes the file removes it.
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
    let (is_there,): (bool,) =
        query_as("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'kommo_meta')")
            .fetch_one(readers)
            .await
            .map_err(failed)?;
    let mut stored = StoredVersion {
        version: 0,
        oldest_program: 0,
    };
    if is_there {
        let versions: (i64, i64) = query_as(
            "SELECT COALESCE(MAX(CASE WHEN name = 'version' THEN value END), 0), \
             COALESCE(MAX(CASE WHEN name = 'oldest_program' THEN value END), 0) FROM kommo_meta",
        )
        .fetch_one(readers)
        .await
        .map_err(failed)?;
        (stored.version, stored.oldest_program) = versions;
    }
    stored.check_as_it_is()
}
