//! What is refused, with the index of the request; nothing is written then. No secret and no
//! signature shows.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use core::error::Error;

use kommo_sign::{ChannelSecret, ParseMethodError, ParseSignatureError, RequestPath};
use kommo_sign_bulk::{
    BulkHookKey, BulkSigned, BulkSigner, HookVerdict, Level, ReceivedHook, RequestError,
    RequestText, SignManyError,
};

const SECRET: &str = "SECRET-MARKER-0123456789";

const GOOD: RequestText<'_> = RequestText {
    method: "POST",
    path: "/v2/x",
    content_type: "application/json",
    date: "Wed, 23 Nov 2022 19:25:21 +0000",
    body: b"{\"text\":\"BODY-MARKER\"}",
};

fn signer(level: Level) -> BulkSigner {
    BulkSigner::with_level(&ChannelSecret::new(SECRET).unwrap(), level)
}

#[track_caller]
fn assert_unwritten(results: &[BulkSigned]) {
    let zeros = BulkSigned::UNWRITTEN;
    let unwritten = |it: &BulkSigned| it.signature() == zeros.signature();
    assert!(results.iter().all(unwritten));
}

// Rules S11, S13, S14.
#[test]
fn the_first_refused_request_is_named_and_nothing_is_written() {
    type Refused = (RequestText<'static>, fn(&RequestError) -> bool);
    let bad: [Refused; 4] = [
        (
            RequestText {
                method: "post",
                ..GOOD
            },
            |error| *error == RequestError::Method(ParseMethodError::NotUpperCase { offset: 0 }),
        ),
        (
            RequestText {
                path: "/v2/../x",
                ..GOOD
            },
            |error| *error == RequestError::Path(RequestPath::parse("/v2/../x").unwrap_err()),
        ),
        (
            RequestText {
                content_type: "a\nb",
                ..GOOD
            },
            |error| matches!(error, RequestError::ContentType(_)),
        ),
        (
            RequestText {
                date: "now",
                ..GOOD
            },
            |error| matches!(error, RequestError::Date(_)),
        ),
    ];
    for level in Level::all() {
        for (bad, is_reason) in &bad {
            for index in [0, 3, 150, 299] {
                let mut batch = vec![GOOD; 300];
                batch[index] = *bad;
                batch[299] = *bad;
                let mut results = vec![BulkSigned::UNWRITTEN; 300];
                let refused = signer(level).sign_many_texts(&batch, &mut results);
                let Err(SignManyError::Request {
                    index: found,
                    cause,
                }) = refused
                else {
                    panic!("not refused");
                };
                assert_eq!(found, index);
                assert!(is_reason(&cause), "{cause:?}");
                assert_unwritten(&results);
            }
        }
    }
}

#[test]
fn a_slice_that_is_too_short_is_an_error_before_anything_is_written() {
    let secret = ChannelSecret::new(SECRET).unwrap();
    for level in Level::all() {
        let mut results = [BulkSigned::UNWRITTEN; 2];
        let batch = [GOOD.parse().unwrap(); 3];
        let error = signer(level).sign_many(&batch, &mut results).unwrap_err();
        assert_eq!((error.needed, error.found), (3, 2));
        let error = signer(level)
            .sign_many_texts(&[GOOD; 3], &mut results)
            .unwrap_err();
        assert!(matches!(error, SignManyError::ResultsTooShort(_)));
        assert_unwritten(&results);

        let hooks = [ReceivedHook {
            body: b"",
            signature: "",
        }; 3];
        let mut verdicts = [HookVerdict::Mismatch; 2];
        let key = BulkHookKey::with_level(&secret, level);
        assert!(key.verify_many(&hooks, &mut verdicts).is_err());
        assert_eq!(verdicts, [HookVerdict::Mismatch; 2]);
        key.verify_many(&[], &mut []).unwrap();
        signer(level).sign_many(&[], &mut []).unwrap();
    }
}

// Rule H3.
#[test]
fn a_malformed_signature_has_the_signers_own_reason_and_spoils_no_neighbour() {
    let secret = ChannelSecret::new(SECRET).unwrap();
    let long = "0".repeat(33) + "g123456";
    let zeros = "0".repeat(40);
    let hooks = ["ab12", &long, &zeros].map(|signature| ReceivedHook {
        body: b"x",
        signature,
    });
    let mut verdicts = [HookVerdict::Mismatch; 3];
    BulkHookKey::new(&secret)
        .verify_many(&hooks, &mut verdicts)
        .unwrap();
    let length = ParseSignatureError::Length {
        found: 4,
        expected: 40,
    };
    let digit = ParseSignatureError::NotHex { offset: 33 };
    let expected = [
        HookVerdict::Malformed(length),
        HookVerdict::Malformed(digit),
        HookVerdict::Mismatch,
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(hooks[0].proven(verdicts[0]), None);
}

#[test]
fn nothing_secret_shows() {
    let mut results = [BulkSigned::UNWRITTEN; 1];
    let signer = signer(Level::best());
    signer.sign_many_texts(&[GOOD], &mut results).unwrap();
    let key = BulkHookKey::new(&ChannelSecret::new(SECRET).unwrap());
    let signature = results[0].signature().to_owned();
    let hook = ReceivedHook {
        body: GOOD.body,
        signature: &signature,
    };
    let refused = signer.sign_many_texts(
        &[RequestText {
            path: "/PATH-MARKER\n",
            ..GOOD
        }],
        &mut results,
    );
    let refused = refused.unwrap_err();
    let mut seen = format!(
        "{signer:?} {key:?} {hook:?} {GOOD:?} {:?} {results:#?} {refused:?}",
        GOOD.parse()
    );
    let mut next: Option<&dyn Error> = Some(&refused);
    while let Some(error) = next {
        seen += &error.to_string();
        next = error.source();
    }
    for marker in ["MARKER", signature.as_str()] {
        assert!(!seen.contains(marker), "{seen}");
    }
    assert!(
        seen.contains(results[0].content_md5()),
        "the digest helps when debugging"
    );
}
