//! What belongs to a chat as a whole: create it, show that its customer writes, react, read it.

use serde_json::{Map, Value, json};

use crate::chats::connect_body::object;
use crate::chats::fields::{
    bad, check_source, given, missing, not_found, optional_number, required, required_object, uuid,
};
use crate::chats::people::{customer_of, is_author};
use crate::chats::refusal::Refusal;
use crate::chats::scoped::{Answer, Scoped};
use crate::config::account::Account;
use crate::state::chat_book::{
    ChatBook, ChatMessage, Conversation, Customer, MessageDirection, Update,
};
use crate::state::connection::ChannelView;

/// The most messages of a page of history, and as many as there are without `limit`.
const PAGE: u64 = 50;

/// A known conversation and a known customer stay what they are: the call can be repeated.
pub(crate) fn create_chat(
    body: &[u8],
    account: &Account,
    channel: ChannelView<'_>,
    chats: &ChatBook,
) -> Result<Scoped, Refusal> {
    let fields = object(body, "C5")?;
    let client_id = required(&fields, "conversation_id")?;
    check_source(&fields)?;
    let user = required_object(&fields, "user")?;
    // The amojo id alone was seen in a client; else the page demands both.
    if given(user, "ref_id")?.is_none() {
        required(user, "id")?;
        required(user, "name")?;
    }
    let customer = customer_of(user, "user", account, chats)?;
    let known = chats.named(&account.amojo_id, client_id);
    let id = known.map_or_else(uuid, |known| Ok(known.id.clone()))?;
    let answer = json!({ "id": id, "user": user_json(&customer, channel.nested_profile) });
    let (code, reason) = match known {
        Some(_) => ("chat-found", "the chat is there already"),
        None => (
            "chat-created",
            "the chat is created; it is invisible until it has a message",
        ),
    };
    Ok(Scoped {
        code,
        reason,
        answer: Answer::Json(answer),
        update: Some(Update::Conversation(Conversation {
            account_id: account.amojo_id.clone(),
            id,
            client_id: Some(client_id.to_owned()),
            customer,
        })),
    })
}

/// In the reference flat, with an empty text for a missing avatar; nested in the step-by-step page,
/// where the phone has no plus.
fn user_json(customer: &Customer, nested: bool) -> Value {
    let mut user = Map::new();
    let mut set = |name: &str, value: &str| user.insert(name.into(), Value::from(value));
    set("id", &customer.id);
    set("client_id", &customer.client_id);
    set("name", &customer.name);
    set("avatar", customer.avatar.as_deref().unwrap_or_default());
    let phone = customer.phone.as_deref();
    let phone = phone.map(|phone| match nested {
        true => phone.trim_start_matches('+'),
        false => phone,
    });
    let of_profile = [("phone", phone), ("email", customer.email.as_deref())];
    let there = of_profile
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))));
    match nested {
        true => {
            let profile: Map<_, _> = there.collect();
            user.insert("profile".into(), Value::Object(profile));
        }
        false => user.extend(there),
    }
    Value::Object(user)
}

pub(crate) fn typing(body: &[u8], account: &Account, chats: &ChatBook) -> Result<Scoped, Refusal> {
    let fields = object(body, "C5")?;
    let client_id = required(&fields, "conversation_id")?;
    required(required_object(&fields, "sender")?, "id")?;
    optional_number(&fields, "duration_ms")?;
    if chats.named(&account.amojo_id, client_id).is_none() {
        let reason = "conversation_id: conversation not found";
        return Err(bad("conversation-unknown", reason));
    }
    Ok(Scoped {
        code: "typing-shown",
        reason: "the manager sees that the customer is writing",
        answer: Answer::NoContent,
        update: None,
    })
}

pub(crate) fn react(
    body: &[u8],
    account: &Account,
    channel: ChannelView<'_>,
    chats: &ChatBook,
) -> Result<Scoped, Refusal> {
    let fields = object(body, "C5")?;
    let account_id = &account.amojo_id;
    let conversation = given(&fields, "conversation_ref_id")?
        .map(|id| chats.with_id(account_id, id))
        .or(given(&fields, "conversation_id")?.map(|id| chats.named(account_id, id)))
        .ok_or_else(|| missing("conversation_id"))?;
    let message = given(&fields, "id")?
        .map(|id| chats.message_with_id(account_id, id))
        .or(given(&fields, "msgid")?.map(|id| chats.message_named(account_id, id)))
        .ok_or_else(|| missing("msgid"))?;
    let emoji = match required(&fields, "type")? {
        "react" => Some(required(&fields, "emoji")?.to_owned()),
        "unreact" => None,
        _ => return Err(bad("field-value", "type is neither react nor unreact")),
    };
    let user = required_object(&fields, "user")?;
    let by = match (given(user, "ref_id")?, given(user, "id")?) {
        (Some(id), _) if is_author(id, account, channel.bot_id) => id,
        (Some(_), None) => return Err(bad("sender-unknown", "user: user not found")),
        (_, Some(id)) => id,
        (None, None) => return Err(missing("user.id")),
    };
    let message = message.filter(|message| {
        conversation.is_some_and(|conversation| conversation.id == message.conversation_id)
    });
    let unknown = || not_found("message-unknown", "no such message in this conversation");
    let number = message.ok_or_else(unknown)?.number;
    Ok(Scoped {
        code: "reaction-taken",
        reason: "the reaction is set, or taken back",
        answer: Answer::NoData,
        update: Some(Update::Reaction {
            number,
            by: by.to_owned(),
            emoji,
        }),
    })
}

/// 204 for a conversation that is not there, and for a page after the last.
pub(crate) fn history(
    query: Option<&str>,
    conversation_id: &str,
    account: &Account,
    chats: &ChatBook,
) -> Result<Scoped, Refusal> {
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let value = pairs
            .find(|(given, _)| given == name)
            .map(|(_, value)| value);
        let not_number = || bad("field-type", format!("{name} is not a whole number"));
        value
            .map(|value| value.parse::<u64>().map_err(|_| not_number()))
            .transpose()
    };
    let (offset, limit) = (parameter("offset")?.unwrap_or(0), parameter("limit")?);
    let limit = limit.unwrap_or(PAGE);
    if limit == 0 || limit > PAGE {
        return Err(bad("field-value", "limit is not 1 to 50"));
    }
    let (offset, limit) = (place(offset), place(limit));
    let conversation = chats.with_id(&account.amojo_id, conversation_id);
    let messages: Vec<_> = conversation
        .into_iter()
        .flat_map(|conversation| {
            let page = chats.history(&conversation.id, offset, limit);
            page.into_iter()
                .map(|message| entry(message, &conversation.customer, account))
        })
        .collect();
    let answer = match messages.is_empty() {
        true => Answer::NoContent,
        false => Answer::Json(json!({ "messages": messages })),
    };
    Ok(Scoped {
        code: "history-read",
        reason: "the messages, newest first",
        answer,
        update: None,
    })
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn entry(message: &ChatMessage, customer: &Customer, account: &Account) -> Value {
    let customer = user_json(customer, false);
    let user = account
        .users
        .iter()
        .find(|user| user.amojo_id.as_ref() == Some(&message.sender_id));
    let name = user.map_or(message.sender_name.as_str(), |user| user.name.as_str());
    let author = json!({ "id": message.sender_id, "name": name });
    let mut content = json!({
        "id": message.id,
        "type": message.kind,
        "text": message.text,
        "media": "",
        "thumbnail": "",
        "file_name": "",
        "file_size": 0,
    });
    let mut entry = json!({
        "timestamp": message.written_at_ms / 1000,
        "msec_timestamp": message.written_at_ms,
    });
    if let (Some(content), Some(entry)) = (content.as_object_mut(), entry.as_object_mut()) {
        content.extend(message.fields.clone());
        if let Some(msgid) = &message.msgid {
            content.insert("client_id".into(), Value::from(msgid.as_str()));
        }
        match message.direction {
            MessageDirection::In => entry.insert("sender".into(), customer),
            MessageDirection::Out => {
                entry.insert("sender".into(), author);
                entry.insert("receiver".into(), customer)
            }
        };
    }
    if let Some(entry) = entry.as_object_mut() {
        entry.insert("message".into(), content);
    }
    entry
}
