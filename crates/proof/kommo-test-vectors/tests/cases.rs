//! What holds for every case of every family.

extern crate alloc;

use alloc::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kommo_test_vectors::{
    Certainty, account_hosts, chat_hooks, chats_requests, compact_jws, disconnects,
    open_api_bodies, visitors,
};

/// The part of a case that all families share.
struct Summary {
    family: &'static str,
    name: String,
    source: String,
    certainty: Certainty,
    rules: Vec<String>,
    valid: bool,
    reason: Option<String>,
    finding: Option<String>,
}

impl Summary {
    fn place(&self) -> String {
        format!("{}/{}", self.family, self.name)
    }
}

macro_rules! summaries {
    ($($family:literal: $cases:expr),* $(,)?) => {{
        let mut all = Vec::new();
        $(all.extend($cases.into_iter().map(|case| Summary {
            family: $family,
            valid: case.is_valid(),
            name: case.name,
            source: case.source,
            certainty: case.certainty,
            rules: case.rules,
            reason: case.reason,
            finding: case.finding,
        }));)*
        all
    }};
}

fn all_cases() -> Vec<Summary> {
    summaries![
        "account-host": account_hosts(),
        "chat-hook": chat_hooks(),
        "chats-request": chats_requests(),
        "compact-jws": compact_jws(),
        "disconnect": disconnects(),
        "open-api": open_api_bodies(),
        "visitor": visitors(),
    ]
}

/// The codes of `kommo explain`, as the contract of the command line lists them.
const FINDINGS: [&str; 24] = [
    "body-trailing-newline",
    "body-trailing-space",
    "body-re-encoded",
    "date-taken-twice",
    "date-stale",
    "date-future",
    "date-unreadable",
    "query-signed",
    "host-signed",
    "content-type-differs",
    "content-type-unsupported",
    "key-hex-decoded",
    "secret-whitespace",
    "wrong-order",
    "wrong-separator",
    "method-case",
    "md5-base64",
    "md5-upper-case",
    "signature-base64",
    "signature-upper-case",
    "other-hash",
    "body-only-scheme",
    "header-missing",
    "unknown",
];

fn rules_of_the_protocol() -> BTreeSet<String> {
    let text = include_str!("../../../../docs/protocol.md");
    text.lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .filter(|cell| {
            let mut letters = cell.chars();
            letters
                .next()
                .is_some_and(|first| first.is_ascii_uppercase())
                && !letters.as_str().is_empty()
                && letters.all(|digit| digit.is_ascii_digit())
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_folder_of_the_vectors_is_a_family_with_cases() {
    let loaded: BTreeSet<String> = all_cases()
        .iter()
        .map(|case| case.family.to_owned())
        .collect();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let on_disk: BTreeSet<String> = fs::read_dir(vectors)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(loaded, on_disk);
}

#[test]
fn every_family_but_the_visitors_has_valid_and_invalid_cases() {
    let verdicts: BTreeSet<(&str, bool)> = all_cases()
        .iter()
        .map(|case| (case.family, case.valid))
        .collect();
    for case in all_cases() {
        assert!(verdicts.contains(&(case.family, true)), "{}", case.family);
        // A visitor signature is only made here, never judged: the other side judges it.
        assert_eq!(
            verdicts.contains(&(case.family, false)),
            case.family != "visitor",
            "{}",
            case.family
        );
    }
}

#[test]
fn every_case_names_its_source_and_rules_that_exist() {
    let known = rules_of_the_protocol();
    assert!(known.contains("S1") && known.contains("A4"), "{known:?}");
    for case in all_cases() {
        assert!(!case.source.trim().is_empty(), "{}", case.place());
        assert!(!case.rules.is_empty(), "{}", case.place());
        for rule in &case.rules {
            assert!(known.contains(rule), "{}: rule {rule}", case.place());
        }
    }
}

#[test]
fn invalid_cases_alone_have_a_reason_and_a_finding_of_the_list() {
    for case in all_cases() {
        assert_eq!(case.reason.is_some(), !case.valid, "{}", case.place());
        if let Some(reason) = &case.reason {
            assert!(
                reason.len() > 10 && reason.ends_with('.'),
                "{}: {reason}",
                case.place()
            );
        }
        if let Some(finding) = &case.finding {
            assert!(!case.valid, "{}", case.place());
            assert!(
                FINDINGS.contains(&finding.as_str()),
                "{}: {finding}",
                case.place()
            );
        }
    }
}

#[test]
fn every_finding_has_a_chats_request() {
    for finding in FINDINGS {
        assert!(
            chats_requests()
                .iter()
                .any(|case| case.finding.as_deref() == Some(finding)),
            "no case for {finding}"
        );
    }
}

#[test]
fn names_are_kebab_case() {
    for case in all_cases() {
        let words: Vec<&str> = case.name.split('-').collect();
        let plain = |word: &&str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        assert!(words.iter().all(plain), "{}", case.place());
    }
}

#[test]
fn all_published_requests_are_there() {
    let published = all_cases()
        .iter()
        .filter(|case| case.certainty == Certainty::Published)
        .map(Summary::place)
        .collect::<Vec<_>>();
    assert_eq!(
        published,
        [
            "chats-request/connect-md5-given-published",
            "chats-request/connect-published",
            "chats-request/delivery-status-published",
            "chats-request/disconnect-published",
            "chats-request/get-history-empty-body",
            "chats-request/message-published",
            "chats-request/message-with-source-published",
            "chats-request/typing-published",
        ]
    );
}
