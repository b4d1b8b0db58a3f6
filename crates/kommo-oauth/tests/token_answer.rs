//! Every kind of answer of the token endpoint, by status and body.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_oauth::UnixSeconds;
use kommo_oauth::token::{
    ACCESS_TOKEN_LIFETIME, AnswerToken, DoubtCause, KnownHint, RETRY_AFTER_MAX_SECONDS,
    TOKEN_ANSWER_MAX_BYTES, TokenAnswer, TokenError, TokenPair, TokenRefusal, TokenRefusalKind,
    read_token_answer,
};

const NOW: UnixSeconds = UnixSeconds::new(1_700_000_000);
const JSON: Option<&str> = Some("application/json");

fn read(status: u16, body: &str) -> TokenAnswer {
    read_token_answer(status, JSON, None, body.as_bytes(), NOW)
}

#[track_caller]
fn granted(status: u16, body: &str) -> TokenPair {
    match read(status, body) {
        TokenAnswer::Granted(pair) => pair,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn doubt(status: u16, body: &str) -> DoubtCause {
    match read(status, body) {
        TokenAnswer::InDoubt(cause) => cause,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(status: u16, body: &str) -> TokenRefusal {
    match read(status, body) {
        TokenAnswer::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn success(extra: &str) -> String {
    format!(r#"{{"access_token":"eyJ0.a.b","refresh_token":"def5020a"{extra}}}"#)
}

fn hinted(hint: &str) -> String {
    format!(
        r#"{{"hint":"{hint}","title":"Некорректный запрос","type":"https://developers.amocrm.ru/v3/errors/OAuthProblemJson","status":400,"detail":"В запросе отсутствует ряд параметров или параметры невалидны"}}"#
    )
}

// Rule K3.
#[test]
fn both_tokens_are_a_grant_with_every_success_status() {
    for status in 200..=204 {
        let pair = granted(
            status,
            r#"{"token_type":"Bearer","expires_in":86400,"server_time":1751892369,"access_token":"eyJ0.a.b","refresh_token":"def5020a"}"#,
        );
        assert_eq!(pair.access_token.expose(), "eyJ0.a.b");
        assert_eq!(pair.refresh_token.expose(), "def5020a");
        assert_eq!(pair.obtained_at, NOW);
        assert_eq!(pair.expires_at, UnixSeconds::new(1_700_086_400));
        assert_eq!(pair.server_time, Some(UnixSeconds::new(1_751_892_369)));
    }
}

#[test]
fn a_pair_is_taken_whatever_its_content_type_says() {
    let body = success("");
    for content_type in [None, Some("text/html"), Some("")] {
        let answer = read_token_answer(200, content_type, None, body.as_bytes(), NOW);
        assert!(matches!(answer, TokenAnswer::Granted(_)));
    }
}

// Rules K4, K5.
#[test]
fn a_length_of_life_may_be_a_text_and_ends_with_ten_years() {
    let ten_years = 10 * 366 * 86_400;
    for (written, seconds) in [
        ("1", 1),
        ("\"3600\"", 3600),
        ("316224000", ten_years),
        ("316224001", 86_400),
        ("0", 86_400),
        ("-1", 86_400),
        ("1e3", 86_400),
        ("\"+5\"", 86_400),
        ("null", 86_400),
        ("[[[]]]", 86_400),
        ("18446744073709551616", 86_400),
    ] {
        let pair = granted(200, &success(&format!(",\"expires_in\":{written}")));
        assert_eq!(pair.expires_at.get(), NOW.get() + seconds, "{written}");
    }
    assert_eq!(ACCESS_TOKEN_LIFETIME.as_secs(), 86_400);
    assert_eq!(
        granted(200, &success("")).expires_at,
        NOW.plus(ACCESS_TOKEN_LIFETIME)
    );
}

// Rule K4.
#[test]
fn the_servers_time_is_optional_and_enters_no_expiry() {
    for written in ["null", "-5", "\"x\"", "{}"] {
        let pair = granted(200, &success(&format!(",\"server_time\":{written}")));
        assert_eq!(pair.server_time, None);
    }
    let pair = granted(200, &success(",\"server_time\":\"17\",\"expires_in\":60"));
    assert_eq!(pair.server_time, Some(UnixSeconds::new(17)));
    assert_eq!(pair.expires_at.get(), NOW.get() + 60);
}

// Invariant I6: a pair that has arrived is not thrown away for a word beside it.
#[test]
fn whatever_the_token_type_says_both_tokens_are_a_pair() {
    for written in ["\"Bearer\"", "\"BEARER\"", "null", "\"mac\"", "\"\"", "7"] {
        granted(200, &success(&format!(",\"token_type\":{written}")));
    }
}

#[test]
fn unknown_fields_however_deep_do_not_cost_a_pair() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    granted(200, &success(&format!(",\"more\":{deep}")));
    granted(200, &format!("\u{feff} {}", success("")));
}

// Invariant I6: a pair that has arrived is not thrown away for a letter of a text beside it, nor
// for its encoding.
#[test]
fn a_pair_is_read_in_every_encoding_and_beside_every_broken_letter() {
    let wanted = granted(200, &success(""));
    let body = success(",\"title\":\"a\\ud83d\"");
    let utf16: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe", &*utf16].concat();
    let broken = [b"{\"x\":\"\xd0\",".as_slice(), &success("").as_bytes()[1..]].concat();
    for body in [body.into_bytes(), utf16, marked, broken] {
        let TokenAnswer::Granted(pair) = read_token_answer(200, None, None, &body, NOW) else {
            panic!("{body:?}");
        };
        assert_eq!(pair, wanted);
    }
}

// Rule K3.
#[test]
fn a_success_without_both_tokens_is_in_doubt() {
    let access = AnswerToken::Access;
    let refresh = AnswerToken::Refresh;
    for (body, cause) in [
        ("", DoubtCause::Empty),
        (" \n", DoubtCause::Empty),
        ("<html>", DoubtCause::NotJson),
        ("[\"Bearer\",1,2,\"a\",\"b\"]", DoubtCause::NotJson),
        ("{\"access_token\":\"a", DoubtCause::NotJson),
        ("{} {}", DoubtCause::NotJson),
        ("{}", DoubtCause::Missing { token: access }),
        (
            "{\"access_token\":\"a\"}",
            DoubtCause::Missing { token: refresh },
        ),
        (
            "{\"refresh_token\":\"a\"}",
            DoubtCause::Missing { token: access },
        ),
        (
            "{\"access_token\":7,\"refresh_token\":\"a\"}",
            DoubtCause::Missing { token: access },
        ),
        (
            "{\"access_token\":\"a\",\"refresh_token\":[\"a\"]}",
            DoubtCause::Missing { token: refresh },
        ),
        (
            "{\"access_token\":\"\",\"refresh_token\":\"a\"}",
            DoubtCause::BadToken {
                token: access,
                error: TokenError::Empty,
            },
        ),
        (
            "{\"access_token\":\"a\",\"refresh_token\":\"a b\"}",
            DoubtCause::BadToken {
                token: refresh,
                error: TokenError::Byte { offset: 1 },
            },
        ),
        (
            "{\"access_token\":\"a\",\"access_token\":\"a\",\"refresh_token\":\"a\"}",
            DoubtCause::DuplicateField,
        ),
        (
            "{\"access_token\":\"a\",\"access\\u005ftoken\":\"b\",\"refresh_token\":\"a\"}",
            DoubtCause::DuplicateField,
        ),
    ] {
        for status in 200..=204 {
            assert_eq!(doubt(status, body), cause, "{body}");
        }
    }
}

#[test]
fn a_deep_body_where_a_token_belongs_is_in_doubt() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let body = format!("{{\"access_token\":{deep},\"refresh_token\":\"a\"}}");
    assert_eq!(doubt(200, &body), DoubtCause::NotJson);
    let body = "{\"a\":".repeat(100_000);
    assert_eq!(doubt(200, &body), DoubtCause::NotJson);
}

#[test]
fn a_body_has_a_limit() {
    let room = TOKEN_ANSWER_MAX_BYTES - success("").len();
    granted(200, &(success("") + &" ".repeat(room)));
    assert_eq!(
        doubt(200, &(success("") + &" ".repeat(room + 1))),
        DoubtCause::TooLarge {
            found: TOKEN_ANSWER_MAX_BYTES + 1
        }
    );
    let long = hinted("Token has been revoked") + &" ".repeat(TOKEN_ANSWER_MAX_BYTES);
    let refusal = refused(401, &long);
    assert_eq!(refusal.kind, TokenRefusalKind::Unauthorized);
}

// Rule K3.
#[test]
fn timeouts_server_faults_and_strange_successes_are_in_doubt() {
    let body = hinted("Token has been revoked");
    for status in [408, 500, 502, 503, 504, 599] {
        assert_eq!(
            doubt(status, &body),
            DoubtCause::Status {
                status,
                retry_after_seconds: None
            }
        );
    }
    for status in [205, 206, 299] {
        let cause = DoubtCause::OtherSuccess { status };
        assert_eq!(doubt(status, &success("")), cause);
    }
}

/// The table of refusals, row by row.
const HINTS: [(&str, TokenRefusalKind); 16] = [
    (
        "Cannot decrypt the authorization code",
        TokenRefusalKind::CodeUndecryptable,
    ),
    (
        "Authorization code has expired",
        TokenRefusalKind::CodeExpired,
    ),
    (
        "Authorization code has been revoked",
        TokenRefusalKind::CodeRevoked,
    ),
    (
        "Authorization code was not issued to this client",
        TokenRefusalKind::CodeOfAnotherClient,
    ),
    ("Check the `code` parameter", TokenRefusalKind::CodeMissing),
    (
        "Check the `client_id` parameter",
        TokenRefusalKind::ClientIdInvalid,
    ),
    (
        "Check the `client_secret` parameter",
        TokenRefusalKind::ClientSecretInvalid,
    ),
    (
        "Redirect URI is not associated with client",
        TokenRefusalKind::RedirectUriMismatch,
    ),
    (
        "Invalid redirect URI",
        TokenRefusalKind::RedirectUriMismatch,
    ),
    ("Invalid account", TokenRefusalKind::InvalidAccount),
    (
        "Token has been revoked",
        TokenRefusalKind::RefreshTokenRevoked,
    ),
    ("Token has expired", TokenRefusalKind::RefreshTokenExpired),
    (
        "Cannot decrypt the refresh token",
        TokenRefusalKind::RefreshTokenUndecryptable,
    ),
    (
        "Token is not linked to client",
        TokenRefusalKind::RefreshTokenOfAnotherClient,
    ),
    (
        "Check the `refresh_token` parameter",
        TokenRefusalKind::RefreshTokenMissing,
    ),
    (
        "Check that all required parameters have been provided",
        TokenRefusalKind::UnknownGrantType,
    ),
];

// Rule K6.
#[test]
fn every_known_hint_is_recognised_with_400_and_401() {
    for (hint, kind) in HINTS {
        for status in [400, 401] {
            let refusal = refused(status, &hinted(hint));
            assert_eq!((refusal.kind, refusal.status), (kind, status), "{hint}");
            assert_eq!(refusal.hint.map(KnownHint::as_str), Some(hint));
        }
    }
    assert_eq!(KnownHint::ALL.len(), HINTS.len());
}

// Rule K7.
#[test]
fn exactly_four_hints_prove_death() {
    let proofs: Vec<_> = HINTS
        .into_iter()
        .filter(|(hint, _)| refused(401, &hinted(hint)).is_proof_of_death())
        .map(|(hint, _)| hint)
        .collect();
    assert_eq!(
        proofs,
        [
            "Token has been revoked",
            "Token has expired",
            "Cannot decrypt the refresh token",
            "Token is not linked to client",
        ]
    );
}

#[test]
fn a_proof_of_death_needs_the_right_status() {
    let body = hinted("Token has been revoked");
    for status in [100, 302, 402, 403, 404, 405, 409, 422, 429, 451] {
        assert!(!refused(status, &body).is_proof_of_death(), "{status}");
    }
}

#[test]
fn a_hint_is_read_without_regard_to_case_white_space_and_full_stop() {
    let refusal = refused(401, &hinted(" token HAS been revoked. "));
    assert_eq!(refusal.kind, TokenRefusalKind::RefreshTokenRevoked);
    for other in [
        "Token has been revoked!",
        "Token has been revoked yesterday",
        "",
    ] {
        assert_eq!(
            refused(401, &hinted(other)).kind,
            TokenRefusalKind::Unauthorized
        );
        assert_eq!(refused(400, &hinted(other)).kind, TokenRefusalKind::Unknown);
    }
}

#[test]
fn a_hint_that_stands_twice_proves_nothing() {
    let body = r#"{"hint":"Token has been revoked","hint":"Invalid account"}"#;
    let refusal = refused(401, body);
    assert_eq!(
        (refusal.kind, refusal.hint),
        (TokenRefusalKind::Unauthorized, None)
    );
    assert_eq!(refused(400, body).kind, TokenRefusalKind::Unknown);
}

#[test]
fn a_rejected_client_is_known_by_its_wording_with_401_and_no_hint() {
    let russian =
        r#"{"title":"Некорректный клиент","status":401,"detail":"Авторизация клиента не прошла"}"#;
    assert_eq!(refused(401, russian).kind, TokenRefusalKind::ClientRejected);
    assert_eq!(refused(400, russian).kind, TokenRefusalKind::Unknown);
    for body in [
        r#"{"title":"НЕКОРРЕКТНЫЙ КЛИЕНТ","hint":null}"#,
        r#"{"detail":"Client authentication failed.","hint":""}"#,
        r#"{"title":"Invalid client","detail":7}"#,
    ] {
        assert_eq!(refused(401, body).kind, TokenRefusalKind::ClientRejected);
    }
    for body in [
        r#"{"title":"Invalid client","hint":"Something new"}"#,
        r#"{"title":"Unauthorized","detail":"Invalid user name or password"}"#,
        r#"{"detail":"the invalid client of another story"}"#,
    ] {
        assert_eq!(refused(401, body).kind, TokenRefusalKind::Unauthorized);
    }
}

// Rule K8.
#[test]
fn members_of_rfc_6749_count_where_no_hint_does() {
    for (error, kind) in [
        ("invalid_client", TokenRefusalKind::ClientRejected),
        ("unauthorized_client", TokenRefusalKind::ClientRejected),
        ("invalid_grant", TokenRefusalKind::InvalidGrant),
        ("unsupported_grant_type", TokenRefusalKind::UnknownGrantType),
        ("invalid_request", TokenRefusalKind::Unknown),
    ] {
        let refusal = refused(400, &format!(r#"{{"error":"{error}"}}"#));
        assert_eq!(refusal.kind, kind);
        assert!(!refusal.is_proof_of_death());
    }
    let both = r#"{"error":"invalid_grant","hint":"Token has expired"}"#;
    assert_eq!(
        refused(400, both).kind,
        TokenRefusalKind::RefreshTokenExpired
    );
}

#[test]
fn statuses_speak_for_themselves() {
    for (status, body, kind) in [
        (401, "", TokenRefusalKind::Unauthorized),
        (401, "<html>", TokenRefusalKind::Unauthorized),
        (402, "{}", TokenRefusalKind::PaymentRequired),
        (404, "", TokenRefusalKind::NotFound),
        (
            404,
            "{\"hint\":\"Invalid account\"}",
            TokenRefusalKind::NotFound,
        ),
        (400, "", TokenRefusalKind::Unknown),
        (400, "{\"hint\":7}", TokenRefusalKind::Unknown),
        (405, "", TokenRefusalKind::Unknown),
        (422, "{}", TokenRefusalKind::Unknown),
        (499, "", TokenRefusalKind::Unknown),
        (301, "", TokenRefusalKind::Unknown),
        (101, "", TokenRefusalKind::Unknown),
        (0, "", TokenRefusalKind::Unknown),
        (999, "", TokenRefusalKind::Unknown),
    ] {
        assert_eq!(refused(status, body).kind, kind, "{status} {body}");
    }
}

#[test]
fn a_403_is_a_block_unless_it_is_json() {
    let page = "<html><head><title>403 Forbidden</title></head></html>";
    for (content_type, body, kind) in [
        (Some("text/html"), page, TokenRefusalKind::Blocked),
        (JSON, page, TokenRefusalKind::Blocked),
        (JSON, "", TokenRefusalKind::Blocked),
        (None, "forbidden", TokenRefusalKind::Blocked),
        (None, "{\"title\":", TokenRefusalKind::Blocked),
        (
            None,
            "{\"title\":\"Forbidden\"}",
            TokenRefusalKind::Forbidden,
        ),
        (Some("text/html"), "{}", TokenRefusalKind::Forbidden),
        (None, "\"denied\"", TokenRefusalKind::Forbidden),
        (None, "\u{feff}[]", TokenRefusalKind::Forbidden),
        (None, r#"{"title":"\ud83d"}"#, TokenRefusalKind::Forbidden),
        (
            None,
            r#"{"hint":"a","hint":"b"}"#,
            TokenRefusalKind::Forbidden,
        ),
        (
            Some("Application/Problem+JSON; charset=utf-8"),
            " {\"title\":",
            TokenRefusalKind::Forbidden,
        ),
    ] {
        let answer = read_token_answer(403, content_type, None, body.as_bytes(), NOW);
        let TokenAnswer::Refused(refusal) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(refusal.kind, kind, "{body}");
    }
}

// Rule K9.
#[test]
fn a_pause_comes_from_the_body_then_the_header_then_nowhere() {
    for (header, body, expected) in [
        (None, "{\"retry_after\":300}", Some(300)),
        (Some(7), "{\"retry_after\":\"300\"}", Some(300)),
        (Some(7), "{\"retry_after\":-1}", Some(7)),
        (Some(7), "<html>", Some(7)),
        (None, "<html>", None),
        (
            None,
            "{\"retry_after\":99999999}",
            Some(RETRY_AFTER_MAX_SECONDS),
        ),
        (Some(u64::MAX), "", Some(RETRY_AFTER_MAX_SECONDS)),
    ] {
        let answer = read_token_answer(429, None, header, body.as_bytes(), NOW);
        let TokenAnswer::Refused(refusal) = answer else {
            panic!("{answer:?}")
        };
        let kind = TokenRefusalKind::Throttled {
            retry_after_seconds: expected,
        };
        assert_eq!(refusal.kind, kind, "{body}");
    }
}

#[test]
fn a_refusal_says_status_meaning_and_hint() {
    assert_eq!(
        refused(401, &hinted("Token has been revoked")).to_string(),
        "token endpoint answered 401: the refresh token was used before or revoked (hint: Token has been revoked)"
    );
    assert_eq!(
        refused(404, "").to_string(),
        "token endpoint answered 404: no such account or path at this host"
    );
}
