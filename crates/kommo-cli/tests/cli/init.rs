//! `kommo init` and profiles.

use std::os::unix::fs::PermissionsExt;

use crate::program::{Room, ended};

const CHANNEL: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41";
const CLIENT: &str = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_profile_is_written_privately_and_holds_no_secret() {
    let room = Room::new();
    let secret = room.file("channel.secret", "MARKER-secret");
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).unwrap();
    let ended = room.run([
        "init",
        "--profile",
        "shop",
        "--platform",
        "kommo",
        "--client-id",
        CLIENT,
        "--redirect-uri",
        "https://x.example/back",
        "--channel-id",
        CHANNEL,
        "--channel-secret-file",
        "channel.secret",
        "--client-secret-env",
        "CLIENT_SECRET",
        "--account",
        "shop.kommo.com",
        "--store",
        "sqlite:/var/lib/grants.db",
        "--encryption-key-env",
        "KEY",
        "--format",
        "json",
    ]);
    ended.done();
    let file = room.path().join(".config/kommo/profiles/shop.toml");
    assert_eq!(ended.json()["profile"], "shop");
    assert_eq!(ended.json()["path"], file.to_str().unwrap());
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("MARKER"));
    assert!(
        text.contains(&format!(
            "channel_secret_file = \"{}\"",
            secret.canonicalize().unwrap().display()
        )) || text.contains("channel.secret")
    );
    for line in [
        "platform = \"kommo\"",
        "client_secret_env = \"CLIENT_SECRET\"",
        "store = \"sqlite:/var/lib/grants.db\"",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn a_profile_that_is_there_is_replaced_only_by_force() {
    let room = Room::new();
    let init = |channel: &str, more: &[&str]| {
        room.run(["init", "--channel-id", channel].iter().chain(more))
    };
    init(CHANNEL, &[]).done();
    assert!(init(CLIENT, &[]).failed(2).contains("--force"));
    let file = room.path().join(".config/kommo/profiles/default.toml");
    assert!(std::fs::read_to_string(&file).unwrap().contains(CHANNEL));
    init(CLIENT, &["--force"]).done();
    assert!(std::fs::read_to_string(&file).unwrap().contains(CLIENT));
    assert_eq!(mode(&file), 0o600);
    assert_eq!(
        std::fs::read_dir(file.parent().unwrap()).unwrap().count(),
        1
    );
}

#[test]
fn wrong_settings_are_refused_and_nothing_is_written() {
    let room = Room::new();
    for wrong in [
        &[][..],
        &["--platform", "telegram"],
        &["--client-id", "x"],
        &["--client-id", "01D01160-D7A0-4087-B4AF-6A1BB83FCD1D"],
        &["--redirect-uri", "http://x.example/"],
        &["--redirect-uri", "https://"],
        &["--redirect-uri", "https://user@x.example/"],
        &["--redirect-uri", "https://x.example/#a"],
        &["--redirect-uri", "https://x.example/a b"],
        &["--channel-id", "x"],
        &["--account", "kommo.com"],
        &["--account", "shop.kommo.com.evil.example"],
        &["--account", "shop.amocrm.ru", "--platform", "kommo"],
        &["--chats-host", "amojo.example.com"],
        &["--store", "mysql://h/d"],
        &["--store", "sqlite:"],
        &["--store", "sqlite:a", "--store-env", "B"],
        &["--channel-secret-env", "not a name"],
        &["--channel-secret-file", "a", "--channel-secret-env", "B"],
        &["--channel-secret-file", "-"],
        &["--profile", "../escape", "--channel-id", CHANNEL],
        &["--profile", ".hidden", "--channel-id", CHANNEL],
        &["--profile", "a/b", "--channel-id", CHANNEL],
    ] {
        room.run(["init"].iter().chain(wrong)).failed(2);
    }
    assert!(!room.path().join(".config").exists());
}

// Invariant I8.
#[test]
fn a_password_in_a_database_url_is_refused_and_not_repeated() {
    let room = Room::new();
    for url in [
        "postgres://me:MARKER@h/d",
        "postgresql://me:MAR/KER@h/d",
        "postgres://h/d?password=MARKER",
    ] {
        assert!(!room.run(["init", "--store", url]).failed(2).contains("MAR"));
    }
    room.run(["init", "--store", "postgres://me@h/d"]).done();
}

#[test]
fn flags_win_over_the_profile_and_the_profile_over_nothing() {
    let room = Room::new();
    room.file("body", "{}");
    room.file("right", "channel-secret");
    room.file("wrong", "another-secret");
    room.run([
        "init",
        "--profile",
        "shop",
        "--channel-secret-file",
        "wrong",
        "--quiet",
    ])
    .done();
    room.run(["init", "--channel-secret-file", "right", "--quiet"])
        .done();
    let sign = ["sign", "hook", "--body", "body"];
    let by_file = |secret| {
        room.run(sign.iter().chain(&["--secret-file", secret]))
            .done()
            .to_owned()
    };
    let (right, wrong) = (by_file("right"), by_file("wrong"));
    assert_eq!(room.run(sign).done(), right, "the default profile");
    assert_eq!(
        room.run(sign.iter().chain(&["--profile", "shop"])).done(),
        wrong
    );
    assert_eq!(
        room.run(
            sign.iter()
                .chain(&["--profile", "shop", "--secret-file", "right"])
        )
        .done(),
        right
    );
    let mut command = room.command(sign);
    command.env("KOMMO_PROFILE", "shop");
    assert_eq!(ended(command, b"").done(), wrong);
    let mut command = room.command(sign.iter().chain(&["--profile", "default"]));
    command.env("KOMMO_PROFILE", "shop");
    assert_eq!(
        ended(command, b"").done(),
        right,
        "a flag wins over the environment"
    );
}

#[test]
fn a_profile_serves_client_id_and_chats_host() {
    let room = Room::new();
    room.file("secret", "s");
    let init = [
        "init",
        "--client-id",
        CLIENT,
        "--client-secret-file",
        "secret",
        "--channel-secret-file",
        "secret",
        "--account",
    ];
    room.run(init.iter().chain(&["shop.amocrm.ru", "--quiet"]))
        .done();
    room.run(["sign", "disconnect", "--account-id", "7"]).done();
    let curl = room.run([
        "sign", "chats", "--method", "GET", "--path", "/v2/x", "--output", "curl",
    ]);
    assert!(curl.done().contains("'https://amojo.amocrm.ru/v2/x'"));
}

#[test]
fn a_named_profile_must_be_there_and_be_right() {
    let room = Room::new();
    room.file("secret", "s");
    let sign = ["sign", "hook", "--secret-file", "secret", "--profile"];
    assert!(
        room.run(sign.iter().chain(&["missing"]))
            .failed(2)
            .contains("kommo init --profile missing")
    );
    room.run(sign.iter().chain(&["../secret"])).failed(2);

    let profiles = room.path().join(".config/kommo/profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    for text in [
        "channel_secret = \"MARKER\"",
        "channel_id = \"MARKER\"",
        "channel_id = 5",
        "channel_secret_file = [\"MARKER\"]",
        "store = \"postgres://me:MARKER@h/d\"",
        "channel_id = MARKER",
        "channel_secret_file = \"a\"\nchannel_secret_env = \"B\"",
        "\"MARKER",
    ] {
        std::fs::write(profiles.join("broken.toml"), text).unwrap();
        let ended = room.run(sign.iter().chain(&["broken"]));
        assert!(!ended.failed(2).contains("MARKER"), "{text}: {ended:?}");
    }
}

#[test]
fn secret_files_that_others_can_read_or_that_are_missing_are_told() {
    let room = Room::new();
    let secret = room.file("open", "s");
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o644)).unwrap();
    let ended = room.run([
        "init",
        "--channel-secret-file",
        "open",
        "--client-secret-file",
        "missing",
    ]);
    assert_eq!(ended.status, 0);
    assert!(
        ended.stderr.contains("can be read by others") && ended.stderr.contains("is not there yet"),
        "{ended:?}"
    );
    assert!(ended.stdout.starts_with("wrote "));
}
