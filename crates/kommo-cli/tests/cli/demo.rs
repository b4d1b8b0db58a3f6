//! `kommo demo`: the first thing that a stranger runs.

use serde_json::Value;

use crate::program::{Ended, Room};

const STEPS: [&str; 22] = [
    "sandbox",
    "connect",
    "wrong-secret",
    "stale-date",
    "skewed-clock",
    "message",
    "hook",
    "answer",
    "delivered",
    "read",
    "reaction",
    "typing",
    "edit",
    "history",
    "disconnect",
    "consent",
    "call",
    "expiry",
    "lost-answer",
    "restart",
    "replayed-hook",
    "disconnected",
];

fn steps(ended: &Ended) -> Vec<Value> {
    ended
        .done()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_step_is_a_line_of_at_most_80_columns_and_goes_well() {
    let ended = Room::new().run(["demo"]);
    let lines: Vec<_> = ended.done().lines().collect();
    assert_eq!(lines.len(), STEPS.len());
    for (line, step) in lines.iter().zip(STEPS) {
        let mut words = line.split_whitespace();
        assert_eq!((words.next(), words.next()), (Some("ok"), Some(step)));
        assert!(
            line.chars().count() <= 80 && line.find(step) == Some(7),
            "{line}"
        );
    }
    assert!(lines[2].contains("unknown") && lines[3].contains("date-stale"));
}

// Rules E1, D3, T3.
#[test]
fn for_programs_every_step_is_an_object() {
    let steps = steps(&Room::new().run(["demo", "--format", "json"]));
    for (step, name) in steps.iter().zip(STEPS) {
        assert_eq!(
            step.as_object().unwrap().keys().take(3).collect::<Vec<_>>(),
            ["step", "ok", "detail"]
        );
        assert_eq!(
            (&step["step"], &step["ok"]),
            (&Value::from(name), &Value::from(true))
        );
        assert!(step["detail"].is_string());
    }
    assert_eq!(steps.len(), STEPS.len());
    assert_eq!(steps[2]["findings"][0]["code"], "unknown");
    assert_eq!(steps[3]["findings"][0]["code"], "date-stale");
    assert!((3590..=3610).contains(&steps[4]["clock_offset_seconds"].as_i64().unwrap()));
    assert_eq!(steps[4]["attempts"], 2);
    assert_eq!(steps[17]["refreshes"], 1);
    assert_eq!(steps[18]["answers_dropped_after_commit"], 1);
    assert_eq!(steps[19]["refreshes"], 0);
}

// Invariant I8.
#[test]
fn what_is_kept_holds_no_secret() {
    let room = Room::new();
    steps(&room.run(["demo", "--keep", "kept/here", "--format", "json"]));
    let kept = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(room.path().join("kept/here").join(name)).unwrap())
            .unwrap()
    };
    let journal = kept("journal.json");
    let verdicts: Vec<_> = journal
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts[..6],
        [
            "accepted", "refused", "refused", "refused", "accepted", "accepted"
        ]
    );
    let journal = journal.to_string();
    assert!(journal.contains("/oauth2/access_token") && journal.contains("/kommo/disconnect"));
    for secret in ["def502", "eyJ"] {
        assert!(!journal.contains(secret), "{secret}");
    }
    let state = kept("state.json");
    for name in ["channel_secret", "client_secret", "app_secret"] {
        assert_eq!(state[name], "(masked)");
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_io() {
    let room = Room::new();
    room.file("taken", "");
    room.run(["demo", "--keep", "taken"]).failed(3);
}

#[test]
fn the_store_of_the_story_is_gone_afterwards() {
    let room = Room::new();
    let temporary = room.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = room.command(["demo"]);
    command.env("TMPDIR", &temporary);
    crate::program::ended(command, b"").done();
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(!room.path().join(".local").exists());
}
