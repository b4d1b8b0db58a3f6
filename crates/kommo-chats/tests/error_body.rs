//! Bodies of refusals: the documented ones, and everything else that can come.

use kommo_chats::{BodyForm, ErrorBody, ErrorKind, MAX_RETRY_AFTER_SECONDS, MAX_TEXT_CHARACTERS};
use proptest::prelude::*;
use serde_json::json;

const JSON: Option<&str> = Some("application/json");

fn read(status: u16, body: impl AsRef<[u8]>) -> ErrorBody {
    ErrorBody::from_body(status, JSON, None, body.as_ref())
}

// Rule E1.
#[test]
fn a_wrong_signature_is_known_by_its_error_type() {
    let error = read(
        403,
        r#"{"status":0,"error_code":403,"error_type":"ORIGIN_INVALID_SIGNATURE","error_description":"invalid signature"}"#,
    );
    assert_eq!(
        (error.kind(), error.form()),
        (ErrorKind::InvalidSignature, BodyForm::Json)
    );
    assert_eq!((error.http_status(), error.error_code()), (403, Some(403)));
    assert_eq!(error.error_type(), Some("ORIGIN_INVALID_SIGNATURE"));
    assert_eq!(error.error_description(), Some("invalid signature"));
    assert_eq!(
        error.to_string(),
        "http 403, ORIGIN_INVALID_SIGNATURE: invalid signature"
    );
}

// Rules E1, E2.
#[test]
fn an_error_type_counts_only_under_a_4xx() {
    for error_type in ["ORIGIN_INVALID_SIGNATURE", "ORIGIN_NOT_REGISTERED"] {
        let body = json!({ "error_type": error_type }).to_string();
        for status in [200, 302, 399, 600] {
            assert_eq!(read(status, &body).kind(), ErrorKind::Other, "{status}");
        }
        assert_ne!(read(400, &body).kind(), ErrorKind::BadRequest);
        assert_ne!(read(499, &body).kind(), ErrorKind::Other);
    }
}

// Rule E2.
#[test]
fn an_unknown_channel_is_known_by_its_error_type_or_by_an_empty_404() {
    let body = r#"{"status":0,"error_code":404,"error_type":"ORIGIN_NOT_REGISTERED","error_description":"NOT_FOUND"}"#;
    assert_eq!(read(404, body).kind(), ErrorKind::NotRegistered);
    assert_eq!(read(404, "").kind(), ErrorKind::NotRegistered);
    assert_eq!(read(404, "\r\n").kind(), ErrorKind::NotRegistered);
    // A route that does not exist is no unknown channel.
    assert_eq!(read(404, "<html>404</html>").kind(), ErrorKind::Other);
    assert_eq!(read(404, "{}").kind(), ErrorKind::Other);
}

// Rule E3.
#[test]
fn a_403_that_is_no_json_is_a_block_whatever_its_label() {
    for (content_type, body, form) in [
        (Some("text/plain"), "403 Forbidden", BodyForm::Text),
        (None, "403 Forbidden", BodyForm::Text),
        (JSON, "403 Forbidden", BodyForm::Text),
        (JSON, "\"403 Forbidden\"", BodyForm::Text),
        (Some("text/html"), "403 Forbidden", BodyForm::Html),
        (None, "\n<HTML><title>403 Forbidden</title>", BodyForm::Html),
        (None, "<!DOCTYPE html>", BodyForm::Html),
        (JSON, "\0\0", BodyForm::OtherBytes),
    ] {
        let error = ErrorBody::from_body(403, content_type, None, body.as_bytes());
        assert_eq!(
            (error.kind(), error.form()),
            (ErrorKind::BlockedAsText, form),
            "{body}"
        );
    }
}

// Rules E1, E3.
#[test]
fn a_403_in_json_or_without_a_body_is_no_block() {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"error_type":"ACCESS_DENIED"}"#,
        r#"{"error_type":["ORIGIN_INVALID_SIGNATURE"]}"#,
    ] {
        assert_eq!(read(403, body).kind(), ErrorKind::Other, "{body}");
    }
}

// Rule E4.
#[test]
fn a_429_says_how_long_to_wait_in_its_body_in_a_header_or_not_at_all() {
    let body = r#"{"title":"Too Many Requests","type":"https://httpstatus.es/429","status":429,"detail":"x","retry_after":300}"#;
    let error = read(429, body);
    assert_eq!(
        (error.kind(), error.retry_after_seconds()),
        (ErrorKind::TooManyRequests, Some(300))
    );
    assert_eq!(
        (error.title(), error.detail()),
        (Some("Too Many Requests"), Some("x"))
    );
    assert_eq!(error.to_string(), "http 429, Too Many Requests: x");

    let pause = |header, body: &str| {
        ErrorBody::from_body(429, JSON, header, body.as_bytes()).retry_after_seconds()
    };
    assert_eq!(pause(Some("120"), ""), Some(120));
    assert_eq!(pause(Some(" 120 "), "too many"), Some(120));
    assert_eq!(pause(None, "too many"), None);
    assert_eq!(pause(Some("120"), body), Some(300));
    assert_eq!(pause(Some("600"), body), Some(600));
    assert_eq!(pause(Some("0"), ""), Some(0));
}

// Rule E4.
#[test]
fn a_pause_is_bounded_and_nonsense_is_no_pause() {
    let body = |value: serde_json::Value| read(429, json!({ "retry_after": value }).to_string());
    for (value, seconds) in [
        (json!("300"), Some(300)),
        (json!(1.2), Some(2)),
        (json!(2.0), Some(2)),
        (json!(u64::MAX), Some(MAX_RETRY_AFTER_SECONDS)),
        (
            json!(MAX_RETRY_AFTER_SECONDS + 1),
            Some(MAX_RETRY_AFTER_SECONDS),
        ),
        (
            json!("99999999999999999999999999"),
            Some(MAX_RETRY_AFTER_SECONDS),
        ),
        (
            json!("18446744073709551615.5"),
            Some(MAX_RETRY_AFTER_SECONDS),
        ),
        (json!(-1), None),
        (json!("-1"), None),
        (json!("+1"), None),
        (json!(""), None),
        (json!("1."), None),
        (json!("soon"), None),
        (json!(null), None),
        (json!([1]), None),
    ] {
        assert_eq!(
            body(value.clone()).retry_after_seconds(),
            seconds,
            "{value}"
        );
    }
    // A date needs a clock, which is not ours to read.
    let date = Some("Wed, 21 Oct 2026 07:28:00 GMT");
    assert_eq!(
        ErrorBody::from_body(429, None, date, b"").retry_after_seconds(),
        None
    );
}

// Rule E5.
#[test]
fn a_500_carries_title_detail_and_trace_id() {
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let body =
        json!({"title": "ErrInternalServer", "status": 500, "detail": "x", "trace_id": trace_id});
    let error = read(500, body.to_string());
    assert_eq!(
        (error.kind(), error.trace_id()),
        (ErrorKind::Internal, Some(trace_id))
    );
    assert_eq!(
        error.to_string(),
        format!("http 500, ErrInternalServer: x (trace_id {trace_id})")
    );
    for status in [500, 502, 503, 599] {
        assert_eq!(read(status, "<html>").kind(), ErrorKind::Internal);
        assert_eq!(
            read(status, r#"{"error_type":"ORIGIN_INVALID_SIGNATURE"}"#).kind(),
            ErrorKind::Internal
        );
    }
}

// Rules C5, E6.
#[test]
fn a_400_is_the_callers_mistake_however_it_is_worded() {
    let body = r#"{"status":0,"error_code":400,"error_type":"BAD","error_description":"sender: user not found"}"#;
    for body in [body, "", "{}", "sender: user not found", "<html>"] {
        assert_eq!(read(400, body).kind(), ErrorKind::BadRequest, "{body}");
    }
}

// Rule E6.
#[test]
fn empty_text_html_and_binary_bodies_are_no_failure_of_their_own() {
    for (body, form) in [
        (b"".as_slice(), BodyForm::Empty),
        (b" \t\r\n", BodyForm::Empty),
        (b"[1,2]", BodyForm::Json),
        (b"\xef\xbb\xbf{}", BodyForm::Json),
        (b"{\"error_type\":", BodyForm::Text),
        (b"17", BodyForm::Text),
        (b"<html>", BodyForm::Html),
        (b"\xff\xfe", BodyForm::OtherBytes),
        (b"a\x1b[2Jb", BodyForm::OtherBytes),
    ] {
        let error = read(418, body);
        assert_eq!(
            (error.form(), error.kind()),
            (form, ErrorKind::Other),
            "{body:?}"
        );
        assert_eq!(
            (error.error_type(), error.detail(), error.error_code()),
            (None, None, None)
        );
        assert_eq!(error.to_string(), "http 418");
    }
}

// Rule E6.
#[test]
fn every_field_is_optional_and_may_have_another_type() {
    let error = read(
        400,
        r#"{"error_code":"403","error_type":7,"error_description":{},"title":null,"detail":["x"],"trace_id":true}"#,
    );
    assert_eq!(
        (error.error_code(), error.error_type()),
        (Some(403), Some("7"))
    );
    assert_eq!((error.error_description(), error.title()), (None, None));
    assert_eq!((error.detail(), error.trace_id()), (None, None));
    for code in ["\"x\"", "1.5", "99999999999999999999", "{}"] {
        assert_eq!(
            read(400, format!(r#"{{"error_code":{code}}}"#)).error_code(),
            None,
            "{code}"
        );
    }
}

#[test]
fn long_texts_are_cut_on_a_character_and_say_so() {
    let long = json!({ "detail": "й".repeat(100_000), "title": "t".repeat(MAX_TEXT_CHARACTERS) });
    let error = read(400, long.to_string());
    let detail = error.detail().expect("a detail");
    assert_eq!(MAX_TEXT_CHARACTERS, 300);
    assert_eq!(detail.chars().count(), MAX_TEXT_CHARACTERS + 1);
    assert!(detail.starts_with("йй") && detail.ends_with("й…"));
    assert_eq!(
        error.title(),
        Some("t".repeat(MAX_TEXT_CHARACTERS).as_str())
    );
}

#[test]
fn control_characters_and_direction_marks_are_replaced() {
    let body = json!({ "detail": "a\r\nb\u{1b}[31mc\0d\u{202e}e\u{2028}f\u{200b}g\u{85}h", "error_type": "X\nY" });
    let error = read(400, body.to_string());
    assert_eq!(error.detail(), Some("a��b�[31mc�d�e�f�g�h"));
    assert_eq!(error.error_type(), Some("X�Y"));
}

#[test]
fn a_signature_that_the_peer_repeats_is_left_out() {
    let signature = "81211856ce0c5095f3e1a90c0a38dc9d736cfd55";
    for shown in [
        signature.to_owned(),
        signature.to_uppercase(),
        format!("x{signature}{signature}z"),
    ] {
        let body = json!({ "error_description": format!("got {shown}!"), "error_type": shown, "trace_id": shown });
        let error = read(403, body.to_string());
        let logged = format!("{error} {error:?}").to_lowercase();
        assert!(!logged.contains(&signature[..20]), "{logged}");
    }
    let error = read(
        403,
        json!({ "detail": format!("got {signature}!") }).to_string(),
    );
    assert_eq!(error.detail(), Some("got [40 hex digits]!"));
    let uuid = "52e591f7-c98f-4255-8495-827210138c81";
    assert_eq!(
        read(403, json!({ "detail": uuid }).to_string()).detail(),
        Some(uuid)
    );
}

#[test]
fn nothing_but_the_known_fields_is_kept() {
    for body in [
        r#"{"other":"plantedmarker","detail":["plantedmarker"]}"#,
        "plantedmarker",
        "<html>plantedmarker",
        r#"{"plantedmarker"#,
    ] {
        let error = read(403, body);
        assert!(!format!("{error} {error:?}").contains("planted"), "{body}");
    }
}

proptest! {
    #[test]
    fn any_answer_is_read_and_stays_small(
        status in any::<u16>(),
        content_type in any::<Option<String>>(),
        retry_after in any::<Option<String>>(),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let error = ErrorBody::from_body(status, content_type.as_deref(), retry_after.as_deref(), &body);
        prop_assert!(error.retry_after_seconds() <= Some(MAX_RETRY_AFTER_SECONDS));
        prop_assert_eq!(error.http_status(), status);
    }

    #[test]
    fn any_text_in_any_field_is_bounded_and_fit_for_a_log_line(status in 400_u16..600, text in any::<String>(), times in 1_usize..50) {
        let text = text.repeat(times);
        let body = json!({"error_type": text, "error_description": text, "title": text, "detail": text, "trace_id": text});
        let error = read(status, body.to_string());
        for kept in [error.error_type(), error.error_description(), error.title(), error.detail(), error.trace_id()] {
            let kept = kept.expect("a text");
            prop_assert!(kept.chars().count() <= MAX_TEXT_CHARACTERS + 1);
            prop_assert!(!kept.chars().any(char::is_control));
        }
    }
}
