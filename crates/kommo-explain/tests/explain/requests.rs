//! Chats API requests made by each wrong recipe.

use kommo_explain::{FindingCode, ReceivedRequest, SecretError, explain_chats_request};

use crate::judged::{accepted, codes, refused};
use crate::naive::{
    AT, BODY, DATE, HOST, PATH, SECRET, Sender, base64, from_hex, hex, hmac, hmac_sha1,
    hmac_sha256, md5, sha1, sha256, sha512,
};

const METHOD: usize = 0;
const MD5: usize = 1;
const TYPE: usize = 2;
const DATE_LINE: usize = 3;
const PATH_LINE: usize = 4;

fn right() -> Sender {
    Sender::right()
}

#[track_caller]
fn one(sender: &Sender, code: &str) {
    refused(&sender.explain(), &[code]);
}

// Rule S1.
#[test]
fn a_right_request_is_accepted() {
    accepted(&right().explain());
    accepted(&right().explain_at(None));
    let mut url = right();
    url.target = format!("https://{HOST}{PATH}?limit=50");
    accepted(&url.explain());
    accepted(
        &right()
            .header("content-type", " application/json\t")
            .explain(),
    );
}

// Rule S14.
#[test]
fn a_secret_that_is_empty_blank_or_too_long_is_an_error() {
    let request = ReceivedRequest::new("POST", PATH, &[], b"");
    let explain = |secret: &str| explain_chats_request(&request, secret, None);
    assert_eq!(explain("").unwrap_err(), SecretError::Empty);
    assert_eq!(explain("\u{feff}\r\n").unwrap_err(), SecretError::Blank);
    let error = explain(&"k".repeat(257)).unwrap_err();
    assert_eq!(error.to_string(), "secret has 257 bytes, more than 256");
}

// Rule S8.
#[test]
fn a_missing_header_is_named() {
    for (name, code) in [
        ("date", "Date"),
        ("content-type", "Content-Type"),
        ("content-md5", "Content-MD5"),
    ] {
        let explanation = right().without_header(name).explain();
        refused(&explanation, &["header-missing"]);
        let message = explanation.findings()[0].message();
        assert_eq!(message, format!("The header {code} did not come."));
    }
    let headers = right();
    let headers = headers.sent();
    let request = ReceivedRequest::new("POST", PATH, &headers, BODY.as_bytes());
    let explanation = explain_chats_request(&request, SECRET, None).unwrap();
    refused(&explanation, &["header-missing"]);
    assert_eq!(explanation.macs_tried(), 0);
    let nothing = ReceivedRequest::new("POST", PATH, &[], b"");
    let explanation = explain_chats_request(&nothing, SECRET, None).unwrap();
    refused(&explanation, &["header-missing"; 4]);
}

// Rule S8.
#[test]
fn an_absent_header_that_was_signed_as_an_empty_line_is_accepted_with_a_warning() {
    for (name, line) in [("content-type", TYPE), ("content-md5", MD5)] {
        let explanation = right().without_header(name).line(line, "").explain();
        assert!(explanation.accepted(), "{name}");
        assert_eq!(codes(&explanation), ["header-missing"]);
    }
    one(
        &right().without_header("date").line(DATE_LINE, ""),
        "header-missing",
    );
}

#[test]
fn a_request_without_a_date_is_never_called_unknown() {
    let sender = right().without_header("date").key("another");
    refused(&sender.explain(), &["header-missing"]);
}

#[test]
fn a_repeated_header_is_refused() {
    for name in ["Date", "CONTENT-TYPE", "Content-MD5", "x-signature"] {
        let mut sender = right();
        let known = sender
            .headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        let value = known.map_or_else(|| hex(sender.mac()), |(_, value)| value.clone());
        sender.headers.push((name.into(), value));
        one(&sender, "header-repeated");
    }
}

// Rules D3 and D4.
#[test]
fn a_right_signature_with_a_stale_or_future_date_is_refused() {
    accepted(&right().explain_at(Some(AT + 900)));
    accepted(&right().explain_at(Some(AT - 900)));
    refused(&right().explain_at(Some(AT + 901)), &["date-stale"]);
    refused(&right().explain_at(Some(AT - 901)), &["date-future"]);
    accepted(&right().explain_at(None));
    let both = right().key("another").explain_at(Some(AT + 901));
    refused(&both, &["unknown", "date-stale"]);
}

// Rules D2 and D7.
#[test]
fn a_date_that_cannot_be_read_is_refused_even_if_signed() {
    for text in [
        "2021-12-15T23:12:55Z",
        "1639609975",
        "yesterday",
        "Wed, 15 Dec 2021 23:12:55 +00:00",
    ] {
        one(
            &right().header("date", text).line(DATE_LINE, text),
            "date-unreadable",
        );
    }
}

// Rule D6.
#[test]
fn a_clock_that_was_read_twice_is_recognised() {
    for signed in [
        "Wed, 15 Dec 2021 23:12:54 +0000",
        "Wed, 15 Dec 2021 23:12:50 +0000",
        "Wed, 15 Dec 2021 23:13:00 +0000",
        "Wed, 15 Dec 2021 23:12:55 GMT",
        "Wed, 15 Dec 2021 23:12:54 GMT",
        "Thu, 16 Dec 2021 02:12:55 +0300",
    ] {
        one(&right().line(DATE_LINE, signed), "date-taken-twice");
    }
    let local = |header, signed| right().header("date", header).line(DATE_LINE, signed);
    for (header, signed) in [
        (
            "Thu, 16 Dec 2021 02:12:55 +0300",
            "Thu, 16 Dec 2021 02:12:54 +0300",
        ),
        (
            "Thu, 16 Dec 2021 00:00:00 GMT",
            "Wed, 15 Dec 2021 23:59:59 GMT",
        ),
        (
            "Thu, 2 Dec 2021 00:00:00 GMT",
            "Wed, 1 Dec 2021 23:59:59 GMT",
        ),
    ] {
        refused(
            &local(header, signed).explain_at(None),
            &["date-taken-twice"],
        );
    }
    refused(
        &right()
            .line(DATE_LINE, "Wed, 15 Dec 2021 23:12:49 +0000")
            .explain(),
        &["unknown"],
    );
}

#[test]
fn a_date_signed_empty_or_in_another_form_is_recognised() {
    for signed in [
        "",
        "1639609975",
        "2021-12-15T23:12:55Z",
        "2021-12-15T23:12:55+00:00",
    ] {
        one(&right().line(DATE_LINE, signed), "date-differs");
    }
}

// Rule S6.
#[test]
fn a_signed_query_or_host_is_recognised() {
    let mut sender = right();
    sender.target = format!("{PATH}?limit=50&offset=0");
    let signed = |text: &str| sender.clone().line(PATH_LINE, text);
    one(
        &signed(&format!("{PATH}?limit=50&offset=0")),
        "query-signed",
    );
    one(&signed(&format!("{HOST}{PATH}")), "host-signed");
    one(&signed(&format!("https://{HOST}{PATH}")), "host-signed");
    one(
        &signed(&format!("http://amojo.kommo.com{PATH}")),
        "host-signed",
    );
    let all = signed(&format!("https://{HOST}{PATH}?limit=50&offset=0")).explain();
    refused(&all, &["host-signed", "query-signed"]);
    let mut url = sender
        .clone()
        .line(PATH_LINE, &format!("127.0.0.1:8080{PATH}"));
    url.target = format!("http://127.0.0.1:8080{PATH}");
    one(&url, "host-signed");
}

#[test]
fn a_slightly_different_path_is_recognised() {
    for signed in [
        format!("{PATH}/"),
        PATH.trim_start_matches('/').into(),
        PATH.trim_start_matches("/v2/origin/custom").into(),
        PATH.to_uppercase().to_lowercase().replace("/v2", "//v2"),
        String::new(),
    ] {
        one(&right().line(PATH_LINE, &signed), "path-differs");
    }
    let mut escaped = right().line(PATH_LINE, "/v2/a b");
    escaped.target = "/v2/a%20b".into();
    one(&escaped, "path-differs");
}

// Rule S13.
#[test]
fn a_path_that_libraries_rewrite_is_refused_even_if_signed() {
    for path in ["/v2/../x", "/v2/{id}", "/v2/%41", "/a b"] {
        let mut sender = right().line(PATH_LINE, path);
        sender.target = path.into();
        one(&sender, "path-unsafe");
    }
}

// Rule S5.
#[test]
fn another_content_type_in_the_string_is_recognised() {
    for signed in [
        "",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "text/plain",
        "application/x-www-form-urlencoded",
    ] {
        one(&right().line(TYPE, signed), "content-type-differs");
    }
    one(
        &right().header("content-type", "application/json; charset=utf-8"),
        "content-type-differs",
    );
}

// Rule S5.
#[test]
fn an_unsupported_content_type_is_refused_even_if_signed() {
    for text in [
        "application/json; charset=utf-8",
        "text/plain",
        "Application/JSON",
    ] {
        one(
            &right().header("content-type", text).line(TYPE, text),
            "content-type-unsupported",
        );
    }
}

// Rule S4.
#[test]
fn a_digest_in_another_form_is_recognised() {
    let digest = md5(BODY.as_bytes());
    for (text, code) in [
        (base64(&digest), "md5-base64"),
        (hex(&digest).to_uppercase(), "md5-upper-case"),
    ] {
        one(&right().header("content-md5", &text).line(MD5, &text), code);
        one(&right().header("content-md5", &text), code);
        one(&right().line(MD5, &text), code);
    }
    let text = "no digest";
    one(
        &right().header("content-md5", text).line(MD5, text),
        "content-md5-malformed",
    );
}

#[test]
fn another_digest_in_the_string_is_recognised() {
    one(&right().line(MD5, ""), "content-md5-differs");
    let other = hex(md5(b"another body"));
    one(
        &right().header("content-md5", &other),
        "content-md5-differs",
    );
}

#[test]
fn a_body_that_was_changed_is_recognised_by_its_digest() {
    one(&right().sends("{}"), "body-differs");
}

/// The string and the header have the digest of what was signed, or the string alone has.
#[track_caller]
fn body(signed: &[u8], sent: &[u8], expected: &str) {
    let (of_signed, of_sent) = (hex(md5(signed)), hex(md5(sent)));
    let sender = right().sends(sent).line(MD5, &of_signed);
    one(&sender.clone().header("content-md5", &of_signed), expected);
    one(&sender.header("content-md5", &of_sent), expected);
}

// Rule S4.
#[test]
fn trailing_bytes_of_the_body_are_recognised() {
    let with = |end: &str| format!("{BODY}{end}").into_bytes();
    for (end, code) in [
        ("\n", "body-trailing-newline"),
        ("\r\n", "body-trailing-newline"),
        (" ", "body-trailing-space"),
    ] {
        body(&with(end), BODY.as_bytes(), code);
        body(BODY.as_bytes(), &with(end), code);
    }
    body(BODY.as_bytes(), &with("\n\n\n"), "body-trailing-newline");
    body(BODY.as_bytes(), &with("   "), "body-trailing-space");
    body(BODY.as_bytes(), &with("\r"), "body-trailing-whitespace");
    body(BODY.as_bytes(), &with(" \n"), "body-trailing-whitespace");
    body(&with("\n"), &with("\r\n"), "body-trailing-newline");
    body(&with("\r\n"), &with("\n"), "body-trailing-newline");
}

/// The same value as encoders of seven languages write it.
const ENCODINGS: [(&str, &str); 12] = [
    ("javascript", BODY),
    (
        "python",
        "{\"title\": \"a/b & <\\u0412\\u0430\\u0441\\u044f> \\ud83d\\ude0d\", \"account_id\": \"52e591f7\", \"n\": [1, 2.50, {}], \"ok\": true}",
    ),
    (
        "python, plain letters",
        "{\"title\": \"a/b & <Вася> 😍\", \"account_id\": \"52e591f7\", \"n\": [1, 2.50, {}], \"ok\": true}",
    ),
    (
        "python, no spaces",
        "{\"title\":\"a/b & <\\u0412\\u0430\\u0441\\u044f> \\ud83d\\ude0d\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}",
    ),
    (
        "php",
        "{\"title\":\"a\\/b & <\\u0412\\u0430\\u0441\\u044f> \\ud83d\\ude0d\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}",
    ),
    (
        "php, plain letters",
        "{\"title\":\"a\\/b & <Вася> 😍\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}",
    ),
    (
        "go",
        "{\"title\":\"a/b \\u0026 \\u003cВася\\u003e 😍\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}",
    ),
    (
        "net",
        "{\"title\":\"a/b \\u0026 \\u003C\\u0412\\u0430\\u0441\\u044F\\u003E \\uD83D\\uDE0D\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}",
    ),
    (
        "two spaces",
        "{\n  \"title\": \"a/b & <Вася> 😍\",\n  \"account_id\": \"52e591f7\",\n  \"n\": [\n    1,\n    2.50,\n    {}\n  ],\n  \"ok\": true\n}",
    ),
    (
        "four spaces",
        "{\n    \"title\": \"a/b & <Вася> 😍\",\n    \"account_id\": \"52e591f7\",\n    \"n\": [\n        1,\n        2.50,\n        {}\n    ],\n    \"ok\": true\n}",
    ),
    (
        "byte-order mark",
        "\u{feff}{\"title\":\"a/b & <Вася> 😍\",\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true}",
    ),
    (
        "url",
        "%7B%22title%22%3A%22a%2Fb%20%26%20%3C%D0%92%D0%B0%D1%81%D1%8F%3E%20%F0%9F%98%8D%22%2C%22account_id%22%3A%2252e591f7%22%2C%22n%22%3A%5B1%2C2.50%2C%7B%7D%5D%2C%22ok%22%3Atrue%7D",
    ),
];

// Rule S9.
#[test]
fn a_re_encoded_body_is_recognised_whichever_encoder_signed_and_sent() {
    for (signer, signed) in ENCODINGS {
        for (sender, sent) in ENCODINGS {
            // One step at a time: the mark and the escapes of an address are steps of their own.
            let apart = |name: &str| name == "byte-order mark" || name == "url";
            let is_one_step = match (apart(signer), apart(sender)) {
                (false, false) => signer != sender,
                (true, false) => sender == "javascript",
                (false, true) => signer == "javascript",
                (true, true) => false,
            };
            if is_one_step {
                println!("signed by {signer}, sent by {sender}");
                body(signed.as_bytes(), sent.as_bytes(), "body-re-encoded");
            }
        }
    }
}

// Rule S9.
#[test]
fn sorted_keys_and_other_rewritings_are_recognised() {
    let sorted =
        "{\"account_id\":\"52e591f7\",\"n\":[1,2.50,{}],\"ok\":true,\"title\":\"a/b & <Вася> 😍\"}";
    body(sorted.as_bytes(), BODY.as_bytes(), "body-re-encoded");
    body(b"{\r\n\"a\":1\r\n}", b"{\n\"a\":1\n}", "body-re-encoded");
    body(b"{\n\"a\":1\n}", b"{\r\n\"a\":1\r\n}", "body-re-encoded");
    body(b"{\"a\":1}", br#""{\"a\":1}""#, "body-re-encoded");
    body(br#""{\"a\":1}""#, b"{\"a\":1}", "body-re-encoded");
    for text in [&b"{}"[..], b"[]", b"null", b"\"\""] {
        body(text, b"", "body-re-encoded");
        body(b"", text, "body-re-encoded");
    }
}

// Rule S2.
#[test]
fn a_wrong_key_of_this_secret_is_recognised() {
    for end in ["\n", "\r\n", " ", "\t", "\r"] {
        one(&right().key(format!("{SECRET}{end}")), "secret-whitespace");
    }
    one(&right().key(format!(" {SECRET}")), "secret-whitespace");
    one(
        &right().key(format!("\u{feff}{SECRET}")),
        "secret-whitespace",
    );
    one(
        &right().key(format!("\u{feff}{SECRET}\r\n")),
        "secret-whitespace",
    );
    one(&right().key(from_hex(SECRET)), "key-hex-decoded");
    one(&right().key(format!("\"{SECRET}\"")), "secret-quoted");
    one(&right().key(""), "secret-empty");
    one(&right().key("another secret"), "unknown");
}

#[test]
fn a_wrong_reading_of_the_secret_on_our_side_is_recognised() {
    let sender = right();
    let signature = hex(sender.mac());
    let mut headers = sender.sent();
    headers.push(("X-Signature", &signature));
    let request = ReceivedRequest::new("POST", PATH, &headers, BODY.as_bytes());
    for (given, code) in [
        (format!("{SECRET}\n"), "secret-whitespace"),
        (format!("\u{feff}{SECRET} \r\n"), "secret-whitespace"),
        (format!("'{SECRET}'"), "secret-quoted"),
    ] {
        let explanation = explain_chats_request(&request, &given, Some(AT)).unwrap();
        refused(&explanation, &[code]);
    }
}

#[test]
fn a_secret_that_was_decoded_from_base64_is_recognised() {
    let secret = base64(b"a secret of some bytes");
    let sender = right().key("a secret of some bytes");
    let signature = hex(sender.mac());
    let mut headers = sender.sent();
    headers.push(("X-Signature", &signature));
    let request = ReceivedRequest::new("POST", PATH, &headers, BODY.as_bytes());
    let explanation = explain_chats_request(&request, &secret, Some(AT)).unwrap();
    refused(&explanation, &["key-base64-decoded"]);
}

// Rule S1.
#[test]
fn every_other_order_of_the_lines_and_every_left_out_line_is_recognised() {
    let mut orders = 0;
    for numbers in 0..5_usize.pow(5) {
        let digits: Vec<usize> = (0..5)
            .map(|place| numbers / 5_usize.pow(place) % 5)
            .collect();
        for length in [4, 5] {
            let order = &digits[..length];
            let is_order = (0..length).all(|at| !order[..at].contains(&order[at]));
            if !is_order || order == [0, 1, 2, 3, 4] || (length == 4 && digits[4] != 0) {
                continue;
            }
            let mut sender = right();
            sender.lines = order.iter().map(|at| right().lines[*at].clone()).collect();
            let found = codes(&sender.explain());
            assert_eq!(found, ["wrong-order"], "{order:?}");
            orders += 1;
        }
    }
    assert_eq!(orders, 119 + 120);
}

// Rule S1.
#[test]
fn another_separator_is_recognised() {
    for separator in ["", "\r\n", "\\n", " ", ",", "|", ";", "&", ":", "\r"] {
        let mut sender = right();
        sender.separator = separator.into();
        one(&sender, "wrong-separator");
    }
    let right = right();
    let after = hmac_sha1(SECRET, format!("{}\n", right.string_to_sign()));
    one(&right.clone().signature(hex(after)), "wrong-separator");
    let before = hmac_sha1(SECRET, format!("\n{}", right.string_to_sign()));
    one(&right.signature(hex(before)), "wrong-separator");
}

// Rules S3 and S14.
#[test]
fn another_method_in_the_string_is_recognised() {
    one(&right().line(METHOD, "post"), "method-case");
    one(&right().line(METHOD, "Post"), "method-case");
    one(&right().line(METHOD, "DELETE"), "method-differs");
    let mut lower = right();
    lower.method = "post".into();
    one(&lower, "method-case");
    one(&lower.line(METHOD, "post"), "method-case");
    for method in ["PO ST", "CONNECT", "", "POSTPOSTPOSTPOSTX"] {
        let mut odd = right().line(METHOD, method);
        odd.method = method.into();
        one(&odd, "method-malformed");
    }
}

// Rule S7.
#[test]
fn a_right_signature_in_another_form_is_recognised() {
    let mac = right().mac();
    let digits = hex(&mac);
    for (text, code) in [
        (digits.to_uppercase(), "signature-upper-case"),
        (base64(&mac), "signature-base64"),
        (
            base64(&mac).trim_end_matches('=').into(),
            "signature-base64",
        ),
        (base64(&digits), "signature-base64"),
        (format!("sha1={digits}"), "signature-prefixed"),
        (format!("HMAC {digits}"), "signature-prefixed"),
        (digits[..39].into(), "signature-truncated"),
        (digits[..31].into(), "signature-malformed"),
        (format!("{digits}0"), "signature-malformed"),
        (format!("g{}", &digits[1..]), "signature-malformed"),
        (String::new(), "signature-malformed"),
        ("0".repeat(4000), "signature-malformed"),
    ] {
        one(&right().signature(text), code);
    }
    let both = right().signature(format!("sha1={}", digits.to_uppercase()));
    refused(
        &both.explain(),
        &["signature-prefixed", "signature-upper-case"],
    );
    let breaking_space = right().signature(format!("{digits}\u{a0}"));
    one(&breaking_space, "signature-whitespace");
}

// Rule S2.
#[test]
fn another_hash_is_recognised() {
    let text = right().string_to_sign();
    let joined = |first: &str, second: &str| format!("{first}{second}").into_bytes();
    for (mac, code) in [
        (hmac_sha256(SECRET, &text), "other-hash"),
        (hmac(sha512, 128, SECRET, &text), "other-hash"),
        (hmac(md5, 64, SECRET, &text), "other-hash"),
        (sha1(text.as_bytes()), "other-hash"),
        (sha1(&joined(SECRET, &text)), "other-hash"),
        (sha1(&joined(&text, SECRET)), "other-hash"),
        (md5(&joined(&text, SECRET)), "other-hash"),
        (sha256(&joined(SECRET, &text)), "other-hash"),
        (hmac_sha1(&text, SECRET), "arguments-swapped"),
    ] {
        one(&right().signature(hex(mac)), code);
    }
}

// Rule S10.
#[test]
fn the_scheme_of_the_body_alone_is_recognised() {
    one(
        &right().signature(hex(hmac_sha1(SECRET, BODY))),
        "body-only-scheme",
    );
    let newline = hmac_sha1(SECRET, format!("{BODY}\n"));
    let explanation = right().signature(hex(newline)).explain();
    refused(&explanation, &["body-only-scheme", "body-trailing-newline"]);
    let other = hmac_sha256(SECRET, BODY);
    let explanation = right().signature(hex(other)).explain();
    refused(&explanation, &["body-only-scheme", "other-hash"]);
    let bare = right().without_header("date").without_header("content-md5");
    let explanation = bare.signature(hex(hmac_sha1(SECRET, BODY))).explain();
    refused(
        &explanation,
        &["body-only-scheme", "header-missing", "header-missing"],
    );
}

#[test]
fn two_deviations_are_both_named() {
    let newline = hex(md5(format!("{BODY}\n").as_bytes()));
    let key = format!("{SECRET}\n");
    let sender = right().line(MD5, &newline).key(key.clone());
    refused(
        &sender.explain(),
        &["secret-whitespace", "body-trailing-newline"],
    );
    let sender = right()
        .line(DATE_LINE, "Wed, 15 Dec 2021 23:12:54 +0000")
        .key(from_hex(SECRET));
    refused(&sender.explain(), &["key-hex-decoded", "date-taken-twice"]);
    let sender = right().line(TYPE, "").line(MD5, "");
    refused(
        &sender.explain(),
        &["content-md5-differs", "content-type-differs"],
    );
    let sender = right()
        .line(METHOD, "post")
        .key(key)
        .signature(String::new());
    let upper = hex(sender.mac()).to_uppercase();
    let expected = ["signature-upper-case", "secret-whitespace", "method-case"];
    refused(&sender.signature(upper).explain(), &expected);
    let with_hash = hex(hmac_sha256(format!("{SECRET}\n"), right().string_to_sign()));
    refused(
        &right().signature(with_hash).explain(),
        &["secret-whitespace", "other-hash"],
    );
}

#[test]
fn the_cost_is_bounded_and_nearly_all_of_it_is_recipes() {
    let explanation = right().key("another").explain();
    refused(&explanation, &["unknown"]);
    let tried = explanation.macs_tried();
    println!("{tried} MACs");
    assert!(tried > 1000 && tried < kommo_explain::MACS_MAX);
    // Two readings of one text: SHA-256 in hex and SHA-384 in base64.
    let two = right().signature("0".repeat(64)).explain();
    println!("{} MACs", two.macs_tried());
    assert!(two.macs_tried() <= kommo_explain::MACS_MAX);
}

#[test]
fn headers_beyond_any_real_length_are_judged_without_a_search() {
    let long = format!("text/{}", "x".repeat(100_000));
    let sender = right().header("content-type", &long).key("another");
    let explanation = sender.explain();
    refused(&explanation, &["unknown", "content-type-unsupported"]);
    // What is left are the recipes that sign the body alone.
    println!("{} MACs", explanation.macs_tried());
    assert!(explanation.macs_tried() < 1500);
}

#[test]
fn a_large_body_is_not_re_encoded_but_still_trimmed() {
    let large = format!("[{}1]", "1, ".repeat(40_000));
    assert!(large.len() > kommo_explain::RE_ENCODED_BYTES_MAX);
    body(
        format!("{large}\n").as_bytes(),
        large.as_bytes(),
        "body-trailing-newline",
    );
    let digest = hex(md5(large.replace(' ', "").as_bytes()));
    let sender = right()
        .sends(large)
        .line(MD5, &digest)
        .header("content-md5", &digest);
    one(&sender, "body-differs");
}

#[test]
fn all_codes_are_distinct_and_kebab_case() {
    let mut names: Vec<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    let is_kebab = |name: &&str| {
        name.bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    assert!(names.iter().all(is_kebab));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FindingCode::ALL.len());
}

/// Both ways: each code has its row, each row its code, in the same order, with verifiers and
/// rules.
#[test]
fn the_table_of_the_readme_has_exactly_the_codes() {
    let readme = include_str!("../../README.md");
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let named: Vec<String> = rows.iter().map(|row| row[0].replace('`', "")).collect();
    let codes: Vec<&str> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(named, codes);
    for row in rows {
        let [code, verifiers, rules, meaning] = row[..] else {
            panic!("a row without four columns: {row:?}");
        };
        let is_door = |verifier: &str| matches!(verifier, "R" | "H" | "O" | "D");
        assert!(verifiers.split(' ').all(is_door), "{code}: {verifiers}");
        let is_rule = |rule: &str| {
            let (letter, number) = rule.split_at(1);
            "SDHOX".contains(letter) && number.parse::<u8>().is_ok()
        };
        assert!(rules.split(' ').all(is_rule), "{code}: {rules}");
        assert!(meaning.len() > 5, "{code}");
    }
}

#[test]
fn the_right_date_of_the_tests_is_that_of_the_vectors() {
    let case = kommo_test_vectors::chats_request("connect-published");
    assert_eq!((case.date.as_deref(), case.at), (Some(DATE), AT as i64));
}
