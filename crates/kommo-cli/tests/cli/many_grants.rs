//! Several grants in one store: what `--all` means, and whose grant is meant without a user.

use serde_json::{Value, json};

use crate::program::{Ended, Room};
use crate::shop::{ACCOUNT, HOST, Shop, USER, private};
use crate::stored_grants::{active, held, keep};

const OURS: &str = "c11e0000-0000-4000-8000-000000000001";
const OTHER: &str = "c11e0000-0000-4000-8000-000000000002";

/// A profile of the real platform that names an account.
fn profile(room: &Room) {
    private(room, "client.secret", "MARKER-client-secret");
    room.run([
        "init",
        "--no-input",
        "--quiet",
        "--platform",
        "kommo",
        "--client-id",
        OURS,
        "--redirect-uri",
        "https://integration.example/kommo/redirect",
        "--client-secret-file",
        "client.secret",
        "--account",
        "one.kommo.com",
    ])
    .done();
}

fn key(client: &str, account: u32) -> String {
    format!("real/{client}/{account}/5")
}

/// One field of each line.
#[track_caller]
fn each(ended: &Ended, field: &str) -> Vec<Value> {
    let lines = ended.stdout.lines();
    let mut told: Vec<Value> = lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap()[field].clone())
        .collect();
    told.sort_by_key(Value::to_string);
    told
}

#[test]
fn all_is_every_grant_of_the_integration_whatever_account_the_profile_names() {
    let room = Room::new();
    profile(&room);
    keep(
        &room,
        &[
            active(&key(OURS, 1), "one.kommo.com"),
            active(&key(OURS, 2), "two.kommo.com"),
            active(&key(OTHER, 3), "three.kommo.com"),
        ],
    );
    let words = ["auth", "keep-alive", "--all", "--format", "json"];
    let alive = room.run(words);
    alive.done();
    assert_eq!(each(&alive, "account_id"), [json!(1), json!(2)]);
    // The account is not said with it: nobody can think that it narrows.
    room.run(words.iter().chain(&["--account", "one.kommo.com"]))
        .failed_json(2);
    // Without `--all` the profile's account is meant.
    let alive = room.run(["auth", "keep-alive", "--format", "json"]);
    alive.done();
    assert_eq!(each(&alive, "account_id"), [json!(1)]);
}

#[test]
fn refresh_all_asks_for_every_grant_of_the_integration() {
    let room = Room::new();
    profile(&room);
    keep(
        &room,
        &[
            held(&key(OURS, 1), "one.kommo.com"),
            held(&key(OURS, 2), "two.kommo.com"),
            held(&key(OTHER, 3), "three.kommo.com"),
        ],
    );
    let refreshed = room.run(["auth", "refresh", "--all", "--format", "json"]);
    assert_eq!(refreshed.status, 1, "{refreshed:?}");
    assert_eq!(each(&refreshed, "account_id"), [json!(1), json!(2)]);
}

#[test]
fn logout_all_ends_the_grants_of_one_integration_alone() {
    let room = Room::new();
    keep(
        &room,
        &[
            active(&key(OURS, 1), "one.kommo.com"),
            active(&key(OURS, 2), "two.kommo.com"),
            active(&key(OTHER, 3), "three.kommo.com"),
        ],
    );
    let words = ["auth", "logout", "--all", "--format", "json"];
    let failed = room.run(words);
    assert_eq!(failed.failed_json(2)["code"], "ambiguous-grant");
    let out = room.run(words.iter().chain(&["--client-id", OURS]));
    out.done();
    assert_eq!(each(&out, "account_id"), [json!(1), json!(2)]);
    room.run(words.iter().chain(&["--client-id", OURS]))
        .failed_json(1);

    let status = room.run(["auth", "status", "--format", "json"]).json();
    let states: Vec<_> = status["grants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| (&grant["account_id"], &grant["state"]))
        .collect();
    assert_eq!(
        states,
        [
            (&json!(1), &json!("disconnected")),
            (&json!(2), &json!("disconnected")),
            (&json!(3), &json!("active")),
        ]
    );
    // What is left is of one integration, which need not be said.
    let out = room.run(words);
    out.done();
    assert_eq!(each(&out, "account_id"), [json!(3)]);
}

#[test]
fn logout_all_takes_the_integration_of_the_profile_and_not_its_account() {
    let room = Room::new();
    profile(&room);
    keep(
        &room,
        &[
            active(&key(OURS, 1), "one.kommo.com"),
            active(&key(OURS, 2), "two.kommo.com"),
            active(&key(OTHER, 3), "three.kommo.com"),
        ],
    );
    let out = room.run(["auth", "logout", "--all", "--format", "json"]);
    out.done();
    assert_eq!(each(&out, "account_id"), [json!(1), json!(2)]);
}

#[test]
fn of_several_grants_of_an_account_the_primary_one_is_meant_and_can_be_chosen() {
    let shop = Shop::open();
    shop.log_in();
    let other = json!({ "id": 777, "name": "Second", "admin": true });
    shop.sandbox
        .order("users", &json!({ "account": ACCOUNT, "user": other }));
    let (code, host) = shop.code(&json!({ "account": ACCOUNT, "user": 777 }));
    shop.run(["auth", "login", "--code", &code, "--account", &host])
        .done();
    let primaries = || -> Vec<Value> {
        let status = shop.json(&["auth", "status"]);
        let grants = status["grants"].as_array().unwrap().iter();
        grants
            .filter(|grant| grant["is_primary"] == json!(true))
            .map(|grant| grant["user_id"].clone())
            .collect()
    };
    let used = || shop.json(&["auth", "keep-alive", "--account", HOST])["user_id"].clone();
    // Nobody knows which of the two is an administrator.
    assert_eq!(primaries(), [] as [Value; 0]);
    let failed = shop.run(["auth", "keep-alive", "--account", HOST]);
    assert!(
        failed.failed(2).contains("kommo auth primary"),
        "{failed:?}"
    );

    // Who is chosen is said, not guessed.
    let failed = shop.run(["auth", "primary", "--account", HOST]);
    assert!(failed.failed(2).contains("2 grants"), "{failed:?}");
    shop.run(["auth", "primary", "--user", "778"]).failed(1);
    let chosen = shop.json(&["auth", "primary", "--user", "777"]);
    assert_eq!(chosen["is_primary"], true);
    assert_eq!((primaries(), used()), (vec![json!(777)], json!(777)));
    let text = shop.run(["auth", "status"]);
    assert!(text.done().contains("user 777, primary\n"), "{text:?}");
    // Where a wrong guess could not be taken back, nothing is guessed.
    for verb in [
        &["logout"][..],
        &["export", "--quiet", "--output", "grant.json"],
    ] {
        let ending = ["auth"].iter().chain(verb).chain(&["--account", HOST]);
        let failed = shop.run(ending);
        assert!(failed.failed(2).contains("2 grants"), "{failed:?}");
    }
    shop.run(["auth", "logout", "--user", "777"]).done();
    assert_eq!(used(), json!(USER));
}

#[test]
fn without_a_choice_the_first_administrators_grant_is_the_primary_one() {
    let room = Room::new();
    profile(&room);
    let of_user = |user: u32| format!("real/{OURS}/1/{user}");
    keep(
        &room,
        &[
            active(&of_user(8), "one.kommo.com"),
            active(&of_user(9), "one.kommo.com"),
        ],
    );
    let alive = room.run(["auth", "keep-alive", "--format", "json"]);
    alive.done();
    assert_eq!(alive.json()["user_id"], 8);
    let text = room.run(["auth", "status", "--user", "8"]);
    assert!(
        text.done().contains("user 8 (administrator), primary\n"),
        "{text:?}"
    );
    let other = room.run(["auth", "status", "--user", "9"]);
    assert!(!other.done().contains("primary"), "{other:?}");
}
