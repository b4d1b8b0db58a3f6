//! Who else may read or write a file with a secret in it.

use std::os::unix::fs::PermissionsExt;

use crate::program::{Ended, Room};
use crate::shop::Shop;

fn sign_with_mode(mode: u32, more: &[&str]) -> Ended {
    let room = Room::new();
    let secret = room.file("secret", "MARKER-channel-secret");
    room.file("hook.json", "{}");
    std::fs::set_permissions(secret, PermissionsExt::from_mode(mode)).unwrap();
    let words = [
        "sign",
        "hook",
        "--secret-file",
        "secret",
        "--body",
        "hook.json",
    ];
    room.run(words.iter().chain(more))
}

#[test]
fn a_secret_that_others_may_read_is_warned_about_and_one_that_they_may_write_is_refused() {
    for mode in [0o600, 0o400] {
        sign_with_mode(mode, &[]).done();
    }
    for mode in [0o644, 0o604, 0o444] {
        let read = sign_with_mode(mode, &[]);
        assert_eq!(read.status, 0, "{mode:o}: {read:?}");
        assert!(
            read.stderr
                .contains("others may read the secret file 'secret'"),
            "{read:?}"
        );
        assert!(read.stderr.contains("chmod 600"), "{read:?}");
        sign_with_mode(mode, &["--quiet"]).done();
    }
    for mode in [0o666, 0o660, 0o620, 0o602] {
        let written = sign_with_mode(mode, &[]);
        let said = written.failed(2);
        assert!(
            said.contains("others may write to the secret file 'secret'"),
            "{said}"
        );
        assert!(!said.contains("MARKER"), "{said}");
    }
}

#[test]
fn every_source_of_a_secret_is_judged_alike() {
    let shop = Shop::open();
    shop.log_in();
    shop.room.file("key", "0".repeat(64));
    let store = format!(
        "sqlite:{}",
        shop.room
            .path()
            .join(".local/share/kommo/grants.db")
            .display()
    );
    shop.room.file("store", &store);
    shop.room.file("token", "MARKER-token");
    shop.room.file("grant.json", "{}");
    for (words, name) in [
        (
            &["auth", "refresh", "--secret-file", "client.secret"][..],
            "client.secret",
        ),
        (&["auth", "refresh"], "client.secret"),
        (&["auth", "status", "--encryption-key-file", "key"], "key"),
        (&["auth", "status", "--store-file", "store"], "store"),
        (
            &[
                "auth",
                "import",
                "--token-file",
                "token",
                "--account",
                "sandbox-one.kommo.com",
            ],
            "token",
        ),
        (
            &["auth", "import", "--export-file", "grant.json"],
            "grant.json",
        ),
    ] {
        let path = shop.room.path().join(name);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
        let refused = shop.run(words);
        assert!(
            refused.failed(2).contains("others may write"),
            "{words:?}: {refused:?}"
        );
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }
    assert_eq!(shop.counter("refreshes"), 0);
}

/// What a shell hands over as a pipe is not a file of anybody's.
#[test]
fn a_pipe_is_not_judged_by_its_mode() {
    let room = Room::new();
    room.file("hook.json", "{}");
    let words = [
        "sign",
        "hook",
        "--secret-file",
        "/dev/stdin",
        "--body",
        "hook.json",
    ];
    room.run_with_input(words, b"MARKER-channel-secret").done();
}

#[test]
fn a_store_with_credentials_in_its_name_is_refused_and_never_printed() {
    let shop = Shop::open();
    for url in [
        "sqlite://user:MARKER@host",
        "SQLITE:user:MARKER@host/db",
        "sqlite:postgres://u:MARKER@h/db",
    ] {
        let refused = shop.run(["auth", "status", "--verbose", "--store", url]);
        assert_eq!(refused.status, 2, "{refused:?}");
        shop.assert_quiet(&refused);
        let mut command = shop.command(["auth", "status", "--verbose"]);
        command.env("KOMMO_STORE", url);
        let refused = crate::program::ended(command, b"");
        assert_eq!(refused.status, 2, "{refused:?}");
        shop.assert_quiet(&refused);
    }
}
