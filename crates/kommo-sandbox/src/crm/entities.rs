//! Leads, contacts, companies, tasks, sources, pipelines and templates: what clients of the CRM ask
//! for, kept with the fields that they sent. No rule of a field is checked; the real CRM checks
//! many.
//!
//! Every account has made-up contacts to page through, and one pipeline.

use serde_json::{Map, Value, json};

use crate::crm::bearer::Caller;
use crate::crm::call::{Call, administrators_only, bad_request, filters, hal, nothing, object};
use crate::crm::contacts::{made_up_contact, made_up_contacts};
use crate::crm::paging::{Collection, page};
use crate::reply::outcome::Outcome;
use crate::reply::problem::problem;
use crate::state::crm_book::{Entity, EntityKind};
use crate::state::platform_state::PlatformState;
use crate::wire::form_fields::form_field;

/// The most items of one write (source: limitations page).
const MOST_ITEMS: usize = 250;

/// Sources of one write, and of one integration.
const MOST_SOURCES_AT_ONCE: usize = 50;
const MOST_SOURCES: usize = 100;

/// Characters of a source's `external_id`.
const EXTERNAL_ID: usize = 36;

/// The pipeline that every account has.
const PIPELINE: u64 = 7001;

/// A collection, as it is called in paths and in `_embedded`.
#[derive(Clone, Copy)]
pub(crate) struct EntityPath {
    pub(crate) kind: EntityKind,
    pub(crate) path: &'static str,
    name: &'static str,
    /// Whether only administrators may.
    admin: bool,
}

pub(crate) const PATHS: [EntityPath; 7] = [
    path(EntityKind::Leads, "/api/v4/leads", "leads", false),
    path(EntityKind::Contacts, "/api/v4/contacts", "contacts", false),
    path(
        EntityKind::Companies,
        "/api/v4/companies",
        "companies",
        false,
    ),
    path(EntityKind::Tasks, "/api/v4/tasks", "tasks", false),
    path(EntityKind::Sources, "/api/v4/sources", "sources", true),
    path(
        EntityKind::Pipelines,
        "/api/v4/leads/pipelines",
        "pipelines",
        false,
    ),
    path(
        EntityKind::Templates,
        "/api/v4/chats/templates",
        "chat_templates",
        false,
    ),
];

const fn path(kind: EntityKind, path: &'static str, name: &'static str, admin: bool) -> EntityPath {
    EntityPath {
        kind,
        path,
        name,
        admin,
    }
}

impl EntityPath {
    fn admits(&self, caller: &Caller) -> Result<(), Outcome> {
        match self.admin {
            true => administrators_only(caller),
            false => Ok(()),
        }
    }

    /// The entity with this id, made up or kept.
    fn find(&self, state: &PlatformState, account: u64, id: u64) -> Option<Entity> {
        let kept = state.entities.get(self.kind, account, id);
        kept.cloned().or_else(|| match self.kind {
            EntityKind::Contacts => made_up_contact(state, account, id),
            EntityKind::Pipelines if id == PIPELINE => Some(usual_pipeline(account)),
            _ => None,
        })
    }

    fn view(&self, entity: &Entity, base: &str) -> Value {
        let mut fields = Map::new();
        fields.insert("id".into(), json!(entity.id));
        fields.extend(entity.fields.clone());
        fields.insert("account_id".into(), json!(entity.account_id));
        let href = format!("{base}{}/{}", self.path, entity.id);
        fields.insert("_links".into(), json!({"self": {"href": href}}));
        Value::Object(fields)
    }
}

/// `GET` of a collection: pages, `query`, and `filter[…]` by any field.
pub(crate) fn list(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    of: EntityPath,
) -> Result<Outcome, Outcome> {
    of.admits(caller)?;
    let account = caller.key.account;
    let base = call.link_base(state, account);
    let asked = form_field(call.query(), "query").unwrap_or_default();
    let filters = filters(call.query());
    let is_wanted = |entity: &Entity| {
        let has_text = asked.is_empty() || has_text(entity, &asked.to_lowercase());
        has_text && filters.iter().all(|filter| filter.admits(entity))
    };
    let narrowed = !asked.is_empty() || !filters.is_empty();
    let made_up = match of.kind {
        EntityKind::Contacts => made_up_contacts(state),
        EntityKind::Pipelines => 1,
        _ => 0,
    };
    let made_up_entity = |at: u64| match of.kind {
        EntityKind::Contacts => at + 30_000_001,
        _ => PIPELINE,
    };
    // A made-up contact that was changed is kept under its id, and comes among the made-up ones.
    let kept = state.entities.of(of.kind, account);
    let kept = kept.filter(|kept| (0..made_up).all(|at| made_up_entity(at) != kept.id));
    let kept: Vec<_> = kept.filter(|entity| is_wanted(entity)).collect();
    let found: Vec<u64> = match narrowed {
        true => (0..made_up)
            .filter(|at| {
                let entity = of.find(state, account, made_up_entity(*at));
                entity.is_some_and(|entity| is_wanted(&entity))
            })
            .collect(),
        false => Vec::new(),
    };
    let first = match narrowed {
        true => u64::try_from(found.len()).unwrap_or(u64::MAX),
        false => made_up,
    };
    let entry = |at: u64| {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let kept = at.checked_sub(first).and_then(|at| kept.get(place(at)));
        if let Some(entity) = kept {
            return of.view(entity, &base);
        }
        let at = found.get(place(at)).copied().unwrap_or(at);
        let entity = of.find(state, account, made_up_entity(at));
        entity.map_or(Value::Null, |entity| of.view(&entity, &base))
    };
    let collection = Collection {
        name: of.name,
        total: first.saturating_add(u64::try_from(kept.len()).unwrap_or(u64::MAX)),
        entry: &entry,
    };
    page(state, call, caller, &collection)
}

fn has_text(entity: &Entity, asked: &str) -> bool {
    let fields = Value::Object(entity.fields.clone());
    fields.to_string().to_lowercase().contains(asked)
}

/// `GET` of one; 204 for one that is not there.
pub(crate) fn get(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    of: EntityPath,
    id: u64,
) -> Result<Outcome, Outcome> {
    of.admits(caller)?;
    let account = caller.key.account;
    let Some(entity) = of.find(state, account, id) else {
        let reason = "there is no such entity";
        return Ok(Outcome::accepted("entity-unknown", reason, nothing()));
    };
    let view = of.view(&entity, &call.link_base(state, account));
    let reason = "the entity was returned";
    Ok(Outcome::accepted("entity-told", reason, hal(200, &view)))
}

/// `POST` to a collection: what was sent is kept. The answer names ids, or has the whole of
/// sources, pipelines and templates.
pub(crate) fn add(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    of: EntityPath,
) -> Result<Outcome, Outcome> {
    of.admits(caller)?;
    let items = items(call)?;
    if of.kind == EntityKind::Sources {
        check_sources(state, caller, &items)?;
    }
    let account = caller.key.account;
    let base = call.link_base(state, account);
    let whole = !matches!(
        of.kind,
        EntityKind::Leads | EntityKind::Contacts | EntityKind::Companies | EntityKind::Tasks
    );
    let first = state.entities.next_id(of.kind);
    let mut answers = Vec::new();
    for (id, (at, item)) in (first..).zip(items.iter().enumerate()) {
        let entity = new_entity(of.kind, id, item, call, caller);
        let mut answer = match whole {
            true => object(of.view(&entity, &base)),
            false => {
                let href = format!("{base}{}/{id}", of.path);
                object(json!({"id": id, "_links": {"self": {"href": href}}}))
            }
        };
        let request_id = item.get("request_id").and_then(Value::as_str);
        let request_id = request_id.map_or_else(|| at.to_string(), str::to_owned);
        answer.insert("request_id".into(), Value::from(request_id));
        answers.push(Value::Object(answer));
        if call.commit {
            state.entities.put(of.kind, entity);
        }
    }
    let reason = format!("{} {} were created", answers.len(), of.name);
    let body = json!({
        "_links": {"self": {"href": format!("{base}{}", of.path)}},
        "_embedded": {of.name: answers},
    });
    Ok(Outcome::accepted(
        "entities-created",
        reason,
        hal(200, &body),
    ))
}

/// `PATCH` of one, or of those that an array names by `id`: the fields that are given replace those
/// that were there.
pub(crate) fn change(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    of: EntityPath,
    id: Option<u64>,
) -> Result<Outcome, Outcome> {
    of.admits(caller)?;
    let account = caller.key.account;
    let items = match id {
        None => items(call)?,
        Some(id) => {
            let Ok(Value::Object(mut fields)) = serde_json::from_slice(call.request.body()) else {
                return Err(bad_request("body-wrong", "the body is a JSON object"));
            };
            fields.insert("id".into(), json!(id));
            vec![fields]
        }
    };
    let base = call.link_base(state, account);
    let (mut changed, mut answers) = (Vec::new(), Vec::new());
    for mut item in items {
        let id = item.remove("id").and_then(|id| id.as_u64()).unwrap_or(0);
        let Some(mut entity) = of.find(state, account, id) else {
            let answer = problem(404, "Not Found", "Requested entity not found");
            let reason = format!("there is no {} {id}", of.name);
            return Err(Outcome::refused("entity-unknown", reason, answer));
        };
        item.remove("account_id");
        item.remove("request_id");
        entity.fields.extend(item);
        entity.fields.insert("updated_at".into(), json!(call.now));
        let href = format!("{base}{}/{id}", of.path);
        answers.push(json!({"id": id, "updated_at": call.now, "_links": {"self": {"href": href}}}));
        changed.push(entity);
    }
    if call.commit {
        for entity in changed {
            state.entities.put(of.kind, entity);
        }
    }
    let body = match (id, answers.as_slice()) {
        (Some(_), [one]) => one.clone(),
        _ => json!({"_embedded": {of.name: answers}}),
    };
    let reason = "the fields were changed";
    Ok(Outcome::accepted(
        "entities-changed",
        reason,
        hal(200, &body),
    ))
}

/// `DELETE` of sources and templates: of one, or of those that an array names by `id`.
pub(crate) fn remove(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    of: EntityPath,
    id: Option<u64>,
) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let account = caller.key.account;
    let ids: Vec<u64> = match id {
        Some(id) => vec![id],
        None => {
            let items = items(call)?;
            let ids = items
                .iter()
                .map(|item| item.get("id").and_then(Value::as_u64));
            ids.map(Option::unwrap_or_default).collect()
        }
    };
    if ids
        .iter()
        .any(|id| state.entities.get(of.kind, account, *id).is_none())
    {
        let answer = problem(404, "Not Found", "Requested entity not found");
        let reason = "there is no such entity";
        return Err(Outcome::refused("entity-unknown", reason, answer));
    }
    for id in ids.iter().filter(|_| call.commit) {
        state.entities.remove(of.kind, account, *id);
    }
    let reason = "the entities are removed";
    Ok(Outcome::accepted("entities-removed", reason, nothing()))
}

/// The objects of the array in the body.
pub(crate) fn items(call: &Call<'_>) -> Result<Vec<Map<String, Value>>, Outcome> {
    let wrong = || bad_request("body-wrong", "the body is a JSON array of objects");
    let Ok(items) = serde_json::from_slice::<Vec<Map<String, Value>>>(call.request.body()) else {
        return Err(wrong());
    };
    if items.is_empty() {
        return Err(wrong());
    }
    if items.len() > MOST_ITEMS {
        let reason = "a write has at most 250 items";
        let answer = problem(422, "Unprocessable Entity", reason);
        return Err(Outcome::refused("too-many-items", reason, answer).by_rule("L7"));
    }
    Ok(items)
}

/// What was sent, with what the CRM adds.
pub(crate) fn new_entity(
    kind: EntityKind,
    id: u64,
    item: &Map<String, Value>,
    call: &Call<'_>,
    caller: &Caller,
) -> Entity {
    let mut fields = object(match kind {
        EntityKind::Leads => json!({
            "name": format!("Lead #{id}"), "price": 0, "status_id": 7102, "pipeline_id": PIPELINE,
            "loss_reason_id": null, "is_deleted": false,
        }),
        EntityKind::Tasks => json!({"is_completed": false, "task_type_id": 1}),
        EntityKind::Sources => {
            json!({"pipeline_id": PIPELINE, "default": false, "origin_code": null, "services": []})
        }
        EntityKind::Templates => json!({"type": "amocrm", "is_editable": true, "buttons": []}),
        EntityKind::Pipelines => json!({"is_main": false, "is_archive": false}),
        EntityKind::Contacts | EntityKind::Companies => json!({"name": ""}),
    });
    if !matches!(kind, EntityKind::Sources | EntityKind::Pipelines) {
        let (user, now) = (caller.user, call.now);
        fields.extend(object(json!({
            "responsible_user_id": user, "created_by": user, "updated_by": user,
            "created_at": now, "updated_at": now,
        })));
    }
    fields.extend(item.clone());
    for own in ["id", "account_id", "request_id", "_links"] {
        fields.remove(own);
    }
    Entity {
        id,
        account_id: caller.key.account,
        fields,
    }
}

/// Source: page of sources.
fn check_sources(
    state: &PlatformState,
    caller: &Caller,
    items: &[Map<String, Value>],
) -> Result<(), Outcome> {
    let there = state.entities.of(EntityKind::Sources, caller.key.account);
    if items.len() > MOST_SOURCES_AT_ONCE || there.count() + items.len() > MOST_SOURCES {
        let reason = "a write has at most 50 sources, and an integration 100";
        return Err(bad_request("too-many-items", reason));
    }
    for item in items {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let external_id = text("external_id");
        if text("name").is_empty() || external_id.is_empty() {
            return Err(bad_request(
                "field-missing",
                "name and external_id are needed",
            ));
        }
        let printable = external_id
            .bytes()
            .all(|byte| (b' '..=b'~').contains(&byte));
        if external_id.len() > EXTERNAL_ID || !printable {
            let reason = "external_id has at most 36 printable ASCII characters";
            return Err(bad_request("field-value", reason));
        }
    }
    Ok(())
}

fn usual_pipeline(account: u64) -> Entity {
    let status = |id: u64, name: &str, sort: u64, kind: u64| {
        json!({
            "id": id, "name": name, "sort": sort, "is_editable": id > 143, "pipeline_id": PIPELINE,
            "color": "#99ccff", "type": kind, "account_id": account,
        })
    };
    let statuses = [
        status(7101, "Incoming leads", 10, 1),
        status(7102, "Initial contact", 20, 0),
        status(7103, "Negotiation", 30, 0),
        status(142, "Closed - won", 10_000, 0),
        status(143, "Closed - lost", 11_000, 0),
    ];
    Entity {
        id: PIPELINE,
        account_id: account,
        fields: object(json!({
            "name": "Pipeline", "sort": 1, "is_main": true, "is_unsorted_on": true,
            "is_archive": false, "_embedded": {"statuses": statuses},
        })),
    }
}
