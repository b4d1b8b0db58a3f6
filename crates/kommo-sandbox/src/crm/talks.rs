//! The conversations of the account: the list of 2026, closing one, and the add-on that writes into
//! and reads conversations of other integrations' channels.
//!
//! Source: pages of talks, of the list of conversations and of the Chats API add-on.

use serde_json::{Map, Value, json};

use crate::config::account::Account;
use crate::crm::bearer::Caller;
use crate::crm::call::{Call, Sent, bad_request, filter_values, hal};
use crate::crm::paging::{Collection, page};
use crate::reply::outcome::Outcome;
use crate::reply::problem::{problem, status_of};
use crate::reply::response::{empty, with_json};
use crate::secrets::random_text::{as_uuid, random_hex};
use crate::state::chat_book::{ChatMessage, MessageDirection, Talk};
use crate::state::platform_state::PlatformState;

/// What own channels are called in `origin`.
const ORIGIN: &str = "amo.ext.sandbox";

/// `GET /api/v4/talks`: newest first.
pub(crate) fn list(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    let query = call.query();
    let numbers = |name: &str| -> Vec<u64> {
        let values = filter_values(query, name).into_iter();
        values.filter_map(|value| value.parse().ok()).collect()
    };
    let (talks, contacts) = (numbers("talk_id"), numbers("contact_id"));
    let open_only = !filter_values(query, "only_in_work").is_empty();
    // No talk of the sandbox has a lead or a customer.
    let by_entity = !filter_values(query, "entity_id").is_empty();
    let account = account(state, caller)?;
    let wanted: Vec<_> = state
        .chats
        .talks(&account.amojo_id)
        .filter(|talk| talks.is_empty() || talks.contains(&talk.talk_id))
        .filter(|talk| {
            let linked = talk.contact_id.is_some_and(|id| contacts.contains(&id));
            contacts.is_empty() || linked
        })
        .filter(|talk| !(by_entity || open_only && talk.closed))
        .collect();
    let base = call.link_base(state, account.id);
    let entry = |at: u64| {
        let talk = usize::try_from(at).ok().and_then(|at| wanted.get(at));
        talk.map_or(Value::Null, |talk| talk_json(talk, account.id, &base))
    };
    let collection = Collection {
        name: "talks",
        total: u64::try_from(wanted.len()).unwrap_or(u64::MAX),
        entry: &entry,
    };
    page(state, call, caller, &collection)
}

/// `GET /api/v4/talks/{id}`.
pub(crate) fn get(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    id: u64,
) -> Result<Outcome, Outcome> {
    let (account, talk) = find(state, caller, id)?;
    let talk = talk_json(talk, account.id, &call.link_base(state, account.id));
    let reason = "the conversation was returned";
    Ok(Outcome::accepted("talk-told", reason, hal(200, &talk)))
}

/// `POST /api/v4/talks/{id}/close`.
pub(crate) fn close(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    id: u64,
) -> Result<Outcome, Outcome> {
    let (_, talk) = find(state, caller, id)?;
    if talk.closed {
        return Err(closed());
    }
    if call.commit {
        state.chats.close(id, call.now);
    }
    let reason = "the conversation is closed";
    let answer = empty(status_of(202));
    Ok(Outcome::accepted("talk-closed", reason, answer))
}

/// `POST /api/v4/talks/{id}/send_message`: 202 with the id of a message, in the channel's name.
pub(crate) fn send(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    id: u64,
) -> Result<Outcome, Outcome> {
    needs_scope(state, caller, "send_external_messages")?;
    let Ok(Value::Object(fields)) = serde_json::from_slice(call.request.body()) else {
        return Err(bad_request("body-wrong", "the body is a JSON object"));
    };
    let text = fields
        .get("text")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let attachment = fields.get("attachment").filter(|value| value.is_object());
    if text.is_empty() && attachment.is_none() {
        return Err(bad_request("field-missing", "text or attachment is needed"));
    }
    let (account, talk) = find(state, caller, id)?;
    if talk.closed {
        return Err(closed());
    }
    let random = || {
        let answer = problem(500, "Internal Server Error", "No random bytes");
        let reason = "the operating system returned no random bytes";
        Outcome::refused("random", reason, answer)
    };
    let message_id = as_uuid(&random_hex::<16>().map_err(|_| random())?);
    let kind = attachment.map_or("text", |file| {
        file.get("type").and_then(Value::as_str).unwrap_or("file")
    });
    let message = ChatMessage {
        number: 0,
        account_id: account.amojo_id.clone(),
        conversation_id: talk.conversation.id.clone(),
        conversation_client_id: talk.conversation.client_id.clone(),
        direction: MessageDirection::Out,
        sender_id: state.names.channel_bot_id.clone(),
        sender_name: state.names.channel_title.clone(),
        id: message_id.clone(),
        msgid: None,
        kind: kind.to_owned(),
        text: text.to_owned(),
        fields: Map::new(),
        written_at_ms: call.now.saturating_mul(1000),
        at: call.now,
        edited: false,
        status: None,
        reactions: Vec::new(),
    };
    if call.commit {
        let sent = Sent {
            account: account.clone(),
            customer: talk.conversation.customer.clone(),
            message: message.clone(),
        };
        state.chats.push(message);
        call.sent.set(Some(Box::new(sent)));
    }
    let answer = with_json(status_of(202), &json!({ "id": message_id }));
    let reason = "the message is on its way";
    Ok(Outcome::accepted("message-sent", reason, answer))
}

/// `GET /api/v4/talks/{id}/messages`: newest first, which is a choice.
pub(crate) fn messages(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    id: u64,
) -> Result<Outcome, Outcome> {
    needs_scope(state, caller, "list_external_messages")?;
    let (_, talk) = find(state, caller, id)?;
    let chat = &talk.conversation.id;
    let bound = |name: &str, usual| {
        let value = filter_values(call.query(), name).pop();
        value.and_then(|value| value.parse().ok()).unwrap_or(usual)
    };
    let times = bound("created_at][from", 0)..=bound("created_at][to", u64::MAX);
    let all = state.chats.history(chat, 0, usize::MAX);
    let wanted: Vec<_> = all
        .into_iter()
        .filter(|message| times.contains(&message.at))
        .collect();
    let entry = |at: u64| {
        let message = usize::try_from(at).ok().and_then(|at| wanted.get(at));
        message.map_or(Value::Null, |message| message_json(message, talk, state))
    };
    let collection = Collection {
        name: "messages",
        total: u64::try_from(wanted.len()).unwrap_or(u64::MAX),
        entry: &entry,
    };
    page(state, call, caller, &collection)
}

fn account<'a>(state: &'a PlatformState, caller: &Caller) -> Result<&'a Account, Outcome> {
    let account = state.account(caller.key.account);
    account.ok_or_else(|| bad_request("account-unknown", "the account is gone"))
}

fn find<'a>(
    state: &'a PlatformState,
    caller: &Caller,
    id: u64,
) -> Result<(&'a Account, &'a Talk), Outcome> {
    let account = account(state, caller)?;
    let talk = state.chats.talk_numbered(&account.amojo_id, id);
    let talk = talk.ok_or_else(|| {
        let answer = problem(404, "Not Found", "Requested entity not found");
        Outcome::refused("talk-unknown", "there is no such conversation", answer)
    })?;
    Ok((account, talk))
}

fn closed() -> Outcome {
    let answer = problem(422, "Unprocessable Entity", "Talk is closed");
    Outcome::refused("talk-closed", "the conversation is closed", answer)
}

fn needs_scope(state: &PlatformState, caller: &Caller, scope: &str) -> Result<(), Outcome> {
    if state
        .grants
        .scopes(caller.access)
        .iter()
        .any(|own| own == scope)
    {
        return Ok(());
    }
    let answer = problem(403, "Forbidden", "Invalid scope");
    let reason = format!("the token lacks the scope {scope}; the integration's settings give it");
    Err(Outcome::refused("scope-missing", reason, answer))
}

fn talk_json(talk: &Talk, account: u64, base: &str) -> Value {
    let id = talk.talk_id;
    let contacts: Vec<_> = talk
        .contact_id
        .iter()
        .map(|id| json!({ "id": id }))
        .collect();
    json!({
        "talk_id": id,
        "created_at": talk.created_at,
        "updated_at": talk.updated_at,
        "rate": 0,
        "contact_id": talk.contact_id,
        "chat_id": talk.conversation.id,
        "entity_id": null,
        "entity_type": null,
        "status": if talk.closed { "closed" } else { "in_work" },
        "is_in_work": !talk.closed,
        "is_read": talk.closed,
        "origin": ORIGIN,
        "source_id": null,
        "account_id": account,
        "_links": {"self": {"href": format!("{base}/api/v4/talks/{id}")}},
        "_embedded": {"contacts": contacts, "leads": [], "customers": []},
    })
}

fn message_json(message: &ChatMessage, talk: &Talk, state: &PlatformState) -> Value {
    let customer = &talk.conversation.customer;
    let avatar = customer.avatar.as_deref().unwrap_or_default();
    let client =
        json!({"id": customer.id, "type": "external", "name": customer.name, "avatar_url": avatar});
    let users = state.accounts.iter().flat_map(|account| &account.users);
    let user = users
        .clone()
        .find(|user| user.amojo_id.as_ref() == Some(&message.sender_id));
    let own = match user {
        Some(user) => {
            json!({"id": message.sender_id, "type": "internal", "name": message.sender_name, "avatar_url": "", "user_id": user.id})
        }
        None => {
            json!({"id": message.sender_id, "type": "bot", "name": message.sender_name, "avatar_url": ""})
        }
    };
    let nobody = json!({"id": "", "type": null, "name": "", "avatar_url": ""});
    let (direction, author, recipient) = match message.direction {
        MessageDirection::In => ("incoming", client, nobody),
        MessageDirection::Out => ("outgoing", own, client),
    };
    let status = match message.status.as_ref().map(|status| status.status_code) {
        Some(1 | 2) => "delivered",
        Some(-1) => "error",
        _ => "sent",
    };
    let mut entry = json!({
        "id": message.id,
        "chat_id": message.conversation_id,
        "type": direction,
        "message_type": message.kind,
        "author": author,
        "recipient": recipient,
        "text": message.text,
        "created_at": message.at,
        "origin": ORIGIN,
        "delivery_status": status,
    });
    if let (Some(link), Some(fields)) = (message.fields.get("media"), entry.as_object_mut()) {
        let name = message.fields.get("file_name");
        let file = json!({"type": message.kind, "link": link, "file_name": name});
        fields.insert("attachment".into(), file);
    }
    entry
}
