//! Completions, manual pages, help, and what the project's pages say about the program.

use alloc::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use kommo_explain::FindingCode;

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

const FAQ: &str = include_str!("../../../../docs/faq.md");
const DEMO: &str = include_str!("../../../../docs/pictures/demo.svg");

/// The words after `kommo` of each command in the blocks of a page, up to a redirection or a
/// comment.
fn commands(page: &str) -> Vec<Vec<String>> {
    let blocks = page.split("```sh\n").skip(1);
    let text = blocks.map(|block| block.split("```").next().unwrap());
    let text = text.collect::<String>().replace("\\\n", " ");
    let lines = text.lines().filter_map(|line| line.strip_prefix("kommo "));
    lines.map(words).collect()
}

/// Splits at blanks, except between single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        for (number, piece) in part.split(' ').enumerate() {
            if number > 0 {
                words.push(String::new());
            }
            words.last_mut().unwrap().push_str(piece);
        }
    }
    words.retain(|word| !word.is_empty());
    let end = words
        .iter()
        .position(|word| ["#", ">", "&"].contains(&&**word));
    words.truncate(end.unwrap_or(words.len()));
    words
}

#[test]
fn every_command_of_the_questions_is_one_that_the_program_takes() {
    let room = Room::new();
    let commands = commands(FAQ);
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let words = command.iter().map(String::as_str);
        let helped = room.run(words.clone().chain(["--help"]));
        assert_eq!(helped.status, 0, "{command:?}: {}", helped.stderr);
        // These two would begin their work.
        if ["demo", "sandbox"].contains(&&*command[0]) {
            continue;
        }
        // In an empty room each fails or finds nothing, but none is a mistake of the command line.
        let ended = room.run(words.chain(["--format", "json"]));
        assert!(
            !ended.stdout.contains("\"usage\""),
            "{command:?}: {ended:?}"
        );
    }
}

#[test]
fn the_questions_name_every_code_of_explain_and_no_other() {
    let (_, section) = FAQ.split_once("\n## What do the codes of").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").nth(1));
    let named = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let named: BTreeSet<_> = named.collect();
    let codes: BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(named, codes);
}

#[test]
fn the_picture_of_the_demo_has_its_steps() {
    let ended = Room::new().run(["demo"]);
    for line in ended.done().lines() {
        let (step, said) = (&line[7..20], &line[21..]);
        assert!(
            DEMO.contains(&format!(">{}</text>", step.trim_end())),
            "{step}"
        );
        let without_numbers = |text: &str| {
            let text = text.replace('<', "&lt;");
            text.replace(|letter: char| letter.is_ascii_digit(), "")
        };
        let drawn = without_numbers(DEMO);
        assert!(
            drawn.contains(&without_numbers(said)),
            "{said}: run cargo xtask pictures"
        );
    }
}
