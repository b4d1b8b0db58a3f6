//! Completions, manual pages, help: what is printed about the program itself.

use std::path::Path;
use std::process::Command;

use crate::command_tree;
use crate::program::Room;

#[test]
fn the_help_of_every_command_has_an_example_and_fits_80_columns() {
    let room = Room::new();
    for command in command_tree::all(&room) {
        for flag in ["-h", "--help"] {
            let help = room.run(command.iter().map(String::as_str).chain([flag]));
            let text = help.done();
            assert!(
                text.contains("Example") && text.contains("  kommo "),
                "{command:?}"
            );
            let too_wide = text.lines().find(|line| line.chars().count() > 80);
            assert_eq!(too_wide, None, "{command:?} {flag}");
        }
    }
}

#[test]
fn completions_are_printed_for_five_shells_and_bash_takes_its_own() {
    let room = Room::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = room.run(["completions", shell]);
        assert!(
            script.done().contains("kommo") && script.stdout.contains("open-api"),
            "{shell}"
        );
    }
    let script = room.file("kommo.bash", &room.run(["completions", "bash"]).stdout);
    let checked = Command::new("bash").arg("-n").arg(script).status().unwrap();
    assert!(checked.success());
    room.run(["completions"]).failed(2);
    room.run(["completions", "cmd"]).failed(2);
}

#[test]
fn the_manual_is_printed_or_written_page_by_page() {
    let room = Room::new();
    let page = room.run(["man"]);
    assert!(page.done().contains(".TH kommo 1") && page.stdout.contains(".SH"));
    room.run(["man", "pages"]).done();
    let pages = room.path().join("pages");
    for name in [
        "kommo.1",
        "kommo-sign.1",
        "kommo-sign-chats.1",
        "kommo-verify-open-api.1",
        "kommo-demo.1",
    ] {
        assert!(Path::new(&pages.join(name)).exists(), "{name}");
    }
    room.file("taken", "");
    room.run(["man", "taken"]).failed(3);
}
