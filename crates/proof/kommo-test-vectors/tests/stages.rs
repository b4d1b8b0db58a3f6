//! The stages of one case agree with each other. Whether they are right is judged by
//! `make_vectors.py`.

use kommo_test_vectors::{
    ChatsRequestCase, Covered, account_hosts, chat_hook, chat_hooks, chats_request, chats_requests,
    compact_jws, disconnects, visitors,
};

fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

// Rules S1, S3, S8.
#[test]
fn a_string_to_sign_is_five_lines_made_of_the_context() {
    for case in chats_requests() {
        let md5 = if case.content_md5.is_some() {
            case.body_md5.as_str()
        } else {
            ""
        };
        let lines = [
            case.method.as_str(),
            md5,
            case.content_type.as_deref().unwrap_or_default(),
            case.date.as_deref().unwrap_or_default(),
            case.path.as_str(),
        ];
        assert_eq!(case.string_to_sign, lines.join("\n"), "{}", case.name);
        assert!(is_lower_hex(&case.signature, 40), "{}", case.name);
        assert!(is_lower_hex(&case.body_md5, 32), "{}", case.name);
    }
}

#[test]
fn the_text_of_a_request_repeats_its_context() {
    for case in chats_requests() {
        let line = format!("{} {} HTTP/1.1", case.method, case.target);
        assert_eq!(
            case.request.lines().next(),
            Some(line.as_str()),
            "{}",
            case.name
        );
        let wanted = [
            ("Host", Some(case.host.as_str())),
            ("Date", case.date.as_deref()),
            ("Content-Type", case.content_type.as_deref()),
            ("Content-MD5", case.content_md5.as_deref()),
            ("X-Signature", case.received_signature.as_deref()),
        ];
        let wanted: Vec<(&str, &str)> = wanted
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        assert_eq!(case.headers(), wanted, "{}", case.name);
        assert!(case.target.starts_with(&case.path), "{}", case.name);
    }
}

/// Whether a property holds for a case.
type Fact = fn(&ChatsRequestCase) -> bool;

#[test]
fn flags_tell_the_truth() {
    let facts: [(&str, Fact); 10] = [
        ("get", |case| case.method == "GET"),
        ("delete", |case| case.method == "DELETE"),
        ("query", |case| case.target != case.path),
        ("empty-body", |case| {
            case.body.is_empty() && !case.has_flag("md5-given")
        }),
        ("non-ascii-escapes", |case| {
            case.body.windows(2).any(|pair| pair == b"\\u")
        }),
        ("absent-content-type", |case| case.content_type.is_none()),
        ("absent-content-md5", |case| case.content_md5.is_none()),
        ("absent-date", |case| case.date.is_none()),
        ("absent-signature", |case| case.received_signature.is_none()),
        ("signature-matches", |case| {
            !case.is_valid() && case.signature_matches()
        }),
    ];
    for case in chats_requests() {
        for (flag, holds) in facts {
            assert_eq!(case.has_flag(flag), holds(&case), "{}: {flag}", case.name);
        }
        let unknown = case
            .flags
            .iter()
            .find(|own| *own != "md5-given" && !facts.iter().any(|(flag, _)| own == flag));
        assert_eq!(unknown, None, "{}", case.name);
    }
}

#[test]
fn a_valid_request_has_the_right_signature_and_md5() {
    for case in chats_requests().iter().filter(|case| case.is_valid()) {
        assert!(case.signature_matches(), "{}", case.name);
        assert!(
            case.content_md5
                .as_ref()
                .is_none_or(|header| *header == case.body_md5),
            "{}",
            case.name
        );
        assert_eq!(case.finding, None, "{}", case.name);
    }
}

// Rule S8.
#[test]
fn an_absent_header_has_a_valid_and_an_invalid_case_with_one_signature() {
    for (absent, empty) in [
        ("absent-content-type-valid", "empty-content-type-signed"),
        (
            "get-absent-content-type-valid",
            "get-empty-content-type-signed",
        ),
        (
            "get-absent-md5-and-content-type-valid",
            "get-empty-md5-and-content-type-signed",
        ),
    ] {
        let (absent, empty) = (chats_request(absent), chats_request(empty));
        assert!(absent.is_valid() && !empty.is_valid());
        assert_eq!(empty.received_signature, Some(absent.signature));
    }
}

// Rule H2.
#[test]
fn what_a_hook_covers_is_its_body_without_what_is_named() {
    for case in chat_hooks() {
        let stripped: Option<&[u8]> = case.covered.map(|covered| match covered {
            Covered::Raw => case.body.as_slice(),
            Covered::WithoutLf => case.body.strip_suffix(b"\n").unwrap(),
            Covered::WithoutCrlf => case.body.strip_suffix(b"\r\n").unwrap(),
            other => panic!("{other:?}"),
        });
        assert_eq!(stripped.is_some(), case.is_valid(), "{}", case.name);
        assert_eq!(
            stripped.unwrap_or(&case.signed_body),
            case.signed_body,
            "{}",
            case.name
        );
    }
    assert_eq!(chat_hook("message-unsigned-newline").body.len(), 625);
}

// Rules X1, X2, X6.
#[test]
fn a_disconnect_string_is_our_client_id_and_the_number() {
    for case in disconnects() {
        let wanted = case
            .account_id
            .map(|account| format!("{}|{account}", case.client_id));
        assert_eq!(case.string_to_sign, wanted, "{}", case.name);
        assert_eq!(case.secrets.first(), Some(&case.secret), "{}", case.name);
        assert!(
            !case.is_valid() || case.signature.is_some(),
            "{}",
            case.name
        );
    }
    assert!(disconnects().iter().any(|case| case.secrets.len() > 1));
}

// Rule J1.
#[test]
fn a_token_is_its_signed_part_a_dot_and_its_signature() {
    for case in compact_jws() {
        assert_eq!(
            case.token,
            format!("{}.{}", case.signed_part, case.signature),
            "{}",
            case.name
        );
        assert_eq!(case.signed_part.matches('.').count(), 1, "{}", case.name);
        assert!(
            ["HS256", "HS512"].contains(&case.algorithm.as_str()),
            "{}",
            case.name
        );
    }
}

// Rule V1.
#[test]
fn a_visitor_signature_has_two_stages_of_hex() {
    for case in visitors() {
        assert!(
            is_lower_hex(&case.inner_md5, 32) && is_lower_hex(&case.signature, 32),
            "{}",
            case.name
        );
    }
}

// Rule A1.
#[test]
fn accepted_hosts_alone_have_a_normal_form() {
    for case in account_hosts() {
        assert_eq!(case.host.is_some(), case.is_valid(), "{}", case.name);
        let Some(host) = &case.host else { continue };
        assert_eq!(*host, host.to_ascii_lowercase(), "{}", case.name);
        assert!(
            case.input.to_ascii_lowercase().contains(host),
            "{}",
            case.name
        );
    }
}
