//! What the CRM API shows of people in chats: the users with their amojo ids, and the links of
//! chats and contacts.
//!
//! Source: pages of users and contacts.

use serde_json::{Value, json};

use crate::config::account::User;
use crate::crm::bearer::Caller;
use crate::crm::call::{Call, administrators_only, bad_request, hal, nothing};
use crate::crm::contacts::has_contact;
use crate::crm::paging::{Collection, page};
use crate::reply::outcome::Outcome;
use crate::state::platform_state::PlatformState;
use crate::wire::form_fields::form_field;

/// `GET /api/v4/users`: for administrators.
pub(crate) fn users(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let account = state.account(caller.key.account);
    let users = account
        .map(|account| account.users.clone())
        .unwrap_or_default();
    let entry = |at: u64| {
        let user = usize::try_from(at).ok().and_then(|at| users.get(at));
        user.map_or(Value::Null, |user| user_json(user, call))
    };
    let collection = Collection {
        name: "users",
        total: u64::try_from(users.len()).unwrap_or(u64::MAX),
        entry: &entry,
    };
    page(state, call, caller, &collection)
}

/// `GET /api/v4/users/{id}`: for administrators; 204 for one who is not there.
pub(crate) fn user(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    id: u64,
) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let account = state.account(caller.key.account);
    Ok(match account.and_then(|account| account.user(id)) {
        Some(user) => {
            let answer = hal(200, &user_json(user, call));
            Outcome::accepted("user-told", "the user was returned", answer)
        }
        None => Outcome::accepted("user-unknown", "there is no such user", nothing()),
    })
}

fn user_json(user: &User, call: &Call<'_>) -> Value {
    let with = form_field(call.query(), "with").unwrap_or_default();
    let mut entry = json!({
        "id": user.id,
        "name": user.name,
        "email": user.login,
        "lang": "en",
        "rights": {"is_admin": user.admin, "is_active": true},
    });
    let wants_amojo_id = with.split(',').any(|part| part.trim() == "amojo_id");
    if let (true, Some(fields)) = (wants_amojo_id, entry.as_object_mut()) {
        fields.insert("amojo_id".into(), json!(user.amojo_id));
    }
    entry
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
        let contact = contact.filter(|id| has_contact(state, caller.key.account, *id));
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
            state.chats.link(&chat, contact);
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
    let links = state.chats.talks(amojo_id).filter_map(|talk| {
        let chat = talk.conversation.id.as_str();
        Some((chat, talk.contact_id?))
    });
    let found: Vec<_> = links
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
