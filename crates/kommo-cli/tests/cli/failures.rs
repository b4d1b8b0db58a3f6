//! With `--format json` every failure of every command is one object with a code of the README's
//! table.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use serde_json::Value;

use crate::command_tree;
use crate::program::{Ended, Room, ended};

/// A failure beyond the command line for each command. What the words need is made by
/// [`furnished`].
const FAILURES: &[(&str, &str, &str)] = &[
    ("init", "--no-input", "usage"),
    (
        "init",
        "--no-input --profile there --account shop.kommo.com",
        "profile-exists",
    ),
    ("profile list", "--profile a!b", "usage"),
    ("profile show", "--profile none", "profile-missing"),
    ("profile set", "--profile there none=b", "usage"),
    ("sign chats", "--method GET --path /v2/x", "setting-missing"),
    ("sign hook", "--secret-file empty", "secret-invalid"),
    ("sign open-api", "--secret-file missing", "io"),
    (
        "sign visitor",
        "--secret-env NOT_SET --sbs a --ranstr b",
        "setting-missing",
    ),
    (
        "sign disconnect",
        "--secret-file secret --client-id c11e0000-0000-4000-8000-000000000001 --account-id 0",
        "usage",
    ),
    (
        "verify chat-hook",
        "--secret-file empty --signature 00",
        "secret-invalid",
    ),
    (
        "verify disconnect",
        "--secret-file secret --query a",
        "setting-missing",
    ),
    (
        "verify widget-token",
        "--token-file secret",
        "setting-missing",
    ),
    (
        "verify bot-token",
        "--secret-file secret --token-file missing --client-id c11e0000-0000-4000-8000-000000000001",
        "io",
    ),
    (
        "verify open-api",
        "--secret-file secret --signature 00 --body missing",
        "io",
    ),
    (
        "explain chats",
        "--secret-file secret --method GET --url /v2/x --header nothing",
        "usage",
    ),
    ("explain chat-hook", "--signature 00", "setting-missing"),
    (
        "explain open-api",
        "--secret-file secret --signature 00 --body missing",
        "io",
    ),
    (
        "explain disconnect",
        "--secret-file secret --query a",
        "setting-missing",
    ),
    ("demo", "--keep secret", "io"),
    ("sandbox", "--config missing", "io"),
    ("sandbox", "--listen 0.0.0.0:0", "usage"),
    ("auth login", "", "setting-missing"),
    ("auth login", "--sandbox http://shop.kommo.com", "usage"),
    ("auth import", "", "setting-missing"),
    ("auth export", "--output secret", "no-grant"),
    ("auth status", "", "no-grant"),
    ("auth status", "--profile broken", "profile-invalid"),
    ("auth status", "--profile none", "profile-missing"),
    ("auth status", "--store sqlite:secret", "store-damaged"),
    ("auth primary", "--account 1 --user 1", "no-grant"),
    (
        "auth refresh",
        "--client-id c11e0000-0000-4000-8000-000000000001",
        "setting-missing",
    ),
    ("auth keep-alive", "", "setting-missing"),
    ("auth retry", "", "setting-missing"),
    ("auth logout", "", "no-grant"),
    ("auth token", "", "no-grant"),
    ("auth credential", "", "no-grant"),
    (
        "auth credential",
        "--profile there --sandbox http://127.0.0.1:1",
        "no-grant",
    ),
    ("api", "GET https://shop.kommo.com/api/v4/account", "usage"),
    ("api", "GET /api/v4/account", "no-grant"),
    ("doctor", "--sandbox http://shop.kommo.com", "usage"),
    (
        "secret add",
        "client --secret-file secret",
        "profile-missing",
    ),
    ("secret promote", "client", "profile-missing"),
    (
        "secret retire",
        "client 00000000 --profile there",
        "not-found",
    ),
    ("secret list", "", "not-found"),
    ("chats connect", "", "setting-missing"),
    (
        "chats connect",
        "--secret-file secret --channel c0ffee00-0000-4000-8000-000000000001 --account-amojo-id acc00000-0000-4000-8000-000000000001 --account shop.kommo.com --sandbox http://127.0.0.1:1",
        "unreachable",
    ),
    ("chats disconnect", "--account 5", "usage"),
    ("chats create", "", "usage"),
    (
        "chats send",
        "--conversation c --client u --name Ann",
        "usage",
    ),
    (
        "chats edit",
        "--conversation c --message m --text-file missing",
        "io",
    ),
    ("chats status", "--message-ref m failed", "usage"),
    (
        "chats typing",
        "--conversation c --client u",
        "setting-missing",
    ),
    (
        "chats react",
        "--conversation c --message m --by-client u --remove --account shop.kommo.com",
        "setting-missing",
    ),
    ("chats history", "--conversation-ref c --limit 51", "usage"),
    ("open-api call", "create_gd", "setting-missing"),
    ("hooks listen", "", "setting-missing"),
    (
        "hooks trigger",
        "crm-lead --to http://shop.example/",
        "usage",
    ),
    ("hooks inbox list", "", "not-found"),
    ("hooks inbox show", "1", "not-found"),
    ("hooks inbox replay", "", "usage"),
    ("version", "more", "usage"),
    ("completions", "cmd", "usage"),
    ("man", "secret", "io"),
];

fn furnished() -> Room {
    let room = Room::new();
    room.file("secret", "0123456789abcdef");
    room.file("empty", "");
    let init = ["init", "--no-input", "--quiet", "--profile", "there"];
    room.run(init.iter().chain(&["--platform", "kommo"])).done();
    let profiles = room.path().join(".config/kommo/profiles");
    std::fs::write(profiles.join("broken.toml"), "client_id = 5\n").unwrap();
    room
}

/// The exit status of each code, as the README says.
fn documented() -> HashMap<&'static str, i32> {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("\n## Error codes\n").unwrap();
    let rows = section.split("\n## ").next().unwrap().lines();
    rows.filter_map(|line| line.strip_prefix("| `"))
        .map(|row| {
            let (code, rest) = row.split_once("` | ").unwrap();
            (code, rest.split(" | ").next().unwrap().parse().unwrap())
        })
        .collect()
}

/// One object on standard output, nothing said of it on standard error, and the status of its code;
/// gives the code.
#[track_caller]
fn check(ended: &Ended, statuses: &HashMap<&str, i32>, what: &str) -> String {
    let object = ended.json();
    let error = &object["error"];
    let code = error["code"]
        .as_str()
        .unwrap_or_else(|| panic!("{what}: {ended:?}"));
    assert_eq!(object.as_object().unwrap().len(), 1, "{what}: {ended:?}");
    assert_eq!(statuses.get(code), Some(&ended.status), "{what}: {ended:?}");
    assert!(!ended.stderr.contains("error"), "{what}: {ended:?}");
    let message = error["message"].as_str().unwrap();
    assert!(
        !message.is_empty() && !message.ends_with('.'),
        "{what}: {message}"
    );
    for (name, is_right) in [
        ("reason", Value::is_string as fn(&Value) -> bool),
        ("retry_at", Value::is_u64),
        ("hint", Value::is_string),
    ] {
        let value = error
            .get(name)
            .unwrap_or_else(|| panic!("{what}: no {name}"));
        assert!(value.is_null() || is_right(value), "{what}: {ended:?}");
    }
    code.to_owned()
}

#[test]
fn every_command_fails_with_an_object_and_a_code() {
    let (room, statuses) = (furnished(), documented());
    let leaves = command_tree::leaves(&room);
    for leaf in &leaves {
        let name = leaf.join(" ");
        assert!(
            FAILURES.iter().any(|(command, ..)| *command == name),
            "no failure of `{name}` in the list"
        );
    }
    for (command, words, expected) in FAILURES {
        let is_there = leaves.iter().any(|leaf| leaf.join(" ") == *command);
        assert!(is_there, "there is no command `{command}`");
        let words = command.split(' ').chain(words.split_whitespace());
        let words: Vec<_> = words.chain(["--format", "json"]).collect();
        let ended = room.run(&words);
        assert_eq!(
            check(&ended, &statuses, command),
            *expected,
            "{words:?}: {ended:?}"
        );
    }
}

#[test]
fn a_mistake_in_the_command_line_of_any_command_is_an_object_too() {
    let (room, statuses) = (furnished(), documented());
    for command in command_tree::all(&room) {
        let words: Vec<OsString> = command.iter().map(OsString::from).collect();
        for mistake in [
            &["--format", "json", "--no-such-option"][..],
            &["--format=json", "--quiet", "--verbose"],
            &["--no-such-option=x", "--format", "json", "--", "x"],
        ] {
            let words = words
                .iter()
                .cloned()
                .chain(mistake.iter().map(OsString::from));
            let ended = room.run(words.collect::<Vec<_>>());
            let what = format!("{command:?} {mistake:?}");
            assert_eq!(check(&ended, &statuses, &what), "usage");
        }
        let broken = OsString::from_vec(b"--\xff\xfe".to_vec());
        let words = words
            .iter()
            .cloned()
            .chain(["--format".into(), "json".into(), broken]);
        let ended = room.run(words.collect::<Vec<_>>());
        assert_eq!(check(&ended, &statuses, "not utf-8"), "usage");
    }
}

/// What cannot be read does not ask for json.
#[test]
fn a_format_that_is_none_or_comes_after_the_options_is_text() {
    let room = Room::new();
    for words in [
        &["sign", "hook", "--format", "xml"][..],
        &["sign", "hook", "--no-such-option", "--", "--format", "json"],
        &["sign", "hook", "--format"],
    ] {
        room.run(words).failed(2);
    }
}

#[test]
fn a_failure_without_a_home_is_an_object_too() {
    let (room, statuses) = (Room::new(), documented());
    for words in [
        &["init", "--no-input", "--platform", "kommo"][..],
        &["auth", "status"],
        &["auth", "credential"],
        &["secret", "list"],
    ] {
        let mut command = room.command(words.iter().chain(&["--format", "json"]));
        command.env_remove("HOME");
        check(&ended(command, b""), &statuses, words[0]);
    }
}
