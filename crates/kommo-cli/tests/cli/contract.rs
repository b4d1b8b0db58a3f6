//! What holds for every command: statuses, streams, help.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::program::{Room, ended};

#[test]
fn a_mistake_in_the_command_line_is_status_2_with_one_error_line() {
    let room = Room::new();
    for words in [
        &["no-such-command"][..],
        &["--quiet"],
        &["sign", "no-such-kind"],
        &["sign", "hook", "--no-such-option"],
        &["sign", "hook", "--format", "xml", "--secret-file", "x"],
        &["sign", "hook", "--quiet", "--verbose", "--secret-file", "x"],
        &["sign", "hook", "--secret-file"],
        &["verify", "chat-hook", "--secret-file", "x"],
        &["sign", "hook", "--secret-file", "a", "--secret-file", "b"],
        &["sign", "hook", "--secret-file", "a", "--secret-env", "b"],
    ] {
        room.run(words).failed(2);
    }
}

#[test]
fn control_characters_of_an_argument_do_not_reach_the_terminal() {
    let room = Room::new();
    let stderr = room
        .run(["sign", "hook", "--secret-file", "a\u{1b}[31m\nb"])
        .failed(3)
        .to_owned();
    assert!(!stderr.contains('\u{1b}'), "{stderr:?}");
}

/// What is not an error and no result is for people: a terminal gets it in lines that fit, a file
/// as one line.
#[test]
fn a_warning_fits_80_columns_on_a_terminal_and_is_one_line_elsewhere() {
    let room = Room::new();
    let words = [
        "init",
        "--no-input",
        "--redirect-uri",
        "http://127.0.0.1:4001/callback",
    ];
    let elsewhere = room.run(words);
    let warning = elsewhere.stderr.trim_end();
    assert!(
        warning.starts_with("warning: ") && warning.len() > 100,
        "{warning}"
    );
    assert_eq!(warning.lines().count(), 1);

    let line = format!(
        "'{}' {} --force",
        env!("CARGO_BIN_EXE_kommo"),
        words.join(" ")
    );
    let mut command = Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TERM", "dumb")
        .env("HOME", room.path())
        .current_dir(room.path());
    let shown = ended(command, b"").stdout.replace('\r', "");
    let text: Vec<_> = shown.split_whitespace().collect();
    let told: Vec<_> = warning.split_whitespace().collect();
    assert_eq!(text[..told.len()], told, "{shown}");
    // The result is a path, as long as it is.
    let mut lines = shown.lines().filter(|line| !line.starts_with("wrote "));
    let too_wide = lines.find(|line| line.chars().count() > 80);
    assert_eq!(too_wide, None, "{shown}");
}

#[test]
fn help_and_version_are_results() {
    let room = Room::new();
    assert_eq!(
        room.run(["--version"]).done(),
        concat!("kommo ", env!("CARGO_PKG_VERSION"), "\n")
    );
    for words in [
        &["--help"][..],
        &["help"],
        &["sign", "--help"],
        &["help", "sign", "chats"],
    ] {
        assert!(room.run(words).done().contains("Usage:"));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let room = Room::new();
    room.file("secret", "s");
    for words in [
        &["--help"][..],
        &["sign", "hook", "--secret-file", "secret"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = room.command(words);
        command.stdout(writer).stderr(Stdio::piped());
        let output = command.output().unwrap();
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(0), &b""[..])
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_io() {
    let room = Room::new();
    room.file("secret", "s");
    let mut command = room.command(["sign", "hook", "--secret-file", "secret"]);
    command
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        output
            .stderr
            .starts_with(b"error: cannot write to standard output")
    );
}

#[test]
fn a_body_is_taken_as_it_is_from_a_file_standard_input_or_nowhere() {
    let room = Room::new();
    room.file("secret", "s");
    let body = b"{\"a\":1}\r\n\n\xff\x00";
    room.file("body", body);
    let sign = ["sign", "hook", "--secret-file", "secret"];
    let by_file = room.run(sign.iter().chain(&["--body", "body"]));
    let by_input = room.run_with_input(sign.iter().chain(&["--body", "-"]), body);
    assert_eq!(by_file.done(), by_input.done());
    room.file("nothing", "");
    assert_eq!(
        room.run(sign).done(),
        room.run(sign.iter().chain(&["--body", "nothing"])).done()
    );
    room.run(sign.iter().chain(&["--body", "missing"]))
        .failed(3);
}

#[test]
fn an_empty_variable_is_none_and_an_empty_option_a_mistake() {
    let room = Room::new();
    room.file("secret", "s");
    let mut command = room.command(["sign", "hook", "--secret-file", "secret"]);
    command.env("KOMMO_PROFILE", "");
    ended(command, b"").done();
    room.run(["sign", "hook", "--secret-file", "secret", "--profile", ""])
        .failed(2);

    // What a script's unset variable makes of `--sandbox`: it must not mean the real platform.
    let connect = [
        "chats",
        "connect",
        "--dry-run",
        "--secret-file",
        "secret",
        "--account",
        "shop.kommo.com",
        "--channel",
        "c0ffee00-0000-4000-8000-000000000001",
        "--account-amojo-id",
        "acc00000-0000-4000-8000-000000000001",
    ];
    room.run(connect.iter().chain(&["--sandbox", ""])).failed(2);
    let mut command = room.command(connect);
    command.env("KOMMO_SANDBOX_URL", "");
    ended(command, b"").done();
}
