//! The spool: what the database does not take is in files, and comes back in its order.

use alloc::sync::Arc;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};

use kommo_account::Realm;
use kommo_hooks::inbox::{HandlingOutcome, HookFacts, NewHook, Put, UnsignedKind};
use kommo_keeper::{StoreError as _, StoreErrorKind};
use kommo_store::{HookFilter, Inbox, InboxName, InboxSettings, Store};

use crate::child::until_some;
use crate::conformance::{on_both, place};
use crate::hook_samples::{
    body, chats_account, crm_account, number_of, numbers_of, proven, put, put_token_proven,
};
use crate::log_lines::LogLines;
use crate::place::Place;
use crate::samples::{MARKER, client, encrypted_with};

on_both! {
    what_the_database_does_not_take_is_spooled_and_comes_back_in_its_order
    a_spool_that_a_process_left_comes_before_what_comes_to_the_next
    a_spool_becomes_empty_while_hooks_keep_coming
    a_damaged_group_is_set_aside_and_blocks_no_other
    a_spool_that_takes_nothing_confirms_nothing
    unsigned_hooks_are_not_spooled
    files_of_a_spool_are_private_and_sealed_as_the_store_is
    two_inboxes_share_a_directory_and_no_hook
    requests_whose_token_is_proven_are_spooled_and_merged_like_the_others
    a_file_that_cannot_be_read_holds_its_conversations_back_and_no_other
    an_erasure_reaches_the_spool
    an_erasure_confirms_nothing_of_what_it_cannot_read
}

const AWAY: &str = "ALTER TABLE kommo_hooks RENAME TO kommo_away";
const BACK: &str = "ALTER TABLE kommo_away RENAME TO kommo_hooks";

pub(crate) fn settings() -> InboxSettings {
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    settings.spool_retry = Duration::from_millis(10);
    settings
}

pub(crate) fn spooled_with(store: &Arc<Store>, directory: &Path, settings: InboxSettings) -> Inbox {
    let name = InboxName::from(&client());
    Inbox::with_spool(store, Realm::Real, name, settings, directory).unwrap()
}

fn spooled(store: &Arc<Store>, directory: &Path) -> Inbox {
    spooled_with(store, directory, settings())
}

fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().unwrap() == ending);
    paths.sort();
    paths
}

pub(crate) async fn merged(inbox: &Inbox) {
    until_some(async || (!inbox.is_spooling()).then_some(())).await;
}

/// Handles what waits, one after the other.
pub(crate) async fn handled(inbox: &Inbox) -> Vec<u64> {
    let mut numbers = Vec::new();
    loop {
        let hooks = inbox.claim(1).await.unwrap();
        let Some(hook) = hooks.first() else {
            return numbers;
        };
        numbers.push(number_of(hook));
        assert!(inbox.settle(hook, HandlingOutcome::Done).await.unwrap());
    }
}

async fn what_the_database_does_not_take_is_spooled_and_comes_back_in_its_order<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let spool = directory.path().join("spool");
    let inbox = spooled(&Arc::new(place.open().await), &spool);
    assert_eq!(put(&inbox, 0, "a").await, Put::Stored);
    place.sql(AWAY).await;
    for number in 1..6 {
        assert_eq!(put(&inbox, number, "a").await, Put::Spooled);
    }
    assert!(inbox.is_spooling());
    // A repeat in the spool is one hook all the same.
    assert_eq!(put(&inbox, 3, "a").await, Put::Spooled);
    assert!(inbox.claim(1).await.is_err());
    place.sql(BACK).await;
    // What comes now does not overtake what is in the spool, whether that is merged yet or not.
    for number in 6..9 {
        put(&inbox, number, "a").await;
    }
    merged(&inbox).await;
    assert_eq!(put(&inbox, 4, "a").await, Put::Duplicate);
    assert_eq!(put(&inbox, 9, "a").await, Put::Stored);
    assert_eq!(handled(&inbox).await, (0..10).collect::<Vec<_>>());
    assert!(files(&spool, "hooks").is_empty());
}

async fn a_spool_that_a_process_left_comes_before_what_comes_to_the_next<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    place.open().await.close().await;
    for (run, number) in [(1, 0), (2, 2), (3, 4)] {
        place.sql(AWAY).await;
        let store = Arc::new(place.open().await);
        let inbox = spooled(&store, directory.path());
        for number in [number, number + 1] {
            assert_eq!(put(&inbox, number, "a").await, Put::Spooled);
        }
        // It ends without a word, while the next is there already.
        drop(inbox);
        store.close().await;
        assert_eq!(files(directory.path(), "hooks").len(), 2 * run);
        place.sql(BACK).await;
    }
    // A group that was merged by a process which crashed before it forgot it.
    let again = files(directory.path(), "hooks").remove(2);
    let copy = fs::read(&again).unwrap();
    let inbox = spooled(&Arc::new(place.open().await), directory.path());
    assert_eq!(put(&inbox, 6, "a").await, Put::Stored);
    fs::write(&again, copy).unwrap();
    let next = spooled(&Arc::new(place.open().await), directory.path());
    merged(&next).await;
    assert_eq!(handled(&next).await, (0..7).collect::<Vec<_>>());
    assert!(files(directory.path(), "hooks").is_empty());
}

async fn a_spool_becomes_empty_while_hooks_keep_coming<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let inbox = spooled(&Arc::new(place.open().await), directory.path());
    place.sql(AWAY).await;
    for number in 0..20 {
        assert_eq!(put(&inbox, number, "a").await, Put::Spooled);
    }
    place.sql(BACK).await;
    let mut number = 20;
    while inbox.is_spooling() {
        put(&inbox, number, "a").await;
        number += 1;
    }
    assert_eq!(put(&inbox, number, "a").await, Put::Stored);
    assert_eq!(handled(&inbox).await, (0..=number).collect::<Vec<_>>());
}

async fn a_damaged_group_is_set_aside_and_blocks_no_other<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(place.open().await);
    place.sql(AWAY).await;
    let inbox = spooled(&store, directory.path());
    for number in 0..4 {
        assert_eq!(put(&inbox, number, &number.to_string()).await, Put::Spooled);
    }
    // Its last try to merge may be on its way, with groups that it read while they were whole.
    drop(inbox);
    store.close().await;
    let groups = files(directory.path(), "hooks");
    assert_eq!(groups.len(), 4);
    let mut changed = fs::read(&groups[1]).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&groups[1], &changed).unwrap();
    fs::write(&groups[2], &changed[..40]).unwrap();
    // What a crash left in the middle of writing was never answered.
    fs::write(groups[0].with_extension("part"), b"torn").unwrap();
    place.sql(BACK).await;
    let (log, _listening) = LogLines::listen();
    let inbox = spooled(&Arc::new(place.open().await), directory.path());
    merged(&inbox).await;
    let mut numbers = numbers_of(&inbox.claim(10).await.unwrap());
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 3]);
    assert_eq!(files(directory.path(), "damaged").len(), 2);
    assert!(files(directory.path(), "hooks").is_empty());
    let _ = log;
}

async fn a_spool_that_takes_nothing_confirms_nothing<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(place.open().await);
    place.sql(AWAY).await;
    let mut small = settings();
    // Three blocks of a disk: each of these hooks comes alone, and takes one.
    small.spool_bytes_at_most = 3 * 4_096;
    let inbox = spooled_with(&store, directory.path(), small);
    let mut spooled = Vec::new();
    let mut refused = None;
    for number in 0..20 {
        let text = body(number);
        let facts = HookFacts::new("message").in_conversation("a");
        match inbox.put(&proven(&text, facts)).await {
            Ok(put) => {
                assert_eq!(put, Put::Spooled);
                spooled.push(number);
            }
            Err(error) => refused = Some(error),
        }
    }
    assert_eq!(refused.unwrap().kind(), StoreErrorKind::Unavailable);
    assert_eq!(spooled, [0, 1, 2]);
    // The directory is gone: the database is the only place left.
    place.sql(BACK).await;
    merged(&inbox).await;
    assert_eq!(handled(&inbox).await, spooled);
    fs::remove_dir_all(directory.path()).unwrap();
    assert_eq!(put(&inbox, 100, "a").await, Put::Stored);
    place.sql(AWAY).await;
    let text = body(101);
    let hook = proven(&text, HookFacts::new("message"));
    assert!(inbox.put(&hook).await.is_err());
    place.sql(BACK).await;
    fs::create_dir(directory.path()).unwrap();
    merged(&inbox).await;
    assert_eq!(inbox.put(&hook).await.unwrap(), Put::Stored);
}

async fn unsigned_hooks_are_not_spooled<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let inbox = spooled(&Arc::new(place.open().await), directory.path());
    place.sql(AWAY).await;
    let facts = HookFacts::new("crm");
    let hook = NewHook::unsigned(UnsignedKind::Crm, b"a=1", [1; 16], facts);
    let error = inbox.put(&hook).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(put(&inbox, 1, "a").await, Put::Spooled);
    assert!(inbox.put(&hook).await.is_err());
    place.sql(BACK).await;
    merged(&inbox).await;
    assert_eq!(inbox.put(&hook).await.unwrap(), Put::Stored);
}

async fn files_of_a_spool_are_private_and_sealed_as_the_store_is<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let spool = directory.path().join("spool");
    let store = Arc::new(place.open_with(encrypted_with(1)).await.unwrap());
    let inbox = spooled(&store, &spool);
    place.sql(AWAY).await;
    assert_eq!(put(&inbox, 1, "a").await, Put::Spooled);
    let file = files(&spool, "hooks").remove(0);
    let content = fs::read(&file).unwrap();
    let marker = MARKER.as_bytes();
    assert!(!content.windows(marker.len()).any(|bytes| bytes == marker));
    #[cfg(unix)]
    for (path, mode) in [(&spool, 0o700), (&file, 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = fs::metadata(path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode);
    }
    place.sql(BACK).await;
    merged(&inbox).await;
    assert_eq!(handled(&inbox).await, [1]);
}

async fn two_inboxes_share_a_directory_and_no_hook<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(place.open().await);
    let one = spooled(&store, directory.path());
    let name = InboxName::parse("other").unwrap();
    let other = Inbox::with_spool(&store, Realm::Real, name, settings(), directory.path()).unwrap();
    place.sql(AWAY).await;
    assert_eq!(put(&one, 1, "a").await, Put::Spooled);
    assert_eq!(put(&other, 2, "a").await, Put::Spooled);
    place.sql(BACK).await;
    merged(&one).await;
    merged(&other).await;
    assert_eq!(handled(&one).await, [1]);
    assert_eq!(handled(&other).await, [2]);
}

async fn requests_whose_token_is_proven_are_spooled_and_merged_like_the_others<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(place.open_with(encrypted_with(1)).await.unwrap());
    let inbox = spooled(&store, directory.path());
    place.sql(AWAY).await;
    let bodies = [&b"a=1"[..], b"a=2", b"a=1"];
    for body in bodies {
        assert_eq!(put_token_proven(&inbox, body, "a").await, Put::Spooled);
    }
    place.sql(BACK).await;
    merged(&inbox).await;
    assert_eq!(
        put_token_proven(&inbox, bodies[1], "a").await,
        Put::Duplicate
    );
    for body in &bodies[..2] {
        let hooks = inbox.claim(9).await.unwrap();
        let (proof, found) = hooks[0].token_proven().unwrap();
        assert_eq!((hooks.len(), found), (1, *body));
        assert_eq!(proof.key_id.as_str(), "bots");
        assert_eq!(hooks[0].account(), Some("crm:77"));
        let done = inbox.settle(&hooks[0], HandlingOutcome::Done).await;
        assert!(done.unwrap());
    }
    assert!(inbox.claim(9).await.unwrap().is_empty());
}

/// A disk that does not give a file back: a link to itself cannot be read. It takes the name at
/// once, and so does the file later: a merge that looks in between would take the file for gone.
fn break_file(path: &Path) -> Vec<u8> {
    let content = fs::read(path).unwrap();
    let broken = path.with_extension("broken");
    std::os::unix::fs::symlink(path, &broken).unwrap();
    fs::rename(broken, path).unwrap();
    content
}

fn mend_file(path: &Path, content: Vec<u8>) {
    let whole = path.with_extension("whole");
    fs::write(&whole, content).unwrap();
    fs::rename(whole, path).unwrap();
}

async fn a_file_that_cannot_be_read_holds_its_conversations_back_and_no_other<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    place.open().await.close().await;
    let store = Arc::new(place.open().await);
    place.sql(AWAY).await;
    let inbox = spooled(&store, directory.path());
    for (number, conversation) in [(0, "a"), (1, "b"), (2, "a")] {
        assert_eq!(put(&inbox, number, conversation).await, Put::Spooled);
    }
    drop(inbox);
    store.close().await;
    let file = files(directory.path(), "hooks").remove(0);
    let content = break_file(&file);
    place.sql(BACK).await;
    let inbox = spooled(&Arc::new(place.open().await), directory.path());
    until_some(async || (inbox.unreadable_spool_files() == 1).then_some(())).await;
    // Others come, and are handled, whether they were in the spool before or not.
    put(&inbox, 3, "a").await;
    put(&inbox, 4, "c").await;
    let mut numbers = Vec::new();
    while numbers.len() < 2 {
        let some = until_some(async || {
            let some = handled(&inbox).await;
            (!some.is_empty()).then_some(some)
        });
        numbers.extend(some.await);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 4]);
    assert!(inbox.is_spooling());
    mend_file(&file, content);
    merged(&inbox).await;
    assert_eq!(inbox.unreadable_spool_files(), 0);
    assert_eq!(handled(&inbox).await, [0, 2, 3]);
    assert_eq!(put(&inbox, 5, "a").await, Put::Stored);
}

async fn an_erasure_reaches_the_spool<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(place.open().await);
    let inbox = spooled(&store, directory.path());
    // One in the database, and, of other processes too, those in the spool.
    assert_eq!(put(&inbox, 0, "a").await, Put::Stored);
    place.sql(AWAY).await;
    let other = spooled(&Arc::new(place.open().await), directory.path());
    for number in 1..5 {
        assert_eq!(put(&inbox, number, "a").await, Put::Spooled);
        assert_eq!(put(&other, 10 + number, "b").await, Put::Spooled);
    }
    put_token_proven(&inbox, b"a=1", "a").await;
    // Without the database nothing is confirmed.
    assert!(inbox.erase_account(chats_account()).await.is_err());
    assert_eq!(files(directory.path(), "hooks").len(), 1);
    place.sql(BACK).await;
    assert_eq!(inbox.erase_account(chats_account()).await.unwrap(), 1);
    merged(&inbox).await;
    merged(&other).await;
    let left = inbox.list(&HookFilter::new(), 0, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].account.as_deref(), Some("crm:77"));
    // The account may come again.
    assert_eq!(put(&inbox, 1, "a").await, Put::Stored);
    // By its number in the CRM, the store reaches the same spool.
    place.sql(AWAY).await;
    put_token_proven(&inbox, b"a=2", "a").await;
    let named = kommo_account::AccountId::from_number(77).unwrap();
    assert!(
        store
            .erase_account(Realm::Real, &client(), named)
            .await
            .is_err()
    );
    assert!(files(directory.path(), "hooks").is_empty());
    place.sql(BACK).await;
    let erased = store.erase_account(Realm::Real, &client(), named).await;
    assert_eq!(erased.unwrap().hooks, 1);
    merged(&inbox).await;
    assert_eq!(handled(&inbox).await, [1]);
}

async fn an_erasure_confirms_nothing_of_what_it_cannot_read<P: Place>() {
    let place = place!(P);
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(place.open().await);
    place.sql(AWAY).await;
    let inbox = spooled(&store, directory.path());
    assert_eq!(put(&inbox, 1, "a").await, Put::Spooled);
    let file = files(directory.path(), "hooks").remove(0);
    let content = break_file(&file);
    place.sql(BACK).await;
    for account in [chats_account(), crm_account(1)] {
        let error = inbox.erase_account(account).await.unwrap_err();
        assert!(error.to_string().contains("reading the spool"), "{error}");
    }
    mend_file(&file, content);
    merged(&inbox).await;
    assert_eq!(inbox.erase_account(chats_account()).await.unwrap(), 1);
    assert!(handled(&inbox).await.is_empty());
}
