//! Every vector of what arrives, through the verifiers.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

use kommo_account::ClientId;
use kommo_hooks::{
    ChatHookVerifier, DisconnectVerifier, OpenApiVerifier, ReceivedSignature, Refusal, RefusalKind,
};
use kommo_sign::{
    AppSecret, ChannelSecret, ChatHookKey, ClientSecret, DisconnectKey, KeyId, KeyRing, OpenApiKey,
};
use kommo_test_vectors::{chat_hooks, disconnects, open_api_bodies};

const NOW: u64 = 1_796_000_000;

fn ring<K>(keys: impl IntoIterator<Item = K>) -> KeyRing<K> {
    let mut ring = KeyRing::new();
    for (number, key) in keys.into_iter().enumerate() {
        let id = KeyId::parse(&format!("key-{number}")).unwrap();
        ring.insert(id, key, None).unwrap();
    }
    ring
}

fn chat_verifier(secret: &str) -> ChatHookVerifier {
    ChatHookVerifier::new(ring([ChatHookKey::new(
        &ChannelSecret::new(secret).unwrap(),
    )]))
}

// Rules H1, H2, H3.
#[test]
fn chat_hooks_are_proven_as_their_vectors_say() {
    for case in &chat_hooks() {
        let values = [case.signature.as_bytes()];
        let signature = ReceivedSignature::from_values(values);
        let verdict = chat_verifier(&case.secret).verify(&case.body, signature, NOW);
        assert_eq!(verdict.is_ok(), case.is_valid(), "{}", case.name);
        if let Ok(hook) = verdict {
            assert_eq!(
                *hook.get(),
                case.signed_body,
                "{}: the proven bytes",
                case.name
            );
        }
    }
}

// Rules X1 to X6 and X8.
#[test]
fn disconnect_hooks_are_proven_as_their_vectors_say() {
    let mut unsigned = 0;
    for case in &disconnects() {
        let Ok(client_id) = ClientId::parse(&case.client_id) else {
            panic!("{}: our client id", case.name);
        };
        let secrets = case.secrets.iter();
        let keys = secrets.map(|secret| DisconnectKey::new(&ClientSecret::new(secret).unwrap()));
        let verdict = DisconnectVerifier::new(client_id, ring(keys)).verify(&case.query, NOW);
        assert_eq!(
            verdict.is_ok(),
            case.is_valid(),
            "{}: {verdict:?}",
            case.name
        );
        match verdict {
            Ok(hook) => assert_eq!(Some(hook.get().account_id.get()), case.account_id),
            Err(Refusal::Unsigned) => unsigned += 1,
            Err(_) => {}
        }
    }
    assert_eq!(unsigned, 1, "the form with two parameters has a vector");
}

// Rules O2, O3, O4.
#[test]
fn open_api_bodies_are_proven_as_their_vectors_say() {
    for case in &open_api_bodies() {
        let Ok(secret) = AppSecret::new(&case.secret) else {
            assert!(!case.is_valid(), "{}", case.name);
            continue;
        };
        let verifier: OpenApiVerifier = OpenApiVerifier::new(ring([OpenApiKey::new(&secret)]));
        let signature = ReceivedSignature::from_text(&case.signature);
        let verdict = verifier.verify(&case.body, signature, NOW);
        assert_eq!(verdict.is_ok(), case.is_valid(), "{}", case.name);
    }
}

// Rule H7.
#[test]
fn a_signature_header_comes_once_and_in_ascii() {
    let verifier = chat_verifier("channel-secret");
    let good: &[u8] = b"1b58ec7918f80d142eaadae57ae2265cb1472ff6";
    let body = br#"{"account_id":"x","time":1}"#;
    let verify = |values: &[&[u8]]| {
        let signature = ReceivedSignature::from_values(values.iter().copied());
        verifier
            .verify(body, signature, NOW)
            .map(|hook| hook.into_inner().len())
    };
    assert_eq!(verify(&[good]), Ok(body.len()));
    assert_eq!(verify(&[]), Err(Refusal::SignatureMissing));
    assert_eq!(verify(&[good, good]), Err(Refusal::SignatureRepeated));
    assert_eq!(verify(&[b"\xff\xfe"]), Err(Refusal::SignatureNotAscii));
    assert_eq!(verify(&["й".as_bytes()]), Err(Refusal::SignatureNotAscii));
}

#[test]
fn a_retired_key_counts_until_its_last_second_and_names_itself() {
    let mut verifier = chat_verifier("channel-secret");
    let id = KeyId::parse("key-0").unwrap();
    assert!(verifier.keys_mut().retire(&id, NOW));
    let signature = ReceivedSignature::from_text("1b58ec7918f80d142eaadae57ae2265cb1472ff6");
    let body = br#"{"account_id":"x","time":1}"#;
    let hook = verifier.verify(body, signature, NOW).unwrap();
    assert_eq!(hook.proof().key_id, id);
    assert_eq!(hook.proof().verified_at, NOW);
    assert_eq!(hook.proof().kind.name(), "chat");
    let late = verifier.verify(body, signature, NOW + 1).unwrap_err();
    assert_eq!(
        (late, late.kind()),
        (Refusal::NoLiveKey, RefusalKind::NotProven)
    );
}

// Invariant I8.
#[test]
fn nothing_shown_holds_a_body_a_signature_or_a_secret() {
    let verifier = chat_verifier("MARKER-SECRET-1");
    let key = ChatHookKey::new(&ChannelSecret::new("MARKER-SECRET-1").unwrap());
    let body = b"MARKER-BODY";
    let signature = key.sign(body);
    let received = ReceivedSignature::from_text(signature.as_str());
    let hook = verifier.verify(body, received, NOW).unwrap();
    let refusal = verifier.verify(b"another", received, NOW).unwrap_err();
    let right = key.sign(b"another");
    let shown = format!("{verifier:?} {hook:?} {received:?} {refusal:?} {refusal}");
    for hidden in ["MARKER", signature.as_str(), right.as_str()] {
        assert!(!shown.contains(hidden), "{hidden} is in {shown}");
    }
}
