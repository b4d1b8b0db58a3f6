//! Bodies of chat hooks: messages of every type, typing, reactions.
//!
//! Source: webhooks pages of the Chats API, and captures. Reaction hooks have both forms of the
//! message, as clients in use read either.

use serde_json::{Map, Value, json};

use crate::config::account::Account;

/// The events that a chat hook can report; the first is the default.
pub(crate) const EVENTS: [&str; 21] = [
    "text",
    "picture",
    "video",
    "file",
    "voice",
    "audio",
    "sticker",
    "contact",
    "location",
    "buttons",
    "list-message",
    "template",
    "reply",
    "forward",
    "media-group",
    "comment",
    "write-first",
    "typing",
    "reaction",
    "unreaction",
    "v1",
];

/// Where files of made-up messages seem to be.
const FILES: &str = "https://amojo.kommo.com/attachments/5a4d/b0";

/// Who writes what to whom, and when.
pub(crate) struct ChatFrame<'a> {
    pub(crate) now: u64,
    pub(crate) account: &'a Account,
    /// The amojo id of the manager.
    pub(crate) manager: Option<&'a str>,
    pub(crate) manager_name: &'a str,
    /// The amojo id of the message.
    pub(crate) message_id: &'a str,
    pub(crate) text: &'a str,
    pub(crate) conversation_id: &'a str,
    /// The integration's id of the conversation.
    pub(crate) conversation_client_id: Option<&'a str>,
    /// The amojo id of the customer.
    pub(crate) customer_id: &'a str,
    /// The integration's id of the customer.
    pub(crate) customer_client_id: &'a str,
    pub(crate) customer_name: &'a str,
}

/// The body for an event; `None` for one that is not in [`EVENTS`].
pub(crate) fn chat_body(event: &str, frame: &ChatFrame<'_>) -> Option<Value> {
    Some(match event {
        "typing" => typing(frame),
        "reaction" => reaction(frame, "react"),
        "unreaction" => reaction(frame, "unreact"),
        "v1" => first_version(frame),
        "write-first" => write_first(frame),
        "comment" => comment(frame),
        _ => message(frame, content(event, frame)?),
    })
}

/// The fields in which a message differs from a plain text.
fn content(event: &str, frame: &ChatFrame<'_>) -> Option<Value> {
    let file = |kind: &str, name: &str, size: u64| {
        json!({
            "type": kind,
            "text": "",
            "media": format!("{FILES}/{name}"),
            "file_name": name,
            "file_size": size,
        })
    };
    let with = |mut base: Value, more: Value| {
        if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
            base.extend(more);
        }
        base
    };
    let thumbnail = json!({"thumbnail": format!("{FILES}/small.jpg")});
    Some(match event {
        "text" => json!({}),
        "picture" => with(file("picture", "picture.jpg", 48_213), thumbnail),
        "video" => with(file("video", "video.mp4", 1_048_576), thumbnail),
        "file" => file("file", "offer.pdf", 90_112),
        "voice" => with(
            file("voice", "voice.ogg", 9_216),
            json!({"media_duration": 7}),
        ),
        "audio" => with(
            file("audio", "audio.mp3", 262_144),
            json!({"media_duration": 31}),
        ),
        "sticker" => file("sticker", "sticker.webp", 20_480),
        "contact" => json!({
            "type": "contact",
            "text": "",
            "contact": {"name": "Max Manager", "phone": "15550101"},
        }),
        "location" => json!({
            "type": "location",
            "text": "",
            "location": {"lon": 13.4050, "lat": 52.5200},
        }),
        "buttons" => json!({"markup": {
            "mode": "inline",
            "buttons": [
                [{"text": "Yes"}, {"text": "No"}],
                [{"text": "More", "url": "https://sandbox.example/more?a=1&b=2"}],
            ],
        }}),
        "list-message" => json!({"markup": {"list_message": {
            "header": "Delivery",
            "body": "When may we come?",
            "footer": "Times are local",
            "button": "Choose",
            "sections": [{"title": "Today", "rows": [
                {"callback_data": "today-10", "title": "10:00", "description": "in the morning"},
                {"callback_data": "today-16", "title": "16:00", "description": ""},
            ]}],
        }}}),
        "template" => json!({
            "text": format!("Hello {}", frame.customer_name),
            "template": {
                "id": 7103,
                "external_id": "greeting-1",
                "content": "Hello {{contact.name}}",
                "params": [{"key": "{{contact.name}}", "value": frame.customer_name}],
            },
        }),
        "reply" => json!({"reply_to": {"message": quoted(frame)}}),
        "forward" => json!({"forwards": {
            "messages": [quoted(frame)],
            "conversation_ref_id": frame.conversation_id,
        }}),
        "media-group" => with(
            file("picture", "picture-1.jpg", 48_213),
            json!({"media_group_id": "6d656469-0000-4000-8000-000000000001"}),
        ),
        _ => return None,
    })
}

/// A v2 message, `content` over the fields of a plain text.
fn message(frame: &ChatFrame<'_>, content: Value) -> Value {
    let mut inner = json!({
        "id": frame.message_id,
        "type": "text",
        "text": frame.text,
        "markup": null,
        "tag": "",
        "media": "",
        "thumbnail": "",
        "file_name": "",
        "file_size": 0,
    });
    if let (Some(fields), Value::Object(content)) = (inner.as_object_mut(), content) {
        fields.extend(content);
    }
    json!({
        "account_id": frame.account.amojo_id,
        "time": frame.now,
        "message": {
            "receiver": {
                "id": frame.customer_id,
                "phone": "15550100",
                "email": "customer@sandbox.example",
                "client_id": frame.customer_client_id,
            },
            "sender": {"id": frame.manager},
            "conversation": conversation(frame),
            "timestamp": frame.now,
            "msec_timestamp": frame.now.saturating_mul(1000),
            "message": inner,
        },
    })
}

fn conversation(frame: &ChatFrame<'_>) -> Value {
    let mut fields = Map::new();
    fields.insert("id".into(), Value::from(frame.conversation_id));
    if let Some(client_id) = frame.conversation_client_id {
        fields.insert("client_id".into(), Value::from(client_id));
    }
    Value::Object(fields)
}

/// A message of the customer that is quoted.
fn quoted(frame: &ChatFrame<'_>) -> Value {
    let earlier = frame.now.saturating_sub(60);
    json!({
        "id": "9007ed00-0000-4000-8000-000000000001",
        "msgid": "my-message-1",
        "type": "text",
        "text": "Is it still there?",
        "media": "",
        "thumbnail": "",
        "file_name": "",
        "file_size": 0,
        "timestamp": earlier,
        "msec_timestamp": earlier.saturating_mul(1000),
        "sender": {
            "id": frame.customer_id,
            "name": frame.customer_name,
            "client_id": frame.customer_client_id,
        },
    })
}

/// A manager writes to a number first: the integration has no id of the conversation yet.
fn write_first(frame: &ChatFrame<'_>) -> Value {
    let mut body = message(frame, json!({}));
    if let Some(message) = body.get_mut("message").and_then(Value::as_object_mut) {
        let receiver = json!({"id": frame.customer_id, "name": "", "phone": "15550100"});
        let id = json!({"id": frame.conversation_id});
        message.insert("receiver".into(), receiver);
        message.insert("conversation".into(), id);
        message.insert("source".into(), json!({"external_id": "source-1"}));
    }
    body
}

/// An answer to a comment below a post.
fn comment(frame: &ChatFrame<'_>) -> Value {
    let content = json!({
        "post": {"id": "203055422"},
        "reply_to": {"message": quoted(frame)},
    });
    let mut body = message(frame, content);
    let message = body.get_mut("message");
    if let Some(message) = message {
        for (who, name) in [
            ("sender", frame.manager_name),
            ("receiver", frame.customer_name),
        ] {
            if let Some(person) = message.get_mut(who).and_then(Value::as_object_mut) {
                person.insert("name".into(), Value::from(name));
            }
        }
    }
    body
}

fn typing(frame: &ChatFrame<'_>) -> Value {
    json!({
        "account_id": frame.account.amojo_id,
        "time": frame.now,
        "action": {"typing": {
            "user": {"id": frame.manager},
            "conversation": conversation(frame),
            "expired_at": frame.now.saturating_add(5),
        }},
    })
}

/// A reaction to a message of the customer. `unreact` has no emoji.
fn reaction(frame: &ChatFrame<'_>, kind: &str) -> Value {
    let quoted = quoted(frame);
    let field = |name: &str| quoted.get(name).cloned().unwrap_or_default();
    let mut reaction = json!({
        "msgid": field("id"),
        "message": {
            "id": field("id"),
            "client_id": field("msgid"),
            "sender": field("sender"),
            "receiver": {"id": frame.manager},
            "timestamp": field("timestamp"),
            "msec_timestamp": field("msec_timestamp"),
        },
        "user": {"id": frame.manager},
        "conversation": conversation(frame),
        "type": kind,
    });
    if let (Some(fields), "react") = (reaction.as_object_mut(), kind) {
        fields.insert("emoji".into(), Value::from("😍"));
    }
    json!({
        "account_id": frame.account.amojo_id,
        "time": frame.now,
        "action": {"reaction": reaction},
    })
}

/// The flat form, which names neither an account nor the message.
fn first_version(frame: &ChatFrame<'_>) -> Value {
    json!({
        "receiver": frame.customer_client_id,
        "conversation_id": frame.conversation_client_id,
        "type": "text",
        "text": frame.text,
        "media": "",
        "thumbnail": "",
        "file_name": "",
        "file_size": 0,
        "msec_timestamp": frame.now.saturating_mul(1000),
    })
}
