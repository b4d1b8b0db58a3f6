//! A file that cannot grow.

use core::fmt::Debug;

use kommo_keeper::{CodePut, StoreError as _, StoreErrorKind};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, raw_sql};
use tempfile::TempDir;

use super::connections::Sqlite;
use crate::error::StoreFault;
use crate::records::rows::{
    CodeClaim, CodeRoom, CodeRow, GrantRow, HistoryRow, OfAccount, OfIntegration, SecretPut,
    SecretRoom, SettledRow,
};
use crate::settings::StoreSettings;

const ROOM: SecretRoom = SecretRoom {
    life: 1_000_000,
    state_life: 1_000_000,
    most: 10,
};

const CODES: CodeRoom = CodeRoom {
    life: 1_000_000,
    last_life: 1_000_000,
    most: 10,
    most_of_origin: 10,
    most_of_host: 10,
};

async fn open() -> (TempDir, Sqlite) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let database = Sqlite::open(&path, &StoreSettings::new()).await.unwrap();
    (directory, database)
}

fn grant(revision: i64) -> (GrantRow, HistoryRow) {
    let grant = GrantRow {
        key: "a".to_owned(),
        realm: "real".to_owned(),
        client_id: "client".to_owned(),
        account_id: "1".to_owned(),
        user_id: "2".to_owned(),
        host: "myshop.kommo.com".to_owned(),
        generation: 1,
        revision,
        state: "active",
        is_admin: None,
        expires_at: Some(5),
        due_at: Some(1),
        reckoned_at: Some(1),
        record: vec![0],
        pair_hash: None,
        import_hash: None,
        history_lines: 200,
    };
    let line = HistoryRow {
        at: 1,
        happened: "consented".to_owned(),
        detail: String::new(),
        generation: 1,
        revision,
    };
    (grant, line)
}

fn integration() -> OfIntegration {
    OfIntegration {
        realm: "real".to_owned(),
        client_id: "client".to_owned(),
    }
}

fn code() -> CodeRow {
    CodeRow {
        hash: "code".to_owned(),
        realm: "real".to_owned(),
        client_id: "client".to_owned(),
        host: "myshop.kommo.com".to_owned(),
        origin: "redirect".to_owned(),
        received_at: 1,
        record: vec![0],
    }
}

async fn run(database: &Sqlite, sql: String) {
    let options = SqliteConnectOptions::new().filename(database.options.get_filename());
    let mut connection = options.connect().await.unwrap();
    raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

const TABLES: [&str; 3] = ["kommo_grants", "kommo_codes", "kommo_secrets"];
const CHANGES: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];

/// From now on `SQLite` ends each transaction that changes a row, as it does on a full disk.
async fn fill(database: &Sqlite) {
    let mut sql = String::new();
    for (table, change) in TABLES
        .iter()
        .flat_map(|table| CHANGES.map(|change| (table, change)))
    {
        sql += &format!(
            "CREATE TRIGGER {table}_{change} AFTER {change} ON {table} BEGIN \
             SELECT RAISE(ROLLBACK, 'full, says the test'); END;"
        );
    }
    run(database, sql).await;
}

async fn make_room(database: &Sqlite) {
    let mut sql = String::new();
    for (table, change) in TABLES
        .iter()
        .flat_map(|table| CHANGES.map(|change| (table, change)))
    {
        sql += &format!("DROP TRIGGER {table}_{change};");
    }
    run(database, sql).await;
}

/// A transaction that `SQLite` ended is a temporary failure, and the next one succeeds as soon as
/// there is room.
async fn check<T: Debug>(
    database: &Sqlite,
    doing: impl AsyncFn(&Sqlite) -> Result<T, StoreFault>,
) -> T {
    fill(database).await;
    for _ in 0..2 {
        let error = doing(database).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
        let text = format!("{error:?}");
        assert!(text.contains("full, says the test"), "{text}");
    }
    make_room(database).await;
    doing(database).await.unwrap()
}

/// The real fault: the file may not grow. `SQLite` ends the transaction, and says so with `FULL`.
#[tokio::test]
async fn a_grant_is_written_after_the_file_could_not_grow() {
    let (_directory, database) = open().await;
    let limit = async |pages: i64| {
        let mut home = database.writer.lock().await;
        if let Some(writer) = home.as_mut() {
            let sql = format!("PRAGMA max_page_count = {pages}");
            raw_sql(AssertSqlSafe(sql)).execute(writer).await.unwrap();
        }
    };
    limit(1).await;
    let (mut grant, line) = grant(1);
    grant.record = vec![0; 1_000_000];
    let error = database.write(&grant, &line).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    assert!(format!("{error:?}").contains("full (code 13)"), "{error:?}");
    // The connection that failed, if it were still in use, has room now.
    limit(1_000_000).await;
    assert!(database.write(&grant, &line).await.unwrap());
}

#[tokio::test]
async fn a_grant_is_written_after_the_disk_was_full() {
    let (_directory, database) = open().await;
    let written = check(&database, async |database| {
        let (grant, line) = grant(1);
        database.write(&grant, &line).await
    })
    .await;
    assert!(written);
}

#[tokio::test]
async fn claims_are_settled_after_the_disk_was_full() {
    let (_directory, database) = open().await;
    let (first, line) = grant(1);
    database.write(&first, &line).await.unwrap();
    let of = integration();
    let token = [7; 16];
    let claimed = database.claim_due(&of, 2, 5, 60_000, &token);
    assert_eq!(claimed.await.unwrap(), ["a"]);
    let settled = [SettledRow {
        key: "a".to_owned(),
        token: token.to_vec(),
        again_at: Some(90),
    }];
    check(&database, async |database| {
        database.settle_due(&settled).await
    })
    .await;
    let stored = database.load("a").await.unwrap().unwrap();
    assert_eq!(stored.due_at, Some(90));
}

#[tokio::test]
async fn a_code_is_kept_after_the_disk_was_full() {
    let (_directory, database) = open().await;
    let put = check(&database, async |database| {
        database.put_code(&code(), &CODES).await
    })
    .await;
    assert_eq!(put, CodePut::Stored);
}

#[tokio::test]
async fn an_account_is_erased_after_the_disk_was_full() {
    let (_directory, database) = open().await;
    let (first, line) = grant(1);
    database.write(&first, &line).await.unwrap();
    let of = OfAccount {
        integration: integration(),
        account_id: "1".to_owned(),
    };
    let erased = check(&database, async |database| database.erase_rows(&of).await).await;
    assert_eq!((erased.grants, erased.history_lines), (1, 1));
}

#[tokio::test]
async fn a_secret_is_kept_after_the_disk_was_full() {
    let (_directory, database) = open().await;
    let put = check(&database, async |database| {
        database.put_secret("state", "client", &[0], &ROOM).await
    })
    .await;
    assert_eq!(put, SecretPut::Kept);
}

#[tokio::test]
async fn a_secret_is_forgotten_after_the_disk_was_full() {
    let (_directory, database) = open().await;
    let put = database.put_secret("state", "client", &[0], &ROOM);
    assert_eq!(put.await.unwrap(), SecretPut::Kept);
    let was_there = check(&database, async |database| {
        database.forget_secret("client").await
    })
    .await;
    assert!(was_there);
}

/// The statements that are transactions of their own.
#[tokio::test]
async fn a_code_is_claimed_after_the_disk_was_full() {
    let (_directory, database) = open().await;
    let put = database.put_code(&code(), &CODES).await.unwrap();
    assert_eq!(put, CodePut::Stored);
    let of = integration();
    let claim = CodeClaim {
        of: &of,
        life: 1_000_000,
        limit: 5,
        lease_milliseconds: 60_000,
        token: &[7; 16],
        with_strangers: true,
        hash: None,
    };
    let claims = check(&database, async |database| {
        database.claim_codes(&claim).await
    })
    .await;
    assert_eq!(claims.len(), 1);
}

/// A caller that is gone in the middle of a write leaves no transaction behind.
#[tokio::test]
async fn a_write_that_is_dropped_half_way_keeps_no_other_from_its_own() {
    let (_directory, database) = open().await;
    let mut writer = database.writer().await.unwrap();
    let mut all = writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
    raw_sql("INSERT INTO kommo_meta VALUES ('half', 1)")
        .execute(&mut *all)
        .await
        .unwrap();
    drop(all);
    drop(writer);
    let (grant, line) = grant(1);
    assert!(database.write(&grant, &line).await.unwrap());
}
