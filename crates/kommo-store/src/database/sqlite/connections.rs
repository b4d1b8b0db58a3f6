//! The connections of one file: one that writes, and a pool of those that read.

use core::ops::{Deref, DerefMut};
use core::time::Duration;

use futures_util::FutureExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, Transaction};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use crate::database::pooled::Pooled;
use crate::error::{DatabaseFault, StoreFault};

use super::lock_files::LockFiles;

/// How much longer than `wait_at_most` a statement may take: `SQLite` says itself, after that, that
/// others were in the way.
pub(super) const HANGING_AFTER: Duration = Duration::from_secs(1);

/// One `SQLite` file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    pub(super) options: SqliteConnectOptions,
    /// Empty after anything failed on it; the next write opens another.
    pub(super) writer: Mutex<Option<SqliteConnection>>,
    pub(super) readers: SqlitePool,
    pub(super) lock_files: LockFiles,
    pub(super) is_read_only: bool,
    pub(super) wait_at_most: Duration,
}

/// The writing connection, held exclusively. Dropped before [`sound`](Self::sound), it is closed,
/// and the next write opens another: `SQLite` ends some failed transactions by itself (no room, no
/// memory, a failing disk), but the driver still counts them as open.
pub(super) struct Writer<'a> {
    home: MutexGuard<'a, Option<SqliteConnection>>,
    connection: SqliteConnection,
}

impl Writer<'_> {
    /// The work is done: the connection may be used again.
    pub(super) fn sound(self) {
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
    pub(super) async fn reader(&self) -> sqlx::Result<Pooled<sqlx::Sqlite>> {
        self.readers.acquire().await.map(Pooled::new)
    }

    pub(super) async fn writer(&self) -> sqlx::Result<Writer<'_>> {
        let mut home = self.writer.lock().await;
        if self.readers.is_closed() {
            return Err(sqlx::Error::PoolClosed);
        }
        let connection = match home.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(Writer { home, connection })
    }

    /// A transaction that writes. No other runs beside it.
    pub(super) async fn begin<'a>(
        &self,
        connection: &'a mut SqliteConnection,
    ) -> sqlx::Result<Transaction<'a, sqlx::Sqlite>> {
        connection.begin_with("BEGIN IMMEDIATE").await
    }

    /// `SQLite` bounds its waiting for others itself (`busy_timeout`). What takes longer hangs in
    /// the operating system.
    ///
    /// No `async fn`: it would hold the work twice.
    pub(super) fn within<T, W>(
        &self,
        doing: &'static str,
        work: W,
    ) -> impl Future<Output = Result<T, StoreFault>> + use<T, W>
    where
        W: Future<Output = sqlx::Result<T>>,
    {
        timeout(self.wait_at_most + HANGING_AFTER, work).map(move |done| {
            let source = match done {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => DatabaseFault::from(error),
                Err(_) => DatabaseFault::too_slow(),
            };
            Err(StoreFault::Database { doing, source })
        })
    }
}
