//! A spool of many files: how often its directory is listed, what its limit counts, what a file
//! that cannot be read or removed holds back, and how hooks are erased in it.

use std::fs;
use std::path::Path;

use alloc::borrow::Cow;

use sha2::{Digest as _, Sha256};

use super::name::Conversations;
use super::{BLOCK_BYTES, ENDING, GroupName, Left, Spool};
use crate::records::rows::{HookRow, OfInbox};

const ROOMY: u64 = 1 << 30;

fn of() -> OfInbox {
    OfInbox {
        realm: "real".to_owned(),
        inbox: "chats".to_owned(),
    }
}

fn hook(number: u32) -> HookRow {
    HookRow {
        key: format!("{number:032x}"),
        kind: Cow::Borrowed("chat"),
        event: Cow::Borrowed("message"),
        account: None,
        conversation: None,
        is_unsigned: false,
        record: vec![0; 100],
    }
}

fn open(directory: &Path) -> Spool {
    Spool::open(directory, &of(), ROOMY).unwrap()
}

fn keys(hooks: &[HookRow]) -> Vec<String> {
    hooks.iter().map(|hook| hook.key.clone()).collect()
}

/// Merges all, so many at a time.
fn merge_all(spool: &mut Spool, at_a_time: usize) -> Vec<String> {
    let mut merged = Vec::new();
    while let Some(oldest) = spool.oldest(at_a_time, u64::MAX).unwrap() {
        merged.extend(keys(&oldest.hooks));
        spool.forget_merged(oldest.groups, oldest.parts);
    }
    merged
}

#[test]
fn a_write_and_a_merge_read_no_directory_however_many_groups_there_are() {
    const GROUPS: u32 = 20_000;
    let directory = tempfile::tempdir().unwrap();
    let content = open(directory.path()).pack(&[hook(7)]);
    for number in 0..GROUPS {
        let name = GroupName {
            run: 1,
            number,
            random: 0,
            conversations: Conversations::NONE,
        };
        let path = open_path(directory.path(), name);
        fs::write(path, &content).unwrap();
    }
    let mut spool = open(directory.path());
    assert_eq!(spool.bytes, u64::from(GROUPS) * BLOCK_BYTES);
    for number in 0..50 {
        spool.write(&[hook(number)]).unwrap();
    }
    for _ in 0..10 {
        let oldest = spool.oldest(256, u64::MAX).unwrap().unwrap();
        assert_eq!(oldest.hooks.len(), 256);
        assert!(!oldest.is_all);
        for name in oldest.groups {
            spool.forget(name).unwrap();
        }
    }
    assert_eq!(spool.listings, 1);
    // Before it counts as empty it is listed once more.
    let merged = merge_all(&mut spool, 10_000);
    assert_eq!(merged.len() + 2_560, 20_050);
    assert_eq!(merged.last(), Some(&hook(49).key));
    assert_eq!((spool.listings, spool.bytes), (2, 0));
}

fn open_path(directory: &Path, name: GroupName) -> std::path::PathBuf {
    let prefix = "kommo-store spool";
    let hash = crate::sealing::hash_text::hash_text(prefix, &[&of().realm, &of().inbox]);
    let prefix: String = hash.chars().take(16).collect();
    directory.join(format!("{prefix}-{name}.hooks"))
}

#[test]
fn the_limit_counts_the_blocks_of_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(directory.path(), &of(), 3 * BLOCK_BYTES).unwrap();
    for number in 0..3 {
        spool.write(&[hook(number)]).unwrap();
    }
    spool.write(&[hook(3)]).unwrap_err();
    let oldest = spool.oldest(1, u64::MAX).unwrap().unwrap();
    spool.forget(oldest.groups[0]).unwrap();
    spool.write(&[hook(3)]).unwrap();
    // The next process counts the same.
    let mut next = Spool::open(directory.path(), &of(), 3 * BLOCK_BYTES).unwrap();
    next.write(&[hook(4)]).unwrap_err();
    assert_eq!(merge_all(&mut next, 10), keys(&[hook(1), hook(2), hook(3)]));
}

#[test]
fn what_another_process_writes_and_merges_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let mut one = open(directory.path());
    let mut other = open(directory.path());
    one.write(&[hook(1)]).unwrap();
    other.write(&[hook(2)]).unwrap();
    // Its own are merged, and then what it finds.
    assert_eq!(merge_all(&mut one, 1), keys(&[hook(1), hook(2)]));
    // The other has one in its list that is not there any more.
    let oldest = other.oldest(1, u64::MAX).unwrap().unwrap();
    assert!(oldest.hooks.is_empty());
    other.refresh().unwrap();
    assert_eq!(other.bytes, 0);
    assert!(other.oldest(1, u64::MAX).unwrap().is_none());
}

#[test]
fn a_group_of_a_newer_program_blocks_no_other_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(directory.path());
    for number in 0..3 {
        spool.write(&[hook(number)]).unwrap();
    }
    let names: Vec<GroupName> = spool.groups.keys().copied().collect();
    let newer = open_path(directory.path(), names[1]);
    let mut content = fs::read(&newer).unwrap();
    let version = content.windows(5).position(|text| text == b"\"v\":1");
    content[version.unwrap() + 4] = b'2';
    let hash = Sha256::digest(&content[32..]);
    content[..32].copy_from_slice(&hash);
    fs::write(&newer, &content).unwrap();
    assert_eq!(merge_all(&mut spool, 1), keys(&[hook(0), hook(2)]));
    assert_eq!(fs::read(&newer).unwrap(), content);
    spool.write(&[hook(3)]).unwrap();
    assert_eq!(merge_all(&mut spool, 1), keys(&[hook(3)]));
    assert_eq!(spool.bytes, BLOCK_BYTES);
}

#[test]
fn a_merge_is_bounded_by_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(directory.path());
    for number in 0..5 {
        spool.write(&[hook(number)]).unwrap();
    }
    let oldest = spool.oldest(256, 2 * BLOCK_BYTES).unwrap().unwrap();
    assert_eq!(keys(&oldest.hooks), keys(&[hook(0), hook(1)]));
}

fn in_conversation(number: u32, conversation: &str) -> HookRow {
    HookRow {
        conversation: Some(conversation.to_owned()),
        ..hook(number)
    }
}

fn of_account(number: u32, account: &str) -> HookRow {
    HookRow {
        account: Some(account.to_owned()),
        ..hook(number)
    }
}

#[test]
fn a_name_says_which_conversations_may_be_in_its_group() {
    let conversations = ["a", "b", "0123456789abcdef"];
    let all = Conversations::of(conversations.into_iter());
    for conversation in conversations {
        assert!(all.may_have(conversation));
    }
    assert!(!all.may_have("c"));
    let name = GroupName {
        run: 7,
        number: u32::MAX,
        random: 1,
        conversations: all,
    };
    assert_eq!(GroupName::parse(&name.to_string()), Some(name));
    for wrong in ["", "7", "00000007-ffffffff-0000000000000001", "x-y-z-w"] {
        assert_eq!(GroupName::parse(wrong), None, "{wrong}");
    }
    let upper = name.to_string().to_uppercase();
    assert_eq!(GroupName::parse(&upper), None);
}

/// No file can be read where a directory is.
fn break_group(spool: &Spool, number: usize) -> (std::path::PathBuf, Vec<u8>) {
    let name = *spool.groups.keys().nth(number).unwrap();
    let path = spool.path(name, ENDING);
    let content = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    (path, content)
}

#[test]
fn a_group_that_cannot_be_read_holds_back_its_conversations_alone() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(directory.path());
    spool.write(&[in_conversation(1, "a")]).unwrap();
    let mixed = [in_conversation(2, "a"), in_conversation(3, "b"), hook(4)];
    spool.write(&mixed).unwrap();
    spool.write(&[in_conversation(5, "a")]).unwrap();
    spool.write(&[in_conversation(6, "b")]).unwrap();
    let (path, content) = break_group(&spool, 0);
    let passed = keys(&[hook(3), hook(4), hook(6)]);
    assert_eq!(merge_all(&mut spool, 2), passed);
    assert_eq!((spool.unreadable(), spool.groups.len()), (1, 3));
    // The next process finds the same.
    let mut next = open(directory.path());
    assert!(merge_all(&mut next, 2).is_empty());
    assert_eq!(next.unreadable(), 1);
    fs::remove_dir(&path).unwrap();
    fs::write(&path, content).unwrap();
    for spool in [&mut spool, &mut next] {
        // It is tried again after some merges.
        for _ in 0..300 {
            let oldest = spool.oldest(9, u64::MAX).unwrap();
            if let Some(oldest) = oldest {
                assert_eq!(keys(&oldest.hooks), keys(&[hook(1), hook(2), hook(5)]));
                assert!(oldest.is_all && oldest.parts.is_empty());
                break;
            }
        }
        assert_eq!(spool.unreadable(), 0);
    }
    assert_eq!(merge_all(&mut next, 9).len(), 3);
    assert_eq!(next.bytes, 0);
}

#[test]
fn a_group_that_cannot_be_removed_is_merged_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(directory.path());
    spool.write(&[hook(1)]).unwrap();
    spool.write(&[hook(2)]).unwrap();
    let oldest = spool.oldest(1, u64::MAX).unwrap().unwrap();
    break_group(&spool, 0);
    spool.forget_merged(oldest.groups, oldest.parts);
    assert_eq!(merge_all(&mut spool, 1), keys(&[hook(2)]));
    assert!(spool.left.values().all(|left| *left == Left::Merged));
}

#[test]
fn an_erasure_leaves_the_others_in_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(directory.path());
    let mixed = [
        of_account(1, "x"),
        of_account(2, "y"),
        of_account(3, "x"),
        hook(4),
    ];
    spool.write(&mixed).unwrap();
    spool.write(&[of_account(5, "x")]).unwrap();
    spool.write(&[of_account(6, "y")]).unwrap();
    let before = spool.oldest(9, u64::MAX).unwrap().unwrap();
    // What a crash left while it was rewritten.
    let name = *spool.groups.keys().next().unwrap();
    fs::write(spool.path(name, super::PART), b"torn").unwrap();
    assert_eq!(open(directory.path()).erase("x").unwrap(), 3);
    assert_eq!(open(directory.path()).erase("x").unwrap(), 0);
    // One that merges what it read before finds that it has changed.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert!(!runtime.block_on(before.seen.is_so_still()));
    let after = spool.oldest(9, u64::MAX).unwrap().unwrap();
    assert!(runtime.block_on(after.seen.is_so_still()));
    assert_eq!(keys(&after.hooks), keys(&[hook(2), hook(4), hook(6)]));
}

#[test]
fn those_that_rewrite_a_group_do_it_one_after_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(directory.path());
    let accounts: Vec<String> = (0..8).map(|number| format!("of {number}")).collect();
    let mixed: Vec<HookRow> = (0..64)
        .map(|number: u32| of_account(number, &accounts[number as usize % 8]))
        .collect();
    spool.write(&mixed).unwrap();
    std::thread::scope(|threads| {
        for account in &accounts[1..] {
            let directory = directory.path();
            threads.spawn(move || assert_eq!(open(directory).erase(account).unwrap(), 8));
        }
    });
    let left = merge_all(&mut open(directory.path()), 99);
    assert_eq!(left.len(), 8);
}

const DIRECTORY: &str = "KOMMO_STORE_TEST_SPOOL";
const CHILD: &str = "spool::tests::a_process_that_erases_an_account";

/// Says when it has done so. Does nothing unless it was started by the test below.
#[test]
fn a_process_that_erases_an_account() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    open(Path::new(&directory)).erase("x").unwrap();
    println!("\n> erased");
}

#[test]
fn a_crash_in_an_erasure_loses_no_hook_of_others_and_confirms_nothing_that_is_not_so() {
    let mut steps = 0;
    loop {
        steps += 1;
        let directory = tempfile::tempdir().unwrap();
        let mut spool = open(directory.path());
        let mixed = [of_account(1, "x"), of_account(2, "y"), of_account(3, "x")];
        spool.write(&mixed).unwrap();
        spool.write(&[of_account(4, "x")]).unwrap();
        spool.write(&[of_account(5, "x"), hook(6)]).unwrap();
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture", "--test-threads", "1"])
            .env(DIRECTORY, directory.path())
            .env("KOMMO_STORE_TEST_CRASH_AT", steps.to_string())
            .stderr(std::process::Stdio::null())
            .output()
            .unwrap();
        let is_confirmed = String::from_utf8(child.stdout)
            .unwrap()
            .contains("> erased");
        let found = open(directory.path())
            .oldest(99, u64::MAX)
            .unwrap()
            .unwrap();
        let of_x = |hook: &&HookRow| hook.account.as_deref() == Some("x");
        let left = found.hooks.iter().filter(of_x).count();
        assert!(!is_confirmed || left == 0, "step {steps}: {left} left");
        // Again, until it is confirmed.
        let mut next = open(directory.path());
        assert_eq!(next.erase("x").unwrap(), left as u64);
        assert_eq!(merge_all(&mut next, 99), keys(&[hook(2), hook(6)]));
        if is_confirmed {
            break;
        }
    }
    assert!(steps > 4, "{steps} steps");
}
