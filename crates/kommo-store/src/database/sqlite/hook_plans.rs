//! How `SQLite` looks hooks up: by an index, however many wait.

use sqlx::{AssertSqlSafe, Row as _, query};

use super::connections::Sqlite;
use super::statements;
use crate::settings::StoreSettings;

#[tokio::test]
async fn no_statement_on_the_way_of_a_hook_reads_the_whole_table() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = Sqlite::open(&path, &StoreSettings::new()).await.unwrap();
    let mut reader = store.reader().await.unwrap();
    for (statement, index) in [
        (statements::UNSIGNED_WAITING, "kommo_hooks_unsigned"),
        (statements::PUT_HOOK, "kommo_hooks_head"),
        (statements::PROMOTE_HOOK, "kommo_hooks_behind"),
        (statements::PROMOTE_HOOK, "kommo_hooks_head"),
        (statements::CLAIM_HOOKS, "kommo_hooks_due"),
        (statements::FORGET_DONE_HOOKS, "kommo_hooks_done"),
        (statements::FORGET_FAILED_HOOKS, "kommo_hooks_failed"),
        (statements::IS_KNOWN, "sqlite_autoindex_kommo_hooks_1"),
        (statements::LAST_OF_HOOKS, "INTEGER PRIMARY KEY"),
        (statements::HOOKS_OF_ACCOUNT, "INTEGER PRIMARY KEY"),
        (statements::FORGET_KNOWN_HOOKS, "kommo_hooks_known"),
        (statements::MEND_DUE_HOOKS, "kommo_hooks_due"),
    ] {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let rows = query(AssertSqlSafe(explain)).fetch_all(&mut *reader).await;
        let lines: Vec<String> = rows.unwrap().iter().map(|row| row.get(3)).collect();
        let plan = lines.join("\n");
        assert!(plan.contains(index), "{statement}\n{plan}");
        // What is scanned is what a part of the statement made, and no table.
        let scans = lines.iter().filter(|line| line.contains("SCAN"));
        for line in scans {
            assert!(!line.contains("kommo_hooks"), "{statement}\n{plan}");
        }
        assert!(!plan.contains("TEMP B-TREE"), "{statement}\n{plan}");
    }
}
