//! `kommo explain`, on every vector.

use std::ffi::OsString;

use kommo_test_vectors::{
    ChatsRequestCase, chat_hooks, chats_request, chats_requests, disconnects, open_api_bodies,
};
use serde_json::Value;

use crate::program::{Ended, Room};

/// Runs an `explain` command in both formats; gives the codes that were found.
#[track_caller]
fn explained(room: &Room, words: &[OsString], accepted: bool, name: &str) -> Vec<String> {
    let text = room.run(words);
    let first = if accepted { "accepted" } else { "refused" };
    assert_eq!(
        (text.status, text.stderr.as_str()),
        (i32::from(!accepted), ""),
        "{name}"
    );
    assert_eq!(text.stdout.lines().next(), Some(first), "{name}");
    assert!(
        text.stdout.lines().all(|line| line.chars().count() <= 80),
        "{name}: {}",
        text.stdout
    );

    let json = room.run(
        words
            .iter()
            .cloned()
            .chain(["--format".into(), "json".into()]),
    );
    assert_eq!(
        (json.status, json.stderr.as_str()),
        (i32::from(!accepted), ""),
        "{name}"
    );
    let object = json.json();
    let mut keys = vec!["accepted", "findings"];
    if words[1] == "chats" {
        keys.extend(["judged_at", "judged_as_of"]);
    }
    assert_eq!(object.as_object().unwrap().keys().collect::<Vec<_>>(), keys);
    assert_eq!(object["accepted"], accepted, "{name}");
    let findings = object["findings"].as_array().unwrap();
    assert!(accepted || !findings.is_empty(), "{name}");
    let code = |finding: &Value| {
        assert_eq!(
            finding.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["code", "message", "remedy"]
        );
        let code = finding["code"].as_str().unwrap().to_owned();
        assert!(text.stdout.contains(&code), "{name}");
        code
    };
    findings.iter().map(code).collect()
}

fn words(parts: &[&str]) -> Vec<OsString> {
    parts.iter().map(OsString::from).collect()
}

fn chats_words(room: &Room, case: &ChatsRequestCase) -> Vec<OsString> {
    room.file("secret", format!("{}\n", case.secret));
    room.file("body", &case.body);
    let at = case.at.to_string();
    let mut words = words(&[
        "explain",
        "chats",
        "--secret-file",
        "secret",
        "--method",
        &case.method,
        "--url",
        &case.target,
        "--body",
        "body",
        "--at",
        &at,
    ]);
    for (name, value) in case.headers() {
        words.extend(["--header".into(), format!("{name}: {value}").into()]);
    }
    words
}

// Rules S1 to S10, D1 to D6.
#[test]
fn chats_agrees_with_every_vector_and_names_what_is_wrong() {
    let room = Room::new();
    let mut named = 0;
    for case in chats_requests()
        .into_iter()
        .filter(|case| !case.has_flag("md5-given"))
    {
        let codes = explained(
            &room,
            &chats_words(&room, &case),
            case.is_valid(),
            &case.name,
        );
        if let Some(finding) = &case.finding {
            assert!(codes.contains(finding), "{}: {codes:?}", case.name);
            named += 1;
        }
    }
    assert!(named >= 30, "{named}");
}

// Rules H1, H2, H3.
#[test]
fn hook_agrees_with_every_vector_and_names_what_is_wrong() {
    let room = Room::new();
    for case in chat_hooks() {
        room.file("secret", format!("{}\n", case.secret));
        room.file("body", &case.body);
        let words = words(&[
            "explain",
            "hook",
            "--secret-file",
            "secret",
            "--signature",
            &case.signature,
            "--body",
            "body",
        ]);
        let codes = explained(&room, &words, case.is_valid(), &case.name);
        assert!(
            case.finding
                .as_ref()
                .is_none_or(|finding| codes.contains(finding)),
            "{}: {codes:?}",
            case.name
        );
    }
}

// Rules O1, O2, O3.
#[test]
fn open_api_agrees_with_every_vector_and_names_what_is_wrong() {
    let room = Room::new();
    for case in open_api_bodies()
        .into_iter()
        .filter(|case| !case.secret.is_empty())
    {
        room.file("secret", format!("{}\n", case.secret));
        room.file("body", &case.body);
        let words = words(&[
            "explain",
            "open-api",
            "--secret-file",
            "secret",
            "--signature",
            &case.signature,
            "--body",
            "body",
        ]);
        let codes = explained(&room, &words, case.is_valid(), &case.name);
        assert!(
            case.finding
                .as_ref()
                .is_none_or(|finding| codes.contains(finding)),
            "{}: {codes:?}",
            case.name
        );
    }
}

// Rules X1 to X5.
#[test]
fn disconnect_agrees_with_every_vector_and_names_what_is_wrong() {
    let room = Room::new();
    // `explain` takes one secret: cases of a rotation are `verify`'s.
    for case in disconnects()
        .into_iter()
        .filter(|case| case.secrets.len() == 1)
    {
        room.file("secret", format!("{}\n", case.secret));
        let words = words(&[
            "explain",
            "disconnect",
            "--secret-file",
            "secret",
            "--client-id",
            &case.client_id,
            "--query",
            &case.query,
        ]);
        let codes = explained(&room, &words, case.is_valid(), &case.name);
        assert!(
            case.finding
                .as_ref()
                .is_none_or(|finding| codes.contains(finding)),
            "{}: {codes:?}",
            case.name
        );
    }
}

#[test]
fn without_a_time_a_request_is_judged_as_of_now() {
    let room = Room::new();
    let case = chats_request("connect-published");
    let words = chats_words(&room, &case);
    let without_at = words
        .iter()
        .filter(|word| *word != "--at" && **word != case.at.to_string().as_str());
    let codes = explained(
        &room,
        &without_at.cloned().collect::<Vec<_>>(),
        false,
        "connect-published",
    );
    assert_eq!(codes, ["date-stale"]);
    let without_at: Vec<_> = words
        .iter()
        .filter(|word| *word != "--at" && **word != case.at.to_string().as_str())
        .collect();
    let ended = room.run(without_at.iter().copied());
    let line = ended.stdout.lines().nth(1).unwrap();
    assert!(line.starts_with("judged as of now, "), "{line}");
    assert!(line.ends_with(" (--at: when it came)"), "{line}");
    assert!(ended.stdout.contains("The date is 4 years ") || ended.stdout.contains(" years "));
    let ended = room.run(
        without_at
            .into_iter()
            .map(OsString::as_os_str)
            .chain(["--format".as_ref(), "json".as_ref()]),
    );
    assert_eq!(ended.json()["judged_as_of"], "now");
    let judged_at = ended.json()["judged_at"].as_u64().unwrap();
    assert!(judged_at > 1_700_000_000, "{judged_at}");
}

// Rules D2 and D3.
#[test]
fn a_time_is_taken_as_seconds_and_as_a_date_and_a_zone_is_named() {
    let room = Room::new();
    let case = chats_request("connect-published");
    let words = chats_words(&room, &case);
    let seconds = case.at.to_string();
    let at = |text: &str| -> Vec<OsString> {
        let with = |word: &OsString| match *word == *seconds.as_str() {
            true => text.into(),
            false => word.clone(),
        };
        words.iter().map(with).collect()
    };
    for text in [
        "2021-12-15T23:12:55Z",
        "2021-12-16T02:12:55+03:00",
        "2021-12-15 23:12:55",
    ] {
        let ended = room.run(at(text));
        assert_eq!(
            (ended.status, ended.stdout.as_str()),
            (0, "accepted\n"),
            "{text}"
        );
    }
    for (text, date) in [
        ("2021-12-16T02:12:58Z", "date-stale"),
        ("2021-12-15T17:42:55Z", "date-future"),
        ("2021-12-15T18:12:55Z", "date-future"),
    ] {
        assert_eq!(
            explained(&room, &at(text), false, text),
            [date, "date-zone"]
        );
    }
    assert_eq!(
        explained(&room, &at("2021-12-16T02:22:58Z"), false, "no zone"),
        ["date-stale"]
    );
    // A date alone is the whole day, and too coarse for the difference of a zone.
    assert_eq!(room.run(at("2021-12-15")).done(), "accepted\n");
    for (text, date) in [
        ("2021-12-16", "date-stale"),
        ("2021-12-14", "date-future"),
        ("2021-12-20", "date-stale"),
    ] {
        assert_eq!(explained(&room, &at(text), false, text), [date]);
    }
    let ended = room.run(at("1639609975000"));
    let said = ended.failed(2);
    assert!(said.contains("as seconds it is 1639609975"), "{said}");
    let ended = room.run(at("2021-13-01"));
    let said = ended.failed(2);
    assert!(said.contains("2026-11-30T14:30:08Z"), "{said}");
}

#[test]
fn a_header_without_a_colon_and_a_missing_secret_are_mistakes_of_the_operator() {
    let room = Room::new();
    room.file("secret", "s");
    room.file("empty", "");
    let explain = ["explain", "chats", "--method", "GET", "--url", "/v2/x"];
    for header in ["Date", "", ": x", " : x"] {
        room.run(
            explain
                .iter()
                .chain(&["--secret-file", "secret", "--header", header]),
        )
        .failed(2);
    }
    room.run(explain).failed(2);
    room.run(explain.iter().chain(&["--secret-file", "empty"]))
        .failed(2);
    room.run(explain.iter().chain(&["--secret-file", "missing"]))
        .failed(3);
    room.run(
        explain
            .iter()
            .chain(&["--secret-file", "secret", "--body", "missing"]),
    )
    .failed(3);
}

// Invariant I8.
#[test]
fn what_the_peer_wrote_is_explained_however_malformed_and_nothing_secret_is_shown() {
    let room = Room::new();
    room.file("secret", "MARKER-channel-secret");
    room.file("body", b"MARKER-body \xff\x00");
    let right = room
        .run(["sign", "hook", "--secret-file", "secret", "--body", "body"])
        .done()
        .trim_end()
        .to_owned();
    let unseen = |ended: &Ended, name: &str| {
        assert_eq!(
            (ended.status, ended.stderr.contains("error: ")),
            (1, false),
            "{name}"
        );
        for said in [&ended.stdout, &ended.stderr] {
            assert!(
                !said.contains("MARKER") && !said.to_lowercase().contains(&right),
                "{name}: {said}"
            );
            assert!(!said.contains('\u{1b}'), "{name}: {said:?}");
        }
    };
    for text in ["", "-", "--help", "\u{1b}[31m", "x\ny", "é"] {
        let base = ["--secret-file", "secret", "--verbose"];
        let hook = room.run(
            ["explain", "hook", "--body", "body", "--signature", text]
                .iter()
                .chain(&base),
        );
        unseen(&hook, text);
        let client = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
        unseen(
            &room.run(
                [
                    "explain",
                    "disconnect",
                    "--client-id",
                    client,
                    "--query",
                    text,
                ]
                .iter()
                .chain(&base),
            ),
            text,
        );
        let header = format!("X-Signature: {text}");
        let request = [
            "explain", "chats", "--body", "body", "--method", text, "--url", text, "--header",
            &header,
        ];
        unseen(&room.run(request.iter().chain(&base)), text);
    }
    let shortened = room.run([
        "explain",
        "hook",
        "--body",
        "body",
        "--secret-file",
        "secret",
        "--signature",
        &right[..39],
    ]);
    unseen(&shortened, "one digit short");
}
