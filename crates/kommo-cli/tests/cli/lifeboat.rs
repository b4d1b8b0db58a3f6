//! What lies in the lifeboat is saved by `auth keep-alive`, although the stored token is still
//! valid.

use core::time::Duration;
use std::path::PathBuf;

use kommo_keeper::LifeboatPort;
use kommo_oauth::grant::{AttemptId, Generation, GrantKey, PairNumber, UnsavedPair};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};
use kommo_store::Lifeboat;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::program::Room;
use crate::shop::private;
use crate::stored_grants::{active, database, keep, now};

const CLIENT: &str = "c11e0000-0000-4000-8000-000000000001";
const HOST: &str = "one.kommo.com";

fn key() -> String {
    format!("real/{CLIENT}/1/5")
}

fn directory(room: &Room) -> PathBuf {
    let mut name = database(room).into_os_string();
    name.push(".lifeboat");
    PathBuf::from(name)
}

/// A pair that a refresh from the first generation gave, and that the store would not take.
fn plant(room: &Room) {
    let pair = TokenPair::new(
        AccessToken::new("MARKER-access-2").unwrap(),
        RefreshToken::new("MARKER-refresh-2").unwrap(),
        now(),
        now().plus(Duration::from_secs(86_400)),
    );
    let unsaved = UnsavedPair::new(
        GrantKey::parse(&key()).unwrap(),
        AttemptId::new([7; 16]),
        Generation::FIRST,
        PairNumber::FIRST,
        pair,
    );
    let boat = Lifeboat::in_directory(directory(room), None).unwrap();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(boat.write(&unsaved)).unwrap();
}

fn files(room: &Room) -> usize {
    std::fs::read_dir(directory(room)).unwrap().count()
}

fn room() -> Room {
    let room = Room::new();
    private(&room, "client.secret", "MARKER-client-secret");
    keep(&room, &[active(&key(), HOST)]);
    room
}

const KEEP_ALIVE: [&str; 10] = [
    "auth",
    "keep-alive",
    "--client-id",
    CLIENT,
    "--secret-file",
    "client.secret",
    "--redirect-uri",
    "https://integration.example/kommo/redirect",
    "--format",
    "json",
];

#[test]
fn keep_alive_saves_what_a_lifeboat_holds_although_the_stored_token_is_valid() {
    for more in [&["--all"][..], &[]] {
        let room = room();
        plant(&room);
        let alive = room.run(KEEP_ALIVE.iter().chain(more));
        alive.done();
        assert!(!alive.stdout.contains("MARKER"), "{alive:?}");
        assert_eq!(alive.json()["generation"], 2);
        assert_eq!(files(&room), 0);
        let status = room.run(["auth", "status", "--format", "json"]).json();
        assert_eq!(status["grants"][0]["generation"], 2);
    }
}

#[test]
fn an_unreadable_lifeboat_is_said_and_keeps_no_grant_from_being_kept_alive() {
    let room = room();
    plant(&room);
    let mut planted = std::fs::read_dir(directory(&room)).unwrap();
    let file = planted.next().unwrap().unwrap().path();
    std::fs::write(&file, "torn").unwrap();
    let alive = room.run(KEEP_ALIVE.iter().chain(&["--all"]));
    assert_eq!(alive.status, 3, "{alive:?}");
    let lines: Vec<Value> = alive
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [told, failed] = lines.as_slice() else {
        panic!("{alive:?}");
    };
    assert_eq!(
        (&told["account_id"], &told["generation"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(failed["error"]["code"], "store-failed");
    assert_eq!(failed["error"]["message"], "the lifeboat cannot be read");
    assert!(file.exists());
}
