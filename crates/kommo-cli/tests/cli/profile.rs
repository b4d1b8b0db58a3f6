//! `kommo profile`: profiles are listed, shown, changed, and given by their file.

use serde_json::json;

use crate::program::Room;

const CLIENT: &str = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";

/// A room with the profiles `default` and `shop`, and one that cannot be understood.
fn room() -> Room {
    let room = Room::new();
    for (name, account) in [("default", "one.kommo.com"), ("shop", "two.kommo.com")] {
        room.run([
            "init",
            "--no-input",
            "--profile",
            name,
            "--account",
            account,
        ])
        .done();
    }
    let profiles = room.path().join(".config/kommo/profiles");
    std::fs::write(
        profiles.join("broken.toml"),
        "# of mine\nclient_id = \"MARKER\"\n",
    )
    .unwrap();
    room
}

#[test]
fn profiles_are_listed_with_the_one_in_use_and_what_is_wrong_with_one() {
    let room = room();
    let text = room.run(["profile", "list"]);
    let lines: Vec<_> = text.done().lines().collect();
    assert!(
        lines[0].starts_with("  broken  /") && lines[1].contains("line 2: client_id: "),
        "{text:?}"
    );
    assert!(lines[2].starts_with("* default  /") && lines[3].starts_with("  shop  /"));
    assert!(!text.stdout.contains("MARKER"));
    let json = room.run(["profile", "list", "--profile", "shop", "--format", "json"]);
    json.done();
    let listed = &json.json()["profiles"];
    assert_eq!(
        (&listed[2]["name"], &listed[2]["in_use"]),
        (&json!("shop"), &json!(true))
    );
    assert_eq!(listed[0]["error"]["code"], "profile-invalid");
    assert!(
        Room::new()
            .run(["profile", "list"])
            .failed(1)
            .contains("kommo init")
    );
}

#[test]
fn a_profile_is_shown_and_changed_setting_by_setting() {
    let room = room();
    let set = room.run([
        "profile",
        "set",
        &format!("client_id={CLIENT}"),
        "accounts=3",
        "client_secret_file=c.secret",
        "account=",
        "--format",
        "json",
    ]);
    set.done();
    let settings = json!({
        "client_id": CLIENT,
        "accounts": 3,
        "client_secret_file": room.path().join("c.secret").to_str().unwrap(),
    });
    assert_eq!(set.json()["settings"], settings);
    let shown = room.run(["profile", "show", "--format", "json"]);
    shown.done();
    assert_eq!(shown.json()["settings"], settings);
    let text = room.run(["profile", "show"]);
    assert!(text.done().contains(&format!("client_id = \"{CLIENT}\"")));
    assert!(
        room.run(["profile", "show", "--profile", "none"])
            .failed(2)
            .contains("/etc/kommo/profiles/none.toml")
    );
}

#[test]
fn every_wrong_setting_is_told_at_once_and_nothing_is_changed() {
    let room = room();
    let before = room.run(["profile", "show"]).done().to_owned();
    let refused = room.run([
        "profile",
        "set",
        "client_id=MARKER",
        "secret=MARKER",
        "accounts=MARKER",
        "kind=public",
        "MARKER",
    ]);
    let said = refused.failed(2);
    for part in [
        "client_id: ",
        "accounts: ",
        "no setting with that name",
        "NAME=VALUE",
        "hint: the settings are platform, ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("MARKER"));
    // Right alone, wrong together.
    room.run([
        "profile",
        "set",
        "platform=amocrm",
        "account=shop.kommo.com",
    ])
    .failed(2);
    room.run(["profile", "set", "client_secret_file=-"])
        .failed(2);
    assert_eq!(room.run(["profile", "show"]).done(), before);
}

#[test]
fn a_profile_is_made_shown_and_changed_at_a_path_without_a_home() {
    let room = Room::new();
    let run = |words: &[&str]| {
        let mut command = room.command(words.iter().chain(&["--profile", "deep/service.toml"]));
        command.env_remove("HOME");
        crate::program::ended(command, b"")
    };
    run(&["init", "--no-input", "--account", "shop.kommo.com"]).done();
    run(&["profile", "set", &format!("client_id={CLIENT}")]).done();
    assert!(run(&["profile", "show"]).done().contains("shop.kommo.com"));
    assert!(run(&["profile", "list"]).done().starts_with("* service  "));
    assert!(room.path().join("deep/service.toml").exists());
    assert!(!room.path().join(".config").exists());
}

#[test]
fn what_an_operator_wrote_around_the_settings_stays() {
    let room = Room::new();
    let text = "\
# Ours: ask Anna before you change this.
account = \"shop.kommo.com\" # the shop

# The one of the old shop.
client_id = \"11111111-2222-3333-4444-555555555555\"   # see the wiki
name = 'Shop'

[[secret]]
# until the new year
kind = \"client\"
role = \"next\"
env = \"NEXT\"
";
    room.file("p.toml", text);
    let run = |words: &[&str]| room.run(words.iter().chain(&["--profile", "./p.toml"]));
    let id = format!("client_id={CLIENT}");
    run(&["profile", "set", &id, "name=", "accounts=3"]).done();
    let written = std::fs::read_to_string(room.path().join("p.toml")).unwrap();
    let wanted = text
        .replace("11111111-2222-3333-4444-555555555555", CLIENT)
        .replace("name = 'Shop'\n", "accounts = 3\n");
    assert_eq!(written, wanted);
    // The commands for secrets keep them too.
    run(&["secret", "add", "channel", "--secret-env", "LATER"]);
    let written = std::fs::read_to_string(room.path().join("p.toml")).unwrap();
    for kept in ["# Ours: ask Anna", "# the shop", "# see the wiki"] {
        assert!(written.contains(kept), "{written}");
    }
}

#[test]
fn a_wrong_value_alone_does_not_list_all_settings() {
    let room = room();
    let refused = room.run(["profile", "set", "client_id=1"]);
    let said = refused.failed(2);
    assert!(
        said.contains("client_id: ") && !said.contains("settings are"),
        "{said}"
    );
}

#[test]
fn without_a_home_the_advice_is_one_that_works() {
    let room = Room::new();
    let run = |words: &[&str]| {
        let mut command = room.command(words);
        command.env_remove("HOME");
        crate::program::ended(command, b"")
    };
    let listed = run(&["profile", "list"]);
    let advice = "`kommo init --profile ./shop.toml`";
    assert!(listed.failed(1).contains(advice), "{listed:?}");
    run(&[
        "init",
        "--no-input",
        "--account",
        "shop.kommo.com",
        "--profile",
        "./shop.toml",
    ])
    .done();
}
