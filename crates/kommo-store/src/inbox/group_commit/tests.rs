//! Merges that the database does not take at once, and work with files that panics.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use alloc::borrow::Cow;
use alloc::sync::Arc;
use core::sync::atomic::AtomicBool;
use core::time::Duration;
use std::path::Path;

use kommo_hooks::inbox::Put;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection, raw_sql};
use tokio::sync::{Notify, mpsc, oneshot};

use super::{
    BYTES_AT_A_TIME, Disk, InboxSettings, MERGED_AT_A_TIME, Merged, Oldest, Putting, SpoolPlace,
    Waiting, Writer, parts, put_beside,
};
use crate::records::rows::{HookRow, OfInbox};
use crate::spool::{Seen, Spool};
use crate::{Store, StoreSettings};

fn of() -> OfInbox {
    OfInbox {
        realm: "real".to_owned(),
        inbox: "chats".to_owned(),
    }
}

fn hook(number: u32, bytes: usize) -> HookRow {
    HookRow {
        key: format!("{number:032x}"),
        kind: Cow::Borrowed("chat"),
        event: Cow::Borrowed("message"),
        account: None,
        conversation: None,
        is_unsigned: false,
        record: vec![0; bytes],
    }
}

fn disk(directory: &Path) -> Disk {
    Disk {
        place: SpoolPlace {
            directory: directory.join("spool"),
            of: of(),
            bytes_at_most: 1 << 30,
        },
        spool: None,
    }
}

async fn putting(directory: &Path, put_within: Duration) -> Putting {
    let mut settings = StoreSettings::new();
    settings.wait_at_most = Duration::from_secs(60);
    let store = Store::open(directory.join("store.db"), settings).await;
    let mut settings = InboxSettings::new();
    settings.put_within = put_within;
    Putting {
        store: Arc::new(store.unwrap()),
        of: of(),
        settings,
        stored: Arc::new(Notify::new()),
        is_named: Arc::default(),
    }
}

/// Another program with the same database.
async fn other(directory: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(directory.join("store.db"));
    options.connect().await.unwrap()
}

#[tokio::test]
async fn work_that_panics_costs_the_spool_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut disk = disk(directory.path());
    disk.run(|spool| spool.write(&[hook(1, 9)])).await.unwrap();
    disk.run(|_| -> Result<(), _> { panic!("planted") })
        .await
        .unwrap_err();
    disk.run(|spool| spool.write(&[hook(2, 9)])).await.unwrap();
    let oldest = disk.run(|spool| spool.oldest(9, u64::MAX)).await.unwrap();
    let keys: Vec<_> = oldest
        .unwrap()
        .hooks
        .into_iter()
        .map(|hook| hook.key)
        .collect();
    assert_eq!(keys, [hook(1, 9).key, hook(2, 9).key]);
}

#[tokio::test]
async fn what_comes_while_a_merge_waits_is_spooled() {
    let directory = tempfile::tempdir().unwrap();
    let putting = putting(directory.path(), Duration::from_secs(5)).await;
    let mut disk = disk(directory.path());
    let mut other = other(directory.path()).await;
    raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let (sender, mut waiting) = mpsc::channel(10);
    let merging = tokio::spawn(async move {
        let oldest = Oldest {
            hooks: vec![hook(1, 9)],
            groups: Vec::new(),
            parts: Vec::new(),
            seen: Seen::default(),
            is_all: false,
        };
        put_beside(putting, &mut disk, oldest, 9, &mut waiting).await
    });
    for number in 2..5 {
        let (answer, written) = oneshot::channel();
        let row = hook(number, 9);
        sender.send(Waiting { row, answer }).await.unwrap();
        assert_eq!(written.await.unwrap().unwrap(), Put::Spooled);
    }
    // Nobody comes any more: it ends nevertheless.
    drop(sender);
    assert!(!merging.is_finished());
    raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert!(merging.await.unwrap().unwrap());
}

#[tokio::test]
async fn a_merge_that_the_database_does_not_take_becomes_smaller_and_larger_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer {
        putting: putting(directory.path(), Duration::from_secs(60)).await,
        disk: Some(disk(directory.path())),
        is_spooling: Arc::new(AtomicBool::new(true)),
        unreadable: Arc::default(),
        merged_at_a_time: MERGED_AT_A_TIME,
    };
    let disk = writer.disk.as_mut().unwrap();
    // One group: it is put in parts.
    let hooks: Vec<_> = (0..100).map(|number| hook(number, 9)).collect();
    disk.run(move |spool| spool.write(&hooks)).await.unwrap();
    let (_sender, mut waiting) = mpsc::channel(10);
    let mut other = other(directory.path()).await;
    let away = "ALTER TABLE kommo_hooks RENAME TO kommo_away";
    raw_sql(away).execute(&mut other).await.unwrap();
    for expected in [128, 64, 32, 16, 8, 4, 2, 1, 1] {
        let merged = writer.merge(&mut waiting, false).await;
        assert!(matches!(merged, Merged::Failed));
        assert_eq!(writer.merged_at_a_time, expected);
    }
    let back = "ALTER TABLE kommo_away RENAME TO kommo_hooks";
    raw_sql(back).execute(&mut other).await.unwrap();
    let merged = writer.merge(&mut waiting, false).await;
    assert!(matches!(merged, Merged::Last));
    assert_eq!(writer.merged_at_a_time, 2);
    let merged = writer.merge(&mut waiting, true).await;
    assert!(matches!(merged, Merged::All));
    let depth = writer.putting.store.database.hook_depth(&of()).await;
    assert_eq!(depth.unwrap().waiting, 100);
}

#[tokio::test]
async fn what_was_erased_since_it_was_read_is_not_put() {
    let directory = tempfile::tempdir().unwrap();
    let putting = putting(directory.path(), Duration::from_secs(60)).await;
    let disk = disk(directory.path());
    let mut spool = Spool::at(&disk.place).unwrap();
    let of_account = |number, account: &str| HookRow {
        account: Some(account.to_owned()),
        ..hook(number, 9)
    };
    let hooks = [of_account(1, "crm:1"), of_account(2, "crm:2")];
    spool.write(&hooks).unwrap();
    let oldest = spool.oldest(9, u64::MAX).unwrap().unwrap();
    assert_eq!(Spool::at(&disk.place).unwrap().erase("crm:1").unwrap(), 1);
    let put = putting.clone().put_in_parts(oldest.hooks, oldest.seen, 9);
    assert!(!put.await.unwrap());
    let depth = putting.store.database.hook_depth(&of()).await.unwrap();
    assert_eq!(depth.waiting, 0);
    let oldest = spool.oldest(9, u64::MAX).unwrap().unwrap();
    assert_eq!(oldest.hooks[0].key, hooks[1].key);
    let put = putting.clone().put_in_parts(oldest.hooks, oldest.seen, 9);
    assert!(put.await.unwrap());
    let depth = putting.store.database.hook_depth(&of()).await.unwrap();
    assert_eq!(depth.waiting, 1);
}

#[test]
fn parts_are_bounded_by_hooks_and_by_bytes() {
    let sizes = |hooks: &[HookRow], at_a_time| -> Vec<usize> {
        parts(hooks, at_a_time).map(<[_]>::len).collect()
    };
    let small: Vec<_> = (0..10).map(|number| hook(number, 9)).collect();
    assert_eq!(sizes(&small, 4), [4, 4, 2]);
    assert_eq!(sizes(&small, 1), [1; 10]);
    assert!(sizes(&[], 4).is_empty());
    let half = usize::try_from(BYTES_AT_A_TIME / 2).unwrap();
    let large = [hook(1, half), hook(2, half), hook(3, 1), hook(4, 3 * half)];
    assert_eq!(sizes(&large, 10), [2, 1, 1]);
}
