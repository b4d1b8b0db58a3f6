//! What a mistake is answered with: what to do instead, and no advice that leads astray.

use std::ffi::OsStr;
use std::process::Stdio;

use crate::command_tree;
use crate::program::{Room, ended};

#[track_caller]
fn said(room: &Room, words: &[&str]) -> String {
    room.run(words).failed(2).to_owned()
}

#[test]
fn a_program_or_a_group_alone_prints_its_help_and_with_json_is_a_mistake() {
    let room = Room::new();
    let groups: Vec<_> = command_tree::all(&room);
    let leaves = command_tree::leaves(&room);
    for group in groups.iter().filter(|words| !leaves.contains(words)) {
        let help = room.run(group);
        let long = room.run(group.iter().map(String::as_str).chain(["--help"]));
        assert!(help.done().contains("Commands:"), "{group:?}");
        let usage = long.done().lines().find(|line| line.starts_with("Usage:"));
        assert!(help.stdout.contains(usage.unwrap()), "{group:?}");
        let json = room.run(group.iter().map(String::as_str).chain(["--format", "json"]));
        assert_eq!(json.failed_json(2)["code"], "usage", "{group:?}");
    }
}

#[test]
fn the_version_is_a_command_too() {
    let room = Room::new();
    assert_eq!(room.run(["version"]).done(), room.run(["--version"]).done());
    let json = room.run(["version", "--format", "json"]);
    json.done();
    assert_eq!(json.json()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_suggestion_is_right_or_there_is_none() {
    let room = Room::new();
    for (words, part) in [
        (
            &["sgin", "chats"][..],
            "did you mean `kommo sign`? see `kommo --help`",
        ),
        (&["sign", "chat"], "did you mean `kommo sign chats`?"),
        (
            &["--format", "text", "auth", "stauts"],
            "did you mean `kommo auth status`?",
        ),
        (
            &["sign", "chats", "--secret", "x"],
            "did you mean `--secret-file` or `--secret-env`?",
        ),
        (
            &["sign", "chats", "--metod=GET"],
            "did you mean `--method`?",
        ),
        (
            &["sign", "chats", "--profil", "x"],
            "did you mean `--profile`?",
        ),
        (&["login"], "did you mean `kommo auth login`?"),
        (
            &["list"],
            "did you mean `kommo profile list` or `kommo secret list`?",
        ),
        (
            &["auth", "status", "--json"],
            "did you mean `--format json`?",
        ),
    ] {
        let said = said(&room, words);
        assert!(said.contains(part), "{words:?}: {said}");
    }
    for words in [
        &["sandwich"][..],
        &["completions", "tcsh"],
        &["sign", "chats", "--token", "MARKER"],
        &["sign", "hook", "MARKER"],
    ] {
        let said = said(&room, words);
        assert!(
            !said.contains("did you mean") && !said.contains("similar"),
            "{said}"
        );
        assert!(!said.contains("MARKER"), "{said}");
    }
}

#[test]
fn a_value_that_is_refused_says_what_is_expected() {
    let room = Room::new();
    room.file("s", "s");
    for (words, part) in [
        (
            &["auth", "credential", "--min-validity", "100000"][..],
            "seconds from 0 to 43200 (12 hours) are expected",
        ),
        (
            &["auth", "credential", "--min-validity", "x"],
            "seconds from 0 to 43200 (12 hours) are expected",
        ),
        (
            &["secret", "promote", "client", "--overlap-days", "x"],
            "a whole number is expected",
        ),
        (
            &[
                "secret",
                "promote",
                "client",
                "--overlap-days",
                "99999999999",
            ],
            "a number from 0 to 4294967295 is expected",
        ),
        (
            &["auth", "login", "--listen", "x"],
            "such as 127.0.0.1:8080",
        ),
        (
            &["auth", "status", "--client-id", "x"],
            "a uuid has 36 characters",
        ),
        (&["auth", "status", "--user", "1a"], "not a decimal digit"),
    ] {
        let said = said(&room, words);
        assert!(said.contains(part), "{words:?}: {said}");
        for riddle in [
            "invalid digit",
            "is not in",
            "bytes long",
            "invalid socket",
            "target type",
        ] {
            assert!(!said.contains(riddle), "{said}");
        }
    }
}

#[test]
fn all_that_is_missing_is_said_at_once() {
    let room = Room::new();
    for (words, names) in [
        (
            &["auth", "login"][..],
            &["platform", "client_id", "redirect_uri", "secret"][..],
        ),
        (
            &["auth", "login", "--code", "c"],
            &["account", "client_id", "redirect_uri", "secret"],
        ),
        (
            &["auth", "refresh"],
            &["client_id", "redirect_uri", "secret"],
        ),
        (
            &["chats", "connect"],
            &["account", "channel_id", "account_amojo_id", "secret"],
        ),
        (
            &["sign", "disconnect", "--account-id", "1"],
            &["client_id", "secret"],
        ),
        (
            &["verify", "disconnect", "--query", "a"],
            &["client_id", "secret"],
        ),
        (
            &["explain", "disconnect", "--query", "a"],
            &["client_id", "secret"],
        ),
        (&["sign", "hook"], &["secret"]),
    ] {
        let failed = room.run(words.iter().chain(&["--format", "json"]));
        let error = failed.failed_json(2);
        assert_eq!(error["missing"], serde_json::json!(names), "{words:?}");
    }
    assert!(said(&room, &["auth", "import"]).contains("--token-file FILE, or --export-file FILE"));
    let said = said(&room, &["chats", "connect"]);
    assert!(
        said.contains("`kommo api GET '/api/v4/account?with=amojo_id'`"),
        "{said}"
    );
}

#[test]
fn a_word_says_what_is_wrong_and_what_to_write() {
    let room = Room::new();
    room.file("s", "MARKER-secret");
    let chats = |more: &[&'static str]| {
        let words = ["sign", "chats", "--secret-file", "s"];
        words.iter().chain(more).copied().collect::<Vec<_>>()
    };
    for (words, part) in [
        (
            vec!["auth", "credential", "--min-validity", "-1"],
            "--min-validity takes no negative number",
        ),
        (
            chats(&["--method", "post", "--path", "/v2/x"]),
            "write the method in upper-case letters, such as POST",
        ),
        (
            chats(&["--method", "POST", "--path", "/v2/x y"]),
            "a space is %20",
        ),
        (
            vec!["sign", "chats"],
            "give the secret too, by --secret-file FILE",
        ),
        (
            vec!["verify", "chat-hook"],
            "give the secret too, by --secret-file FILE",
        ),
    ] {
        let said = said(&room, &words);
        assert!(said.contains(part), "{words:?}: {said}");
    }
    let said = said(&room, &chats(&["--path", "/v2/x"]));
    assert!(!said.contains("give the secret"), "{said}");

    for (name, text, part) in [
        ("KOMMO_STORE", "mysql://a:MARKER@h/d", "sqlite:PATH"),
        ("KOMMO_STORE", "sqlite://a:MARKER@h/d", "sqlite:PATH"),
    ] {
        let mut command = room.command(["auth", "status"]);
        command.env(name, text);
        let failed = ended(command, b"");
        let said = failed.failed(2);
        assert!(
            said.contains(part) && !said.contains("password") && !said.contains("MARKER"),
            "{said}"
        );
    }

    room.file("marked", "\u{feff}MARKER-secret");
    room.file("spaced", "MARKER-secret ");
    for (file, slip) in [
        ("marked", "begins with a byte-order mark;"),
        ("spaced", "begins or ends with white space;"),
    ] {
        let signed = room.run(["sign", "hook", "--secret-file", file]);
        assert!(signed.stderr.contains(slip), "{signed:?}");
    }
}

#[test]
fn strange_arguments_and_places_are_answered_and_never_a_panic() {
    let room = Room::new();
    room.file("s", "s");
    let huge = "x".repeat(100_000);
    for words in [
        &["sign", "hook", "--secret-file", &huge][..],
        &["sign", "hook", "--secret-env", &huge],
        &["--profile", &huge, "auth", "status"],
        &["api", "GET", &huge],
        &[&huge],
        &["auth", "status", "--store", &huge],
        &["profile", "set", &huge],
    ] {
        let failed = room.run(words);
        assert!(matches!(failed.status, 1..=3), "{}", failed.status);
        assert!(failed.stderr.starts_with("error: ") && !failed.stderr.contains("panicked"));
    }
    let broken = <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff\xfe");
    for words in [
        ["sign", "hook", "--secret-file"],
        ["sign", "hook", "--body"],
        ["auth", "status", "--store"],
    ] {
        let words = words.iter().map(OsStr::new).chain([broken]);
        let failed = room.run(words);
        assert!(
            matches!(failed.status, 1..=3) && failed.stderr.starts_with("error: "),
            "{failed:?}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_keeps_the_status_of_a_failure_in_json() {
    let room = Room::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = room.command(["sign", "hook", "--secret-file", "none", "--format", "json"]);
    command.stdout(writer).stderr(Stdio::piped());
    assert_eq!(command.output().unwrap().status.code(), Some(3));
}

#[test]
fn a_home_that_is_no_directory_is_said_and_what_was_given_suffices() {
    let room = Room::new();
    room.file("s", "s");
    room.file("file", "");
    let run = |words: &[&str]| {
        let mut command = room.command(words);
        command.env("HOME", room.path().join("file"));
        ended(command, b"")
    };
    run(&["sign", "hook", "--secret-file", "s"]).done();
    run(&["init", "--no-input", "--account", "shop.kommo.com"]).failed(3);
    run(&["auth", "status"]).failed(1);
}

// A device without an end is the worst of wrong files.
#[test]
fn what_is_read_has_a_limit_and_an_error_that_says_so() {
    let room = Room::new();
    room.file("s", "MARKER-secret");
    let zero = "/dev/zero";
    for (words, code) in [
        (
            &["sign", "hook", "--secret-file", "s", "--body", zero][..],
            "usage",
        ),
        (
            &["sign", "chats", "--secret-file", "s", "--batch", zero],
            "usage",
        ),
        (&["sign", "hook", "--secret-file", zero], "secret-invalid"),
        (
            &[
                "verify",
                "disconnect",
                "--secret-file",
                "s",
                "--client-id",
                crate::shop::CLIENT,
                "--query-file",
                zero,
            ],
            "usage",
        ),
        (&["sandbox", "--config", zero], "usage"),
        (&["auth", "import", "--export-file", zero], "usage"),
        (&["auth", "status", "--store-file", zero], "secret-invalid"),
    ] {
        let failed = room.run(words.iter().chain(&["--format", "json"]));
        let error = failed.failed_json(2);
        assert_eq!(error["code"], code, "{words:?}: {failed:?}");
        assert!(
            error["message"].as_str().unwrap().contains("long"),
            "{failed:?}"
        );
    }
    let link = room.path().join("zero.toml");
    std::os::unix::fs::symlink(zero, &link).unwrap();
    let words = [
        "--profile",
        "./zero.toml",
        "profile",
        "show",
        "--format",
        "json",
    ];
    let failed = room.run(words);
    assert_eq!(
        failed.failed_json(2)["code"],
        "profile-invalid",
        "{failed:?}"
    );
    for words in [
        &["sign", "hook", "--secret-file", "s", "--body", "-"][..],
        &["sign", "chats", "--secret-file", "s", "--batch", "-"],
    ] {
        let mut command = room.command(words);
        command.stdin(std::fs::File::open(zero).unwrap());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
    }
    let mut command = room.command(["api", "/a"]);
    command
        .env("KOMMO_SANDBOX_URL", "https://127.0.0.1:9")
        .env("KOMMO_SANDBOX_CA", zero);
    let failed = ended(command, b"");
    assert!(matches!(failed.status, 1..=3), "{failed:?}");
}
