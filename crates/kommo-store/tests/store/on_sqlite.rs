//! What only SQLite has: files.

use std::fs;
use std::io::Write as _;

use alloc::sync::Arc;
use core::time::Duration;

#[cfg(target_os = "linux")]
use kommo_hooks::inbox::{HookFacts, Put};
use kommo_keeper::{
    GrantStore as _, LifeboatPort as _, PendingCodes as _, StoreError, StoreErrorKind, Written,
};
use kommo_oauth::grant::{AttemptId, Generation, PairNumber, UnsavedPair};
use kommo_store::{Lifeboat, Store, StoreFault, StoreSettings};
use sqlx::ConnectOptions as _;
use tracing_subscriber::filter::LevelFilter;

use crate::child::{OtherProcess, until_some};
#[cfg(target_os = "linux")]
use crate::conformance::hook_spool::{handled, merged, settings, spooled_with};
#[cfg(target_os = "linux")]
use crate::hook_samples::{body, inbox, numbers_of, proven};
use crate::log_lines::LogLines;
use crate::place::Place as _;
use crate::samples::{LEASE, MARKER, at, consented, encrypted_with, key, pair};
#[cfg(target_os = "linux")]
use crate::small_disk::SmallDisk;
use crate::sqlite_place::SqlitePlace;

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn all_files_are_the_owners_alone() {
    let place = SqlitePlace::make().await.unwrap();
    // An existing file that is open to all is narrowed.
    fs::write(place.path(), b"").unwrap();
    set_mode(&place.path(), 0o666);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let _lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    let directory = place.directory.path();
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
    }
    let locks = directory.join("store.db.locks");
    assert_eq!(mode(&locks), 0o700);
    for lock in fs::read_dir(&locks).unwrap() {
        assert_eq!(mode(&lock.unwrap().path()), 0o600);
    }
}

/// A device such as `/dev/null` would lose its mode for the whole machine.
#[cfg(unix)]
#[tokio::test]
async fn what_is_not_a_file_is_refused_and_keeps_its_mode() {
    let place = SqlitePlace::make().await.unwrap();
    fs::create_dir(place.path()).unwrap();
    set_mode(&place.path(), 0o755);
    let refused = Store::open(place.path(), StoreSettings::new()).await;
    assert!(
        matches!(refused, Err(StoreFault::File { .. })),
        "{refused:?}"
    );
    assert_eq!(mode(&place.path()), 0o755);
}

/// The names of all files, with their modes and their bytes.
#[cfg(unix)]
fn everything_in(directory: &std::path::Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let bytes = fs::read(entry.path()).unwrap_or_default();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, mode(&entry.path()), bytes)
        })
        .collect();
    files.sort();
    files
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_is_looked_at_stays_as_it_is() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    store.close().await;
    drop(store);
    let locks = place.directory.path().join("store.db.locks");
    fs::remove_dir(&locks).unwrap();
    set_mode(&place.path(), 0o644);
    let before = everything_in(place.directory.path());

    let looked_at = StoreSettings::new().read_only();
    let store = place.open_with(looked_at.clone()).await.unwrap();
    assert_eq!(store.load(&key(1)).await.unwrap().unwrap().key, key(1));
    assert_eq!(store.list(None, 9).await.unwrap().len(), 1);
    for refused in [
        store.write(None, &consented(2), at(2)).await.map(drop),
        store.try_lock(&key(1)).await.map(drop),
    ] {
        assert!(refused.is_err());
    }
    store.close().await;
    assert_eq!(everything_in(place.directory.path()), before);

    // Beside a program that has it open, what that one wrote is seen too.
    let writing = place.open().await;
    writing.write(None, &consented(2), at(2)).await.unwrap();
    let store = place.open_with(looked_at).await.unwrap();
    assert_eq!(store.list(None, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_store_that_was_never_made_is_not_made_by_looking() {
    let place = SqlitePlace::make().await.unwrap();
    let looked_at = StoreSettings::new().read_only();
    let error = place.open_with(looked_at.clone()).await.unwrap_err();
    assert!(matches!(error, StoreFault::File { .. }), "{error}");
    assert!(!place.path().exists());
    fs::write(place.path(), b"").unwrap();
    let error = place.open_with(looked_at).await.unwrap_err();
    assert!(
        matches!(error, StoreFault::OlderSchema { found: 0, .. }),
        "{error}"
    );
    assert_eq!(fs::read(place.path()).unwrap(), b"");
    assert_eq!(fs::read_dir(place.directory.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_is_open_to_all_is_refused() {
    let place = SqlitePlace::make().await.unwrap();
    set_mode(place.directory.path(), 0o777);
    for settings in [StoreSettings::new(), StoreSettings::new().read_only()] {
        let error = place.open_with(settings).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
    }
    assert!(!place.path().exists());
}

#[cfg(unix)]
#[tokio::test]
async fn two_spellings_of_a_path_are_one_set_of_locks() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    let link = place.directory.path().join("link.db");
    std::os::unix::fs::symlink(place.path(), &link).unwrap();
    let other = Store::open(&link, StoreSettings::new()).await.unwrap();
    let _lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    assert!(other.try_lock(&key(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_lock_file_is_never_removed() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    let lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    store.unlock(lock).await.unwrap();
    let locks = place.directory.path().join("store.db.locks");
    assert_eq!(fs::read_dir(locks).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damage_and_stays() {
    let place = SqlitePlace::make().await.unwrap();
    let text = b"this is not a database, but somebody may need it".repeat(30);
    fs::write(place.path(), &text).unwrap();
    let error = place.open_with(StoreSettings::new()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Damaged, "{error}");
    assert_eq!(fs::read(place.path()).unwrap(), text);
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_an_error_with_the_file_and_no_path() {
    let place = SqlitePlace::make().await.unwrap();
    let path = place.directory.path().join("missing/store.db");
    let error = Store::open(&path, StoreSettings::new()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "looking at the directory of the store failed for the file missing"
    );
}

fn everything_on_disk(place: &SqlitePlace) -> Vec<u8> {
    let mut all = Vec::new();
    for name in ["store.db", "store.db-wal"] {
        all.extend(fs::read(place.directory.path().join(name)).unwrap_or_default());
    }
    all
}

fn has_marker(bytes: &[u8]) -> bool {
    bytes
        .windows(MARKER.len())
        .any(|window| window == MARKER.as_bytes())
}

#[tokio::test]
async fn tokens_are_on_the_disk_only_without_encryption() {
    let plain = SqlitePlace::make().await.unwrap();
    let store = plain.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    assert!(
        has_marker(&everything_on_disk(&plain)),
        "the search finds what is there"
    );

    let place = SqlitePlace::make().await.unwrap();
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    store.write(None, &consented(1), at(1)).await.unwrap();
    assert!(!has_marker(&everything_on_disk(&place)));
}

#[tokio::test]
async fn an_erased_account_leaves_no_bytes_in_the_files() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    for user in 1..=20 {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    let at_host = crate::samples::code("code", 1);
    store.put_code(&at_host).await.unwrap();
    let claimed = store
        .claim_codes(
            kommo_account::Realm::Real,
            &crate::samples::client(),
            at(2),
            1,
            LEASE,
        )
        .await
        .unwrap();
    store.keep_answer(&claimed[0], &pair(30)).await.unwrap();
    assert!(has_marker(&everything_on_disk(&place)));
    let (client, account) = (crate::samples::client(), crate::samples::account());
    let erased = store
        .erase_account(kommo_account::Realm::Real, &client, account)
        .await
        .unwrap();
    assert_eq!((erased.grants, erased.codes), (20, 1));
    assert!(erased.bytes_gone);
    assert!(!has_marker(&everything_on_disk(&place)));
}

#[tokio::test]
async fn a_copy_made_by_vacuum_into_is_a_whole_store() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let copy = SqlitePlace::make().await.unwrap();
    let into = format!("VACUUM INTO '{}'", copy.path().display());
    place.sql(Box::leak(into.into_boxed_str())).await;
    assert_eq!(
        copy.open().await.load(&key(1)).await.unwrap(),
        store.load(&key(1)).await.unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_open_at_once_make_the_tables_once() {
    let place = SqlitePlace::make().await.unwrap();
    let mut openings = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let path = place.path();
        openings.spawn(async move { Store::open(path, StoreSettings::new()).await.unwrap() });
    }
    let stores = openings.join_all().await;
    stores[0].write(None, &consented(1), at(1)).await.unwrap();
    assert!(stores[7].load(&key(1)).await.unwrap().is_some());
}

/// The switch to a log is refused at once while another connection is about to write: `SQLite` does
/// not wait for that by itself, as it does for readers and for one that has the whole file.
#[tokio::test]
async fn opening_waits_for_others_whatever_the_step() {
    for (begin, is_refused_at_once) in [
        ("BEGIN IMMEDIATE", true),
        ("BEGIN; SELECT COUNT(*) FROM sqlite_schema", false),
        ("BEGIN EXCLUSIVE", false),
    ] {
        let place = SqlitePlace::make().await.unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(place.path())
            .create_if_missing(true);
        let mut other = options.connect().await.unwrap();
        sqlx::raw_sql("CREATE TABLE other (a)")
            .execute(&mut other)
            .await
            .unwrap();
        sqlx::raw_sql(begin).execute(&mut other).await.unwrap();
        let mut settings = StoreSettings::new();
        settings.wait_at_most = Duration::from_millis(300);
        let error = place.open_with(settings).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
        assert!(format!("{error:?}").contains("locked"), "{error:?}");

        let (lines, _heard) = LogLines::listen_from(LevelFilter::DEBUG);
        let path = place.path();
        let opening = tokio::spawn(async move {
            let mut settings = StoreSettings::new();
            settings.wait_at_most = Duration::from_secs(100);
            Store::open(path, settings).await
        });
        if is_refused_at_once {
            let was_refused = async || lines.text().contains("is tried again").then_some(());
            until_some(was_refused).await;
            assert!(!opening.is_finished());
        }
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
        opening.await.unwrap().unwrap();
    }
}

/// A process that stopped in the middle of a write keeps no other from its start.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_tables_are_there_opens_beside_a_stopped_writer() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.path());
    let mut stopped = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut stopped)
        .await
        .unwrap();
    let other = place.open().await;
    assert!(other.load(&key(1)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_whose_file_was_removed_is_lost_and_its_holder_can_see_it() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    let mut lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    let locks = place.directory.path().join("store.db.locks");
    let file = fs::read_dir(&locks).unwrap().next().unwrap().unwrap();
    for replace in [false, true] {
        fs::remove_file(file.path()).unwrap();
        if replace {
            fs::write(file.path(), b"").unwrap();
        }
        assert!(!store.still_held(&mut lock).await.unwrap(), "{replace}");
        let mut next = store.try_lock(&key(1)).await.unwrap().unwrap();
        assert!(store.still_held(&mut next).await.unwrap());
        lock = next;
    }
}

/// Whatever root makes in the directory of a service belongs to the service.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_root_makes_belongs_to_the_owner_of_the_directory() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    const SERVICE: u32 = 65_534;
    let place = SqlitePlace::make().await.unwrap();
    let directory = place.directory.path();
    if fs::metadata(directory).unwrap().uid() != 0 {
        let _ = writeln!(std::io::stderr(), "left out: root");
        return;
    }
    chown(directory, Some(SERVICE), Some(SERVICE)).unwrap();
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let _lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    let boat = Lifeboat::in_directory(directory.join("boat"), None).unwrap();
    boat.reserve(&key(1)).await.unwrap();
    boat.write(&UnsavedPair::new(
        key(2),
        AttemptId::new([1; 16]),
        Generation::new(1),
        PairNumber::FIRST,
        pair(1),
    ))
    .await
    .unwrap();
    let mut seen = 0;
    let mut directories = vec![directory.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let found = fs::metadata(&path).unwrap();
            assert_eq!((found.uid(), found.gid()), (SERVICE, SERVICE), "{path:?}");
            seen += 1;
            if found.is_dir() {
                directories.push(path);
            }
        }
    }
    // The database and its two companions, the locks and one of them, the lifeboat, a slot and a
    // pair.
    assert_eq!(seen, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_pages_are_a_problem() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    for user in 1..=200 {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    store.close().await;
    let mut bytes = fs::read(place.path()).unwrap();
    let half = bytes.len() / 2;
    for byte in &mut bytes[half..half + 8_192] {
        *byte = 0xaa;
    }
    fs::write(place.path(), bytes).unwrap();
    for settings in [StoreSettings::new().read_only(), StoreSettings::new()] {
        let store = place.open_with(settings).await.unwrap();
        let problems = store.problems().await.unwrap();
        let troubles: Vec<_> = problems.iter().map(StoreError::kind).collect();
        assert!(troubles.contains(&StoreErrorKind::Damaged), "{problems:?}");
    }
}

/// On a disk that became read-only, as one with faults does.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_became_read_only_is_a_problem_and_a_write_is_tried_again() {
    let Some(disk) = SmallDisk::mount("4m") else {
        return;
    };
    let path = disk.path().join("store.db");
    let store = Store::open(&path, StoreSettings::new()).await.unwrap();
    store.write(None, &consented(1), at(1)).await.unwrap();
    store.close().await;
    disk.remount("ro");
    let looked_at = StoreSettings::new().read_only();
    let store = Store::open(&path, looked_at).await.unwrap();
    let problems = store.problems().await.unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    store.close().await;
    disk.remount("rw");
}

/// A full disk under the whole store, and room again.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_store_on_a_full_disk_writes_again_when_there_is_room() {
    let Some(disk) = SmallDisk::mount("1m") else {
        return;
    };
    let store = Store::open(disk.path().join("store.db"), StoreSettings::new())
        .await
        .unwrap();
    store.write(None, &consented(1), at(1)).await.unwrap();
    disk.fill();
    let mut failed = None;
    for user in 2..=200 {
        if let Err(error) = store.write(None, &consented(user), at(1)).await {
            failed = Some((user, error));
            break;
        }
    }
    let (user, error) = failed.expect("the disk was full");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    let error = store
        .write(None, &consented(user), at(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    disk.make_room();
    let written = store.write(None, &consented(user), at(1)).await.unwrap();
    assert!(matches!(written, Written::Confirmed(_)));
    assert!(store.load(&key(1)).await.unwrap().is_some());
}

/// Whatever was confirmed before the disk was full is handed out, and what was not can be put
/// again.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_on_a_full_disk_confirms_nothing_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount("1m") else {
        return;
    };
    let store = Store::open(disk.path().join("store.db"), StoreSettings::new()).await;
    let inbox = inbox(&Arc::new(store.unwrap()));
    disk.fill();
    let mut confirmed = Vec::new();
    let mut failed = None;
    for number in 0..2_000 {
        let text = body(number);
        match inbox.put(&proven(&text, HookFacts::new("message"))).await {
            Ok(_) => confirmed.push(number),
            Err(error) => {
                failed = Some((number, error));
                break;
            }
        }
    }
    let (number, error) = failed.expect("the disk was full");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    disk.make_room();
    let text = body(number);
    let put = inbox.put(&proven(&text, HookFacts::new("message"))).await;
    assert_eq!(put.unwrap(), Put::Stored);
    confirmed.push(number);
    let mut numbers = numbers_of(&inbox.claim(3_000).await.unwrap());
    numbers.sort_unstable();
    assert_eq!(numbers, confirmed);
}

/// With a spool on another disk a full one refuses nothing.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_find_a_full_disk_are_spooled_on_another() {
    let Some(disk) = SmallDisk::mount("1m") else {
        return;
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let store = Store::open(disk.path().join("store.db"), StoreSettings::new()).await;
    let inbox = spooled_with(&Arc::new(store.unwrap()), elsewhere.path(), settings());
    disk.fill();
    let mut number = 0;
    let mut spooled = 0;
    while spooled < 20 {
        let text = body(number);
        let facts = HookFacts::new("message").in_conversation("a");
        let put = inbox.put(&proven(&text, facts)).await.unwrap();
        spooled += u64::from(put == Put::Spooled);
        number += 1;
    }
    disk.make_room();
    merged(&inbox).await;
    assert_eq!(handled(&inbox).await, (0..number).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_closed_store_writes_nothing() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    store.close().await;
    let error = store.write(None, &consented(1), at(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

/// How many revisions a third process sees of two that a store wrote: the second after `meanwhile`,
/// and after another process had the file for a while.
async fn revisions_that_others_see(meanwhile: impl AsyncFnOnce(&SqlitePlace)) -> String {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    meanwhile(&place).await;
    let mut other = OtherProcess::start(&place.address());
    assert_eq!(other.ask("count"), "1");
    assert_eq!(other.ask("close"), "closed");

    let again = crate::samples::consented_again(grant, 5);
    let written = store.write(None, &again, at(2)).await.unwrap();
    assert!(matches!(written, Written::Confirmed(_)), "{written:?}");
    OtherProcess::start(&place.address()).ask("count")
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_a_store_once_more_loses_no_write_of_the_first() {
    let seen = revisions_that_others_see(async |place| {
        let second = place.open().await;
        assert!(second.load(&key(1)).await.unwrap().is_some());
        second.close().await;
        drop(place.open().await);
    })
    .await;
    assert_eq!(seen, "2", "a confirmed write was lost");
}

/// How many locks of POSIX this process holds on a file.
#[cfg(target_os = "linux")]
fn locks_held(path: &std::path::Path) -> usize {
    let path = path.canonicalize().unwrap();
    let handles = fs::read_dir("/proc/self/fd").unwrap();
    let names = handles.map(|handle| handle.unwrap().file_name().into_string().unwrap());
    let of_file = |name: &String| {
        let link = fs::read_link(format!("/proc/self/fd/{name}"));
        link.is_ok_and(|link| link == path)
    };
    let told = |name: String| fs::read_to_string(format!("/proc/self/fdinfo/{name}"));
    let told = names.filter(of_file).filter_map(|name| told(name).ok());
    told.map(|text| text.matches("POSIX").count()).sum()
}

/// POSIX drops all locks that a process has on a file as soon as the process closes any handle of
/// it. Without them another process may take itself for the last one, and remove the log that the
/// first still writes to. The bundled `SQLite` looks for that since 3.51; the store does not lean
/// on it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn opening_a_store_once_more_frees_no_lock_of_the_first() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    assert!(locks_held(&place.path()) > 0);
    let second = place.open().await;
    assert!(locks_held(&place.path()) > 0, "opening");
    second.close().await;
    assert!(locks_held(&place.path()) > 0, "closing");
    drop(fs::File::open(place.path()).unwrap());
    let left = locks_held(&place.path());
    assert_eq!(left, 0, "the search finds what there is to be found");
}

#[tokio::test]
async fn an_erasure_says_whether_a_reader_kept_its_bytes_in_the_log() {
    let place = SqlitePlace::make().await.unwrap();
    let mut settings = StoreSettings::new();
    settings.wait_at_most = Duration::from_millis(50);
    let store = place.open_with(settings).await.unwrap();
    store.write(None, &consented(1), at(1)).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.path());
    let mut reader = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT COUNT(*) FROM kommo_grants")
        .execute(&mut reader)
        .await
        .unwrap();
    let (client, account) = (crate::samples::client(), crate::samples::account());
    let erase = async || {
        let erased = store.erase_account(kommo_account::Realm::Real, &client, account);
        erased.await.unwrap()
    };
    let erased = erase().await;
    assert_eq!((erased.grants, erased.bytes_gone), (1, false));
    assert!(has_marker(&everything_on_disk(&place)));
    sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
    let erased = erase().await;
    assert_eq!((erased.grants, erased.bytes_gone), (0, true));
    assert!(!has_marker(&everything_on_disk(&place)));
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_left_of_the_making_of_a_file() {
    let place = SqlitePlace::make().await.unwrap();
    let store = place.open().await;
    store.close().await;
    let mut names: Vec<_> = fs::read_dir(place.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["store.db", "store.db.locks"]);
}
