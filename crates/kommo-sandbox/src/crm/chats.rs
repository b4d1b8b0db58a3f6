//! What the CRM API shows of chats: the users with their amojo ids, the links of chats and
//! contacts, the sources of the integration (none), and the conversations.
//!
//! Source: pages of users, contacts, sources and talks.

use serde_json::{Value, json};

use crate::crm::bearer::Caller;
use crate::crm::call::{Call, administrators_only, bad_request, hal, nothing};
use crate::crm::contacts::has_contact;
use crate::crm::paging::{Collection, page};
use crate::reply::outcome::Outcome;
use crate::reply::problem::problem;
use crate::state::platform_state::PlatformState;
use crate::wire::form_fields::form_field;

/// `GET /api/v4/users`: for administrators.
pub(crate) fn users(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let with = form_field(call.query(), "with").unwrap_or_default();
    let wants_amojo_id = with.split(',').any(|part| part.trim() == "amojo_id");
    let account = state.account(caller.key.account);
    let users = account
        .map(|account| account.users.clone())
        .unwrap_or_default();
    let entry = |at: u64| {
        let user = usize::try_from(at).ok().and_then(|at| users.get(at));
        let Some(user) = user else {
            return Value::Null;
        };
        let mut entry = json!({
            "id": user.id,
            "name": user.name,
            "email": user.login,
            "lang": "en",
            "rights": {"is_admin": user.admin, "is_active": true},
        });
        if let (true, Some(fields)) = (wants_amojo_id, entry.as_object_mut()) {
            fields.insert("amojo_id".into(), json!(user.amojo_id));
        }
        entry
    };
    let collection = Collection {
        name: "users",
        total: u64::try_from(users.len()).unwrap_or(u64::MAX),
        entry: &entry,
    };
    page(state, call, caller, &collection)
}

/// `POST /api/v4/contacts/chats`. A chat belongs to one contact; linking it again replaces that.
pub(crate) fn link(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let Ok(Value::Array(items)) = serde_json::from_slice(call.request.body()) else {
        return Err(bad_request(
            "body-wrong",
            "the body is a JSON array of links",
        ));
    };
    let account = state.account(caller.key.account);
    let amojo_id = account
        .map(|account| account.amojo_id.clone())
        .unwrap_or_default();
    let mut links = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let contact = item.get("contact_id").and_then(Value::as_u64);
        let contact = contact.filter(|id| has_contact(state, *id));
        let contact = contact.ok_or_else(|| {
            bad_request("contact-unknown", "contact_id: there is no such contact")
        })?;
        let chat = item
            .get("chat_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if state.chats.with_id(&amojo_id, chat).is_none() {
            return Err(bad_request(
                "chat-unknown",
                "chat_id: there is no such chat",
            ));
        }
        let request_id = item.get("request_id").and_then(Value::as_str);
        let request_id = request_id.map_or_else(|| at.to_string(), str::to_owned);
        links.push((chat.to_owned(), contact, request_id));
    }
    let chats: Vec<_> = links
        .iter()
        .map(|(chat, contact, request_id)| {
            json!({"chat_id": chat, "contact_id": contact, "id": link_id(*contact), "request_id": request_id})
        })
        .collect();
    if call.commit {
        for (chat, contact, _) in links {
            state.chats.link(chat, contact);
        }
    }
    let body = json!({"_total_items": chats.len(), "_embedded": {"chats": chats}});
    let reason = "the chats are linked with their contacts";
    Ok(Outcome::accepted("chats-linked", reason, hal(200, &body)))
}

/// `GET /api/v4/contacts/chats`, by `chat_id[]` or `contact_id[]`.
pub(crate) fn links(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let values = |wanted: &str| -> Vec<String> {
        form_urlencoded::parse(call.query().as_bytes())
            .filter(|(name, _)| name.split('[').next() == Some(wanted))
            .map(|(_, value)| value.into_owned())
            .collect()
    };
    let (chats, contacts) = (values("chat_id"), values("contact_id"));
    let account = state.account(caller.key.account);
    let amojo_id = account.map_or("", |account| account.amojo_id.as_str());
    let found: Vec<_> = state
        .chats
        .links()
        .filter(|(chat, _)| state.chats.with_id(amojo_id, chat).is_some())
        .filter(|(chat, contact)| {
            chats.iter().any(|wanted| wanted == chat)
                || contacts.iter().any(|wanted| *wanted == contact.to_string())
        })
        .map(|(chat, contact)| {
            json!({"chat_id": chat, "contact_id": contact, "id": link_id(contact)})
        })
        .collect();
    if found.is_empty() {
        let reason = "no chat is linked there";
        return Ok(Outcome::accepted("page-empty", reason, nothing()));
    }
    let body = json!({"_total_items": found.len(), "_embedded": {"chats": found}});
    Ok(Outcome::accepted(
        "links-told",
        "the links were returned",
        hal(200, &body),
    ))
}

const fn link_id(contact: u64) -> u64 {
    contact + 20_000_000
}

/// `GET /api/v4/sources`: the integration has none.
pub(crate) fn sources(caller: &Caller) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let reason = "the integration has no sources";
    Ok(Outcome::accepted("page-empty", reason, nothing()))
}

/// `GET /api/v4/talks`: newest first.
pub(crate) fn talks(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    let contacts: Vec<_> = form_urlencoded::parse(call.query().as_bytes())
        .filter(|(name, _)| name.starts_with("filter[contact_id]"))
        .filter_map(|(_, value)| value.parse::<u64>().ok())
        .collect();
    let all = talks_of(state, caller);
    let wanted: Vec<_> = all
        .into_iter()
        .filter(|talk| {
            let contact = talk.get("contact_id").and_then(Value::as_u64);
            contacts.is_empty() || contact.is_some_and(|id| contacts.contains(&id))
        })
        .collect();
    let entry = |at: u64| {
        let talk = usize::try_from(at).ok().and_then(|at| wanted.get(at));
        talk.cloned().unwrap_or_default()
    };
    let collection = Collection {
        name: "talks",
        total: u64::try_from(wanted.len()).unwrap_or(u64::MAX),
        entry: &entry,
    };
    page(state, call, caller, &collection)
}

/// `GET /api/v4/talks/{id}`.
pub(crate) fn talk(state: &PlatformState, caller: &Caller, id: u64) -> Result<Outcome, Outcome> {
    let mut talks = talks_of(state, caller).into_iter();
    let talk = talks.find(|talk| talk.get("talk_id").and_then(Value::as_u64) == Some(id));
    talk.map(|talk| Outcome::accepted("talk-told", "the talk was returned", hal(200, &talk)))
        .ok_or_else(|| {
            let answer = problem(404, "Not Found", "Requested entity not found");
            Outcome::refused("talk-unknown", "there is no such talk", answer)
        })
}

fn talks_of(state: &PlatformState, caller: &Caller) -> Vec<Value> {
    let account = state.account(caller.key.account);
    let amojo_id = account.map_or("", |account| account.amojo_id.as_str());
    state
        .chats
        .talks(amojo_id)
        .map(|(talk_id, conversation, contact)| {
            json!({
                "talk_id": talk_id,
                "rate": 0,
                "contact_id": contact,
                "chat_id": conversation.id,
                "entity_id": null,
                "entity_type": null,
                "status": "in_work",
                "is_in_work": true,
                "is_read": false,
                "origin": "amo.ext.sandbox",
                "source_id": null,
                "account_id": caller.key.account,
            })
        })
        .collect()
}
