//! How `PostgreSQL` looks hooks up: by an index, however many wait.

use kommo_test_support::{POSTGRES_URL, PostgresCluster, postgres_is_left_out};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, query, query_scalar, raw_sql};

use super::statements;
use crate::{Store, StoreSettings};

/// So many wait that reading all of them is the dearer way by far.
const FILLED: &str = "INSERT INTO kommo_hooks (key, inbox, kind, event, account, conversation, is_unsigned, state, due_at, \
                      stored_at, ended_at, record) \
                      SELECT CAST(md5(CAST(number AS TEXT)) AS UUID), 1, 'chat', 'message', 'crm:' || number % 100, CAST(md5('of ' || number / 3) AS UUID), number % 2 = 0, \
                      CASE number % 10 WHEN 0 THEN CASE number % 100 WHEN 0 THEN 'failed' ELSE 'done' END ELSE 'waiting' END, CASE number % 3 WHEN 1 THEN number END, 1, \
                      CASE number % 10 WHEN 0 THEN number END, 'x' FROM generate_series(1, 30000) AS given (number); \
                      ANALYZE kommo_hooks";

#[tokio::test]
async fn no_statement_on_the_way_of_a_hook_reads_the_whole_table() {
    if postgres_is_left_out() {
        return;
    }
    let own;
    let url = match std::env::var(POSTGRES_URL) {
        Ok(url) => url,
        Err(_) => {
            own = PostgresCluster::start_with("").unwrap();
            own.url_of("postgres")
        }
    };
    let name = format!("kommo_plans_{}", std::process::id());
    let options: PgConnectOptions = url.parse().unwrap();
    let mut server = options.connect().await.unwrap();
    query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut server)
        .await
        .unwrap();
    let url = kommo_test_support::with_database(&url, &name);
    let store = Store::open(&url, StoreSettings::new()).await.unwrap();
    store.close().await;
    let options: PgConnectOptions = url.parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    raw_sql(FILLED).execute(&mut connection).await.unwrap();
    for (statement, types, index) in [
        (
            statements::UNSIGNED_WAITING,
            "bigint, text, bigint",
            "kommo_hooks_unsigned",
        ),
        (statements::PROMOTE_HOOK, "text", "kommo_hooks_behind"),
        (statements::PROMOTE_HOOK, "text", "kommo_hooks_head"),
        (
            statements::SETTLE_HOOKS,
            "bigint[], bytea[], bigint[], text[], bigint[], text[], bool[], bool[]",
            "kommo_hooks_pkey",
        ),
        (statements::PROMOTE_HOOKS, "text[]", "kommo_hooks_behind"),
        (statements::PROMOTE_HOOKS, "text[]", "kommo_hooks_head"),
        (
            statements::CLAIM_HOOKS,
            "bigint, bigint, bytea, bigint",
            "kommo_hooks_due",
        ),
        (
            statements::FORGET_DONE_HOOKS,
            "bigint, bigint, bigint",
            "kommo_hooks_done",
        ),
        (
            statements::FORGET_FAILED_HOOKS,
            "bigint, bigint, bigint",
            "kommo_hooks_failed",
        ),
        (statements::KNOWN_HOOKS, "text[]", "kommo_hooks_key_key"),
        (
            statements::LAST_OF_HOOKS,
            "bigint, bigint",
            "kommo_hooks_pkey",
        ),
        (
            statements::HOOKS_OF_ACCOUNT,
            "bigint, bigint, bigint, text, bigint",
            "kommo_hooks_pkey",
        ),
        (
            statements::FORGET_KNOWN_HOOKS,
            "bigint, text, bigint, bigint",
            "kommo_hooks_known",
        ),
        (
            statements::MEND_DUE_HOOKS,
            "bigint, bigint",
            "kommo_hooks_due",
        ),
        (
            statements::PUT_HOOKS,
            "bigint, text[], text[], text[], text[], text[], bool[], bool[], bytea[]",
            "kommo_hooks_head",
        ),
        (
            statements::PUT_HOOKS,
            "bigint, text[], text[], text[], text[], text[], bool[], bool[], bytea[]",
            "kommo_hooks_key_key",
        ),
    ] {
        // The plan for any parameters, as it is made for a statement that is used again and again.
        let nulls = vec!["NULL"; types.split(", ").count()].join(", ");
        let prepare = format!(
            "SET plan_cache_mode = force_generic_plan; PREPARE looked ({types}) AS {statement}"
        );
        raw_sql(AssertSqlSafe(prepare))
            .execute(&mut connection)
            .await
            .unwrap();
        let explain = format!("EXPLAIN EXECUTE looked ({nulls})");
        let lines: Vec<String> = query_scalar(AssertSqlSafe(explain))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        raw_sql("DEALLOCATE looked")
            .execute(&mut connection)
            .await
            .unwrap();
        let plan = lines.join("\n");
        assert!(plan.contains(index), "{statement}\n{plan}");
        assert!(
            !plan.contains("Seq Scan on kommo_hooks"),
            "{statement}\n{plan}"
        );
    }
}
