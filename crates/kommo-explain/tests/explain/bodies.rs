//! Chat hooks and Open API bodies made by each wrong recipe.

use kommo_explain::{Explanation, SecretError, explain_chat_hook, explain_open_api};

use crate::judged::{accepted, refused};
use crate::naive::{
    BODY, SECRET, base64, from_hex, hex, hmac, hmac_sha1, hmac_sha256, md5, sha1, sha256, sha512,
};

fn hook(body: impl AsRef<[u8]>, signature: &str) -> Explanation {
    explain_chat_hook(body.as_ref(), signature, SECRET).unwrap()
}

fn open_api(body: impl AsRef<[u8]>, signature: &str) -> Explanation {
    explain_open_api(body.as_ref(), signature, SECRET).unwrap()
}

/// What both doors say of a body that came, when another was signed.
#[track_caller]
fn both(signed: &str, came: &str, code: &str) {
    refused(&hook(came, &hex(hmac_sha1(SECRET, signed))), &[code]);
    refused(&open_api(came, &hex(hmac_sha256(SECRET, signed))), &[code]);
}

// Rules H1, H2 and H3.
#[test]
fn a_right_hook_is_accepted_with_and_without_its_line_end() {
    let signature = hex(hmac_sha1(SECRET, BODY));
    accepted(&hook(BODY, &signature));
    accepted(&hook(format!("{BODY}\n"), &signature));
    accepted(&hook(format!("{BODY}\r\n"), &signature));
    accepted(&hook(BODY, &signature.to_uppercase()));
}

// Rules O1 and O3.
#[test]
fn a_right_open_api_body_is_accepted_byte_for_byte() {
    let signature = hex(hmac_sha256(SECRET, BODY));
    accepted(&open_api(BODY, &signature));
    let newline = open_api(format!("{BODY}\n"), &signature);
    refused(&newline, &["body-trailing-newline"]);
    let upper = open_api(BODY, &signature.to_uppercase());
    refused(&upper, &["signature-upper-case"]);
}

// Rule O5.
#[test]
fn an_empty_secret_is_an_error_at_every_door() {
    assert_eq!(
        explain_chat_hook(b"", "", "").unwrap_err(),
        SecretError::Empty
    );
    assert_eq!(
        explain_open_api(b"", "", "").unwrap_err(),
        SecretError::Empty
    );
}

// Rules H2 and O3.
#[test]
fn trailing_bytes_are_recognised() {
    let with = |end: &str| format!("{BODY}{end}");
    both(BODY, &with("\n\n"), "body-trailing-newline");
    both(&with("\n"), BODY, "body-trailing-newline");
    both(&with("\r\n"), BODY, "body-trailing-newline");
    both(BODY, &with(" "), "body-trailing-space");
    both(&with(" "), BODY, "body-trailing-space");
    both(BODY, &with("\r"), "body-trailing-whitespace");
    both(BODY, &with(" \t"), "body-trailing-whitespace");
}

// Rules S9 and O3.
#[test]
fn a_body_that_was_parsed_and_written_again_is_recognised() {
    let php = "{\"title\":\"a\\/b & <\\u0412\\u0430\\u0441\\u044f> \\ud83d\\ude0d\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}";
    let go = "{\"title\":\"a/b \\u0026 \\u003cВася\\u003e 😍\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}";
    let python = "{\"title\": \"a/b & <\\u0412\\u0430\\u0441\\u044f> \\ud83d\\ude0d\", \"account_id\": \"52e591f7\", \"n\": [1, 2.50, {}], \"ok\": true}";
    for signed in [php, go, python, BODY] {
        for came in [php, go, python, BODY] {
            if signed != came {
                both(signed, came, "body-re-encoded");
            }
        }
    }
    both(BODY, &format!("\u{feff}{BODY}"), "body-re-encoded");
    both(&format!("\u{feff}{BODY}"), BODY, "body-re-encoded");
}

#[test]
fn a_re_encoding_is_described_by_what_differs() {
    let message = |signed: &str, came: &str| {
        let explanation = hook(came, &hex(hmac_sha1(SECRET, signed)));
        refused(&explanation, &["body-re-encoded"]);
        explanation.findings()[0].message().to_string()
    };
    let escapes =
        "The JSON was signed with other escapes than it came with, such as `\\/` or `\\uXXXX`.";
    assert_eq!(message("{\"a\":\"\\/\"}", "{\"a\":\"/\"}"), escapes);
    assert_eq!(message("{\"a\": \"é\"}", "{\"a\": \"\\u00e9\"}\n"), escapes);
    let compact = "The JSON was signed without spaces between its tokens, and came with some.";
    assert_eq!(message("{\"a\":\"é\"}", "{\"a\": \"é\"}"), compact);
    let spaced = "The JSON was signed with spaces after its colons or commas, and came otherwise.";
    assert_eq!(message("{\"a\": 1, \"b\": 2}", "{\"a\":1,\"b\":2}"), spaced);
    let indented = "The JSON was signed with line feeds and indentation, and came otherwise.";
    assert_eq!(message("[\n  1\n]", "[1]"), indented);
    let both = "The JSON was signed with other spaces and perhaps other escapes than it came with.";
    assert_eq!(message("[\"\\u00e9\", 1]", "[\"é\",1]"), both);
    assert_eq!(message("[1,2]", "[ 1 ,2 ]"), both);
    let sorted = "The JSON was signed with its keys sorted, and came in another order.";
    assert_eq!(message("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"), sorted);
}

#[test]
fn an_encoder_that_ends_its_text_with_a_line_feed_is_recognised() {
    let signed = "{\"a\":\"\\u0026\"}\n";
    let expected = ["body-re-encoded", "body-trailing-newline"];
    refused(
        &hook("{\"a\":\"&\"}", &hex(hmac_sha1(SECRET, signed))),
        &expected,
    );
}

#[test]
fn a_wrong_key_is_recognised() {
    for (key, code) in [
        (format!("{SECRET}\n").into_bytes(), "secret-whitespace"),
        (
            format!("\u{feff}{SECRET}").into_bytes(),
            "secret-whitespace",
        ),
        (from_hex(SECRET), "key-hex-decoded"),
        (format!("\"{SECRET}\"").into_bytes(), "secret-quoted"),
        (Vec::new(), "secret-empty"),
        (b"another".to_vec(), "unknown"),
    ] {
        refused(&hook(BODY, &hex(hmac_sha1(&key, BODY))), &[code]);
        let unsigned_newline = format!("{BODY}\n");
        refused(
            &hook(unsigned_newline, &hex(hmac_sha1(&key, BODY))),
            &[code],
        );
        refused(&open_api(BODY, &hex(hmac_sha256(&key, BODY))), &[code]);
    }
}

#[test]
fn another_hash_is_recognised() {
    let keyed = format!("{SECRET}{BODY}").into_bytes();
    for mac in [
        hmac_sha256(SECRET, BODY),
        hmac(md5, 64, SECRET, BODY),
        sha1(BODY.as_bytes()),
        sha1(&keyed),
    ] {
        refused(&hook(BODY, &hex(mac)), &["other-hash"]);
    }
    for mac in [
        hmac_sha1(SECRET, BODY),
        hmac(sha512, 128, SECRET, BODY),
        sha256(BODY.as_bytes()),
        sha256(&keyed),
    ] {
        refused(&open_api(BODY, &hex(mac)), &["other-hash"]);
    }
    let swapped = hex(hmac_sha1(BODY, SECRET));
    refused(&hook(BODY, &swapped), &["arguments-swapped"]);
    let swapped = hex(hmac_sha256(BODY, SECRET));
    refused(&open_api(BODY, &swapped), &["arguments-swapped"]);
}

// Rules H3 and O2.
#[test]
fn a_right_signature_in_another_form_is_recognised() {
    for (explain, mac) in [
        (
            hook as fn(&'static str, &str) -> Explanation,
            hmac_sha1(SECRET, BODY),
        ),
        (open_api, hmac_sha256(SECRET, BODY)),
    ] {
        let digits = hex(&mac);
        for (text, code) in [
            (base64(&mac), "signature-base64"),
            (base64(&digits), "signature-base64"),
            (format!("sha256={digits}"), "signature-prefixed"),
            (format!(" {digits}\n"), "signature-whitespace"),
            (digits[..digits.len() - 1].into(), "signature-truncated"),
            (format!("{digits}ab"), "signature-malformed"),
            (String::new(), "signature-malformed"),
        ] {
            refused(&explain(BODY, &text), &[code]);
        }
    }
}

#[test]
fn two_deviations_are_both_named() {
    let signature = hex(hmac_sha256(format!("{SECRET}\n"), format!("{BODY}\n")));
    let expected = ["secret-whitespace", "body-trailing-newline"];
    refused(&open_api(BODY, &signature), &expected);
    let signature = base64(hmac_sha256(from_hex(SECRET), BODY));
    let expected = ["signature-base64", "key-hex-decoded", "other-hash"];
    refused(&hook(BODY, &signature), &expected);
}

#[test]
fn a_large_body_is_not_re_encoded_but_still_trimmed() {
    let large = format!("[{}1]", "1, ".repeat(40_000));
    both(&format!("{large} "), &large, "body-trailing-space");
    both(&large.replace(' ', ""), &large, "unknown");
    let explanation = open_api(&large, &"0".repeat(64));
    println!("{} MACs", explanation.macs_tried());
    assert!(
        explanation.macs_tried() < 100,
        "each of them reads the whole body"
    );
}
