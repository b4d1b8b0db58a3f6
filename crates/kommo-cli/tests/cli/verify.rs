//! `kommo verify`, on every vector.

use std::ffi::{OsStr, OsString};

use kommo_test_vectors::{
    Covered, chat_hook, chat_hooks, compact_jws, disconnect, disconnects, open_api_bodies,
    open_api_body,
};

use crate::program::{Ended, Room};

/// Runs a `verify` command in both formats and gives the reason, if it is not valid.
#[track_caller]
fn verdict(room: &Room, arguments: &[OsString], is_valid: bool, name: &str) -> Ended {
    let text = room.run(arguments);
    if is_valid {
        assert_eq!(text.done(), "valid\n", "{name}");
    } else {
        assert!(text.failed(1).starts_with("error: not valid: "), "{name}");
        let kind = arguments[1].to_str().unwrap();
        let hint = format!("hint: `kommo explain {kind} --secret-file ");
        let lines: Vec<_> = text.stderr.lines().collect();
        assert!(
            lines.len() == 2 && lines[1].starts_with(&hint),
            "{name}: {lines:?}"
        );
    }
    let json = room.run(
        arguments
            .iter()
            .map(OsString::as_os_str)
            .chain([OsStr::new("--format"), OsStr::new("json")]),
    );
    assert_eq!(json.status, i32::from(!is_valid), "{name}");
    assert_eq!(json.json()["valid"], is_valid, "{name}");
    assert_eq!(json.json()["reason"].is_string(), !is_valid, "{name}");
    json
}

fn arguments<const N: usize>(words: [&OsStr; N]) -> Vec<OsString> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

// Rules H1, H2, H3.
#[test]
fn chat_hook_agrees_with_every_vector_and_names_what_was_proven() {
    let room = Room::new();
    for case in chat_hooks() {
        let (secret, body) = (
            room.file("secret", format!("{}\n", case.secret)),
            room.file("body", &case.body),
        );
        let arguments = arguments([
            "verify".as_ref(),
            "chat-hook".as_ref(),
            "--secret-file".as_ref(),
            secret.as_os_str(),
            "--signature".as_ref(),
            case.signature.as_ref(),
            "--body".as_ref(),
            body.as_os_str(),
        ]);
        let json = verdict(&room, &arguments, case.is_valid(), &case.name).json();
        let form = match case.covered {
            Some(Covered::WithoutLf) => "without-lf",
            Some(Covered::WithoutCrlf) => "without-crlf",
            _ => "raw",
        };
        if case.is_valid() {
            assert_eq!(json["form"], form, "{}", case.name);
            assert_eq!(json["key"], secret.to_str().unwrap(), "{}", case.name);
            assert_eq!(
                json["proven_bytes"],
                case.signed_body.len(),
                "{}",
                case.name
            );
        }
    }
}

// Rules O1, O2, O3, O4.
#[test]
fn open_api_agrees_with_every_vector() {
    let room = Room::new();
    for case in open_api_bodies()
        .into_iter()
        .filter(|case| !case.secret.is_empty())
    {
        let (secret, body) = (
            room.file("secret", format!("{}\n", case.secret)),
            room.file("body", &case.body),
        );
        let arguments = arguments([
            "verify".as_ref(),
            "open-api".as_ref(),
            "--secret-file".as_ref(),
            secret.as_os_str(),
            "--signature".as_ref(),
            case.signature.as_ref(),
            "--body".as_ref(),
            body.as_os_str(),
        ]);
        verdict(&room, &arguments, case.is_valid(), &case.name);
    }
}

// Rules X1, X2, X3, X4, X5, X6.
#[test]
fn disconnect_agrees_with_every_vector_and_names_the_account() {
    let room = Room::new();
    for case in disconnects() {
        let mut words = arguments([
            "verify".as_ref(),
            "disconnect".as_ref(),
            "--client-id".as_ref(),
            case.client_id.as_ref(),
        ]);
        for (index, secret) in case.secrets.iter().enumerate() {
            let secret = room.file(&format!("secret-{index}"), format!("{secret}\n"));
            words.extend(["--secret-file".into(), secret.into()]);
        }
        let inline = [
            words.clone(),
            vec!["--query".into(), case.query.clone().into()],
        ]
        .concat();
        let query_file = room.file("query", format!("{}\n", case.query));
        let from_file = [words, vec!["--query-file".into(), query_file.into()]].concat();
        for words in [inline, from_file] {
            let json = verdict(&room, &words, case.is_valid(), &case.name).json();
            if case.is_valid() {
                assert_eq!(
                    json["account_id"].as_u64(),
                    case.account_id,
                    "{}",
                    case.name
                );
                assert_eq!(json["client_id"], case.client_id, "{}", case.name);
            }
        }
    }
}

#[test]
fn reasons_are_the_documented_ones() {
    let room = Room::new();
    let secret = room.file("secret", "client-secret");
    let client = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
    let hex = "0".repeat(64);
    for (query, reason, parameter) in [
        (String::new(), "parameter-missing", Some("client_uuid")),
        (
            format!("client_uuid={client}&signature={hex}"),
            "parameter-missing",
            Some("account_id"),
        ),
        (
            format!("account_id=1&account_id=1&client_uuid={client}&signature={hex}"),
            "parameter-repeated",
            Some("account_id"),
        ),
        (
            format!("account_id=0&client_uuid={client}&signature={hex}"),
            "account-id-malformed",
            None,
        ),
        (
            format!("account_id=1&client_uuid={client}&client_id=x&signature={hex}"),
            "client-ids-differ",
            None,
        ),
        (
            format!("account_id=1&client_uuid=x&signature={hex}"),
            "client-mismatch",
            None,
        ),
        (
            format!("account_id=1&client_uuid={client}&signature=x"),
            "signature-malformed",
            None,
        ),
        (
            format!("account_id=1&client_uuid={client}&signature={hex}"),
            "signature-mismatch",
            None,
        ),
    ] {
        let arguments = arguments([
            "verify".as_ref(),
            "disconnect".as_ref(),
            "--secret-file".as_ref(),
            secret.as_os_str(),
            "--client-id".as_ref(),
            client.as_ref(),
            "--query".as_ref(),
            query.as_ref(),
        ]);
        let json = verdict(&room, &arguments, false, &query).json();
        assert_eq!(json["reason"], reason);
        assert_eq!(
            json.get("parameter")
                .and_then(|parameter| parameter.as_str()),
            parameter
        );
    }
}

// Rule X6, and the same for every other secret.
#[test]
fn during_a_rotation_the_key_that_matched_is_named() {
    let room = Room::new();
    let case = chat_hook("message-unsigned-newline");
    let (old, new) = (
        room.file("old", &case.secret),
        room.file("new", "another-secret"),
    );
    let body = room.file("body", &case.body);
    let ended = room.run([
        "verify",
        "chat-hook",
        "--secret-file",
        new.to_str().unwrap(),
        "--secret-file",
        old.to_str().unwrap(),
        "--signature",
        &case.signature,
        "--body",
        body.to_str().unwrap(),
        "--format",
        "json",
    ]);
    ended.done();
    assert_eq!(ended.json()["key"], old.to_str().unwrap());
    assert_eq!(ended.json()["key_index"], 1);

    let mut command = room.command([
        "verify",
        "chat-hook",
        "--secret-env",
        "NEW",
        "--secret-env",
        "OLD",
        "--signature",
        &case.signature,
        "--body",
        body.to_str().unwrap(),
        "--format",
        "json",
    ]);
    command
        .env("NEW", "another-secret")
        .env("OLD", &case.secret);
    let ended = crate::program::ended(command, b"");
    ended.done();
    assert_eq!(ended.json()["key"], "env:OLD");
}

#[test]
fn malformed_input_of_the_peer_is_never_a_mistake_of_the_operator() {
    use std::os::unix::ffi::OsStrExt;
    let room = Room::new();
    let secret = room.file("secret", "s");
    let long = "a".repeat(60_000);
    let broken = OsStr::from_bytes(b"\xff\xfe");
    for text in [
        "",
        "-",
        "-h",
        "--help",
        "--secret-file",
        "\n",
        "\u{1b}[31m",
        "é",
        &long,
    ]
    .map(OsStr::new)
    .into_iter()
    .chain([broken])
    {
        for kind in ["chat-hook", "open-api"] {
            let words = [
                "verify".as_ref(),
                kind.as_ref(),
                "--secret-file".as_ref(),
                secret.as_os_str(),
                "--signature".as_ref(),
                text,
            ];
            room.run(words).failed(1);
        }
        let client = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
        let words = [
            "verify".as_ref(),
            "disconnect".as_ref(),
            "--secret-file".as_ref(),
            secret.as_os_str(),
            "--client-id".as_ref(),
            client.as_ref(),
            "--query".as_ref(),
            text,
        ];
        room.run(words).failed(1);
    }
    let query_file = room.file("query", b"\xff\x00\n\n");
    room.run([
        "verify",
        "disconnect",
        "--secret-file",
        "secret",
        "--client-id",
        "01d01160-d7a0-4087-b4af-6a1bb83fcd1d",
        "--query-file",
        query_file.to_str().unwrap(),
    ])
    .failed(1);
}

// Invariant I8.
#[test]
fn a_refusal_shows_neither_the_secret_nor_the_right_signature() {
    let room = Room::new();
    let hook = chat_hook("changed-byte");
    let open_api = open_api_body("body-trailing-newline-unsigned");
    let disconnected = disconnect("last-digit-changed");
    let secret = |text: &str| room.file("secret", text).to_str().unwrap().to_owned();
    let body = |bytes: &[u8]| room.file("body", bytes).to_str().unwrap().to_owned();

    let right = |verb: &[&str]| {
        let quiet = room.run(verb.iter().chain(&["--quiet"]));
        quiet.done().trim_end().to_owned()
    };
    let checks = [
        (hook.secret.clone(), {
            let (secret, body) = (secret(&hook.secret), body(&hook.body));
            let right = right(&["sign", "hook", "--secret-file", &secret, "--body", &body]);
            let words = [
                "verify",
                "chat-hook",
                "--secret-file",
                &secret,
                "--signature",
                &hook.signature,
                "--body",
                &body,
                "--verbose",
            ];
            (right, room.run(words))
        }),
        (open_api.secret.clone(), {
            let (secret, body) = (secret(&open_api.secret), body(&open_api.body));
            let right = right(&[
                "sign",
                "open-api",
                "--secret-file",
                &secret,
                "--body",
                &body,
            ]);
            let words = [
                "verify",
                "open-api",
                "--secret-file",
                &secret,
                "--signature",
                &open_api.signature,
                "--body",
                &body,
                "--verbose",
            ];
            (right, room.run(words))
        }),
        (disconnected.secret.clone(), {
            let secret = secret(&disconnected.secret);
            let account = disconnected.account_id.unwrap().to_string();
            let right = right(&[
                "sign",
                "disconnect",
                "--secret-file",
                &secret,
                "--client-id",
                &disconnected.client_id,
                "--account-id",
                &account,
            ]);
            let words = [
                "verify",
                "disconnect",
                "--secret-file",
                &secret,
                "--client-id",
                &disconnected.client_id,
                "--query",
                &disconnected.query,
                "--verbose",
            ];
            (right, room.run(words))
        }),
    ];
    for (secret, (right, ended)) in checks {
        ended.failed(1);
        let said = ended.stderr.to_lowercase();
        assert!(
            !said.contains(&right) && !said.contains(&secret.to_lowercase()),
            "{said}"
        );
    }
}

/// The hint is a command that runs: it gives the cause.
#[test]
fn a_refusal_names_the_command_that_says_why() {
    let room = Room::new();
    room.file("channel.secret", "f2d7f8704eff95087ed45b23ba99c0b5aac8278e");
    room.file("it's a hook.json", "{\"a\": \"b\"}\n");
    room.file("hook.json", "{\"a\":\"b\"}");
    let sign = [
        "sign",
        "hook",
        "--secret-file",
        "channel.secret",
        "--body",
        "hook.json",
    ];
    let signature = room.run(sign).done().trim_end().to_owned();
    let options = ["--secret-file", "channel.secret", "--signature", &signature];
    for name in ["chat-hook", "hook"] {
        let words = [
            &["verify", name][..],
            &options,
            &["--body", "it's a hook.json"],
        ]
        .concat();
        let ended = room.run(words);
        let said = ended.failed(1);
        let hint = said.lines().nth(1).unwrap();
        let command = format!(
            "kommo explain chat-hook --secret-file channel.secret --signature {signature} --body 'it'\\''s a hook.json'"
        );
        assert_eq!(hint, format!("hint: `{command}` says why"));
        let words = [
            &["explain", name][..],
            &options,
            &["--body", "it's a hook.json", "--format", "json"],
        ];
        let explained = room.run(words.concat());
        assert_eq!(explained.status, 1);
        assert_eq!(explained.json()["findings"][0]["code"], "body-re-encoded");
    }
    let client = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
    let query = format!("account_id=1&client_uuid={client}&signature=x");
    let words = [
        "verify",
        "disconnect",
        "--secret-file",
        "channel.secret",
        "--client-id",
        client,
        "--query",
        &query,
    ];
    let ended = room.run(words);
    let hint = format!(
        "hint: `kommo explain disconnect --secret-file channel.secret --client-id {client} --query '{query}'` says why"
    );
    assert_eq!(ended.failed(1).lines().nth(1).unwrap(), hint);
}

/// The integration of the vectors of tokens, and moments inside the lives of their tokens.
const TOKEN_CLIENT: &str = "11111111-2222-3333-4444-555555555555";
const WIDGET_NOW: &str = "1594205000";
const BOT_NOW: &str = "2023-11-14T22:15:00Z";

fn widget_arguments<'a>(secret: &'a OsStr, token: &'a OsStr, at: &'a str) -> Vec<&'a OsStr> {
    let audience = "https://external.integration.io/oauth/callback";
    let mut arguments = vec![OsStr::new("verify"), OsStr::new("widget-token")];
    arguments.extend([
        OsStr::new("--secret-file"),
        secret,
        OsStr::new("--token-file"),
        token,
    ]);
    let rest = [
        "--client-id",
        TOKEN_CLIENT,
        "--audience",
        audience,
        "--at",
        at,
    ];
    arguments.extend(rest.map(OsStr::new));
    arguments.extend(["--format", "json"].map(OsStr::new));
    arguments
}

fn bot_arguments<'a>(secret: &'a OsStr, token: &'a OsStr, more: &'a [&'a str]) -> Vec<&'a OsStr> {
    let mut arguments = vec![OsStr::new("verify"), OsStr::new("bot-token")];
    arguments.extend([
        OsStr::new("--secret-file"),
        secret,
        OsStr::new("--token-file"),
        token,
    ]);
    arguments.extend(["--client-id", TOKEN_CLIENT, "--at", BOT_NOW].map(OsStr::new));
    arguments.extend(["--format", "json"].map(OsStr::new));
    arguments.extend(more.iter().map(OsStr::new));
    arguments
}

// Rules J1 to J11.
#[test]
fn tokens_agree_with_every_vector() {
    let room = Room::new();
    for case in compact_jws() {
        let secret = room.file("secret", case.secret.as_bytes());
        let token = room.file("token", format!("{}\n", case.token));
        let (secret, token) = (secret.as_os_str(), token.as_os_str());
        let judged = if case.algorithm == "HS512" {
            room.run(bot_arguments(secret, token, &[]))
        } else {
            let widget = room.run(widget_arguments(secret, token, WIDGET_NOW));
            match case.name.starts_with("bot") {
                true => room.run(bot_arguments(secret, token, &["--allow-hs256"])),
                false => widget,
            }
        };
        assert_eq!(judged.status, i32::from(!case.is_valid()), "{}", case.name);
        let json = judged.json();
        assert_eq!(json["valid"], case.is_valid(), "{}", case.name);
        assert_eq!(
            json["reason"].is_string(),
            !case.is_valid(),
            "{}",
            case.name
        );
        assert!(!judged.stdout.contains(&case.secret), "{}", case.name);
        assert!(!judged.stderr.contains("explain"), "{}", case.name);
    }
}

#[test]
fn what_a_token_proves_is_told_and_its_id_is_not() {
    let room = Room::new();
    let cases = compact_jws();
    let case = cases
        .iter()
        .find(|case| case.name == "widget-hs256")
        .unwrap();
    let secret = room.file("secret", case.secret.as_bytes());
    let token = room.file("token", case.token.as_bytes());
    let (secret, token) = (secret.as_os_str(), token.as_os_str());
    let proven = room.run(widget_arguments(secret, token, WIDGET_NOW));
    let json = proven.json();
    assert_eq!(json["valid"], true);
    assert_eq!(json["account"], "subdomain.kommo.com");
    for number in ["account_id", "user_id", "issued_at", "expires_at"] {
        assert!(json[number].is_u64(), "{number}: {json}");
    }
    assert!(json.get("jti").is_none() && json.get("token_id").is_none());

    // Outside of its time, and for somebody else.
    let late = room.run(widget_arguments(secret, token, "1594300000"));
    assert_eq!(
        (late.status, &late.json()["reason"]),
        (1, &"expired".into())
    );
    let early = room.run(widget_arguments(secret, token, "1594100000"));
    assert_eq!(early.json()["reason"], "not-yet-valid");
    let mut other: Vec<_> = widget_arguments(secret, token, WIDGET_NOW);
    let client = other.iter().position(|word| *word == TOKEN_CLIENT).unwrap();
    other[client] = OsStr::new("99999999-2222-3333-4444-555555555555");
    assert_eq!(room.run(other).json()["reason"], "other-client");
    let mut other: Vec<_> = widget_arguments(secret, token, WIDGET_NOW);
    let audience = other.iter().position(|word| *word == "--audience").unwrap();
    other[audience + 1] = OsStr::new("https://elsewhere.example/oauth/callback");
    assert_eq!(room.run(other).json()["reason"], "other-audience");
}

/// What came can only be "not valid", and what is missing is said at once.
#[test]
fn no_token_whatever_it_is_makes_another_error() {
    let room = Room::new();
    let secret = room.file("secret", "a-secret-of-the-integration");
    for token in [&b""[..], b"..", b"a.b.c", b"\xff\xfe", &[b'a'; 100_000]] {
        let token = room.file("token", token);
        let judged = room.run(bot_arguments(secret.as_os_str(), token.as_os_str(), &[]));
        assert_eq!((judged.status, &judged.json()["valid"]), (1, &false.into()));
    }
    let token = room.file("token", "a.b.c");
    let missing = room.run([
        OsStr::new("verify"),
        OsStr::new("widget-token"),
        OsStr::new("--token-file"),
        token.as_os_str(),
        OsStr::new("--format"),
        OsStr::new("json"),
    ]);
    assert_eq!(missing.status, 2);
    let error = &missing.json()["error"];
    assert_eq!(
        error["missing"],
        serde_json::json!(["redirect_uri", "client_id", "secret"])
    );
}
