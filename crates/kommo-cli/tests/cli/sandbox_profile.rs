//! `kommo init --sandbox`, and a sandbox on a terminal.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::program::{Room, ended};
use crate::sandbox::{Running, config};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_profile_of_a_sandbox_is_ready_to_use_and_holds_no_secret() {
    let room = Room::new();
    config(&room);
    let running = Running::start(&room, &["--config", "sandbox.json"]);
    let url = running.base_url();
    let made = room.run(["init", "--sandbox", url]);
    assert!(made.done().starts_with("wrote "), "{made:?}");
    let profiles = room.path().join(".config/kommo/profiles");
    let text = std::fs::read_to_string(profiles.join("default.toml")).unwrap();
    assert!(!text.contains("MARKER"), "{text}");
    let secrets = profiles.join("default.secrets");
    assert_eq!(mode(&secrets), 0o700);
    let state = running.ask("state");
    for (file, field) in [
        ("channel", "channel_secret"),
        ("client", "client_secret"),
        ("app", "app_secret"),
    ] {
        let kept = std::fs::read_to_string(secrets.join(file)).unwrap();
        assert_eq!(state[field], kept.as_str());
        assert_eq!(mode(&secrets.join(file)), 0o600);
        assert!(!text.contains(&kept));
    }
    // Nothing more is typed.
    let scope = room.run(["chats", "connect"]);
    assert!(scope.done().starts_with("c0ffee00-"), "{scope:?}");
    room.file("body", "{\"kefu_ids\":\"1\",\"chat_id\":1}");
    let call = ["open-api", "call", "add_kf", "--body", "body", "--dry-run"];
    let printed = room.run(call);
    assert!(
        printed.done().contains(url) && printed.stdout.contains("a99001"),
        "{printed:?}"
    );
    let explained = room.run(["explain", "chats", "--journal", "1"]);
    assert_eq!(explained.done(), "accepted\n");
    // Another one takes the address of the first.
    assert!(
        room.run(["init", "--sandbox", url])
            .failed(2)
            .contains("--force")
    );
    let second = [
        "init",
        "--sandbox",
        url,
        "--profile",
        "two",
        "--account",
        "sandbox-two.amocrm.ru",
    ];
    room.run(second).done();
    let text = std::fs::read_to_string(profiles.join("two.toml")).unwrap();
    assert!(text.contains("platform = \"amocrm\""), "{text}");
    let unknown = [
        "init",
        "--sandbox",
        url,
        "--profile",
        "x",
        "--account",
        "shop.kommo.com",
    ];
    let said = room.run(unknown);
    assert!(
        said.failed(2)
            .contains("sandbox-one.kommo.com and sandbox-two"),
        "{said:?}"
    );
    room.run(["init", "--sandbox", "http://192.0.2.1:80", "--profile", "x"])
        .failed(2);
    assert!(!profiles.join("x.toml").exists() && !profiles.join("x.secrets").exists());
}

#[test]
fn the_address_of_a_sandbox_is_known_only_while_it_runs() {
    let room = Room::new();
    let running = Running::start(&room, &[]);
    let directory = room.path().join(".local/state/kommo/sandboxes");
    let files = || {
        std::fs::read_dir(&directory)
            .unwrap()
            .map(|file| file.unwrap().path())
    };
    let file = files().next().unwrap();
    assert_eq!((mode(&directory), mode(&file)), (0o700, 0o600));
    running.end("-TERM");
    assert_eq!(files().count(), 0);
}

/// Runs a sandbox on a pseudo-terminal of 80 columns until it has printed a request; what it
/// printed.
fn on_terminal(room: &Room, options: &str) -> String {
    let kommo = env!("CARGO_BIN_EXE_kommo");
    // The sandbox ends with the terminal's shell, by the signal that Ctrl-C is.
    let script = format!(
        "stty columns 80; '{kommo}' sandbox {options} > /dev/tty & \
         until ls .local/state/kommo/sandboxes/*.json 2>/dev/null; do sleep 0.05; done; \
         '{kommo}' init --sandbox http://127.0.0.1:$(ls .local/state/kommo/sandboxes | \
         sed 's/.*_\\([0-9]*\\).json/\\1/') --quiet > init.out 2>&1; \
         '{kommo}' chats connect > connect.out 2>&1; \
         '{kommo}' explain chats --journal 1 > explain.out 2>&1; \
         kill -TERM $!; wait $!"
    );
    let mut command = Command::new("script");
    command
        .args(["-qec", &script, "/dev/null"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TERM", "dumb")
        .env("SHELL", "/bin/bash")
        .env("HOME", room.path())
        .current_dir(room.path());
    let ended = ended(command, b"");
    assert_eq!(ended.status, 0, "{ended:?}");
    ended.stdout
}

#[test]
fn on_a_terminal_a_block_for_people_comes_first_then_a_line_a_request() {
    let room = Room::new();
    config(&room);
    let shown = on_terminal(&room, "--config sandbox.json");
    let lines: Vec<_> = shown.lines().map(str::trim_end).collect();
    for part in [
        "A simulated Kommo listens at http://127.0.0.1:",
        "/dashboard",
        "admin@sandbox.example",
        "c0ffee00-0000-4000-8000-000000000001",
        "kommo init --profile sandbox --sandbox http://127.0.0.1:",
        " --> 200 POST /v2/",
    ] {
        assert!(
            lines.iter().any(|line| line.contains(part)),
            "{part} in {shown}"
        );
    }
    assert!(!shown.contains("MARKER"), "{shown}");
    // An address is never broken, so that it can be clicked on.
    let mut texts = lines.iter().filter(|line| !line.ends_with("/dashboard"));
    let too_wide = texts.find(|line| line.chars().count() > 80);
    assert_eq!(too_wide, None, "{shown}");
    let explained = std::fs::read_to_string(room.path().join("explain.out")).unwrap();
    assert_eq!(explained, "accepted\n");
}

#[test]
fn for_programs_the_first_line_is_json_on_a_terminal_too() {
    let room = Room::new();
    let shown = on_terminal(&room, "--format json");
    let first = shown.lines().find(|line| line.starts_with('{'));
    assert!(
        first.is_some_and(|line| line.contains("\"control_url\"")),
        "{shown}"
    );
    assert!(!shown.contains("A simulated"), "{shown}");
}

#[test]
fn the_dashboard_is_opened_with_the_browser_that_is_named() {
    let room = Room::new();
    let browser = room.file(
        "browser",
        "#!/bin/sh\necho \"$1\" > opened.tmp\nmv opened.tmp opened\n",
    );
    std::fs::set_permissions(&browser, PermissionsExt::from_mode(0o700)).unwrap();
    let running = Running::start_with(&room, &["--open"], &[("BROWSER", &browser)]);
    let opened = room.path().join("opened");
    while !opened.exists() {
        std::thread::yield_now();
    }
    let opened = std::fs::read_to_string(opened).unwrap();
    assert_eq!(opened.trim_end(), running.field("dashboard_url"));
}
