//! Opening: modes of the files, settings of the connections, the tables.

use core::time::Duration;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection, query, query_as, raw_sql};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::database::schema::{SCHEMA_VERSION, StoredVersion};
use crate::error::{DatabaseFault, StoreFault};
use crate::private_files::{is_open_to_all, narrow, private_file_unopened};
use crate::settings::StoreSettings;

use super::connections::{HANGING_AFTER, Sqlite};
use super::lock_files::LockFiles;

/// The steps that lead to the tables as they are, oldest first. A step that was published never
/// changes.
const STEPS: [&str; 5] = [
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
];

const META: &str = "CREATE TABLE IF NOT EXISTS kommo_meta (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT";

/// The pause before another try to open, while others have the file.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreFault {
    move |error| StoreFault::Database {
        doing,
        source: DatabaseFault::at_opening(error),
    }
}

impl Sqlite {
    /// Opens the store in this file, and makes it if it is not there. The directory must exist.
    pub(in crate::database) async fn open(
        path: &Path,
        settings: &StoreSettings,
    ) -> Result<Self, StoreFault> {
        match settings.is_read_only {
            true => Self::read_only(path, settings).await,
            false => Self::open_to_write(path, settings).await,
        }
    }

    async fn open_to_write(path: &Path, settings: &StoreSettings) -> Result<Self, StoreFault> {
        let path = prepare_files(path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            // It exists. One that was removed meanwhile must not be recreated empty.
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(settings.wait_at_most)
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let writer = patiently(settings.wait_at_most, || {
            let options = options.clone();
            async move {
                let mut writer = options
                    .connect()
                    .await
                    .map_err(failed("opening the database"))?;
                prepare_tables(&mut writer).await?;
                Ok(writer)
            }
        })
        .await?;
        for companion in ["-wal", "-shm"] {
            let mut name = path.clone().into_os_string();
            name.push(companion);
            let companion = Path::new(&name);
            match narrow(companion, 0o600) {
                // The last one who closes the file removes them.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreFault::file("narrowing its mode", companion, error));
                }
                _ => {}
            }
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(settings.connections.max(1))
            .acquire_timeout(settings.wait_at_most)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone().pragma("query_only", "ON"));
        Ok(Self {
            options,
            writer: Mutex::new(Some(writer)),
            readers,
            lock_files: LockFiles::beside(&path)?,
            is_read_only: false,
            wait_at_most: settings.wait_at_most,
        })
    }
}

/// Tries until no other connection is in the way. `SQLite` waits for most locks itself, but not for
/// all: the switch to the write-ahead log fails at once while another connection makes it.
pub(super) async fn patiently<T, F>(
    wait_at_most: Duration,
    attempt: impl Fn() -> F + Send,
) -> Result<T, StoreFault>
where
    F: Future<Output = Result<T, StoreFault>> + Send,
{
    let mut pause = FIRST_PAUSE;
    let mut last = None;
    let trying = async {
        loop {
            match attempt().await {
                Err(StoreFault::Database { doing, source }) if source.is_busy() => {
                    tracing::debug!("another connection is in the way; opening is tried again");
                    last = Some(StoreFault::Database { doing, source });
                }
                done => return done,
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    let done = timeout(wait_at_most + HANGING_AFTER, trying).await;
    let too_slow = || StoreFault::Database {
        doing: "opening the database",
        source: DatabaseFault::too_slow(),
    };
    done.unwrap_or_else(|_| Err(last.unwrap_or_else(too_slow)))
}

/// Rejects a world-writable directory.
pub(super) fn check_directory(path: &Path) -> Result<(), StoreFault> {
    let parent = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => {
            return Err(StoreFault::misconfigured(
                "the path of the store has no file name",
            ));
        }
    };
    let is_open = is_open_to_all(parent).map_err(|error| {
        StoreFault::file("looking at the directory of the store", parent, error)
    })?;
    if is_open {
        return Err(StoreFault::misconfigured(
            "the directory of the store is world-writable",
        ));
    }
    Ok(())
}

/// `SQLite` gives the companions the mode of the database file, so that file is created first.
/// Returns its real path.
fn prepare_files(path: &Path) -> Result<std::path::PathBuf, StoreFault> {
    check_directory(path)?;
    private_file_unopened(path)
        .map_err(|error| StoreFault::file("making the store", path, error))?;
    path.canonicalize()
        .map_err(|error| StoreFault::file("finding the store", path, error))
}

/// Takes the steps that are missing, all or none, one process at a time. If none is missing, no
/// lock is taken: a process that stopped with the lock does not block the start of others.
async fn prepare_tables(writer: &mut SqliteConnection) -> Result<(), StoreFault> {
    use sqlx::Connection as _;
    let failed = failed("preparing the tables");
    let stored = stored_version(writer).await.map_err(&failed)?;
    if stored.steps_taken()? >= STEPS.len() {
        return Ok(());
    }
    let mut all = writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(&failed)?;
    query(META).execute(&mut *all).await.map_err(&failed)?;
    let taken = stored_version(&mut all)
        .await
        .map_err(&failed)?
        .steps_taken()?;
    for step in STEPS.iter().skip(taken) {
        raw_sql(*step).execute(&mut *all).await.map_err(&failed)?;
    }
    query(
        "INSERT INTO kommo_meta (name, value) VALUES ('version', $1), ('oldest_program', 1) \
         ON CONFLICT (name) DO UPDATE SET value = MAX(value, excluded.value)",
    )
    .bind(SCHEMA_VERSION)
    .execute(&mut *all)
    .await
    .map_err(&failed)?;
    all.commit().await.map_err(&failed)
}

/// Of a file without tables it is zero.
pub(super) async fn stored_version(
    connection: &mut SqliteConnection,
) -> sqlx::Result<StoredVersion> {
    let (is_there,): (bool,) =
        query_as("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'kommo_meta')")
            .fetch_one(&mut *connection)
            .await?;
    if !is_there {
        return Ok(StoredVersion {
            version: 0,
            oldest_program: 0,
        });
    }
    let (version, oldest_program) = query_as(
        "SELECT COALESCE(MAX(CASE WHEN name = 'version' THEN value END), 0), \
         COALESCE(MAX(CASE WHEN name = 'oldest_program' THEN value END), 0) FROM kommo_meta",
    )
    .fetch_one(connection)
    .await?;
    Ok(StoredVersion {
        version,
        oldest_program,
    })
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU32, Ordering};

    use sqlx::query_scalar;

    use super::*;

    #[tokio::test]
    async fn an_attempt_that_met_another_connection_is_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join("other.db"))
            .create_if_missing(true)
            .busy_timeout(Duration::ZERO);
        let mut holder = options.connect().await.unwrap();
        raw_sql("BEGIN EXCLUSIVE")
            .execute(&mut holder)
            .await
            .unwrap();
        let tries = AtomicU32::new(0);
        let attempt = || async {
            if tries.fetch_add(1, Ordering::Relaxed) == 5 {
                return Ok(7);
            }
            let mut other = options.connect().await.unwrap();
            let begun = raw_sql("BEGIN IMMEDIATE").execute(&mut other).await;
            Err(failed("trying")(begun.unwrap_err()))
        };
        let done = patiently(Duration::from_secs(60), attempt).await;
        assert_eq!(done.unwrap(), 7);
        // Only a conflict with another writer is tried again.
        let broken = || async { Err::<(), _>(StoreFault::misconfigured("broken")) };
        let error = patiently(Duration::from_secs(60), broken).await;
        assert_eq!(error.unwrap_err().to_string(), "broken");
    }

    // The promise of the README: what was confirmed survives a crash of the machine.
    #[tokio::test]
    async fn the_connection_that_writes_has_a_log_and_waits_for_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = Sqlite::open(&path, &StoreSettings::new()).await.unwrap();
        for _ in ["the first", "one that was opened in its place"] {
            let mut writer = store.writer().await.unwrap();
            let journal: String = query_scalar("PRAGMA journal_mode")
                .fetch_one(&mut *writer)
                .await
                .unwrap();
            let synchronous: i64 = query_scalar("PRAGMA synchronous")
                .fetch_one(&mut *writer)
                .await
                .unwrap();
            // 2 is FULL.
            assert_eq!((&*journal, synchronous), ("wal", 2));
            // Not marked as sound: it is closed.
            drop(writer);
            assert!(store.writer.lock().await.is_none());
        }
    }
}
