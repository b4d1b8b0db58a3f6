//! Connecting: the server is checked, the tables are made.

use core::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, query, query_as, raw_sql,
};
use tokio::time::timeout;

use crate::database::schema::{SCHEMA_VERSION, StoredVersion};
use crate::database::url::DatabaseUrl;
use crate::error::{DatabaseFault, StoreFault};
use crate::settings::StoreSettings;

use super::checks;
use super::connections::Postgres;
use super::limits::all_within;
use super::lock_sessions::LockSessions;

/// The steps that lead to the tables as they are, oldest first. A step that was published never
/// changes.
const STEPS: [&str; 5] = [
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
];

/// A connection that was idle for this long is pinged before its next statement. One that was in
/// use a moment ago is not: the ping would cost as much as the statement.
const ASK_AFTER: Duration = Duration::from_millis(500);

/// How long closing a connection may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// One process at a time makes tables. The number is ours.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7813574623098423551)";

/// For the session of a read-only store.
const READS_ONLY: &str = "SET default_transaction_read_only = on";

impl Postgres {
    pub(in crate::database) async fn connect(
        url: &DatabaseUrl,
        settings: &StoreSettings,
    ) -> Result<Self, StoreFault> {
        let options = url.options();
        let wait_at_most = settings.wait_at_most;
        let is_read_only = settings.is_read_only;
        let doing = "connecting to the database";
        let connected = async {
            let failed = |error| StoreFault::Database {
                doing,
                source: DatabaseFault::from(error),
            };
            let mut one = options.connect().await.map_err(failed)?;
            let mut other = options.connect().await.map_err(failed)?;
            checks::check_server(&mut one, !is_read_only).await?;
            checks::check_session(&mut one).await?;
            checks::check_two_sessions(&mut one, &mut other).await?;
            match is_read_only {
                true => look_at_tables(&mut one).await?,
                false => prepare_tables(&mut one, wait_at_most).await?,
            }
            Ok([one, other])
        };
        let connections = all_within(wait_at_most, doing, connected).await?;
        // They have done their work; how they end does not matter.
        let closing = async {
            for connection in connections {
                let _ = connection.close().await;
            }
        };
        let _ = timeout(CLOSE_WITHIN, closing).await;
        let limits = session_limits(wait_at_most);
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections.max(1))
            .acquire_timeout(wait_at_most)
            .test_before_acquire(false)
            .before_acquire(move |connection, kept| {
                Box::pin(async move {
                    if kept.idle_for >= ASK_AFTER {
                        // One that does not answer leaves time to open another.
                        let asked = timeout(wait_at_most / 4, connection.ping()).await;
                        asked.map_err(|_| sqlx::Error::PoolTimedOut)??;
                    }
                    Ok(true)
                })
            })
            .after_connect(move |connection, _| {
                let limits = limits.clone();
                Box::pin(async move {
                    raw_sql(AssertSqlSafe(limits))
                        .execute(&mut *connection)
                        .await?;
                    raw_sql(checks::DURABLE).execute(&mut *connection).await?;
                    if is_read_only {
                        raw_sql(READS_ONLY).execute(connection).await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(options.clone());
        let sessions = (!is_read_only).then(|| {
            LockSessions::new(
                options,
                settings.lock_connections,
                settings.request_limit,
                wait_at_most,
            )
        });
        Ok(Self {
            pool,
            sessions,
            wait_at_most,
        })
    }
}

fn failed(error: sqlx::Error) -> StoreFault {
    StoreFault::Database {
        doing: "preparing the tables",
        source: DatabaseFault::from(error),
    }
}

/// What a session may take before the server ends it, so that it does not hold rows or locks for a
/// client that has stopped or is gone.
fn session_limits(wait_at_most: Duration) -> String {
    let limit = wait_at_most.as_millis().max(1_000);
    // Settings take no bound parameters; this is a number.
    format!(
        "SET statement_timeout = {limit}; SET lock_timeout = {limit}; SET idle_in_transaction_session_timeout = {limit}"
    )
}

/// Takes the steps that are missing, all or none, one process at a time. If none is missing, no
/// lock is taken: a process that stopped with the lock does not block the start of others.
async fn prepare_tables(
    connection: &mut PgConnection,
    wait_at_most: Duration,
) -> Result<(), StoreFault> {
    if has_versions(connection).await? {
        let stored = versions(connection).await?;
        if stored.steps_taken()? >= STEPS.len() {
            return Ok(());
        }
    }
    raw_sql(AssertSqlSafe(session_limits(wait_at_most)))
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let mut all = connection.begin().await.map_err(failed)?;
    query(ONE_AT_A_TIME)
        .execute(&mut *all)
        .await
        .map_err(failed)?;
    // `IF NOT EXISTS` would write a notice to the log each time.
    if !has_versions(&mut all).await? {
        query("CREATE TABLE kommo_meta (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL)")
            .execute(&mut *all)
            .await
            .map_err(failed)?;
    }
    let taken = versions(&mut all).await?.steps_taken()?;
    if taken >= STEPS.len() {
        return all.rollback().await.map_err(failed);
    }
    for step in STEPS.iter().skip(taken) {
        raw_sql(*step).execute(&mut *all).await.map_err(failed)?;
    }
    query(
        "INSERT INTO kommo_meta (name, value) VALUES ('version', $1), ('oldest_program', 1) \
         ON CONFLICT (name) DO UPDATE SET value = GREATEST(kommo_meta.value, excluded.value)",
    )
    .bind(SCHEMA_VERSION)
    .execute(&mut *all)
    .await
    .map_err(failed)?;
    all.commit().await.map_err(failed)
}

/// What the tables are like, as they are.
async fn look_at_tables(connection: &mut PgConnection) -> Result<(), StoreFault> {
    let stored = match has_versions(connection).await? {
        true => versions(connection).await?,
        false => StoredVersion {
            version: 0,
            oldest_program: 0,
        },
    };
    stored.check_as_it_is()
}

async fn has_versions(connection: &mut PgConnection) -> Result<bool, StoreFault> {
    // Not `to_regclass`: it may answer out of a cache that is older than the lock that was waited
    // for.
    let (is_there,): (bool,) = query_as(
        "SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'kommo_meta' AND pg_table_is_visible(oid))",
    )
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    Ok(is_there)
}

async fn versions(connection: &mut PgConnection) -> Result<StoredVersion, StoreFault> {
    let (version, oldest_program) = query_as(
        "SELECT COALESCE(MAX(CASE WHEN name = 'version' THEN value END), 0), \
         COALESCE(MAX(CASE WHEN name = 'oldest_program' THEN value END), 0) FROM kommo_meta",
    )
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    Ok(StoredVersion {
        version,
        oldest_program,
    })
}
