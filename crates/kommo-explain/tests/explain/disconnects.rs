//! Disconnect hooks made by each wrong recipe.

use kommo_explain::{Explanation, SecretError, explain_disconnect};

use crate::judged::{accepted, refused};
use crate::naive::{base64, from_hex, hex, hmac_sha1, hmac_sha256, sha256};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const CLIENT: &str = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
const OTHER: &str = "22222222-3333-4444-5555-666666666666";
const ACCOUNT: &str = "32720107";

fn explain(query: &str) -> Explanation {
    explain_disconnect(query, CLIENT, SECRET).unwrap()
}

fn query(signature: &str) -> String {
    format!("client_uuid={CLIENT}&account_id={ACCOUNT}&signature={signature}")
}

/// The usual query, its message signed in another way.
#[track_caller]
fn signed(message: &str, expected: &[&str]) {
    refused(
        &explain(&query(&hex(hmac_sha256(SECRET, message)))),
        expected,
    );
}

fn right() -> String {
    hex(hmac_sha256(SECRET, format!("{CLIENT}|{ACCOUNT}")))
}

// Rules X1, X2 and X5.
#[test]
fn a_right_hook_is_accepted() {
    accepted(&explain(&query(&right())));
    accepted(&explain(&format!("?token=x&{}", query(&right()))));
    accepted(&explain(&query(&right().to_uppercase())));
    accepted(&explain(&query(&right()).replace(ACCOUNT, "0032720107")));
    accepted(&explain(
        &query(&right()).replace("client_uuid", "client_id"),
    ));
    let error = explain_disconnect(&query(&right()), CLIENT, "").unwrap_err();
    assert_eq!(error, SecretError::Empty);
}

// Rule X1.
#[test]
fn another_message_is_recognised() {
    signed(&format!("{CLIENT}{ACCOUNT}"), &["wrong-separator"]);
    signed(&format!("{CLIENT}:{ACCOUNT}"), &["wrong-separator"]);
    signed(&format!("{CLIENT}|{ACCOUNT}\n"), &["wrong-separator"]);
    signed(&format!("{ACCOUNT}|{CLIENT}"), &["wrong-order"]);
    signed(ACCOUNT, &["wrong-order"]);
    signed(CLIENT, &["wrong-order"]);
    signed(
        &format!("{ACCOUNT}{CLIENT}"),
        &["wrong-separator", "wrong-order"],
    );
    signed(
        &format!("{CLIENT}|0{ACCOUNT}"),
        &["account-id-leading-zero"],
    );
    signed(
        &format!("{}|{ACCOUNT}", CLIENT.to_uppercase()),
        &["client-case"],
    );
    signed(
        &format!("{}|{ACCOUNT}", CLIENT.replace('-', "")),
        &["client-differs"],
    );
    signed(
        &format!("client_uuid={CLIENT}&account_id={ACCOUNT}"),
        &["query-signed"],
    );
    signed(
        &format!("account_id={ACCOUNT}&client_uuid={CLIENT}"),
        &["query-signed"],
    );
    signed(&format!("{OTHER}|{ACCOUNT}"), &["unknown"]);
    signed(&format!("{CLIENT}|1"), &["unknown"]);
}

#[test]
fn a_wrong_key_or_hash_is_recognised() {
    let message = format!("{CLIENT}|{ACCOUNT}");
    for (mac, code) in [
        (
            hmac_sha256(format!("{SECRET}\n"), &message),
            "secret-whitespace",
        ),
        (
            hmac_sha256(format!("\u{feff}{SECRET}"), &message),
            "secret-whitespace",
        ),
        (hmac_sha256(from_hex(SECRET), &message), "key-hex-decoded"),
        (hmac_sha256("another", &message), "unknown"),
        (hmac_sha1(SECRET, &message), "other-hash"),
        (sha256(message.as_bytes()), "other-hash"),
        (hmac_sha256(&message, SECRET), "arguments-swapped"),
    ] {
        refused(&explain(&query(&hex(mac))), &[code]);
    }
}

// Rule X5.
#[test]
fn a_right_signature_in_another_form_is_recognised() {
    let mac = hmac_sha256(SECRET, format!("{CLIENT}|{ACCOUNT}"));
    refused(&explain(&query(&base64(&mac))), &["signature-base64"]);
    let escaped = base64(&mac).replace('=', "%3D");
    refused(
        &explain(&query(&escaped)),
        &["signature-base64", "parameter-escaped"],
    );
    refused(&explain(&query(&right()[..63])), &["signature-truncated"]);
    refused(&explain(&query(&right()[1..31])), &["signature-malformed"]);
    refused(&explain(&query("")), &["signature-malformed"]);
    let not_hex = format!("g{}", &right()[1..]);
    refused(&explain(&query(&not_hex)), &["signature-malformed"]);
    let other_length = "0".repeat(40);
    refused(
        &explain(&query(&other_length)),
        &["signature-malformed", "unknown"],
    );
}

// Rules X2, X3 and X4.
#[test]
fn parameters_that_are_missing_repeated_or_malformed_are_named() {
    let right = right();
    let all = query(&right);
    for part in all.split('&') {
        let others: Vec<_> = all.split('&').filter(|other| *other != part).collect();
        refused(&explain(&others.join("&")), &["parameter-missing"]);
        refused(&explain(&format!("{all}&{part}")), &["parameter-repeated"]);
    }
    refused(&explain(""), &["parameter-missing"; 3]);
    for account in [
        "0",
        "000",
        "-1",
        "+1",
        "1x",
        "",
        "184467440737095516160",
        "99999999999999999999",
    ] {
        let signature = hex(hmac_sha256(SECRET, format!("{CLIENT}|{account}")));
        let query = query(&signature).replace(ACCOUNT, account);
        refused(&explain(&query), &["account-id-malformed"]);
    }
    let escaped = all.replace("client_uuid=0", "client_uuid=%30");
    refused(&explain(&escaped), &["parameter-escaped"]);
}

// Rule X3.
#[test]
fn another_client_is_named() {
    let theirs = hex(hmac_sha256(SECRET, format!("{OTHER}|{ACCOUNT}")));
    let other = |signature: &str| query(signature).replace(CLIENT, OTHER);
    refused(&explain(&other(&theirs)), &["client-differs"]);
    refused(&explain(&other(&right())), &["client-differs"]);
    let upper = query(&right()).replace(CLIENT, &CLIENT.to_uppercase());
    refused(&explain(&upper), &["client-case"]);
    let two = format!("{}&client_id={OTHER}", query(&right()));
    refused(&explain(&two), &["client-ids-disagree"]);
}
