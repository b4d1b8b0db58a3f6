//! The body of a message from the integration, strictly typed: `new_message` alone so far.
//!
//! Source: Chats API reference, message page; "What real clients send" for what is admitted.
//! Choices: a `msgid` that was taken already is 400 (no source names the status); `edit_message`
//! is 400 until the sandbox has it; files are not looked at.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::chats::connect_body::{object, optional_string, scope_id, wrong_type};
use crate::chats::refusal::Refusal;
use crate::config::account::Account;
use crate::hooks::making::new_uuid;
use crate::state::chat_book::{ChatBook, ChatMessage, Conversation, Customer, MessageDirection};
use crate::state::connection::ChannelView;

const TYPES: [&str; 9] = [
    "text", "contact", "file", "video", "picture", "voice", "audio", "sticker", "location",
];

/// A message that the platform takes.
pub(crate) struct NewMessage {
    pub(crate) account: Account,
    /// As it is from now on.
    pub(crate) conversation: Conversation,
    direction: MessageDirection,
    sender_id: String,
    receiver_id: Option<String>,
    id: String,
    msgid: String,
    kind: String,
    text: String,
}

impl NewMessage {
    /// The answer: the platform's ids, and `ref_id`, which is the integration's.
    pub(crate) fn answer(&self) -> Value {
        let mut answer = json!({
            "conversation_id": self.conversation.id,
            "sender_id": self.sender_id,
            "msgid": self.id,
            "ref_id": self.msgid,
        });
        if let (Some(fields), Some(receiver)) = (answer.as_object_mut(), &self.receiver_id) {
            fields.insert("receiver_id".into(), Value::from(receiver.as_str()));
        }
        json!({ "new_message": answer })
    }

    /// The message as it is kept.
    pub(crate) fn kept(&self, now: u64) -> ChatMessage {
        ChatMessage {
            number: 0,
            account_id: self.account.amojo_id.clone(),
            conversation_id: self.conversation.id.clone(),
            conversation_client_id: self.conversation.client_id.clone(),
            direction: self.direction,
            id: self.id.clone(),
            msgid: Some(self.msgid.clone()),
            kind: self.kind.clone(),
            text: self.text.clone(),
            at: now,
        }
    }
}

/// The message that the body asks for, in the account of a scope that is connected.
pub(crate) fn read_message(
    body: &[u8],
    scope: &str,
    channel: ChannelView<'_>,
    chats: &ChatBook,
) -> Result<NewMessage, Refusal> {
    let account = channel
        .accounts
        .iter()
        .find(|account| scope_id(channel.channel_id, &account.amojo_id) == scope)
        .ok_or_else(Refusal::not_registered)?;
    let fields = object(body, "C5")?;
    let event_type = required(&fields, "event_type")?;
    if event_type != "new_message" {
        let reason = "event_type is not new_message, and the sandbox has no other yet";
        return Err(bad("field-value", reason));
    }
    let payload = required_object(&fields, "payload")?;
    required_integer(payload, "timestamp")?;
    required_integer(payload, "msec_timestamp")?;
    let msgid = required(payload, "msgid")?;
    if chats.has_msgid(&account.amojo_id, msgid) {
        return Err(bad("msgid-taken", "msgid: a message has this id already"));
    }
    let message = required_object(payload, "message")?;
    let kind = required(message, "type")?;
    if !TYPES.contains(&kind) {
        return Err(bad("field-value", "message.type is not known"));
    }
    let text = optional_string(message, "text")?;
    if kind == "text" && text.is_none_or(str::is_empty) {
        return Err(bad("field-missing", "message.text is missing"));
    }
    let people = People::read(payload, account, chats)?;
    let conversation = conversation_of(payload, account, &people.customer, chats)?;
    Ok(NewMessage {
        account: account.clone(),
        conversation,
        direction: people.direction,
        sender_id: people.sender_id,
        receiver_id: people.receiver_id,
        id: uuid()?,
        msgid: msgid.to_owned(),
        kind: kind.to_owned(),
        text: text.unwrap_or_default().to_owned(),
    })
}

/// Who writes to whom.
struct People {
    direction: MessageDirection,
    customer: Customer,
    sender_id: String,
    receiver_id: Option<String>,
}

impl People {
    /// With a receiver the message goes out, and its sender must be a user of the account.
    fn read(
        payload: &Map<String, Value>,
        account: &Account,
        chats: &ChatBook,
    ) -> Result<Self, Refusal> {
        let sender = required_object(payload, "sender")?;
        let Some(receiver) = optional_object(payload, "receiver")? else {
            let customer = customer_of(sender, "sender", account, chats)?;
            return Ok(Self {
                direction: MessageDirection::In,
                sender_id: customer.id.clone(),
                receiver_id: None,
                customer,
            });
        };
        let user = optional_string(sender, "ref_id")?;
        let is_user = account
            .users
            .iter()
            .any(|known| known.amojo_id.is_some() && known.amojo_id.as_deref() == user);
        let Some(user) = user.filter(|_| is_user) else {
            return Err(bad("sender-unknown", "sender: user not found"));
        };
        let customer = customer_of(receiver, "receiver", account, chats)?;
        Ok(Self {
            direction: MessageDirection::Out,
            sender_id: user.to_owned(),
            receiver_id: Some(customer.id.clone()),
            customer,
        })
    }
}

/// A customer who is known, or a new one. One of `id`, `ref_id` and `name` is enough, as clients in
/// use show.
fn customer_of(
    person: &Map<String, Value>,
    what: &str,
    account: &Account,
    chats: &ChatBook,
) -> Result<Customer, Refusal> {
    let id = optional_string(person, "id")?;
    let ref_id = optional_string(person, "ref_id")?;
    let name = optional_string(person, "name")?;
    let Some(client_id) = id.or(ref_id).or(name) else {
        let reason = format!("{what} has neither id nor ref_id nor name");
        return Err(bad("field-missing", reason));
    };
    let known = chats.customer(&account.amojo_id, client_id);
    let id = match (known, ref_id) {
        (Some(known), _) => known.id.clone(),
        (None, Some(ref_id)) => ref_id.to_owned(),
        (None, None) => uuid()?,
    };
    let known_name = known.map(|known| known.name.as_str());
    Ok(Customer {
        id,
        client_id: client_id.to_owned(),
        name: name.or(known_name).unwrap_or_default().to_owned(),
    })
}

/// `conversation_ref_id` finds a conversation that a manager began, and the integration's id is its
/// name from then on; an unknown id of the integration begins one.
fn conversation_of(
    payload: &Map<String, Value>,
    account: &Account,
    customer: &Customer,
    chats: &ChatBook,
) -> Result<Conversation, Refusal> {
    let client_id = optional_string(payload, "conversation_id")?;
    let ref_id = optional_string(payload, "conversation_ref_id")?;
    let Some(wanted) = ref_id.or(client_id) else {
        return Err(bad("field-missing", "conversation_id is missing"));
    };
    let known = chats.find(&account.amojo_id, wanted);
    if known.is_none() && ref_id.is_some() {
        let reason = "conversation_ref_id: conversation not found";
        return Err(bad("conversation-unknown", reason));
    }
    let id = known.map_or_else(uuid, |known| Ok(known.id.clone()))?;
    let known_client_id = known.and_then(|known| known.client_id.clone());
    Ok(Conversation {
        account_id: account.amojo_id.clone(),
        id,
        client_id: known_client_id.or_else(|| client_id.map(str::to_owned)),
        customer: customer.clone(),
    })
}

fn required<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    optional_string(fields, name)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| bad("field-missing", format!("{name} is missing")))
}

fn required_integer(fields: &Map<String, Value>, name: &str) -> Result<(), Refusal> {
    match fields.get(name) {
        Some(Value::Number(number)) if number.is_u64() => Ok(()),
        None | Some(Value::Null) => Err(bad("field-missing", format!("{name} is missing"))),
        Some(other) => Err(wrong_type(name, "a whole number", other)),
    }
}

fn required_object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<&'a Map<String, Value>, Refusal> {
    optional_object(fields, name)?.ok_or_else(|| bad("field-missing", format!("{name} is missing")))
}

fn optional_object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(other) => Err(wrong_type(name, "an object", other)),
    }
}

fn bad(code: &'static str, reason: impl Into<String>) -> Refusal {
    Refusal {
        rule: None,
        ..Refusal::bad_request("C5", code, reason)
    }
}

fn uuid() -> Result<String, Refusal> {
    new_uuid().map_err(|_| {
        let reason = "the operating system returned no random bytes";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Refusal::other(status, "INTERNAL", "random", reason)
    })
}
