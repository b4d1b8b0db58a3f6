//! Connecting: the server is checked, the tables are made.

use core::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, query, query_as, raw_sql};

use crate::database_url::DatabaseUrl;
use crate::error::{DatabaseFault, StoreFault};
use crate::schema::{SCHEMA_VERSION, StoredVersion};
use crate::settings::StoreSettings;

use super::lock_sessions::LockSessions;
use super::{Postgres, checks, within};

/// The steps that lead to the tables as they are, oldest first. A step that was published never changes.
const STEPS: [&str; 2] = [include_str!("schema.sql"), include_str!("schema_2.sql")];

/// A connection that waited this long is asked whether it is still there before a statement goes out on it. One that was in use
/// a moment ago is not: the question would cost as much as the statement.
const ASK_AFTER: Duration = Duration::from_millis(500);

/// One process at a time makes tables. The number is ours.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7813574623098423551)";

/// For the session of a store that is only looked at.
const READS_ONLY: &str = "SET default_transaction_read_only = on";

impl Postgres {
    pub(super) async fn connect(
        url: &DatabaseUrl,
        settings: &StoreSettings,
    ) -> Result<Self, StoreFault> {
        let options = url.options();
        let wait_at_most = settings.wait_at_most;
        let doing = "connecting to the database";
        let mut one = within(wait_at_most, doing, options.connect()).await?;
        let mut other = within(wait_at_most, doing, options.connect()).await?;
        checks::check_server(&mut one).await?;
        checks::check_session(&mut one).await?;
        checks::check_two_sessions(&mut one, &mut other).await?;
        let is_read_only = settings.is_read_only;
        match is_read_only {
            true => look_at_tables(&mut one).await?,
            false => prepare_tables(&mut one).await?,
        }
        for connection in [one, other] {
            // They have done their work; how they end does not matter.
            let _ = connection.close().await;
        }
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections.max(1))
            .acquire_timeout(wait_at_most)
            .test_before_acquire(false)
            .before_acquire(|connection, kept| {
                Box::pin(async move {
                    if kept.idle_for >= ASK_AFTER {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(move |connection, _| {
                Box::pin(async move {
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

/// Takes the steps that are missing, all or none, one process at a time.
async fn prepare_tables(connection: &mut PgConnection) -> Result<(), StoreFault> {
    let mut all = connection.begin().await.map_err(failed)?;
    query(ONE_AT_A_TIME)
        .execute(&mut *all)
        .await
        .map_err(failed)?;
    // `IF NOT EXISTS` would tell the log each time that it does.
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
    let (is_there,): (bool,) = query_as("SELECT to_regclass('kommo_meta') IS NOT NULL")
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
