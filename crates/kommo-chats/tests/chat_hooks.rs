//! Chat hooks as they arrive: the samples of the vendor, every field, every form that was seen.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_chats::hook::{
    ChatEvent, ChatEventKind, Markup, Message, MessageType, Reaction, ReactionKind,
};
use kommo_hooks::inbox::NewHook;
use kommo_hooks::{ChatHookVerifier, ReceivedSignature, Verified, dangerous};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_test_vectors::chat_hook;
use serde_json::{Value, json};

/// Signs a body and takes it through the verifier: there is no other way to an event.
fn event(body: &[u8]) -> ChatEvent {
    let key = ChatHookKey::new(&ChannelSecret::new("channel-secret").unwrap());
    let signature = key.sign(body);
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    keys.insert(KeyId::parse("k").unwrap(), key, None).unwrap();
    let received = ReceivedSignature::from_text(signature.as_str());
    let hook: Verified<&[u8]> = ChatHookVerifier::new(keys)
        .verify(body, received, 1)
        .unwrap();
    let event = ChatEvent::of(&hook);
    assert_eq!(event.proof(), hook.proof());
    event.into_inner()
}

fn of_json(body: &Value) -> ChatEvent {
    event(body.to_string().as_bytes())
}

fn message(body: &Value) -> Message {
    match of_json(body).kind {
        ChatEventKind::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

/// The published sample with the inner message changed.
fn sample_with(changes: &Value) -> Value {
    let case = chat_hook("message-without-newline");
    let mut body: Value = serde_json::from_slice(&case.body).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        body["message"]["message"][name] = value.clone();
    }
    body
}

#[test]
fn the_sample_of_a_message_is_read_whole() {
    let case = chat_hook("message-unsigned-newline");
    let event = event(&case.body);
    assert_eq!(
        event.account_id.unwrap().as_str(),
        "52e591f7-c98f-4255-8495-827210138c81"
    );
    assert_eq!(event.time, Some(1_639_572_261));
    let ChatEventKind::Message(message) = event.kind else {
        panic!("another kind");
    };
    assert_eq!(message.id.as_str(), "0371a0ff-b78a-4c7b-8538-a7d547e10692");
    let receiver = &message.receiver;
    assert_eq!(
        receiver.id.as_ref().unwrap().as_str(),
        "2ed64e26-70a1-4857-8382-bb066a076219"
    );
    assert_eq!(
        receiver.client_id.as_ref().unwrap().as_str(),
        "my_int-1376265f-86df-4c49-a0c3-a4816df41af8"
    );
    assert_eq!(receiver.phone.as_ref().unwrap().as_str(), "79161234567");
    assert_eq!(
        receiver.email.as_ref().unwrap().as_str(),
        "example.client@example.com"
    );
    assert_eq!(
        message.sender.id.as_ref().unwrap().as_str(),
        "76fc2bea-902f-425c-9a3d-dcdac4766090"
    );
    assert_eq!(message.sender.name, None);
    assert_eq!(
        message.conversation.id.as_str(),
        "8e4d4baa-9e6c-4a88-838a-5f62be227bdc"
    );
    assert_eq!(
        message.conversation.client_id.as_ref().unwrap().as_str(),
        "my_int-d5a421f7f218"
    );
    assert_eq!(message.timestamp, Some(1_639_572_260));
    assert_eq!(message.timestamp_milliseconds, Some(1_639_572_260_980));
    let content = &message.content;
    assert_eq!(content.message_type, MessageType::Text);
    assert_eq!(content.text.as_ref().unwrap().as_str(), "Hello");
    assert!(content.media.is_none() && content.markup.is_none() && content.reply_to.is_none());
}

#[test]
fn absent_null_and_empty_are_the_same() {
    let fields = [
        "text",
        "markup",
        "tag",
        "media",
        "thumbnail",
        "file_name",
        "template",
        "reply_to",
        "forwards",
    ];
    let read = |value: &Value| {
        let changes = fields.map(|name| (name.to_owned(), value.clone()));
        message(&sample_with(&Value::Object(changes.into_iter().collect())))
    };
    let of_null = read(&Value::Null);
    assert_eq!(of_null, read(&json!("")));
    let mut absent = sample_with(&json!({}));
    let inner = absent["message"]["message"].as_object_mut().unwrap();
    inner.retain(|name, _| name == "id" || name == "type");
    assert_eq!(of_null, message(&absent));
    assert_eq!(of_null.content.text, None);
}

#[test]
fn media_buttons_lists_templates_and_quotes_are_read() {
    let content = message(&sample_with(&json!({
        "type": "voice", "media": "https://x/a.ogg", "thumbnail": "https://x/t.jpg", "file_name": "a.ogg",
        "file_size": 12, "media_group_id": "g1", "media_duration": 7,
        "markup": {"mode": "inline", "buttons": [[{"text": "Yes"}, {"text": "Site", "url": "https://x"}], []]},
        "template": {"id": 5, "external_id": "e", "content": "Hi {{1}}", "params": [{"key": "{{1}}", "value": "Ann"}]},
        "reply_to": {"message": {"id": "m1", "msgid": "our-1", "type": "text", "text": "Before", "timestamp": 1,
            "msec_timestamp": 1000, "sender": {"id": "p", "client_id": "c"}}},
        "forwards": {"conversation_ref_id": "conv", "messages": [{"id": "m2"}, {"id": "m3", "type": "location"}]},
    })))
    .content;
    let media = content.media.unwrap();
    assert_eq!(
        (media.url.as_str(), media.file_size, media.duration),
        ("https://x/a.ogg", 12, Some(7))
    );
    assert_eq!(media.thumbnail_url.unwrap().as_str(), "https://x/t.jpg");
    assert_eq!(media.file_name.unwrap().as_str(), "a.ogg");
    assert_eq!(media.group_id.as_deref(), Some("g1"));
    let Some(Markup::Inline(rows)) = content.markup else {
        panic!("no buttons");
    };
    let texts: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().map(|button| button.text.as_str()).collect())
        .collect();
    assert_eq!(texts, [vec!["Yes", "Site"], vec![]]);
    assert_eq!(rows[0][1].url.as_deref(), Some("https://x"));
    let template = content.template.unwrap();
    assert_eq!(template.id.as_deref(), Some("5"));
    assert_eq!(template.parameters[0].value.as_str(), "Ann");
    let quoted = content.reply_to.unwrap();
    assert_eq!(quoted.client_id.unwrap().as_str(), "our-1");
    assert_eq!(quoted.sender.unwrap().client_id.unwrap().as_str(), "c");
    let forwards = content.forwards.unwrap();
    assert_eq!(forwards.conversation.unwrap().as_str(), "conv");
    assert_eq!(
        forwards.messages[1].message_type,
        Some(MessageType::Location)
    );
}

#[test]
fn a_list_of_choices_is_read_and_another_markup_is_known_to_be_unknown() {
    let markup = |value: Value| {
        message(&sample_with(&json!({"markup": value})))
            .content
            .markup
    };
    let list = markup(
        json!({"list_message": {"header": "H", "body": "B", "footer": "F", "button": "Open",
        "sections": [{"title": "S", "rows": [{"callback_data": "cb", "title": "T", "description": "D"}]}]}}),
    );
    let Some(Markup::List(list)) = list else {
        panic!("no list");
    };
    assert_eq!(list.button.as_deref(), Some("Open"));
    assert_eq!(
        list.sections[0].rows[0].callback_data.as_deref(),
        Some("cb")
    );
    assert_eq!(
        markup(json!({"mode": "carousel", "buttons": []})),
        Some(Markup::Unknown)
    );
    assert_eq!(markup(json!({})), None);
    assert_eq!(markup(json!([])), None);
}

#[test]
fn every_type_is_read_and_written_and_a_new_one_is_kept() {
    for word in [
        "text", "file", "video", "picture", "voice", "audio", "sticker", "contact", "location",
        "poll",
    ] {
        let content = message(&sample_with(&json!({"type": word}))).content;
        assert_eq!(content.message_type.as_str(), word);
        assert_eq!(
            matches!(content.message_type, MessageType::Other(_)),
            word == "poll"
        );
    }
}

#[test]
fn an_answer_to_a_comment_names_its_post() {
    let body = sample_with(&json!({"post": {"id": 203_055_422}}));
    let ChatEventKind::CommentReply(reply) = of_json(&body).kind else {
        panic!("another kind");
    };
    assert_eq!(reply.post_id, "203055422");
    assert_eq!(reply.message.content.text.unwrap().as_str(), "Hello");
}

#[test]
fn typing_is_read_in_the_form_of_the_sample_and_of_the_table() {
    let case = chat_hook("typing-unsigned-newline");
    let ChatEventKind::Typing(typing) = event(&case.body).kind else {
        panic!("another kind");
    };
    assert_eq!(
        typing.user.unwrap().as_str(),
        "fb0fb604-9e04-4e1d-bee9-37c71924cdc2"
    );
    assert_eq!(typing.expires_at, Some(1_637_087_563));
    let outside = json!({"action": {"user": {"id": "u"}, "typing": {"conversation": {"id": "c"}, "post_id": "9"}}});
    let ChatEventKind::Typing(typing) = of_json(&outside).kind else {
        panic!("another kind");
    };
    assert_eq!(typing.user.unwrap().as_str(), "u");
    assert_eq!(typing.post_id.as_deref(), Some("9"));
    assert_eq!(typing.conversation.client_id, None);
}

fn reaction(value: Value) -> Option<Reaction> {
    match of_json(&json!({"action": {"reaction": value}})).kind {
        ChatEventKind::Reaction(reaction) => Some(*reaction),
        ChatEventKind::Unknown(_) => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reaction_names_its_message_in_either_form() {
    let case = chat_hook("reaction-unsigned-newline");
    let ChatEventKind::Reaction(sample) = event(&case.body).kind else {
        panic!("another kind");
    };
    assert_eq!(
        sample.message_id.unwrap().as_str(),
        "cd05887d-bb16-4e11-b298-40455cc77195"
    );
    assert_eq!(sample.emoji.as_deref(), Some("😍"));
    assert_eq!(sample.kind, ReactionKind::React);
    let table = reaction(json!({"type": "unreact", "user": {"id": "u"}, "conversation": {"id": "c"},
        "message": {"id": "m", "client_id": "ours", "timestamp": 1, "msec_timestamp": 1000, "sender": {"id": "s"}}}))
    .unwrap();
    assert_eq!(table.message_id.unwrap().as_str(), "m");
    assert_eq!(table.client_message_id.unwrap().as_str(), "ours");
    assert_eq!(table.message_sender.unwrap().id.unwrap().as_str(), "s");
    assert_eq!((table.kind, table.emoji), (ReactionKind::Unreact, None));
    assert_eq!(
        reaction(json!({"type": "react", "conversation": {"id": "c"}})),
        None
    );
}

#[test]
fn version_1_is_recognised() {
    let body = json!({"receiver": "client-1", "conversation_id": "conv-1", "type": "picture", "text": "",
        "media": "https://x/p.jpg", "file_size": "5", "msec_timestamp": 1_639_572_260_980_u64});
    let event = of_json(&body);
    assert_eq!((event.account_id, event.time), (None, None));
    let ChatEventKind::MessageV1(message) = event.kind else {
        panic!("another kind");
    };
    assert_eq!(message.receiver.as_str(), "client-1");
    assert_eq!(message.conversation.unwrap().as_str(), "conv-1");
    assert_eq!(message.content.media.unwrap().file_size, 5);
}

#[test]
fn what_is_not_known_is_kept_with_its_bytes() {
    for body in [
        r#"{"account_id":"x","story":{"id":1}}"#,
        r#"{"message":{"message":{"type":"text"}}}"#,
        r#"{"action":{"poll":{}}}"#,
        "[1,2]",
        "not json",
        "",
    ] {
        let event = event(body.as_bytes());
        let ChatEventKind::Unknown(unknown) = event.kind else {
            panic!("{body}");
        };
        assert_eq!(unknown.bytes(), body.as_bytes());
    }
    assert_eq!(event(b"{}").kind.name(), "unknown");
}

// Invariant I8: a message of a person is not shown.
#[test]
fn debug_shows_no_text_name_phone_or_body() {
    let mut body = sample_with(
        &json!({"text": "MARKER-text", "media": "https://MARKER", "file_name": "MARKER-file",
        "template": {"params": [{"key": "k", "value": "MARKER-value"}]},
        "reply_to": {"message": {"text": "MARKER-quote"}}}),
    );
    body["message"]["receiver"] =
        json!({"id": "r", "name": "MARKER-name", "phone": "MARKER-phone", "email": "MARKER-mail"});
    let unknown = event(b"MARKER-body");
    let shown = format!("{:?} {unknown:?}", of_json(&body));
    assert!(!shown.contains("MARKER"), "{shown}");
    assert!(shown.contains("PrivateText(11 bytes)"), "{shown}");
}

/// What the inbox knows a hook by.
fn new_hook(body: &Value) -> (NewHook<'static>, &'static str) {
    let body: &'static [u8] = body.to_string().into_bytes().leak();
    let key = ChatHookKey::new(&ChannelSecret::new("channel-secret").unwrap());
    let signature = key.sign(body);
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    keys.insert(KeyId::parse("k").unwrap(), key, None).unwrap();
    let received = ReceivedSignature::from_text(signature.as_str());
    let hook = ChatHookVerifier::new(keys)
        .verify(body, received, 1)
        .unwrap();
    let event = ChatEvent::of(&hook);
    (
        NewHook::proven(&hook, event.get().facts()),
        event.get().kind.name(),
    )
}

#[test]
fn a_message_is_known_by_its_id_and_other_hooks_by_their_bytes() {
    let (message, name) = new_hook(&sample_with(&json!({})));
    assert_eq!(name, message.event());
    assert!(message.account().is_some() && message.conversation().is_some());
    // The same message, written in another way, is the same hook; another message is not.
    let (again, _) = new_hook(&sample_with(&json!({"tag": "x"})));
    assert_eq!(message.key(), again.key());
    let (other, _) = new_hook(&sample_with(&json!({"id": "another"})));
    assert_ne!(message.key(), other.key());
    assert_eq!(message.conversation(), other.conversation());
    let typing = |expires_at| {
        json!({"account_id": "52e591f7-c98f-4255-8495-827210138c81", "action": {"typing":
            {"user": {"id": "u"}, "conversation": {"id": "c"}, "expired_at": expires_at}}})
    };
    let (one, two) = (new_hook(&typing(1)).0, new_hook(&typing(2)).0);
    assert_ne!(one.key(), two.key());
    assert_eq!(one.conversation(), two.conversation());
    assert!(new_hook(&json!({"unknown": 1})).0.conversation().is_none());
}

#[test]
fn an_event_of_a_stored_hook_keeps_the_recorded_proof() {
    let body = chat_hook("message-without-newline").body;
    let proof = dangerous::recorded_proof("chat", "2026-11", 7).unwrap();
    let event = ChatEvent::of_stored(&dangerous::proven_when_stored(&body[..], proof));
    assert_eq!(event.proof(), &proof);
    assert_eq!(event.get().kind.name(), "message");
}
