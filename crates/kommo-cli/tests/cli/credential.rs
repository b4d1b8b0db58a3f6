//! What `auth credential` says to a program in another language: where to send the token, and
//! nowhere else.

use alloc::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Room, ended};
use crate::shop::{ACCOUNT, HOST, Shop};
use crate::stored_grants::{active, keep};

#[test]
fn a_sandbox_is_named_by_its_address_and_never_by_a_real_host() {
    let shop = Shop::open();
    shop.log_in();
    let (code, host) = shop.code(&json!({ "account": 10_000_002 }));
    shop.run(["auth", "login", "--code", &code, "--account", &host])
        .done();
    for (account, name) in [
        (HOST, "sandbox-one.kommo.localhost"),
        (host.as_str(), "sandbox-two.amocrm.localhost"),
    ] {
        let credential = shop.json(&["auth", "credential", "--account", account]);
        let base_url = shop.sandbox.base_url();
        assert_eq!(credential["base_url"], base_url);
        assert_eq!(credential["realm"], base_url.replace("http://", "sandbox@"));
        assert_eq!(credential["host"], name);
        assert_eq!(credential["account_host"], account);
    }
}

const KEY: &str = "real/c11e0000-0000-4000-8000-000000000001/12345678/87654321";

#[test]
fn the_real_platform_is_named_by_the_host_of_the_account() {
    let room = Room::new();
    keep(&room, &[active(KEY, "shop.amocrm.ru")]);
    let words = ["auth", "credential", "--format", "json"];
    let profile = [
        "init",
        "--no-input",
        "--quiet",
        "--client-id",
        "c11e0000-0000-4000-8000-000000000001",
        "--redirect-uri",
        "https://integration.example/kommo",
        "--client-secret-env",
        "SECRET",
    ];
    room.run(profile).done();
    let mut command = room.command(words);
    command.env("SECRET", "s");
    let said = ended(command, b"");
    said.done();
    let credential = said.json();
    for (name, value) in [
        ("realm", json!("real")),
        ("base_url", json!("https://shop.amocrm.ru")),
        ("host", json!("shop.amocrm.ru")),
        ("account_host", json!("shop.amocrm.ru")),
        ("account_id", json!(12_345_678)),
    ] {
        assert_eq!(credential[name], value, "{name}");
    }
}

#[test]
fn a_credential_is_not_printed_to_a_terminal_without_show() {
    let shop = Shop::open();
    shop.log_in();
    for (words, status) in [("", 2), (" --format json", 2), (" --show", 0)] {
        let line = format!("'{}' auth credential{words}", env!("CARGO_BIN_EXE_kommo"));
        let mut command = Command::new("script");
        command
            .args(["-qec", &line, "/dev/null"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", shop.room.path())
            .env("KOMMO_SANDBOX_URL", shop.sandbox.base_url())
            .current_dir(shop.room.path());
        let said = ended(command, b"");
        assert_eq!(said.status, status, "{said:?}");
        assert_eq!(said.stdout.contains("eyJ"), status == 0, "{said:?}");
    }
}

/// The program in a mount namespace of its own, where the room is read-only: for root, a mode would
/// not be. `None` if mounts are to be left out, which is said.
#[allow(
    clippy::print_stderr,
    reason = "what is left out is said where the test command reads it"
)]
fn on_a_read_only_file_system(shop: &Shop, words: &[&str]) -> Option<Command> {
    let left_out = std::env::var("KOMMO_TEST_WITHOUT").unwrap_or_default();
    if left_out.split(',').any(|name| name.trim() == "mounts") {
        eprintln!("left out: mounts");
        return None;
    }
    let script =
        "mount --bind . . && mount -o remount,bind,ro . && cd \"$PWD\" && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "sh", "-ec", script])
        .arg(env!("CARGO_BIN_EXE_kommo"))
        .args(words)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", shop.room.path())
        .env("KOMMO_SANDBOX_URL", shop.sandbox.base_url())
        .current_dir(shop.room.path());
    Some(command)
}

#[test]
fn a_read_only_file_system_is_said_and_spends_nothing() {
    let shop = Shop::open();
    shop.log_in();
    let words = ["auth", "credential", "--format", "json"];
    let Some(command) = on_a_read_only_file_system(&shop, &words) else {
        return;
    };
    let before = listing(shop.room.path());
    let refused = ended(command, b"");
    shop.assert_quiet(&refused);
    let error = refused.failed_json(2);
    assert_eq!(error["code"], "store-misconfigured", "{error}");
    assert_eq!(listing(shop.room.path()), before);
    assert_eq!(shop.counter("refreshes"), 0);
    // The same grant serves as soon as it may be written again.
    shop.run(words).done();
}

/// Every path below a directory, with what a writer would change: the length and the time.
fn listing(directory: &Path) -> BTreeSet<(PathBuf, u64, std::time::SystemTime)> {
    let mut listed = BTreeSet::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.metadata().unwrap();
        listed.insert((path.clone(), metadata.len(), metadata.modified().unwrap()));
        if metadata.is_dir() {
            listed.extend(listing(&path));
        }
    }
    listed
}

#[test]
fn to_ask_makes_no_file_and_no_directory() {
    let room = Room::new();
    let client = [
        "--client-id",
        "c11e0000-0000-4000-8000-000000000001",
        "--redirect-uri",
        "https://integration.example/kommo",
    ];
    room.file("secret", "s");
    let before = listing(room.path());
    for words in [
        &["auth", "status"][..],
        &["auth", "credential"],
        &["auth", "token"],
        &["auth", "refresh", "--secret-file", "secret"],
        &["auth", "keep-alive", "--all", "--secret-file", "secret"],
        &["auth", "logout"],
        &["auth", "export", "--output", "out"],
        &["api", "GET", "/api/v4/account"],
    ] {
        let needs_client = words.contains(&"--secret-file");
        let client = needs_client.then_some(client).into_iter().flatten();
        let words: Vec<_> = words
            .iter()
            .copied()
            .chain(client)
            .chain(["--format", "json"])
            .collect();
        assert_eq!(
            room.run(&words).failed_json(1)["code"],
            "no-grant",
            "{words:?}"
        );
    }
    for words in [
        &["secret", "list"][..],
        &["doctor"],
        &["completions", "bash"],
        &["man"],
    ] {
        room.run(words);
    }
    assert_eq!(listing(room.path()), before);
}

#[test]
fn a_store_that_is_there_is_as_it_was_after_it_was_asked() {
    let shop = Shop::open();
    shop.log_in();
    let before = listing(shop.room.path());
    let names = |listed: &BTreeSet<(PathBuf, u64, _)>| {
        let names = listed.iter().map(|(path, ..)| path.clone());
        names.collect::<Vec<_>>()
    };
    shop.run(["auth", "status"]).done();
    assert_eq!(listing(shop.room.path()), before);
    shop.run(["auth", "credential"]).done();
    shop.run(["auth", "token"]).done();
    shop.run(["api", "GET", "/api/v4/account"]).done();
    assert_eq!(names(&listing(shop.room.path())), names(&before));
}

#[test]
fn a_profile_by_its_path_needs_no_home() {
    let shop = Shop::open();
    shop.log_in();
    let home = shop.room.path();
    let text = std::fs::read_to_string(home.join(".config/kommo/profiles/default.toml")).unwrap();
    let store = home.join(".local/share/kommo/grants.db");
    let text = format!("store = \"sqlite:{}\"\n{text}", store.display());
    let file = shop.room.file("service.toml", text);
    for how in ["argument", "environment"] {
        let mut words = vec!["auth", "credential", "--format", "json"];
        if how == "argument" {
            words.extend(["--profile", file.to_str().unwrap()]);
        }
        let mut command = shop.command(&words);
        command.env_remove("HOME");
        if how == "environment" {
            command.env("KOMMO_PROFILE", &file);
        }
        let said = ended(command, b"");
        said.done();
        assert_eq!(said.json()["account_id"], json!(ACCOUNT), "{how}");
    }
    let missing = shop.run([
        "auth",
        "status",
        "--format",
        "json",
        "--profile",
        "./none.toml",
    ]);
    let error: Value = missing.failed_json(2);
    assert_eq!(error["code"], "profile-missing");
    assert!(error["message"].as_str().unwrap().contains("./none.toml"));
}
