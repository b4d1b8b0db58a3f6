//! Webhooks: the published sample, what is unknown, and what stays out of logs.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_hooks::{OpenApiVerifier, ReceivedSignature};
use kommo_open_api::{AppId, OpenApiEvent, OpenApiEventKind, VisitorLink};
use kommo_sign::{AppSecret, KeyId, KeyRing, OpenApiKey};
use kommo_test_vectors::open_api_body;

fn event(body: &[u8]) -> OpenApiEvent {
    let key = OpenApiKey::new(&AppSecret::new("YOUR_APP_SECRET").unwrap());
    let signature = key.sign(body);
    let mut keys: KeyRing<OpenApiKey> = KeyRing::new();
    keys.insert(KeyId::parse("k").unwrap(), key, None).unwrap();
    let received = ReceivedSignature::from_text(signature.as_str());
    let hook = OpenApiVerifier::new(keys)
        .verify(body, received, 1)
        .unwrap();
    OpenApiEvent::of(&hook).into_inner()
}

#[test]
fn the_sample_is_read_whole() {
    let event = event(&open_api_body("webhook").body);
    assert_eq!(event.created_at, Some(1_765_439_941));
    assert_eq!(
        event.webhook_id.as_deref(),
        Some("58946f5f583edd94f5cf87e3534d04fb")
    );
    let OpenApiEventKind::Unreplied(messages) = event.kind else {
        panic!("another event");
    };
    let message = &messages[0];
    assert_eq!(message.subject.as_deref(), Some("New Conversation"));
    assert_eq!(message.visitor_name.as_deref(), Some("Visitor15"));
    assert_eq!(message.created_at, Some(1_765_439_652));
    assert_eq!(message.message_content.as_deref(), Some("1"));
    assert_eq!(message.property_name.as_deref(), Some("test"));
    assert_eq!(
        message.visitor_nickname.as_deref(),
        Some("visitor nickname")
    );
    assert_eq!(message.customer, None, "an empty id is none");
    assert_eq!(message.status.as_deref(), Some("1"));
    assert_eq!(
        (message.push_times, message.waiting_seconds),
        (Some(4), Some(289))
    );
    assert_eq!(message.agent_nickname.as_deref(), Some("ctccccd"));
}

#[test]
fn a_form_before_a_chat_is_read() {
    let body = br#"{"event":"PRE_CHAT_FORM_SUBMIT","content":[{"message_content":"name: Ann"}]}"#;
    let OpenApiEventKind::PreChatForm(messages) = event(body).kind else {
        panic!("another event");
    };
    assert_eq!(messages[0].message_content.as_deref(), Some("name: Ann"));
}

#[test]
fn what_is_not_known_is_kept_with_its_bytes() {
    for (body, name) in [
        (
            r#"{"event":"SESSION_CREATED","content":[]}"#,
            Some("SESSION_CREATED"),
        ),
        (r#"{"event":"UNREPLIED"}"#, Some("UNREPLIED")),
        (r#"{"event":7}"#, None),
        ("not json", None),
        ("", None),
    ] {
        let OpenApiEventKind::Unknown(unknown) = event(body.as_bytes()).kind else {
            panic!("{body}");
        };
        assert_eq!((unknown.name(), unknown.bytes()), (name, body.as_bytes()));
    }
}

// Invariant I8.
#[test]
fn debug_shows_no_text_of_a_visitor_and_no_link_that_signs_in() {
    let body = br#"{"event":"UNREPLIED","content":[{"message_content":"MARKER","visitor_name":"MARKER"}]}"#;
    let unknown = event(br#"{"event":"X","secret":"MARKER"}"#);
    let secret = AppSecret::new("MARKER-SECRET").unwrap();
    let link = VisitorLink::new(
        AppId::new("app").unwrap(),
        &secret,
        "MARKER",
        "MARKER-MARKER-MARKER",
    )
    .unwrap();
    let shown = format!("{:?} {unknown:?} {link:?}", event(body));
    assert!(!shown.contains("MARKER"), "{shown}");
}
