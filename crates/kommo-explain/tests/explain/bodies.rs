//! Chat hooks and Open API bodies made by each wrong recipe.

use kommo_explain::{Explanation, SecretError, explain_chat_hook, explain_open_api};

use crate::judged::{accepted, codes, refused};
use crate::naive::{
    BODY, SECRET, base64, from_hex, hex, hmac, hmac_sha1, hmac_sha256, md5, sha1, sha256, sha512,
};

fn hook(body: impl AsRef<[u8]>, signature: &str) -> Explanation {
    explain_chat_hook(body.as_ref(), signature, SECRET).unwrap()
}

fn open_api(body: impl AsRef<[u8]>, signature: &str) -> Explanation {
    explain_open_api(body.as_ref(), signature, SECRET).unwrap()
}

/// What both verifiers say of a body that came, when another was signed.
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
fn an_empty_secret_is_an_error_of_every_function() {
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

/// The JSON of a JSON string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    text.replace('\n', "\\n").replace('\r', "\\r")
}

fn url(text: &str, space: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        b' ' => space.into(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn python_bytes(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'\n' => "\\n".into(),
        b'\r' => "\\r".into(),
        b'\\' => "\\\\".into(),
        b' '..=b'~' => char::from(byte).to_string(),
        byte => format!("\\x{byte:02x}"),
    };
    format!("b'{}'", text.bytes().map(byte).collect::<String>())
}

fn entities(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('"', "&quot;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

fn gzip(text: &str) -> Vec<u8> {
    let packed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6);
    // Its name and no time; the checksum and the length are not looked at.
    [
        b"\x1f\x8b\x08\x08\0\0\0\0\0\x03a.json\0",
        &packed[..],
        &[0; 8],
    ]
    .concat()
}

/// A body whose quotes, apostrophes and marks every wrapper has to deal with.
const WRAPPED: &str =
    "{\"text\":\"it's a+b/100% & <Вася> 😍 \\\\ \\\"x\\\"=`\",\"media\":\"\",\"n\":[1,{}]}";

type Wrapper = (&'static str, fn(&str) -> Vec<u8>);

/// Everything that is put around a body on its way.
const WRAPPERS: [Wrapper; 37] = [
    ("a JSON string", |text| quoted(text).into_bytes()),
    ("a JSON string in a JSON string", |text| {
        quoted(&quoted(text)).into_bytes()
    }),
    ("escaped without quotes around it", |text| {
        escaped(text).into_bytes()
    }),
    ("URL-encoded", |text| url(text, "%20").into_bytes()),
    ("URL-encoded, spaces as plus signs", |text| {
        url(text, "+").into_bytes()
    }),
    ("URL-encoded twice", |text| {
        url(&url(text, "%20"), "%20").into_bytes()
    }),
    ("a field of a form", |text| {
        format!("payload={}&x=1", url(text, "+")).into_bytes()
    }),
    ("the name of a field of a form", |text| {
        format!("{}=", url(text, "+")).into_bytes()
    }),
    ("base64", |text| base64(text).into_bytes()),
    ("base64 over several lines", |text| {
        let text = base64(text);
        let lines: Vec<_> = text.as_bytes().chunks(20).collect();
        lines.join(&b'\n')
    }),
    ("hex digits", |text| hex(text).into_bytes()),
    ("bytes of PostgreSQL", |text| {
        format!("\\x{}", hex(text)).into_bytes()
    }),
    ("a byte-order mark", |text| {
        format!("\u{feff}{text}").into_bytes()
    }),
    ("single quotes", |text| format!("'{text}'").into_bytes()),
    ("Python's bytes", |text| python_bytes(text).into_bytes()),
    ("HTML entities", |text| entities(text).into_bytes()),
    ("UTF-16 with a mark", |text| {
        let units = format!("\u{feff}{text}");
        units.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
    ("Node's Buffer", |text| {
        format!("{{\"type\":\"Buffer\",\"data\":{:?}}}", text.as_bytes()).into_bytes()
    }),
    ("an event with a text", |text| {
        format!(
            "{{\"x\":1,\"body\":{},\"isBase64Encoded\":false}}",
            quoted(text)
        )
        .into_bytes()
    }),
    ("an event with base64", |text| {
        format!("{{\"body\":\"{}\",\"isBase64Encoded\":true}}", base64(text)).into_bytes()
    }),
    ("an HTTP message", |text| {
        format!("POST /hook HTTP/1.1\r\nHost: x\r\n\r\n{text}").into_bytes()
    }),
    ("chunks", |text| {
        format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len()).into_bytes()
    }),
    ("entities of Python, lodash", |text| {
        entities(text).replace('\'', "&#x27;").into_bytes()
    }),
    ("entities of PHP", |text| {
        entities(text).replace('\'', "&#039;").into_bytes()
    }),
    ("entities of Go", |text| {
        let text = entities(text).replace("&quot;", "&#34;");
        text.replace('\'', "&#39;").into_bytes()
    }),
    ("entities of Mustache", |text| {
        let text = entities(text).replace('\'', "&#39;").replace('/', "&#x2F;");
        text.replace('`', "&#x60;")
            .replace('=', "&#x3D;")
            .into_bytes()
    }),
    ("entities of XML", |text| {
        entities(text).replace('\'', "&apos;").into_bytes()
    }),
    ("entities without quotes", |text| {
        entities(text).replace("&quot;", "\"").into_bytes()
    }),
    ("PHP's addslashes", |text| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        text.replace('\'', "\\'").into_bytes()
    }),
    ("Python's text", |text| {
        let text = text.replace('\\', "\\\\").replace('\'', "\\'");
        let text = text.replace('\n', "\\n").replace('\r', "\\r");
        format!("'{text}'").into_bytes()
    }),
    ("SQL with quotes around it", |text| {
        format!("'{}'", text.replace('\'', "''")).into_bytes()
    }),
    ("SQL without quotes around it", |text| {
        text.replace('\'', "''").into_bytes()
    }),
    ("CSV", |text| {
        format!("\"{}\"", text.replace('"', "\"\"")).into_bytes()
    }),
    ("JSONP", |text| format!("/**/cb.x_1({text});").into_bytes()),
    ("gzip", gzip),
    ("zlib", |text| {
        miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), 6)
    }),
    ("NUL bytes at its end", |text| {
        format!("{text}\0\0").into_bytes()
    }),
];

const LINE_ENDS: [&str; 4] = ["", "\n", "\r\n", " \n"];

// Rules H2 and O3.
#[test]
fn every_wrapper_is_undone_with_every_line_end_inside_and_around_it() {
    let text = WRAPPED;
    let signature = hex(hmac_sha1(SECRET, text));
    for (name, wrap) in WRAPPERS {
        for inside in LINE_ENDS {
            for around in LINE_ENDS {
                let mut came = wrap(&format!("{text}{inside}"));
                // A character of another width is no line end.
                if name != "UTF-16 with a mark" {
                    came.extend_from_slice(around.as_bytes());
                }
                let explanation = hook(&came, &signature);
                let found = codes(&explanation);
                let is_space = inside == " \n" || around == " \n";
                // A wrapper that ignores white space around it hands the bare text on.
                let trimmed = ["body-re-encoded", "body-trailing-whitespace"];
                let is_right = found == ["body-re-encoded"] || (is_space && found == trimmed);
                assert!(is_right, "{name} {inside:?} {around:?}: {found:?}");
            }
        }
    }
}

// Rule O3.
#[test]
fn every_wrapper_around_an_open_api_body_is_undone() {
    let text = WRAPPED;
    for (name, wrap) in WRAPPERS {
        for (signed, expected) in [
            (text.to_string(), &["body-re-encoded"][..]),
            (
                format!("{text}\n"),
                &["body-re-encoded", "body-trailing-newline"],
            ),
        ] {
            let signature = hex(hmac_sha256(SECRET, signed));
            let explanation = open_api(wrap(text), &signature);
            assert_eq!(codes(&explanation), expected, "{name}");
        }
    }
}

/// A wrapper that the signer put around the body, with every line end.
#[test]
fn what_a_signer_wrapped_is_recognised_with_every_line_end() {
    let body = "{\"a\":\"b/c\"}";
    for end in ["", "\n", "\r\n"] {
        let text = format!("{body}{end}");
        for signed in [
            quoted(&text).into_bytes(),
            quoted(&text).replace('/', "\\/").into_bytes(),
            quoted(&quoted(&text)).into_bytes(),
            escaped(&text).into_bytes(),
            url(&text, "%20").into_bytes(),
            base64(&text).into_bytes(),
            hex(&text).into_bytes(),
            format!("\u{feff}{text}").into_bytes(),
            entities(&text).into_bytes(),
            python_bytes(&text).into_bytes(),
        ] {
            let explanation = open_api(body, &hex(hmac_sha256(SECRET, &signed)));
            let found = codes(&explanation);
            let expected: &[&str] = if end.is_empty() {
                &["body-re-encoded"]
            } else {
                &["body-re-encoded", "body-trailing-newline"]
            };
            let text = String::from_utf8_lossy(&signed);
            assert_eq!(found, expected, "{text:?}");
        }
    }
}

/// The escapers of languages and templates, each with what it makes of every mark.
#[test]
fn what_a_signer_escaped_is_recognised() {
    let wrappers = WRAPPERS.iter().filter(|(name, _)| {
        name.starts_with("entities of ") && !name.ends_with("XML") || name.contains("addslashes")
    });
    let without_quotes = WRAPPERS
        .iter()
        .filter(|(name, _)| *name == "entities without quotes");
    let mut count = 0;
    for (name, wrap) in wrappers.chain(without_quotes) {
        let signature = hex(hmac_sha256(SECRET, wrap(WRAPPED)));
        let explanation = open_api(WRAPPED, &signature);
        assert_eq!(codes(&explanation), ["body-re-encoded"], "{name}");
        count += 1;
    }
    assert_eq!(count, 6);
    both(&format!("{WRAPPED}\0"), WRAPPED, "body-re-encoded");
}

/// PHP's indentation together with what its values lose.
#[test]
fn what_php_writes_indented_is_recognised_with_its_losses() {
    let came = "{\"a\":2.50,\"b\":{},\"c\":12345678901234567890123,\"d\":\"/\"}";
    let indented = |a: &str, b: &str, c: &str| {
        format!("{{\n    \"a\": {a},\n    \"b\": {b},\n    \"c\": {c},\n    \"d\": \"\\/\"\n}}")
    };
    let big = "12345678901234567890123";
    for signed in [
        indented("2.5", "{}", "1.2345678901234568e+22"),
        indented("2.50", "[]", big),
        indented("2.5", "[]", "1.2345678901234568e+22"),
        indented("2.5", "[]", "1.2345678901235e+22"),
        indented("2.5", "[]", "1.2345678901234568e+22").replace("\\/", "/"),
        "{\"a\":2.5,\"b\":[],\"c\":1.2345678901234568e+22,\"d\":\"\\/\"}".into(),
    ] {
        both(&signed, came, "body-re-encoded");
    }
}

#[test]
fn a_query_that_was_signed_in_place_of_the_json_is_recognised() {
    let came = "{\"a\":1,\"b\":{\"c\":\"x y\",\"d\":[true,null]}}";
    both(
        "a=1&b%5Bc%5D=x+y&b%5Bd%5D%5B0%5D=1",
        came,
        "body-re-encoded",
    );
    both("a=1&b[c]=x y&b[d][0]=1", came, "body-re-encoded");
}

#[test]
fn a_wrapper_around_what_another_encoder_wrote_is_undone() {
    let signed = "{\"a\":\"/\",\"b\":[1,2]}";
    let came = quoted("{\"a\": \"\\/\", \"b\": [1, 2]}\n");
    let explanation = hook(came, &hex(hmac_sha1(SECRET, signed)));
    refused(&explanation, &["body-re-encoded", "body-re-encoded"]);
}

// Rules S2, H1, O1.
#[test]
fn every_key_that_was_made_of_the_secret_is_recognised() {
    let half = &SECRET[1..];
    for (key, code) in [
        (b"undefined".to_vec(), "secret-placeholder"),
        (b"null".to_vec(), "secret-placeholder"),
        (b"None".to_vec(), "secret-placeholder"),
        (SECRET.to_uppercase().into_bytes(), "secret-case"),
        (half.into(), "secret-truncated"),
        (SECRET[..39].into(), "secret-truncated"),
        (base64(SECRET).into_bytes(), "key-encoded"),
        (hex(SECRET).into_bytes(), "key-encoded"),
        (hex(md5(SECRET.as_bytes())).into_bytes(), "key-encoded"),
        (hex(sha1(SECRET.as_bytes())).into_bytes(), "key-encoded"),
        (format!("{SECRET}&").into_bytes(), "key-encoded"),
        (format!("{SECRET};").into_bytes(), "secret-quoted"),
        (format!("b'{SECRET}'").into_bytes(), "secret-quoted"),
        (format!("{SECRET}\u{a0}").into_bytes(), "secret-whitespace"),
        (
            format!("{SECRET}\u{200b}").into_bytes(),
            "secret-whitespace",
        ),
    ] {
        let signature = hex(hmac_sha1(&key, BODY));
        refused(&hook(format!("{BODY}\n"), &signature), &[code]);
        let signature = hex(hmac_sha256(&key, BODY));
        refused(&open_api(BODY, &signature), &[code]);
    }
}

#[test]
fn a_text_that_stands_for_no_value_is_recognised() {
    for text in ["", "undefined", "[object Object]", "Array", "None"] {
        both(text, BODY, "nothing-signed");
    }
    // Here the body itself is such a text.
    both("null", "\"null\"", "body-re-encoded");
}

// Rules H3 and O2.
#[test]
fn zeros_that_were_lost_are_recognised() {
    let (body, digits) = (0_u32..)
        .map(|number| format!("{{\"n\":{number}}}"))
        .map(|body| (body.clone(), hex(hmac_sha256(SECRET, &body))))
        .find(|(_, digits)| digits.starts_with('0') && digits[2..].contains("00"))
        .unwrap();
    let lost = digits.trim_start_matches('0');
    refused(&open_api(&body, lost), &["signature-zeros-lost"]);
    let unpadded: String = from_hex(&digits)
        .iter()
        .map(|byte| format!("{byte:x}"))
        .collect();
    refused(&open_api(&body, &unpadded), &["signature-zeros-lost"]);
    // Too short to say so: a peer could find the rest digit by digit.
    refused(&open_api(&body, "0"), &["signature-malformed"]);
}
