//! What a server must have before it gets tokens. All checks use the simple protocol: behind a
//! pooler a prepared statement would fail before the check could name the problem.

use core::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection, Row as _, raw_sql};

use crate::error::{DatabaseFault, StoreFault};

const POOLER: StoreFault = StoreFault::misconfigured(
    "a pooler in front of the database gives each transaction another session; locks need one session",
);

fn failed(error: sqlx::Error) -> StoreFault {
    StoreFault::Database {
        doing: "checking the server",
        source: DatabaseFault::from(error),
    }
}

/// One row of texts.
async fn texts<const N: usize>(
    connection: &mut PgConnection,
    statement: &'static str,
) -> Result<[String; N], StoreFault> {
    let row = raw_sql(statement)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    let mut texts = [const { String::new() }; N];
    for (index, text) in texts.iter_mut().enumerate() {
        *text = row.try_get(index).map_err(failed)?;
    }
    Ok(texts)
}

/// Durable commits, and, unless the store is read-only, a server that accepts writes.
pub(super) async fn check_server(
    connection: &mut PgConnection,
    is_to_write: bool,
) -> Result<(), StoreFault> {
    let [version, fsync, pages, commit, standby, reads_only] = texts(
        connection,
        "SELECT current_setting('server_version_num'), current_setting('fsync'), \
         current_setting('full_page_writes'), current_setting('synchronous_commit'), \
         pg_is_in_recovery()::text, current_setting('transaction_read_only')",
    )
    .await?;
    judge_server(&version, &fsync, &pages, &commit)?;
    // Both are temporary: a failover causes and ends them.
    if is_to_write && (standby != "false" || reads_only != "off") {
        return Err(StoreFault::Database {
            doing: "checking the server",
            source: DatabaseFault::read_only(),
        });
    }
    Ok(())
}

/// By the settings, as the server writes them.
fn judge_server(version: &str, fsync: &str, pages: &str, commit: &str) -> Result<(), StoreFault> {
    let is_new_enough = version
        .parse::<u32>()
        .is_ok_and(|version| version >= 140_000);
    for (is_bad, what) in [
        (!is_new_enough, "the server is older than PostgreSQL 14"),
        (
            fsync != "on",
            "fsync is off: a crash of the server would lose tokens",
        ),
        (
            pages != "on",
            "full_page_writes is off: a crash of the server could tear pages and lose tokens",
        ),
        (
            commit == "off",
            "synchronous_commit is off: a crash of the server would lose tokens",
        ),
    ] {
        if is_bad {
            return Err(StoreFault::misconfigured(what));
        }
    }
    Ok(())
}

/// Whether a connection is a session of its own: what one transaction sets is visible in the next,
/// the server process is the same, and a lock of the session is among its locks.
pub(super) async fn check_session(connection: &mut PgConnection) -> Result<(), StoreFault> {
    let mut probe = [0; 8];
    getrandom::fill(&mut probe)
        .map_err(|_| StoreFault::misconfigured("operating system returned no random bytes"))?;
    let probe = i64::from_be_bytes(probe) >> 1;
    let set = format!(
        "SELECT pg_backend_pid()::text, set_config('kommo_store.probe', '{probe}', false), \
         pg_try_advisory_lock({probe})::text"
    );
    let row = raw_sql(AssertSqlSafe(set))
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let process: String = row.try_get(0).map_err(failed)?;
    let is_locked: String = row.try_get(2).map_err(failed)?;
    let [same_process, kept] = texts(
        connection,
        "SELECT pg_backend_pid()::text, COALESCE(current_setting('kommo_store.probe', true), '')",
    )
    .await?;
    let free = format!("SELECT pg_advisory_unlock({probe})::text");
    let row = raw_sql(AssertSqlSafe(free))
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let is_freed: String = row.try_get(0).map_err(failed)?;
    let is_session = process == same_process
        && kept == probe.to_string()
        && is_locked == "true"
        && is_freed == "true";
    if is_session { Ok(()) } else { Err(POOLER) }
}

/// Two connections at a time must be two sessions: an idle pooler gives both the same one.
pub(super) async fn check_two_sessions(
    one: &mut PgConnection,
    other: &mut PgConnection,
) -> Result<(), StoreFault> {
    let process = "SELECT pg_backend_pid()::text";
    let [first] = texts(one, process).await?;
    let [second] = texts(other, process).await?;
    let [again] = texts(one, process).await?;
    let are_two = first != second && first == again;
    if are_two { Ok(()) } else { Err(POOLER) }
}

/// A server whose client is gone without a word, or cut off from it, frees its locks after half a
/// minute. Over a Unix socket these settings have no effect.
const KEEPALIVES: &str = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4; \
                          SET tcp_user_timeout = 30000";

/// For the session, whatever the settings become: a commit is on the disk when it is confirmed.
/// What is as safe or safer stays.
pub(super) const DURABLE: &str = "SELECT set_config('synchronous_commit', \
    CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

/// Makes a session ready to hold locks: checked, and ended by the server if its client falls
/// silent.
pub(super) async fn prepare_session(
    connection: &mut PgConnection,
    request_limit: Duration,
    wait_at_most: Duration,
) -> Result<(), StoreFault> {
    check_session(connection).await?;
    raw_sql(DURABLE)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    check_server(connection, true).await?;
    let silent = request_limit.saturating_mul(3).as_millis().max(1_000);
    let waiting = wait_at_most.as_millis().max(1_000);
    // Settings take no bound parameters; both are numbers.
    let set = format!(
        "SET idle_session_timeout = {silent}; SET idle_in_transaction_session_timeout = {silent}; \
         SET statement_timeout = {waiting}; {KEEPALIVES}"
    );
    raw_sql(AssertSqlSafe(set))
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::judge_server;

    #[track_caller]
    fn refused(settings: [&str; 4], because: &str) {
        let [version, fsync, pages, commit] = settings;
        let error = judge_server(version, fsync, pages, commit).unwrap_err();
        assert!(error.to_string().contains(because), "{error}");
    }

    #[test]
    fn a_server_that_could_lose_a_token_is_refused() {
        for commit in ["on", "local", "remote_write", "remote_apply"] {
            judge_server("140000", "on", "on", commit).unwrap();
        }
        judge_server("180001", "on", "on", "on").unwrap();
        refused(["130022", "on", "on", "on"], "older than PostgreSQL 14");
        refused(["17beta1", "on", "on", "on"], "older than PostgreSQL 14");
        refused(["150000", "off", "on", "on"], "fsync");
        refused(["150000", "on", "off", "on"], "full_page_writes");
        refused(["150000", "on", "on", "off"], "synchronous_commit");
    }
}
