//! `SQLite`: one file, many processes of one machine.
//!
//! ```text
//!   store.db        0600   WAL, synchronous=FULL: a commit is on the disk before it is confirmed
//!   store.db-wal    0600   SQLite gives both the mode of the first
//!   store.db-shm    0600
//!   store.db.locks/ 0700   one empty file per grant, locked by its holder; never removed, since a file that is removed and made
//!                          anew would be two locks of one name
//! ```
//!
//! All writes of a process go over one connection, so that they wait in our queue and not in `SQLite`'s busy loop.

mod lock_files;
mod opening;
mod looking;
mod statements;

use std::path::Path;

use core::ops::{Deref, DerefMut};

use kommo_keeper::CodePut;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{Connection as _, SqliteConnection, query_as};
use tokio::sync::{Mutex, MutexGuard};

use crate::backend::Backend;
use crate::columns::{
    AnswerKept, BucketColumns, ClaimedColumns, CodeColumns, CodeRoom, Erased, GrantColumns,
    LineColumns, ListedColumns, SealedColumns, SealedTable, StoredColumns,
};
use crate::error::{DatabaseFault, StoreFault};
use crate::settings::StoreSettings;
use crate::statements::all_methods_by_statements;
use crate::store::Store;

use self::lock_files::LockFiles;
pub use self::lock_files::SqliteLock;

/// A store in one `SQLite` file.
///
/// The directory must be on this machine's own disk: the locks of network file systems do not die with their holder.
pub type SqliteStore = Store<Sqlite>;

/// The database of a [`SqliteStore`].
#[derive(Debug)]
pub struct Sqlite {
    options: SqliteConnectOptions,
    /// Empty after its worker ended; the next write opens another.
    writer: Mutex<Option<SqliteConnection>>,
    readers: SqlitePool,
    /// `None` in a store that is only looked at.
    locks: Option<LockFiles>,
}

impl SqliteStore {
    /// Opens the store in this file, and makes it if it is not there. The directory must be there.
    ///
    /// The file, its two companions and the lock files get modes 0600 and 0700. With
    /// [`is_read_only`](StoreSettings::is_read_only) nothing of all that is done: the file must be there, and stays as it is.
    ///
    /// # Errors
    ///
    /// - a directory that everybody may write to: [`StoreFault::Misconfigured`];
    /// - a file that is no database: [`StoreFault::Database`], with trouble `Damaged`;
    /// - a store of a newer program that excludes this one: [`StoreFault::NewerSchema`];
    /// - a store to be looked at only, without the tables: [`StoreFault::OlderSchema`].
    pub async fn open(path: impl AsRef<Path>, settings: StoreSettings) -> Result<Self, StoreFault> {
        let database = match settings.is_read_only {
            true => Sqlite::look_at(path.as_ref(), &settings).await?,
            false => Sqlite::open(path.as_ref(), &settings).await?,
        };
        Ok(Self::with_backend(database, settings))
    }
}

/// The writing connection, while nobody else has it.
struct Writer<'a>(MutexGuard<'a, Option<SqliteConnection>>);

impl Sqlite {
    async fn reader(&self) -> sqlx::Result<sqlx::pool::PoolConnection<sqlx::Sqlite>> {
        self.readers.acquire().await
    }

    async fn writer(&self) -> sqlx::Result<Writer<'_>> {
        let mut guard = self.writer.lock().await;
        if self.readers.is_closed() {
            return Err(sqlx::Error::PoolClosed);
        }
        if guard.is_none() {
            *guard = Some(opening::writing_connection(&self.options).await?);
        }
        Ok(Writer(guard))
    }

    /// `SQLite` bounds its waiting itself (`busy_timeout`).
    async fn within<T>(
        &self,
        doing: &'static str,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, StoreFault> {
        let done = work.await;
        if matches!(done, Err(sqlx::Error::WorkerCrashed)) {
            *self.writer.lock().await = None;
        }
        done.map_err(|error| StoreFault::Database {
            doing,
            source: DatabaseFault::from(error),
        })
    }
}

/// INVARIANT: `Sqlite::writer` hands out a guard only over `Some`, and nobody empties it while the guard is held.
impl Deref for Writer<'_> {
    type Target = SqliteConnection;

    #[allow(clippy::expect_used, reason = "the invariant above")]
    fn deref(&self) -> &SqliteConnection {
        self.0
            .as_ref()
            .expect("the writer was opened before it was handed out")
    }
}

impl DerefMut for Writer<'_> {
    #[allow(clippy::expect_used, reason = "the invariant above")]
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.0
            .as_mut()
            .expect("the writer was opened before it was handed out")
    }
}

impl Backend for Sqlite {
    type Lock = SqliteLock;

    async fn try_lock(&self, key: &str) -> Result<Option<SqliteLock>, StoreFault> {
        let Some(locks) = &self.locks else {
            return Err(StoreFault::looked_at_only());
        };
        locks.try_lock(key)
    }

    async fn unlock(&self, lock: SqliteLock) -> Result<(), StoreFault> {
        drop(lock);
        Ok(())
    }

    fn locked_key(lock: &SqliteLock) -> &str {
        lock.key()
    }

    async fn load_locked(
        &self,
        _: &mut SqliteLock,
        key: &str,
    ) -> Result<Option<StoredColumns>, StoreFault> {
        self.load(key).await
    }

    async fn write(
        &self,
        _: Option<&mut SqliteLock>,
        grant: &GrantColumns,
        line: &LineColumns,
    ) -> Result<bool, StoreFault> {
        self.within("writing a grant", async {
            let mut writer = self.writer().await?;
            let mut all = writer.begin_with("BEGIN IMMEDIATE").await?;
            let is_written = statements::write_grant(&mut all, grant, line).await?;
            if is_written {
                statements::write_line(&mut all, &grant.key, line).await?;
                all.commit().await?;
            } else {
                all.rollback().await?;
            }
            Ok(is_written)
        })
        .await
    }

    async fn settle_due(
        &self,
        settled: &[(String, Vec<u8>, Option<i64>)],
    ) -> Result<(), StoreFault> {
        self.within("settling due grants", async {
            let mut writer = self.writer().await?;
            let mut all = writer.begin_with("BEGIN IMMEDIATE").await?;
            for (key, token, again_at) in settled {
                statements::settle_one(&mut all, key, token, *again_at).await?;
            }
            all.commit().await
        })
        .await
    }

    async fn put_code(&self, code: &CodeColumns, room: &CodeRoom) -> Result<CodePut, StoreFault> {
        self.within("keeping a code", async {
            let mut writer = self.writer().await?;
            let mut all = writer.begin_with("BEGIN IMMEDIATE").await?;
            let put = statements::put_code(&mut all, code, room).await?;
            all.commit().await?;
            Ok(put)
        })
        .await
    }

    async fn erase_rows(&self, account: [&str; 3]) -> Result<Erased, StoreFault> {
        self.within("erasing an account", async {
            let mut writer = self.writer().await?;
            let mut all = writer.begin_with("BEGIN IMMEDIATE").await?;
            let erased = statements::erase_rows(&mut all, account).await?;
            all.commit().await?;
            Ok(erased)
        })
        .await
    }

    async fn forget_secret(&self, client_id: &str) -> Result<bool, StoreFault> {
        self.within("forgetting a secret", async {
            let mut writer = self.writer().await?;
            let mut all = writer.begin_with("BEGIN IMMEDIATE").await?;
            let was_there = statements::forget_secret(&mut all, client_id).await?;
            all.commit().await?;
            Ok(was_there)
        })
        .await
    }

    /// Deleted rows are overwritten (`secure_delete`); the log still has them until it is emptied. `SQLite` waits for those who read
    /// from it as long as for a writer, then says that it was busy, which is no error.
    async fn scrub(&self) -> Result<bool, StoreFault> {
        self.within("emptying the log", async {
            let mut writer = self.writer().await?;
            let (is_busy, _, _): (bool, i64, i64) = query_as("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(&mut *writer)
                .await?;
            Ok(!is_busy)
        })
        .await
    }

    async fn close(&self) {
        self.readers.close().await;
        let writer = self.writer.lock().await.take();
        if let Some(writer) = writer {
            // What was confirmed is on the disk; closing only tidies up.
            let _ = writer.close().await;
        }
    }

    all_methods_by_statements!();
}
