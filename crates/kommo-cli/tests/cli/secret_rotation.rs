//! `kommo secret`: a rotation with an overlap.

use serde_json::Value;

use crate::program::Room;
use crate::shop::private;
use crate::stored_grants::keep_at;

const BODY: &str = r#"{"a":1}"#;

fn room() -> Room {
    let room = Room::new();
    private(&room, "one.secret", "MARKER-secret-one");
    private(&room, "two.secret", "MARKER-secret-two");
    room.file("hook.json", BODY);
    room.run([
        "init",
        "--no-input",
        "--quiet",
        "--channel-secret-file",
        "one.secret",
        "--store",
        "sqlite:grants/grants.db",
    ])
    .done();
    room
}

fn signed_with(room: &Room, secret: &str) -> String {
    let signed = room.run([
        "sign",
        "hook",
        "--secret-file",
        secret,
        "--body",
        "hook.json",
    ]);
    signed.done().trim().to_owned()
}

fn verify(room: &Room, signature: &str) -> i32 {
    room.run([
        "verify",
        "chat-hook",
        "--signature",
        signature,
        "--body",
        "hook.json",
    ])
    .status
}

fn listed(room: &Room) -> Vec<Value> {
    let ended = room.run(["secret", "list", "--format", "json"]);
    ended.done();
    assert!(!ended.stdout.contains("MARKER"));
    ended.json()["secrets"].as_array().unwrap().clone()
}

#[test]
fn both_secrets_are_tried_during_the_overlap_and_the_current_one_signs() {
    let room = room();
    let (one, two) = (
        signed_with(&room, "one.secret"),
        signed_with(&room, "two.secret"),
    );
    assert_eq!((verify(&room, &one), verify(&room, &two)), (0, 1));

    let added = room.run([
        "secret",
        "add",
        "channel",
        "--secret-file",
        "two.secret",
        "--format",
        "json",
    ]);
    added.done();
    assert_eq!(added.json()["role"], "next");
    assert_eq!((verify(&room, &one), verify(&room, &two)), (0, 0));
    let by_profile = || {
        room.run(["sign", "hook", "--body", "hook.json"])
            .done()
            .trim()
            .to_owned()
    };
    assert_eq!(by_profile(), one);

    room.run(["secret", "promote", "channel"]).done();
    assert_eq!(by_profile(), two);
    assert_eq!((verify(&room, &one), verify(&room, &two)), (0, 0));
    let roles: Vec<_> = listed(&room)
        .iter()
        .map(|secret| secret["role"].clone())
        .collect();
    assert_eq!(roles, ["current", "previous"]);

    let old = listed(&room)[1]["id"].as_str().unwrap().to_owned();
    let current = listed(&room)[0]["id"].as_str().unwrap().to_owned();
    room.run(["secret", "retire", "channel", &current])
        .failed(2);
    room.run(["secret", "retire", "channel", "00000000"])
        .failed(1);
    room.run(["secret", "retire", "client", &old]).failed(1);
    room.run(["secret", "retire", "channel", &old]).done();
    assert_eq!((verify(&room, &one), verify(&room, &two)), (1, 0));
}

#[test]
fn the_list_says_which_secret_matched_last_and_when() {
    let room = room();
    let two = signed_with(&room, "two.secret");
    room.run(["secret", "add", "channel", "--secret-file", "two.secret"])
        .done();
    assert_eq!(listed(&room)[1]["matched_at"], Value::Null);
    // A proof makes no store; one that is there takes the note.
    assert_eq!(verify(&room, &two), 0);
    assert!(!room.path().join("grants").exists());
    let directory = room.path().join("grants");
    std::fs::create_dir(&directory).unwrap();
    keep_at(&directory.join("grants.db"), &[]);
    assert_eq!(verify(&room, &two), 0);
    let secrets = listed(&room);
    assert_eq!(secrets[0]["matched_at"], Value::Null);
    assert!(secrets[1]["matched_at"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(secrets[1]["matched_for"], "chat-hook");
    let text = room.run(["secret", "list"]);
    for line in text.done().lines() {
        assert!(
            line.chars().count() <= 80 || line.starts_with("        "),
            "{line}"
        );
    }
    assert!(
        text.stdout.contains("matched 0 seconds ago (chat-hook)")
            || text.stdout.contains("ago (chat-hook)")
    );
}

#[test]
fn an_overlap_of_no_days_is_over_at_once_and_the_profile_holds_no_secret() {
    let room = room();
    room.run(["secret", "add", "channel", "--secret-file", "two.secret"])
        .done();
    room.run(["secret", "promote", "channel", "--overlap-days", "0"])
        .done();
    let profile = std::fs::read_to_string(room.path().join(".config/kommo/profiles/default.toml"));
    let profile = profile.unwrap();
    assert!(
        !profile.contains("MARKER") && profile.contains("one.secret"),
        "{profile}"
    );
    let until = listed(&room)[1]["until"].as_u64().unwrap();
    assert!(until > 1_700_000_000);
}

#[test]
fn mistakes_change_nothing() {
    let room = room();
    let before = std::fs::read(room.path().join(".config/kommo/profiles/default.toml")).unwrap();
    private(&room, "same.secret", "MARKER-secret-one");
    private(&room, "empty.secret", "");
    for words in [
        &["secret", "add", "channel"][..],
        &["secret", "add", "telegram", "--secret-file", "two.secret"],
        &["secret", "add", "channel", "--secret-file", "-"],
        &["secret", "add", "channel", "--secret-file", "same.secret"],
        &["secret", "add", "channel", "--secret-file", "empty.secret"],
        &["secret", "add", "channel", "--secret-env", "UNSET"],
        &["secret", "promote", "channel"],
        &["secret", "promote", "client"],
    ] {
        let failed = room.run(words);
        assert!(!failed.failed(2).contains("MARKER"), "{words:?}");
    }
    room.run(["secret", "add", "channel", "--secret-file", "missing"])
        .failed(3);
    let after = std::fs::read(room.path().join(".config/kommo/profiles/default.toml")).unwrap();
    assert_eq!(before, after);
    Room::new().run(["secret", "list"]).failed(1);
}
