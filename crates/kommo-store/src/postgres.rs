//! `PostgreSQL`: many processes on many machines.
//!
//! ```text
//!   pool            reads, claims, codes, writes without a lock
//!   lock sessions   outside the pool, one per grant that is being refreshed: pg_try_advisory_lock, the attempt, the save,
//!                   pg_advisory_unlock, all on one connection. When it ends, for whatever reason, the lock is free and nothing
//!                   can be written over it any more.
//! ```
//!
//! A holder that stops without its connection ending (SIGSTOP, a lost network) is ended by the server: `idle_session_timeout` is
//! three request limits on lock sessions, and so is the same for transactions.

mod checks;
mod lock_sessions;
mod opening;
mod statements;

use core::time::Duration;

use kommo_keeper::CodePut;
use sqlx::{Connection as _, PgConnection, PgPool, Transaction, query};
use tokio::time::timeout;

use crate::backend::Backend;
use crate::columns::{
    AnswerKept, BucketColumns, ClaimedColumns, CodeColumns, CodeRoom, Erased, GrantColumns,
    LineColumns, ListedColumns, SealedColumns, SealedTable, StoredColumns,
};
use crate::database_url::DatabaseUrl;
use crate::error::{DatabaseFault, StoreFault};
use crate::settings::StoreSettings;
use crate::statements::all_methods_by_statements;
use crate::store::Store;

use self::lock_sessions::LockSessions;
pub use self::lock_sessions::PostgresLock;

/// Codes are counted or erased one at a time. The number is ours. A process that stops in between is ended by the server, so that
/// the others need not wait for it to come back.
const CODES_ONE_AT_A_TIME: &str = "SELECT set_config('idle_in_transaction_session_timeout', $1, true), \
                                   pg_advisory_xact_lock(7813574623098423552)";

/// A consent that is being written is there before the erasure looks, or is written after it and meets what it left.
const NO_GRANT_IS_WRITTEN: &str = "LOCK TABLE kommo_grants IN SHARE ROW EXCLUSIVE MODE";

/// A store in a `PostgreSQL` database, version 14 or later.
pub type PostgresStore = Store<Postgres>;

/// The database of a [`PostgresStore`].
#[derive(Debug)]
pub struct Postgres {
    pool: PgPool,
    /// `None` in a store that is only looked at.
    sessions: Option<LockSessions>,
    wait_at_most: Duration,
}

impl PostgresStore {
    /// Connects, checks the server, and makes the tables if they are not there; with
    /// [`is_read_only`](StoreSettings::is_read_only) they must be there, and every transaction is one that only reads.
    ///
    /// # Errors
    ///
    /// - [`StoreFault::Misconfigured`]: `fsync` or `synchronous_commit` is off, the server is a stand-by or older than 14, or a
    ///   pooler hands each transaction another connection, so that a lock would mean nothing;
    /// - a server that is not there: [`StoreFault::Database`], with trouble `Unavailable`;
    /// - a store of a newer program that excludes this one: [`StoreFault::NewerSchema`];
    /// - a store to be looked at only, without the tables: [`StoreFault::OlderSchema`].
    pub async fn connect(url: &DatabaseUrl, settings: StoreSettings) -> Result<Self, StoreFault> {
        let database = Postgres::connect(url, &settings).await?;
        Ok(Self::with_backend(database, settings))
    }
}

impl Postgres {
    async fn reader(&self) -> sqlx::Result<sqlx::pool::PoolConnection<sqlx::Postgres>> {
        self.pool.acquire().await
    }

    async fn writer(&self) -> sqlx::Result<sqlx::pool::PoolConnection<sqlx::Postgres>> {
        self.pool.acquire().await
    }

    /// A transaction that no other of its kind runs beside. Each of its statements sees what was committed before that statement,
    /// whatever the database's default is: the count must see what the one before added.
    async fn one_at_a_time<'a>(
        &self,
        connection: &'a mut PgConnection,
    ) -> sqlx::Result<Transaction<'a, sqlx::Postgres>> {
        let mut all = connection
            .begin_with("BEGIN ISOLATION LEVEL READ COMMITTED")
            .await?;
        let silent = self.wait_at_most.as_millis().max(1_000).to_string();
        query(CODES_ONE_AT_A_TIME)
            .bind(silent)
            .execute(&mut *all)
            .await?;
        Ok(all)
    }

    /// A server that hangs is one that is not there: nobody waits for ever.
    async fn within<T>(
        &self,
        doing: &'static str,
        work: impl Future<Output = sqlx::Result<T>> + Send,
    ) -> Result<T, StoreFault> {
        within(self.wait_at_most, doing, work).await
    }
}

async fn within<T>(
    wait_at_most: Duration,
    doing: &'static str,
    work: impl Future<Output = sqlx::Result<T>> + Send,
) -> Result<T, StoreFault> {
    let done = timeout(wait_at_most, work).await;
    let source = match done {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => DatabaseFault::from(error),
        Err(_) => DatabaseFault::too_slow(),
    };
    Err(StoreFault::Database { doing, source })
}

impl Backend for Postgres {
    type Lock = PostgresLock;

    async fn try_lock(&self, key: &str) -> Result<Option<PostgresLock>, StoreFault> {
        let Some(sessions) = &self.sessions else {
            return Err(StoreFault::looked_at_only());
        };
        sessions.try_lock(key).await
    }

    async fn unlock(&self, lock: PostgresLock) -> Result<(), StoreFault> {
        lock.unlock(self.wait_at_most).await
    }

    fn locked_key(lock: &PostgresLock) -> &str {
        lock.key()
    }

    async fn load_locked(
        &self,
        lock: &mut PostgresLock,
        key: &str,
    ) -> Result<Option<StoredColumns>, StoreFault> {
        let work = statements::load(lock.connection(), key);
        let done = self.within("reading a grant under its lock", work).await;
        done.map_err(|error| lock.judge(error))
            .inspect(|_| lock.answered())
    }

    async fn write(
        &self,
        lock: Option<&mut PostgresLock>,
        grant: &GrantColumns,
        line: &LineColumns,
    ) -> Result<bool, StoreFault> {
        let Some(lock) = lock else {
            return self
                .within("writing a grant", async {
                    let mut connection = self.writer().await?;
                    statements::write_grant(&mut connection, grant, line).await
                })
                .await;
        };
        let connection = lock.connection();
        let work = statements::write_grant(connection, grant, line);
        let done = self.within("writing a grant under its lock", work).await;
        done.map_err(|error| lock.judge(error))
            .inspect(|_| lock.answered())
    }

    async fn settle_due(
        &self,
        settled: &[(String, Vec<u8>, Option<i64>)],
    ) -> Result<(), StoreFault> {
        self.within("settling due grants", async {
            let mut connection = self.writer().await?;
            statements::settle_all(&mut connection, settled).await
        })
        .await
    }

    async fn put_code(&self, code: &CodeColumns, room: &CodeRoom) -> Result<CodePut, StoreFault> {
        self.within("keeping a code", async {
            let mut connection = self.writer().await?;
            let mut all = self.one_at_a_time(&mut connection).await?;
            let put = statements::put_code(&mut all, code, room).await?;
            all.commit().await?;
            Ok(put)
        })
        .await
    }

    async fn erase_rows(&self, account: [&str; 3]) -> Result<Erased, StoreFault> {
        self.within("erasing an account", async {
            let mut connection = self.writer().await?;
            let mut all = self.one_at_a_time(&mut connection).await?;
            query(NO_GRANT_IS_WRITTEN).execute(&mut *all).await?;
            let erased = statements::erase_rows(&mut all, account).await?;
            all.commit().await?;
            Ok(erased)
        })
        .await
    }

    async fn forget_secret(&self, client_id: &str) -> Result<bool, StoreFault> {
        self.within("forgetting a secret", async {
            let mut connection = self.writer().await?;
            let mut all = connection.begin().await?;
            let was_there = statements::forget_secret(&mut all, client_id).await?;
            all.commit().await?;
            Ok(was_there)
        })
        .await
    }

    /// The rows are out of sight at once and leave the files with the next vacuum, which is the database's own affair: on a large
    /// table it takes longer than anybody waits here.
    async fn scrub(&self) -> Result<bool, StoreFault> {
        Ok(false)
    }

    async fn close(&self) {
        if let Some(sessions) = &self.sessions {
            sessions.close();
        }
        self.pool.close().await;
    }

    all_methods_by_statements!();
}
