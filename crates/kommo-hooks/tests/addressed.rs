//! Scope and time of chat hooks, and the time of Open API webhooks.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

use kommo_account::ChannelId;
use kommo_hooks::{
    AddressedHook, ChatHookVerifier, FreshnessWindow, FromProven, OpenApiVerifier,
    ReceivedSignature, Refusal,
};
use kommo_sign::{AppSecret, ChannelSecret, ChatHookKey, KeyId, KeyRing, OpenApiKey};

const CHANNEL: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41";
const ACCOUNT: &str = "52e591f7-c98f-4255-8495-827210138c81";
const NOW: u64 = 1_796_000_000;

fn key() -> ChatHookKey {
    ChatHookKey::new(&ChannelSecret::new("channel-secret").unwrap())
}

fn verifier() -> ChatHookVerifier {
    let mut keys = KeyRing::new();
    keys.insert(KeyId::parse("k").unwrap(), key(), None)
        .unwrap();
    ChatHookVerifier::new(keys)
        .for_channel(ChannelId::parse(CHANNEL).unwrap())
        .fresh_within(FreshnessWindow::GENEROUS)
}

fn verify<'a>(body: &'a str, scope: &str) -> Result<AddressedHook<'a>, Refusal> {
    let signature = key().sign(body.as_bytes());
    let received = ReceivedSignature::from_text(signature.as_str());
    verifier().verify_addressed(body.as_bytes(), received, scope, NOW)
}

fn own_scope() -> String {
    format!("{CHANNEL}_{ACCOUNT}")
}

#[test]
fn a_hook_for_this_account_and_time_passes() {
    let body = format!(r#"{{"account_id":"{ACCOUNT}","time":{NOW},"message":{{"account_id":7}}}}"#);
    let hook = verify(&body, &own_scope()).unwrap();
    assert_eq!(hook.account.unwrap().as_str(), ACCOUNT);
    assert_eq!(hook.signed_at, Some(NOW));
    assert_eq!(*hook.hook.get(), body.as_bytes());
}

/// Rule H4.
#[test]
fn another_account_channel_or_no_scope_is_refused() {
    let body = format!(r#"{{"account_id":"{ACCOUNT}","time":{NOW}}}"#);
    let other = CHANNEL;
    let refusal = |scope: &str| verify(&body, scope).unwrap_err();
    assert_eq!(
        refusal(&format!("{CHANNEL}_{other}")),
        Refusal::OtherAccount
    );
    assert_eq!(
        refusal(&format!("{ACCOUNT}_{ACCOUNT}")),
        Refusal::OtherChannel
    );
    assert_eq!(refusal("shop"), Refusal::ScopeMalformed);
    // An escape in JSON is the same text.
    let escaped = format!(r#"{{"account_id":"\u0035{}","time":{NOW}}}"#, &ACCOUNT[1..]);
    assert!(verify(&escaped, &own_scope()).is_ok());
}

/// Rule H6.
#[test]
fn a_field_that_comes_twice_is_refused() {
    for twice in ["account_id", "time"] {
        let body = format!(r#"{{"account_id":"{ACCOUNT}","time":{NOW},"{twice}":null}}"#);
        assert_eq!(
            verify(&body, &own_scope()).unwrap_err(),
            Refusal::BodyMalformed,
            "{twice}"
        );
    }
}

#[test]
fn what_lacks_a_field_or_is_no_json_is_proven_and_says_what_it_lacks() {
    for body in [
        r#"{"receiver":"client-1","type":"text"}"#,
        r#"{"account_id":5,"time":"soon"}"#,
        r#"{"account_id":null,"time":1.5}"#,
        r#"{"account_id":{"a":[1]},"time":[{}]}"#,
        "not json",
        "",
    ] {
        let hook = verify(body, &own_scope()).unwrap();
        assert_eq!((hook.account, hook.signed_at), (None, None), "{body}");
    }
}

/// Rule H5.
#[test]
fn the_edges_of_the_window_are_inside() {
    let at = |time: u64| {
        let body = format!(r#"{{"account_id":"{ACCOUNT}","time":{time}}}"#);
        verify(&body, &own_scope()).map(|_| ())
    };
    let FreshnessWindow {
        past_seconds,
        future_seconds,
        ..
    } = FreshnessWindow::GENEROUS;
    assert_eq!(at(NOW - past_seconds), Ok(()));
    assert_eq!(at(NOW + future_seconds), Ok(()));
    let age_seconds = past_seconds + 1;
    assert_eq!(at(NOW - age_seconds), Err(Refusal::Stale { age_seconds }));
    let ahead_seconds = future_seconds + 1;
    assert_eq!(
        at(NOW + ahead_seconds),
        Err(Refusal::FromTheFuture { ahead_seconds })
    );
    assert_eq!(
        at(u64::MAX),
        Err(Refusal::FromTheFuture {
            ahead_seconds: u64::MAX - NOW
        })
    );
}

/// Rule O6.
#[test]
fn a_webhook_of_the_open_api_is_judged_by_its_created_at() {
    let key = OpenApiKey::new(&AppSecret::new("app-secret").unwrap());
    let mut keys: KeyRing<OpenApiKey> = KeyRing::new();
    keys.insert(KeyId::parse("k").unwrap(), key.clone(), None)
        .unwrap();
    let verifier = OpenApiVerifier::new(keys);
    let verify = |body: &str| {
        let signature = key.sign(body.as_bytes());
        let received = ReceivedSignature::from_text(signature.as_str());
        let window = FreshnessWindow::new(300, 60);
        verifier
            .verify_fresh(body.as_bytes(), received, window, NOW)
            .map(|_| ())
    };
    assert_eq!(
        verify(&format!(
            r#"{{"created_at":{},"event":"UNREPLIED"}}"#,
            NOW - 300
        )),
        Ok(())
    );
    let old = format!(r#"{{"created_at":{},"event":"UNREPLIED"}}"#, NOW - 301);
    assert_eq!(verify(&old), Err(Refusal::Stale { age_seconds: 301 }));
    assert_eq!(verify(r#"{"event":"NEW"}"#), Ok(()));
}

struct Length(usize);

impl<'a> FromProven<'a> for Length {
    type Error = core::convert::Infallible;

    fn from_proven(bytes: &'a [u8]) -> Result<Self, Self::Error> {
        Ok(Self(bytes.len()))
    }
}

#[test]
fn an_event_is_read_from_the_proven_bytes_alone() {
    let signature = key().sign(b"{}");
    let received = ReceivedSignature::from_text(signature.as_str());
    let hook = verifier().verify(b"{}\n", received, NOW).unwrap();
    let event = hook.read::<Length>().unwrap();
    assert_eq!(event.get().0, 2);
    assert_eq!(event.proof(), hook.proof());
}
