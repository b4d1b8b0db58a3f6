//! Standard Webhooks, rules W1 and W2: a published vector, and some that another language computed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kommo_sign::{WebhookId, WebhookKey, WebhookSecret, WebhookSecretError};

/// The first one is of the scheme's own libraries, the others were computed by Python:
/// `base64.b64encode(hmac.new(base64.b64decode(secret[6:]), f"{id}.{time}.".encode() + body,
/// hashlib.sha256).digest())`.
const VECTORS: [(&str, &str, u64, &[u8], &str); 3] = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        br#"{"test": 2432232314}"#,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
        "a",
        0,
        b"",
        "v1,N+Hx3edQLOlFWLC6mCr/sY5tyN1fcB3a/kg4SRyryWQ=",
    ),
    (
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==",
        "0123456789abcdef0123456789abcdef",
        1_796_000_000,
        "{\"текст\":\"\0\"}\n".as_bytes(),
        "v1,BS/6mMdv+c7VU9ki6doMtx6FVNXBLFPHPQ5Jnn4ZlPI=",
    ),
];

// Rule W1.
#[test]
fn vectors_are_signed_as_published_and_as_another_language_does() {
    for (secret, id, time, body, expected) in VECTORS {
        let key = WebhookKey::new(&WebhookSecret::parse(secret).unwrap());
        let signature = key.sign(&WebhookId::parse(id).unwrap(), time, body);
        assert_eq!(signature.as_str(), expected, "{id}");
    }
}

#[test]
fn every_part_of_what_is_sent_is_signed() {
    let sign = |secret: &str, id: &str, time, body: &[u8]| {
        let key = WebhookKey::new(&WebhookSecret::parse(secret).unwrap());
        key.sign(&WebhookId::parse(id).unwrap(), time, body)
    };
    let (one, other) = (VECTORS[0].0, VECTORS[1].0);
    let all = [
        sign(one, "a", 12, b"3"),
        sign(other, "a", 12, b"3"),
        sign(one, "b", 12, b"3"),
        sign(one, "a", 1, b"23"),
        sign(one, "a", 12, b"3\n"),
        sign(one, "a", u64::MAX, b"3"),
    ];
    for (place, signature) in all.iter().enumerate() {
        let repeats = all.iter().filter(|other| *other == signature).count();
        assert_eq!(repeats, 1, "{place}");
    }
}

// Rule W1.
#[test]
fn a_text_that_is_no_secret_is_refused_by_its_kind() {
    for (text, error) in [
        ("", WebhookSecretError::Prefix),
        (
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            WebhookSecretError::Prefix,
        ),
        (
            " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            WebhookSecretError::Prefix,
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
            WebhookSecretError::Base64,
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
            WebhookSecretError::Base64,
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La-aSw",
            WebhookSecretError::Base64,
        ),
        ("whsec_", WebhookSecretError::Length),
        ("whsec_c2VjcmV0", WebhookSecretError::Length),
        (
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=",
            WebhookSecretError::Length,
        ),
        (
            &format!("whsec_{}", "A".repeat(88)),
            WebhookSecretError::Length,
        ),
        (
            &format!("whsec_{}", "A".repeat(4_000)),
            WebhookSecretError::Length,
        ),
    ] {
        assert_eq!(WebhookSecret::parse(text).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn an_id_cannot_move_the_border_to_the_time() {
    for text in ["", "a.1", "a b", "a\n", "é", &"a".repeat(65)] {
        assert!(WebhookId::parse(text).is_err(), "{text:?}");
    }
    let longest = "a".repeat(64);
    assert_eq!(WebhookId::parse(&longest).unwrap().as_str(), longest);
}

#[test]
fn nothing_secret_is_in_debug_output() {
    let secret = WebhookSecret::parse(VECTORS[0].0).unwrap();
    let key = WebhookKey::new(&secret);
    let signature = key.sign(&WebhookId::parse("a").unwrap(), 1, b"planted");
    let shown = format!("{secret:?} {key:?} {signature:?}");
    assert_eq!(
        shown,
        "WebhookSecret(..) WebhookKey(..) WebhookSignature(..)"
    );
}
