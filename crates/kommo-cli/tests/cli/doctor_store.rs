//! The doctor at a store that is ill, and where its lifeboat is.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{Ended, Room, ended};
use crate::shop::Shop;
use crate::stored_grants::{active, database, keep};

const KEY: &str = "real/c11e0000-0000-4000-8000-000000000001/1/5";

fn room() -> Room {
    let room = Room::new();
    keep(&room, &[active(KEY, "one.kommo.com")]);
    room
}

fn examine(room: &Room) -> (Ended, Value) {
    let ended = room.run(["doctor", "--offline", "--format", "json"]);
    let told = ended.json();
    (ended, told)
}

fn has(told: &Value, code: &str) -> bool {
    let findings = told["findings"].as_array().unwrap();
    findings.iter().any(|finding| finding["code"] == code)
}

fn with(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    PathBuf::from(name)
}

#[test]
fn a_sound_store_is_said_to_be_sound() {
    let (ended, told) = examine(&room());
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(has(&told, "store-sound"), "{told}");
}

#[test]
fn damaged_pages_are_an_error_although_the_store_opens() {
    let room = room();
    let path = database(&room);
    let mut bytes = fs::read(&path).unwrap();
    // Of every page but the first, which names the tables.
    let pages = bytes.len() / 4096;
    for page in 2..pages {
        bytes[page * 4096..page * 4096 + 64].fill(0xa5);
    }
    fs::write(&path, bytes).unwrap();
    let (ended, told) = examine(&room);
    assert_eq!(ended.status, 1, "{ended:?}");
    assert_eq!(told["ok"], false);
}

/// A directory that files cannot be made in: for root too, and for whoever the file system is
/// read-only to.
#[test]
fn a_lifeboat_or_locks_that_cannot_be_used_are_an_error() {
    for what in [".lifeboat", ".locks"] {
        let room = room();
        let directory = with(&database(&room), what);
        let _ = fs::remove_dir_all(&directory);
        fs::write(&directory, "a file in its place").unwrap();
        fs::set_permissions(&directory, PermissionsExt::from_mode(0o600)).unwrap();
        let (ended, told) = examine(&room);
        assert_eq!(ended.status, 1, "{what}: {told}");
    }
}

/// `/dev/shm` is a file system of its own nearly everywhere.
fn another_file_system(room: &Room) -> Option<tempfile::TempDir> {
    let other = tempfile::tempdir_in("/dev/shm").ok();
    let apart = other.filter(|other| {
        let device = |path: &Path| fs::metadata(path).unwrap().dev();
        device(other.path()) != device(room.path())
    });
    if apart.is_none() {
        let _ = writeln!(std::io::stderr(), "left out: another file system");
    }
    apart
}

#[test]
fn the_lifeboat_is_on_another_file_system_where_there_is_one_and_the_doctor_says_where_not() {
    let shop = Shop::open();
    shop.log_in();
    let same = shop.json(&["doctor", "--offline"]);
    assert!(has(&same, "lifeboat-same-disk"), "{same}");

    let Some(other) = another_file_system(&shop.room) else {
        return;
    };
    let on_other = |words: &[&str]| {
        let mut command = shop.command(words);
        command.env("XDG_STATE_HOME", other.path());
        ended(command, b"")
    };
    on_other(&["auth", "refresh"]).done();
    let doctor = on_other(&["doctor", "--offline", "--format", "json"]).json();
    assert!(!has(&doctor, "lifeboat-same-disk"), "{doctor}");
    let boats = fs::read_dir(other.path().join("kommo/lifeboat")).unwrap();
    let boats: Vec<_> = boats.map(|entry| entry.unwrap().path()).collect();
    let [boat] = boats.as_slice() else {
        panic!("{boats:?}");
    };
    assert_eq!(fs::metadata(boat).unwrap().mode() & 0o777, 0o700);
    // What an earlier version left beside the store is read all the same.
    let beside = with(&database(&shop.room), ".lifeboat");
    assert!(beside.is_dir());
}

/// `sudo kommo …` beside a service: what it makes belongs to the service.
#[test]
fn what_root_makes_belongs_to_the_owner_of_the_directory() {
    const SERVICE: u32 = 54_321;
    let shop = Shop::open();
    if fs::metadata(shop.room.path()).unwrap().uid() != 0 {
        let _ = writeln!(std::io::stderr(), "left out: root");
        return;
    }
    let place = shop.room.path().join("srv");
    fs::create_dir(&place).unwrap();
    fs::set_permissions(&place, PermissionsExt::from_mode(0o700)).unwrap();
    std::os::unix::fs::chown(&place, Some(SERVICE), Some(SERVICE)).unwrap();
    let store = format!("sqlite:{}", place.join("deep/grants.db").display());
    let on_store = |words: &[&str]| {
        let mut command = shop.command(words);
        command.env("KOMMO_STORE", &store);
        ended(command, b"")
    };
    let (code, host) = shop.code(&serde_json::json!({ "account": crate::shop::ACCOUNT }));
    on_store(&["auth", "login", "--code", &code, "--account", &host]).done();
    on_store(&["auth", "refresh"]).done();
    let mut looked_at = 0;
    let mut directories = vec![place];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(fs::metadata(&path).unwrap().uid(), SERVICE, "{path:?}");
            looked_at += 1;
            if path.is_dir() {
                directories.push(path);
            }
        }
    }
    // The directory, the database, the locks with one file, the lifeboat.
    assert!(looked_at >= 5, "{looked_at}");
}
