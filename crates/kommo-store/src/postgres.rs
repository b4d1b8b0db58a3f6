//! `PostgreSQL`: many processes on many machines.
//!
//! ```text
//!   pool            reads, claims, codes, writes without a lock
//!   lock sessions   outside the pool, one per grant that is being refreshed: pg_try_advisory_lock, the attempt, the save,
//!                   pg_advisory_unlock, all on one connection. When it ends, for whatever reason, the lock is free and nothing
//!                   can be written over it any more.
//! ```
//!
//! A holder that stops without its connection ending (SIGSTOP, a lost network) is ended by the
//! server: `idle_session_timeout` is three request limits on lock sessions, and so is the same for
//! transactions.

mod checks;
mod lock_sessions;
mod opening;
mod statements;

use core::time::Duration;

use kommo_keeper::CodePut;
use sqlx::{Connection as _, PgConnection, PgPool, Transaction, query, query_as};
use tokio::time::timeout;

use crate::backend::Backend;
use crate::columns::{
    AnswerKept, BucketColumns, ClaimedColumns, CodeClaim, CodeColumns, CodeRoom, Erased,
    GrantColumns, LineColumns, ListedColumns, SealedColumns, SealedTable, SecretPut, SecretRoom,
    StoredColumns, WaitingColumns,
};
use crate::database_url::DatabaseUrl;
use crate::error::{DatabaseFault, StoreFault};
use crate::pooled::Pooled;
use crate::settings::StoreSettings;
use crate::statements::all_methods_by_statements;
use crate::store::Store;

use self::lock_sessions::LockSessions;
pub use self::lock_sessions::PostgresLock;

/// Codes and secrets are counted or erased one at a time. The number is ours. A process that stops
/// in between is ended by the server, so that the others need not wait for it to come back.
const CODES_ONE_AT_A_TIME: &str = "SELECT set_config('idle_in_transaction_session_timeout', $1, true), \
                                   pg_advisory_xact_lock(7813574623098423552)";

/// A consent that is being written is there before the erasure looks, or is written after it and
/// meets what it left.
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
    /// [`is_read_only`](StoreSettings::is_read_only) they must be there, and every transaction is
    /// one that only reads.
    ///
    /// # Errors
    ///
    /// - [`StoreFault::Misconfigured`]: `fsync`, `full_page_writes` or `synchronous_commit` is off,
    ///   the server is older than 14, or a pooler hands each transaction another connection, so
    ///   that a lock would mean nothing;
    /// - a server that is not there, does not answer within
    ///   [`wait_at_most`](StoreSettings::wait_at_most), or takes no writes (a stand-by,
    ///   `default_transaction_read_only`): [`StoreFault::Database`], with trouble `Unavailable`;
    /// - a store of a newer program that excludes this one: [`StoreFault::NewerSchema`];
    /// - a store to be looked at only, without the tables: [`StoreFault::OlderSchema`].
    pub async fn connect(url: &DatabaseUrl, settings: StoreSettings) -> Result<Self, StoreFault> {
        let database = Postgres::connect(url, &settings).await?;
        Ok(Self::with_backend(database, settings))
    }
}

impl Postgres {
    async fn reader(&self) -> sqlx::Result<Pooled<sqlx::Postgres>> {
        self.pool.acquire().await.map(Pooled::new)
    }

    async fn writer(&self) -> sqlx::Result<Pooled<sqlx::Postgres>> {
        self.pool.acquire().await.map(Pooled::new)
    }

    /// A transaction that no other of its kind runs beside. Each of its statements sees what was
    /// committed before that statement, whatever the database's default is: the count must see what
    /// the one before added.
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
    let judged = async {
        work.await.map_err(|error| StoreFault::Database {
            doing,
            source: DatabaseFault::from(error),
        })
    };
    all_within(wait_at_most, doing, judged).await
}

/// One limit over several steps.
async fn all_within<T>(
    wait_at_most: Duration,
    doing: &'static str,
    work: impl Future<Output = Result<T, StoreFault>> + Send,
) -> Result<T, StoreFault> {
    timeout(wait_at_most, work).await.unwrap_or_else(|_| {
        Err(StoreFault::Database {
            doing,
            source: DatabaseFault::too_slow(),
        })
    })
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

    async fn still_held(&self, lock: &mut PostgresLock) -> Result<bool, StoreFault> {
        lock.is_held(self.wait_at_most).await
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
                    let is_written = statements::write_grant(&mut connection, grant, line).await?;
                    connection.sound();
                    Ok(is_written)
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
            statements::settle_all(&mut connection, settled).await?;
            connection.sound();
            Ok(())
        })
        .await
    }

    async fn put_code(&self, code: &CodeColumns, room: &CodeRoom) -> Result<CodePut, StoreFault> {
        self.within("keeping a code", async {
            let mut connection = self.writer().await?;
            let mut all = self.one_at_a_time(&mut connection).await?;
            let put = statements::put_code(&mut all, code, room).await?;
            all.commit().await?;
            connection.sound();
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
            connection.sound();
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
            let mut connection = self.writer().await?;
            let mut all = self.one_at_a_time(&mut connection).await?;
            let put = statements::put_secret(&mut all, state_hash, client_id, record, room).await?;
            all.commit().await?;
            connection.sound();
            Ok(put)
        })
        .await
    }

    async fn forget_secret(&self, client_id: &str) -> Result<bool, StoreFault> {
        self.within("forgetting a secret", async {
            let mut connection = self.writer().await?;
            let mut all = connection.begin().await?;
            let was_there = statements::forget_secret(&mut all, client_id).await?;
            all.commit().await?;
            connection.sound();
            Ok(was_there)
        })
        .await
    }

    /// The rows are out of sight at once and leave the files with the next vacuum, which is the
    /// database's own affair: on a large table it takes longer than anybody waits here.
    async fn scrub(&self) -> Result<bool, StoreFault> {
        Ok(false)
    }

    /// Whether this user can write, on a server that takes writes. Pages are the server's own
    /// affair.
    async fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        let (standby, reads_only, forbidden): (bool, bool, i64) = self
            .within("checking the server", async {
                let mut connection = self.reader().await?;
                let row = query_as(
                    "SELECT pg_is_in_recovery(), \
                     (SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only'), \
                     (SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'kommo\\_%' AND relkind = 'r' \
                     AND pg_table_is_visible(oid) AND NOT (has_table_privilege(oid, 'SELECT') AND \
                     has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')))",
                )
                .fetch_one(&mut *connection)
                .await?;
                connection.sound();
                Ok(row)
            })
            .await?;
        let mut problems = Vec::new();
        for (is_bad, what) in [
            (standby, "the server is a stand-by, which takes no writes"),
            (
                reads_only,
                "default_transaction_read_only is on: nothing can be written",
            ),
            (
                forbidden > 0,
                "the user of the database may not write to all tables",
            ),
        ] {
            if is_bad {
                problems.push(StoreFault::misconfigured(what));
            }
        }
        Ok(problems)
    }

    async fn close(&self, limit: Duration) -> bool {
        if let Some(sessions) = &self.sessions {
            sessions.close();
        }
        timeout(limit, self.pool.close()).await.is_ok()
    }

    all_methods_by_statements!();
}
