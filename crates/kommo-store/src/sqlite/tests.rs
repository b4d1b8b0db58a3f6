//! A file that cannot grow.

use core::fmt::Debug;

use kommo_keeper::{StoreError as _, StoreTrouble};
use sqlx::{AssertSqlSafe, raw_sql};
use tempfile::TempDir;

use super::*;
use crate::columns::SecretPut;

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

fn grant(revision: i64) -> (GrantColumns, LineColumns) {
    let grant = GrantColumns {
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
        record: vec![0],
        pair_hash: None,
        import_hash: None,
        history_lines: 200,
    };
    let line = LineColumns {
        at: 1,
        happened: "consented".to_owned(),
        detail: String::new(),
        generation: 1,
        revision,
    };
    (grant, line)
}

fn code() -> CodeColumns {
    CodeColumns {
        hash: "code".to_owned(),
        realm: "real".to_owned(),
        client_id: "client".to_owned(),
        host: "myshop.kommo.com".to_owned(),
        origin: "redirect".to_owned(),
        received_at: 1,
        record: vec![0],
    }
}

/// From now on each change of a row needs a page more, and there is none.
async fn fill(database: &Sqlite) {
    let mut writer = database.writer().await.unwrap();
    let mut sql = "CREATE TABLE filler (bytes BLOB);".to_owned();
    for table in ["kommo_grants", "kommo_codes", "kommo_secrets"] {
        for change in ["INSERT", "UPDATE", "DELETE"] {
            sql += &format!(
                "CREATE TRIGGER {table}_{change} AFTER {change} ON {table} BEGIN \
                 INSERT INTO filler VALUES (zeroblob(100000)); END;"
            );
        }
    }
    raw_sql(AssertSqlSafe(sql))
        .execute(&mut *writer)
        .await
        .unwrap();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(&mut *writer)
        .await
        .unwrap();
    let limit = format!("PRAGMA max_page_count = {pages}");
    raw_sql(AssertSqlSafe(limit))
        .execute(&mut *writer)
        .await
        .unwrap();
    writer.sound();
}

/// There is room again: for the connection that failed, if it is still there.
async fn make_room(database: &Sqlite) {
    if let Some(writer) = database.writer.lock().await.as_mut() {
        raw_sql("PRAGMA max_page_count = 1000000")
            .execute(writer)
            .await
            .unwrap();
    }
}

/// A transaction that meets a full file is passing, and the next one succeeds as soon as there is room.
async fn check<T: Debug>(
    database: &Sqlite,
    doing: impl AsyncFn(&Sqlite) -> Result<T, StoreFault>,
) -> T {
    fill(database).await;
    let error = doing(database).await.unwrap_err();
    assert_eq!(error.trouble(), StoreTrouble::Unavailable, "{error:?}");
    let text = format!("{error:?}");
    assert!(text.contains("full"), "{text}");
    make_room(database).await;
    doing(database).await.unwrap()
}

#[tokio::test]
async fn a_grant_is_written_after_the_disk_was_full() {
    let (_directory, database) = open().await;
    let written = check(&database, async |database| {
        let (grant, line) = grant(1);
        database.write(None, &grant, &line).await
    })
    .await;
    assert!(written);
}

#[tokio::test]
async fn claims_are_settled_after_the_disk_was_full() {
    let (_directory, database) = open().await;
    let (first, line) = grant(1);
    database.write(None, &first, &line).await.unwrap();
    let token = [7; 16];
    let claimed = database.claim_due(["real", "client"], 2, 5, 60_000, &token);
    assert_eq!(claimed.await.unwrap(), ["a"]);
    let settled = [("a".to_owned(), token.to_vec(), Some(90))];
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
    database.write(None, &first, &line).await.unwrap();
    let erased = check(&database, async |database| {
        database.erase_rows(["real", "client", "1"]).await
    })
    .await;
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
    let claim = CodeClaim {
        of: ["real", "client"],
        life: 1_000_000,
        limit: 5,
        lease_milliseconds: 60_000,
        token: &[7; 16],
        with_hooks: true,
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
    assert!(database.write(None, &grant, &line).await.unwrap());
}
