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
//! All writes of a process go over one connection, so that they wait in our queue and not in
//! `SQLite`'s busy loop.

mod lock_files;
mod opening;
mod looking;
mod statements;
mod problems;
#[cfg(test)]
mod tests;

use std::path::Path;

use core::ops::{Deref, DerefMut};
use core::time::Duration;

use kommo_keeper::CodePut;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{Connection as _, SqliteConnection, query_as};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use crate::backend::Backend;
use crate::columns::{
    AnswerKept, BucketColumns, ClaimedColumns, CodeClaim, CodeColumns, CodeRoom, Erased,
    GrantColumns, LineColumns, ListedColumns, SealedColumns, SealedTable, SecretPut, SecretRoom,
    StoredColumns, WaitingColumns,
};
use crate::error::{DatabaseFault, StoreFault};
use crate::pooled::Pooled;
use crate::settings::StoreSettings;
use crate::statements::all_methods_by_statements;
use crate::store::Store;

use self::lock_files::LockFiles;
pub use self::lock_files::SqliteLock;

/// How much longer than `wait_at_most` a statement may take: `SQLite` says itself, after that, that
/// others were in the way.
const HANGING_AFTER: Duration = Duration::from_secs(1);

/// A store in one `SQLite` file.
///
/// The directory must be on this machine's own disk: the locks of network file systems do not die
/// with their holder.
pub type SqliteStore = Store<Sqlite>;

/// The database of a [`SqliteStore`].
#[derive(Debug)]
pub struct Sqlite {
    options: SqliteConnectOptions,
    /// Empty after anything failed on it; the next write opens another.
    writer: Mutex<Option<SqliteConnection>>,
    readers: SqlitePool,
    lock_files: LockFiles,
    is_read_only: bool,
    wait_at_most: Duration,
}

impl SqliteStore {
    /// Opens the store in this file, and makes it if it is not there. The directory must be there.
    ///
    /// The file, its two companions and the lock files get modes 0600 and 0700. With
    /// [`is_read_only`](StoreSettings::is_read_only) nothing of all that is done: the file must be
    /// there, and stays as it is.
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

/// The writing connection, while nobody else has it. Dropped before [`sound`](Self::sound), it is
/// closed, and the next write opens another: `SQLite` ends some failed transactions by itself (no
/// room, no memory, a failing disk), and the driver goes on counting them.
struct Writer<'a> {
    home: MutexGuard<'a, Option<SqliteConnection>>,
    connection: SqliteConnection,
}

impl Writer<'_> {
    /// The work is done: the connection may be used again.
    fn sound(self) {
        let Self {
            mut home,
            connection,
        } = self;
        *home = Some(connection);
    }
}

impl Deref for Writer<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Writer<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

impl Sqlite {
    async fn reader(&self) -> sqlx::Result<Pooled<sqlx::Sqlite>> {
        self.readers.acquire().await.map(Pooled::new)
    }

    async fn writer(&self) -> sqlx::Result<Writer<'_>> {
        let mut home = self.writer.lock().await;
        if self.readers.is_closed() {
            return Err(sqlx::Error::PoolClosed);
        }
        let connection = match home.take() {
            Some(connection) => connection,
            None => opening::writing_connection(&self.options).await?,
        };
        Ok(Writer { home, connection })
    }

    /// `SQLite` bounds its waiting for others itself (`busy_timeout`). What takes longer hangs in
    /// the operating system.
    async fn within<T>(
        &self,
        doing: &'static str,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, StoreFault> {
        let source = match timeout(self.wait_at_most + HANGING_AFTER, work).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => DatabaseFault::from(error),
            Err(_) => DatabaseFault::too_slow(),
        };
        Err(StoreFault::Database { doing, source })
    }
}

impl Backend for Sqlite {
    type Lock = SqliteLock;

    async fn try_lock(&self, key: &str) -> Result<Option<SqliteLock>, StoreFault> {
        if self.is_read_only {
            return Err(StoreFault::looked_at_only());
        }
        self.lock_files.try_lock(key)
    }

    async fn unlock(&self, lock: SqliteLock) -> Result<(), StoreFault> {
        drop(lock);
        Ok(())
    }

    async fn still_held(&self, lock: &mut SqliteLock) -> Result<bool, StoreFault> {
        lock.is_held()
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
                statements::write_line(&mut all, grant, line).await?;
                all.commit().await?;
            } else {
                all.rollback().await?;
            }
            writer.sound();
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
            all.commit().await?;
            writer.sound();
            Ok(())
        })
        .await
    }

    async fn put_code(&self, code: &CodeColumns, room: &CodeRoom) -> Result<CodePut, StoreFault> {
        self.within("keeping a code", async {
            let mut writer = self.writer().await?;
            let mut all = writer.begin_with("BEGIN IMMEDIATE").await?;
            let put = statements::put_code(&mut all, code, room).await?;
            all.commit().await?;
            writer.sound();
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
            writer.sound();
            Ok(erased)
        })
        .await
    }

    async fn put_secret(
        &self,
        state_hash: &str,
        client_id: &str,
        record: &[u8],
        room: &SecretRoom,
    ) -> Result<SecretPut, StoreFault> {
        self.within("keeping a secret", async {
            let mut writer = self.writer().await?;
            let mut all = writer.begin_with("BEGIN IMMEDIATE").await?;
            let put = statements::put_secret(&mut all, state_hash, client_id, record, room).await?;
            all.commit().await?;
            writer.sound();
            Ok(put)
        })
        .await
    }

    async fn forget_secret(&self, client_id: &str) -> Result<bool, StoreFault> {
        self.within("forgetting a secret", async {
            let mut writer = self.writer().await?;
            let mut all = writer.begin_with("BEGIN IMMEDIATE").await?;
            let was_there = statements::forget_secret(&mut all, client_id).await?;
            all.commit().await?;
            writer.sound();
            Ok(was_there)
        })
        .await
    }

    /// Deleted rows are overwritten (`secure_delete`); the log still has them until it is emptied.
    /// `SQLite` waits for those who read from it as long as for a writer, then says that it was
    /// busy, which is no error.
    async fn scrub(&self) -> Result<bool, StoreFault> {
        self.within("emptying the log", async {
            let mut writer = self.writer().await?;
            let (is_busy, _, _): (bool, i64, i64) = query_as("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(&mut *writer)
                .await?;
            writer.sound();
            Ok(!is_busy)
        })
        .await
    }

    async fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        self.all_problems().await
    }

    async fn close(&self, limit: Duration) -> bool {
        let closing = async {
            self.readers.close().await;
            let writer = self.writer.lock().await.take();
            if let Some(writer) = writer {
                // What was confirmed is on the disk; closing only tidies up.
                let _ = writer.close().await;
            }
        };
        timeout(limit, closing).await.is_ok()
    }

    all_methods_by_statements!();
}
