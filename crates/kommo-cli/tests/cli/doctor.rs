//! `kommo doctor`: offline, and beside a sandbox.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Ended, Room, ended};
use crate::shop::{Shop, private};
use crate::stored_grants::database;

fn finding<'a>(told: &'a Value, code: &str) -> &'a Value {
    let findings = told["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["code"] == code)
        .unwrap_or_else(|| panic!("no {code} in {told:#}"))
}

fn told(ended: &Ended, status: i32) -> Value {
    assert_eq!(
        (ended.status, ended.stderr.as_str()),
        (status, ""),
        "{ended:?}"
    );
    ended.json()
}

#[test]
fn a_healthy_shop_has_no_error_and_fits_80_columns() {
    let shop = Shop::open();
    shop.log_in();
    let text = shop.run(["doctor"]);
    text.done();
    shop.assert_quiet(&text);
    for line in text.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let json = told(&shop.run(["doctor", "--format", "json"]), 0);
    assert_eq!(json["ok"], true);
    for (code, level) in [
        ("clock-agrees", "ok"),
        ("store-opens", "ok"),
        ("records-readable", "ok"),
        ("secret-present", "ok"),
        ("sandbox", "ok"),
        ("store-plain", "advice"),
        ("redirect-uri-exact", "advice"),
    ] {
        assert_eq!(finding(&json, code)["level"], level, "{code}");
    }
}

#[test]
fn without_a_network_and_a_profile_the_offline_parts_are_looked_at() {
    let room = Room::new();
    let json = told(&room.run(["doctor", "--format", "json"]), 0);
    assert_eq!(finding(&json, "clock-not-compared")["area"], "clock");
    assert_eq!(finding(&json, "store-missing")["level"], "ok");
    assert!(!room.path().join(".local").exists());
    room.run(["doctor", "--offline"]).done();
}

// Rules D3, T3.
#[test]
fn a_clock_that_differs_is_a_warning_and_one_that_is_wrong_an_error() {
    let shop = Shop::open();
    shop.sandbox
        .order("clock", &json!({ "advance_seconds": 300 }));
    let json = told(&shop.run(["doctor", "--format", "json"]), 0);
    assert_eq!(finding(&json, "clock-differs")["level"], "warning");
    shop.sandbox
        .order("clock", &json!({ "advance_seconds": 3600 }));
    let json = told(&shop.run(["doctor", "--format", "json"]), 1);
    assert_eq!(json["ok"], false);
    assert!(
        finding(&json, "clock-wrong")["message"]
            .as_str()
            .unwrap()
            .contains("behind")
    );
}

#[test]
fn a_sandbox_that_is_gone_is_a_warning() {
    let room = Room::new();
    let mut command = room.command(["doctor", "--format", "json"]);
    command.env("KOMMO_SANDBOX_URL", "http://127.0.0.1:1");
    let json = told(&ended(command, b""), 0);
    assert_eq!(finding(&json, "host-unreachable")["level"], "warning");
}

// Invariant I8.
#[test]
fn a_secret_with_a_slip_is_named_and_not_shown() {
    let shop = Shop::open();
    for (text, code) in [
        ("MARKER-secret ", "secret-whitespace"),
        ("\u{feff}MARKER-secret", "secret-whitespace"),
        (" \t ", "secret-blank"),
    ] {
        private(&shop.room, "client.secret", text);
        let ended = shop.run(["doctor", "--format", "json"]);
        shop.assert_quiet(&ended);
        assert_eq!(finding(&told(&ended, 1), code)["level"], "error");
    }
    std::fs::remove_file(shop.room.path().join("client.secret")).unwrap();
    let json = told(&shop.run(["doctor", "--format", "json"]), 1);
    assert_eq!(finding(&json, "secret-unreadable")["area"], "secrets");
    let path = shop.room.file("client.secret", "MARKER-secret");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o644)).unwrap();
    let json = told(&shop.run(["doctor", "--format", "json"]), 0);
    assert_eq!(finding(&json, "secret-file-open")["level"], "warning");
}

// Invariant I7.
#[test]
fn a_store_that_cannot_be_read_is_an_error_with_its_reason() {
    let shop = Shop::open();
    shop.log_in();
    let file = shop.room.file(
        "broken.db",
        "this is no database, whatever its name says ".repeat(200),
    );
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let json = told(
        &shop.run(["doctor", "--format", "json", "--store", "sqlite:broken.db"]),
        1,
    );
    assert_eq!(finding(&json, "store-unusable")["area"], "store");
    let json = told(
        &shop.run([
            "doctor",
            "--format",
            "json",
            "--encryption-key-env",
            "UNSET",
        ]),
        1,
    );
    assert_eq!(finding(&json, "store-unusable")["level"], "error");
}

#[test]
fn what_is_open_to_others_is_reported_and_not_mended() {
    let shop = Shop::open();
    shop.log_in();
    let database = database(&shop.room);
    let lifeboat = database.with_file_name("grants.db.lifeboat");
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    set(&database, 0o644);
    set(&lifeboat, 0o755);
    for _ in 0..2 {
        let json = told(&shop.run(["doctor", "--format", "json"]), 1);
        finding(&json, "records-readable");
        let open: Vec<_> = json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["code"] == "store-file-open")
            .map(|finding| finding["message"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(open.len(), 2, "{open:?}");
        assert!(open[0].contains("grants.db.lifeboat") && open[1].contains("grants.db"));
    }
    assert_eq!((mode(&database), mode(&lifeboat)), (0o644, 0o755));
    for companion in ["grants.db-wal", "grants.db-shm"] {
        assert!(!database.with_file_name(companion).exists(), "{companion}");
    }
    set(&database, 0o600);
    set(&lifeboat, 0o700);
    told(&shop.run(["doctor", "--format", "json"]), 0);
}

// Rule G13.
#[test]
fn the_settings_of_the_integration_are_judged() {
    let room = Room::new();
    room.file("icon.gif", b"GIF89a\x90\x01\x10\x01");
    room.file("small.gif", b"GIF89a\x10\x00\x10\x00");
    room.file("page.html", "<p>not an icon</p>");
    let doctor = |more: &[&str]| room.run(["doctor", "--format", "json"].iter().chain(more));
    assert_eq!(
        finding(&told(&doctor(&["--icon", "icon.gif"]), 0), "icon")["level"],
        "ok"
    );
    for icon in ["small.gif", "page.html"] {
        assert_eq!(told(&doctor(&["--icon", icon]), 1)["ok"], false, "{icon}");
    }
    doctor(&["--icon", "missing.png"]).failed_json(3);
    let long = "x".repeat(256);
    let json = told(&doctor(&["--name", &long]), 1);
    assert_eq!(finding(&json, "name-too-long")["level"], "error");
    let json = told(&doctor(&["--kind", "private", "--accounts", "2"]), 1);
    assert_eq!(finding(&json, "support-waiver")["level"], "warning");
    assert_eq!(
        finding(&json, "private-integration-several-accounts")["level"],
        "error"
    );
    told(&doctor(&["--kind", "private", "--technical-account"]), 0);
    doctor(&["--kind", "secret"]).failed_json(2);
}

#[test]
fn the_rest_comes_from_the_profile_and_a_broken_profile_is_a_finding() {
    let room = Room::new();
    room.file("about.html", "");
    room.run([
        "init",
        "--no-input",
        "--quiet",
        "--name",
        "Shop",
        "--description-file",
        "about.html",
        "--kind",
        "private",
        "--accounts",
        "1",
        "--disconnect-hook",
        "http://127.0.0.1/x",
    ])
    .done();
    let json = told(&room.run(["doctor", "--format", "json"]), 1);
    for code in [
        "description-empty",
        "disconnect-hook-unreachable",
        "support-waiver",
    ] {
        finding(&json, code);
    }
    let profile = room.path().join(".config/kommo/profiles/default.toml");
    std::fs::write(profile, "redirect_uri = \"http://x.example/\"").unwrap();
    let json = told(&room.run(["doctor", "--format", "json"]), 1);
    assert_eq!(finding(&json, "profile-wrong")["area"], "profile");
}
