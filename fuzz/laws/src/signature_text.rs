//! Texts of signatures, and the two verdicts on a raw body. Rules S7, H1 to H3, O1 to O3 and X5.

use kommo_sign::{
    AppSecret, BodyForm, ChannelSecret, ChatHookKey, DisconnectSignature, OpenApiKey,
    OpenApiSignature, ParseSignatureError, Signature, VisitorSignature,
};

use crate::fields::Fields;
use crate::naive_mac;

/// A text is a signature by length and alphabet alone, and a body is proven by the textbook's HMAC
/// alone.
///
/// Fields: signature, secret, body. Choice 0: the right signature instead; 1: of the body without
/// its line end; 2: in upper case.
///
/// # Panics
///
/// If a law is broken.
pub fn signature_text(data: &[u8]) {
    let mut fields = Fields::of(data);
    let text = fields.text();
    let (secret, body) = (fields.text(), fields.bytes());

    macro_rules! check {
        ($name:ident, $digits:literal) => {
            let lower = $name::parse(&text).map(|parsed| parsed.as_str().to_owned());
            assert_eq!(lower, judge(&text, $digits, false));
            let any = $name::parse_any_case(&text).map(|parsed| {
                assert!(parsed.matches(&parsed));
                assert_eq!(format!("{parsed:?}"), concat!(stringify!($name), "(..)"));
                parsed.as_str().to_owned()
            });
            assert_eq!(any, judge(&text, $digits, true));
        };
    }
    check!(Signature, 40);
    check!(DisconnectSignature, 64);
    check!(OpenApiSignature, 64);
    check!(VisitorSignature, 32);

    let covered = if fields.choice(1) {
        without_line_end(body).0
    } else {
        body
    };
    let signature = |right: String| match (fields.choice(0), fields.choice(2)) {
        (false, _) => text.clone().into_owned(),
        (true, false) => right,
        (true, true) => right.to_ascii_uppercase(),
    };
    if let Ok(key) = ChannelSecret::new(&secret) {
        let received = signature(naive_mac::hmac_sha1(&secret, covered));
        chat_hook(&ChatHookKey::new(&key), &secret, body, &received);
    }
    if let Ok(key) = AppSecret::new(&secret) {
        let received = signature(naive_mac::hmac_sha256(&secret, covered));
        open_api(&OpenApiKey::new(&key), &secret, body, &received);
    }
}

/// The text that a parser must give back, or why it must refuse.
fn judge(text: &str, digits: usize, upper_too: bool) -> Result<String, ParseSignatureError> {
    if text.len() != digits {
        return Err(ParseSignatureError::Length {
            found: text.len(),
            expected: digits,
        });
    }
    let admitted = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    let admitted = |byte: &u8| admitted(byte) || (upper_too && matches!(byte, b'A'..=b'F'));
    match (
        text.as_bytes().iter().position(|byte| !admitted(byte)),
        upper_too,
    ) {
        (None, _) => Ok(text.to_ascii_lowercase()),
        (Some(offset), false) => Err(ParseSignatureError::NotLowerHex { offset }),
        (Some(offset), true) => Err(ParseSignatureError::NotHex { offset }),
    }
}

fn without_line_end(body: &[u8]) -> (&[u8], BodyForm) {
    if let Some(text) = body.strip_suffix(b"\r\n") {
        (text, BodyForm::WithoutCrlf)
    } else if let Some(text) = body.strip_suffix(b"\n") {
        (text, BodyForm::WithoutLf)
    } else {
        (body, BodyForm::Raw)
    }
}

fn chat_hook(key: &ChatHookKey, secret: &str, body: &[u8], received: &str) {
    let (text, form) = without_line_end(body);
    let is = |bytes: &[u8]| naive_mac::hmac_sha1(secret, bytes) == received.to_ascii_lowercase();
    let expected = if is(text) {
        Some((text, form))
    } else if is(body) {
        Some((body, BodyForm::Raw))
    } else {
        None
    };
    let proven = key.verify(body, received);
    assert_eq!(
        proven.map(|proven| (proven.bytes(), proven.form())).ok(),
        expected
    );
    for piece_bytes in [1, 2, 63] {
        let mut stream = key.stream();
        body.chunks(piece_bytes)
            .for_each(|piece| stream.update(piece));
        let streamed = stream.finish(received);
        assert_eq!(
            streamed.map(|proven| (proven.bytes, proven.form)).ok(),
            expected.map(|(bytes, form)| (bytes.len() as u64, form))
        );
        assert_eq!(streamed.err(), proven.err());
    }
}

fn open_api(key: &OpenApiKey, secret: &str, body: &[u8], received: &str) {
    let right = naive_mac::hmac_sha256(secret, body);
    assert_eq!(key.sign(body).as_str(), right);
    let proven = key.verify(body, received);
    assert_eq!(proven.ok(), (right == received).then_some(body));
    let mut stream = key.stream();
    body.chunks(3).for_each(|piece| stream.update(piece));
    assert_eq!(stream.verify(received), proven.map(|_| ()));
}
