//! The connections of one database: a pool, and the sessions that hold locks.

use core::time::Duration;

use sqlx::{Connection as _, PgConnection, PgPool, Transaction, query};

use crate::database::pooled::Pooled;
use crate::error::StoreFault;

use super::limits::within;
use super::lock_sessions::LockSessions;

/// Codes and secrets are counted or erased one at a time. The number is ours. A process that stops
/// in between is ended by the server, so that the others need not wait for it.
const CODES_ONE_AT_A_TIME: &str = "SELECT set_config('idle_in_transaction_session_timeout', $1, true), \
                                   pg_advisory_xact_lock(7813574623098423552)";

/// One `PostgreSQL` database.
#[derive(Debug)]
pub(crate) struct Postgres {
    pub(super) pool: PgPool,
    /// `None` in a read-only store.
    pub(super) sessions: Option<LockSessions>,
    pub(super) wait_at_most: Duration,
}

impl Postgres {
    pub(super) async fn reader(&self) -> sqlx::Result<Pooled<sqlx::Postgres>> {
        self.pool.acquire().await.map(Pooled::new)
    }

    pub(super) async fn writer(&self) -> sqlx::Result<Pooled<sqlx::Postgres>> {
        self.pool.acquire().await.map(Pooled::new)
    }

    /// A transaction that no other of its kind runs beside. Each of its statements sees what was
    /// committed before that statement, whatever the database's default is: the count must see what
    /// the one before added.
    pub(super) async fn begin<'a>(
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

    pub(super) fn within<T, W>(
        &self,
        doing: &'static str,
        work: W,
    ) -> impl Future<Output = Result<T, StoreFault>> + Send + use<T, W>
    where
        W: Future<Output = sqlx::Result<T>> + Send,
    {
        within(self.wait_at_most, doing, work)
    }
}
