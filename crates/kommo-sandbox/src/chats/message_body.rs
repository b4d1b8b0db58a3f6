//! The body of a message from the integration, new or edited, strictly typed.
//!
//! Source: Chats API reference, message page; "What real clients send" for what is admitted.
//! Choices: a `msgid` that was taken already, and an edit of a message that is not there, are 400
//! (no source names the status); files are not looked at.

use serde_json::{Map, Value, json};

use crate::chats::connect_body::object;
use crate::chats::fields::{
    bad, check_source, given, missing, required, required_number, required_object, uuid,
};
use crate::chats::message_content::{Content, Occasion, check_quotes, content_of};
use crate::chats::people::People;
use crate::chats::refusal::Refusal;
use crate::chats::scoped::{Answer, Scoped};
use crate::config::account::Account;
use crate::state::chat_book::{
    ChatBook, ChatMessage, Conversation, Customer, Edit, MessageDirection, Update,
};
use crate::state::connection::ChannelView;

/// A message that the platform takes.
pub(crate) struct NewMessage {
    pub(crate) account: Account,
    /// As it is from now on.
    pub(crate) conversation: Conversation,
    people: People,
    content: Content,
    id: String,
    msgid: String,
    written_at_ms: u64,
}

impl NewMessage {
    /// The answer: the platform's ids, and `ref_id`, which is the integration's.
    pub(crate) fn answer(&self) -> Value {
        answer(
            &self.conversation.id,
            &self.people.sender_id,
            self.people.receiver_id.as_deref(),
            &self.id,
            Some(&self.msgid),
        )
    }

    /// The message as it is kept.
    pub(crate) fn kept(self, now: u64) -> ChatMessage {
        ChatMessage {
            number: 0,
            account_id: self.account.amojo_id,
            conversation_id: self.conversation.id,
            conversation_client_id: self.conversation.client_id,
            direction: self.people.direction,
            sender_id: self.people.sender_id,
            sender_name: self.people.sender_name,
            id: self.id,
            msgid: Some(self.msgid),
            kind: self.content.kind,
            text: self.content.text,
            fields: self.content.fields,
            written_at_ms: self.written_at_ms,
            at: now,
            edited: false,
            status: self.content.status,
            reactions: Vec::new(),
        }
    }
}

fn answer(
    conversation_id: &str,
    sender_id: &str,
    receiver_id: Option<&str>,
    id: &str,
    msgid: Option<&str>,
) -> Value {
    let mut answer = json!({
        "conversation_id": conversation_id,
        "sender_id": sender_id,
        "msgid": id,
        "ref_id": msgid,
    });
    if let (Some(fields), Some(receiver)) = (answer.as_object_mut(), receiver_id) {
        fields.insert("receiver_id".into(), Value::from(receiver));
    }
    json!({ "new_message": answer })
}

/// A message that is new, or one that changes.
pub(crate) enum Message {
    New(Box<NewMessage>),
    Edited(Box<Scoped>),
}

/// The message that the body asks for.
pub(crate) fn read_message(
    body: &[u8],
    account: &Account,
    channel: ChannelView<'_>,
    chats: &ChatBook,
) -> Result<Message, Refusal> {
    let fields = object(body, "C5")?;
    let event_type = required(&fields, "event_type")?;
    let payload = match event_type {
        "new_message" | "edit_message" => required_object(&fields, "payload")?,
        _ => {
            let reason = "event_type is neither new_message nor edit_message";
            return Err(bad("field-value", reason));
        }
    };
    match event_type {
        "new_message" => {
            let message = new_message(payload, account, channel, chats)?;
            Ok(Message::New(Box::new(message)))
        }
        _ => edited(payload, account, chats).map(|scoped| Message::Edited(Box::new(scoped))),
    }
}

fn new_message(
    payload: &Map<String, Value>,
    account: &Account,
    channel: ChannelView<'_>,
    chats: &ChatBook,
) -> Result<NewMessage, Refusal> {
    required_number(payload, "timestamp")?;
    let written_at_ms = required_number(payload, "msec_timestamp")?;
    let msgid = required(payload, "msgid")?;
    if chats.has_msgid(&account.amojo_id, msgid) {
        return Err(bad("msgid-taken", "msgid: a message has this id already"));
    }
    let content = content_of(required_object(payload, "message")?, Occasion::New)?;
    check_source(payload)?;
    let people = People::read(payload, account, channel.bot_id, chats)?;
    let conversation = conversation_of(payload, account, &people.customer, chats)?;
    check_quotes(payload, &conversation.id, account, chats)?;
    Ok(NewMessage {
        account: account.clone(),
        conversation,
        people,
        content,
        id: uuid()?,
        msgid: msgid.to_owned(),
        written_at_ms,
    })
}

/// `conversation_ref_id` finds a conversation that a manager began, and the integration's id
/// becomes its name; an unknown integration's id begins one.
fn conversation_of(
    payload: &Map<String, Value>,
    account: &Account,
    customer: &Customer,
    chats: &ChatBook,
) -> Result<Conversation, Refusal> {
    let client_id = given(payload, "conversation_id")?;
    let ref_id = given(payload, "conversation_ref_id")?;
    let Some(wanted) = ref_id.or(client_id) else {
        return Err(missing("conversation_id"));
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

/// With both ids, the integration's becomes the new one of that message.
fn edited(
    payload: &Map<String, Value>,
    account: &Account,
    chats: &ChatBook,
) -> Result<Scoped, Refusal> {
    required_number(payload, "timestamp")?;
    required_number(payload, "msec_timestamp")?;
    let account_id = &account.amojo_id;
    let (id, msgid) = (given(payload, "id")?, given(payload, "msgid")?);
    let message = match (id, msgid) {
        (Some(id), _) => chats.message_with_id(account_id, id),
        (None, Some(msgid)) => chats.message_named(account_id, msgid),
        (None, None) => return Err(missing("msgid")),
    };
    let unknown = || bad("message-unknown", "message not found");
    let message = message.ok_or_else(unknown)?;
    let conversation = given(payload, "conversation_ref_id")?
        .map(|id| chats.with_id(account_id, id))
        .or(given(payload, "conversation_id")?.map(|id| chats.find(account_id, id)))
        .ok_or_else(|| missing("conversation_id"))?;
    let conversation = conversation
        .filter(|conversation| conversation.id == message.conversation_id)
        .ok_or_else(|| {
            bad(
                "conversation-unknown",
                "the message is not in this conversation",
            )
        })?;
    let content = content_of(required_object(payload, "message")?, Occasion::Edit)?;
    let receiver = match message.direction {
        MessageDirection::In => None,
        MessageDirection::Out => Some(conversation.customer.id.as_str()),
    };
    let named = msgid.or(message.msgid.as_deref());
    Ok(Scoped {
        code: "message-edited",
        reason: "the message is changed",
        answer: Answer::Json(answer(
            &conversation.id,
            &message.sender_id,
            receiver,
            &message.id,
            named,
        )),
        update: Some(Update::Edit {
            number: message.number,
            edit: Edit {
                kind: content.kind,
                text: content.text,
                fields: content.fields,
                msgid: id.and(msgid).map(str::to_owned),
                status: content.status,
            },
        }),
    })
}
