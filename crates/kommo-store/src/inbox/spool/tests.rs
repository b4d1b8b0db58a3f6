//! A spool of many files: how often its directory is listed, and what its limit counts.

use std::fs;
use std::path::Path;

use alloc::borrow::Cow;

use sha2::{Digest as _, Sha256};

use super::{BLOCK_BYTES, GroupName, Spool};
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
        for name in oldest.groups {
            spool.forget(name).unwrap();
        }
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
