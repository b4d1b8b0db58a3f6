//! What a message says: its type, and the fields that belong to it.

use serde_json::{Map, Value};

use crate::chats::connect_body::{optional_string, wrong_type};
use crate::chats::fields::{
    bad, given, missing, optional_number, optional_object, required, required_number,
    required_object,
};
use crate::chats::refusal::Refusal;
use crate::chats::status_body::status_of;
use crate::config::account::Account;
use crate::state::chat_book::{ChatBook, ChatMessage, MessageStatus};

const TYPES: [&str; 9] = [
    "text", "contact", "file", "video", "picture", "voice", "audio", "sticker", "location",
];

/// Whether the message is new, or replaces the content of one that has a file perhaps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    New,
    Edit,
}

/// The content of a message.
pub(crate) struct Content {
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) fields: Map<String, Value>,
    pub(crate) status: Option<MessageStatus>,
}

/// Name and size of a file are not insisted on, since clients in use leave them out.
pub(crate) fn content_of(
    message: &Map<String, Value>,
    occasion: Occasion,
) -> Result<Content, Refusal> {
    let kind = required(message, "type")?;
    if !TYPES.contains(&kind) {
        return Err(bad("field-value", "message.type is not known"));
    }
    let text = optional_string(message, "text")?.unwrap_or_default();
    for name in ["media", "file_name", "sticker_id", "callback_data"] {
        given(message, name)?;
    }
    for name in ["file_size", "media_duration"] {
        optional_number(message, name)?;
    }
    match kind {
        "text" if text.is_empty() => return Err(missing("message.text")),
        "text" => {}
        "location" => check_location(required_object(message, "location")?)?,
        "contact" => {
            let contact = required_object(message, "contact")?;
            required(contact, "name")?;
            required(contact, "phone")?;
        }
        "sticker" if given(message, "sticker_id")?.is_some() => {}
        _ if occasion == Occasion::New && given(message, "media")?.is_none() => {
            return Err(missing("message.media"));
        }
        _ => {}
    }
    check_posts(message, occasion)?;
    let status = optional_object(message, "delivery_status")?
        .map(|status| status_of(status, "status_code"))
        .transpose()?;
    Ok(Content {
        kind: kind.to_owned(),
        text: text.to_owned(),
        fields: kept(message),
        status,
    })
}

fn check_location(location: &Map<String, Value>) -> Result<(), Refusal> {
    for name in ["lon", "lat"] {
        match location.get(name) {
            None | Some(Value::Null) => return Err(missing(name)),
            Some(value) if value.is_number() => {}
            Some(value) => return Err(wrong_type(name, "a number", value)),
        }
    }
    Ok(())
}

/// A shared post, and the post that a comment belongs to. Comments are new messages alone.
fn check_posts(message: &Map<String, Value>, occasion: Occasion) -> Result<(), Refusal> {
    if let Some(shared) = optional_object(message, "shared_post")? {
        required(shared, "url")?;
        if required(shared, "type")? != "post" {
            return Err(bad("field-value", "shared_post.type is not post"));
        }
        for name in ["preview_link", "preview_permalink", "site_name"] {
            given(shared, name)?;
        }
    }
    match (optional_object(message, "post")?, occasion) {
        (None, _) => Ok(()),
        (Some(_), Occasion::Edit) => Err(bad("field-value", "a comment cannot be edited")),
        (Some(post), Occasion::New) => {
            for name in ["preview_url", "preview_permalink", "username", "caption"] {
                given(post, name)?;
            }
            required(post, "id")?;
            required(post, "url").map(drop)
        }
    }
}

/// What is kept besides type and text.
fn kept(message: &Map<String, Value>) -> Map<String, Value> {
    let kept = [
        "media",
        "file_name",
        "file_size",
        "media_duration",
        "sticker_id",
        "location",
        "contact",
        "callback_data",
        "shared_post",
        "post",
    ];
    let fields = message.iter();
    let fields = fields.filter(|(name, value)| kept.contains(&name.as_str()) && !value.is_null());
    fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// `reply_to` must quote a message of the same conversation; `forwards` has one message at most.
pub(crate) fn check_quotes(
    payload: &Map<String, Value>,
    conversation_id: &str,
    account: &Account,
    chats: &ChatBook,
) -> Result<(), Refusal> {
    if let Some(reply) = optional_object(payload, "reply_to")? {
        let quoted = quoted(required_object(reply, "message")?, account, chats)?;
        if quoted.is_some_and(|quoted| quoted.conversation_id != conversation_id) {
            let reason = "reply_to: the message belongs to another conversation";
            return Err(bad("quote-unknown", reason));
        }
    }
    let Some(forwards) = optional_object(payload, "forwards")? else {
        return Ok(());
    };
    match forwards.get("messages") {
        Some(Value::Array(messages)) => match messages.as_slice() {
            [Value::Object(message)] => quoted(message, account, chats).map(drop),
            [] => Err(missing("forwards.messages")),
            [other] => Err(wrong_type("forwards.messages", "a list of objects", other)),
            _ => Err(bad("field-value", "forwards has more than one message")),
        },
        None | Some(Value::Null) => Err(missing("forwards.messages")),
        Some(other) => Err(wrong_type("forwards.messages", "a list", other)),
    }
}

/// The message that is quoted by an id; none if it is quoted with all that it says.
fn quoted<'a>(
    message: &Map<String, Value>,
    account: &Account,
    chats: &'a ChatBook,
) -> Result<Option<&'a ChatMessage>, Refusal> {
    let account_id = &account.amojo_id;
    let known = match (given(message, "id")?, given(message, "msgid")?) {
        (Some(id), _) => chats.message_with_id(account_id, id),
        (None, Some(msgid)) => chats.message_named(account_id, msgid),
        (None, None) => {
            content_of(message, Occasion::Edit)?;
            required_number(message, "timestamp")?;
            required_number(message, "msec_timestamp")?;
            required_object(message, "sender")?;
            return Ok(None);
        }
    };
    let unknown = || bad("quote-unknown", "the quoted message: message not found");
    known.map(Some).ok_or_else(unknown)
}
