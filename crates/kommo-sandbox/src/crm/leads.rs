//! `POST /api/v4/leads`, a write that is not safe to repeat, and `POST /api/v4/leads/complex`,
//! which makes a lead with its contact and its company.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::crm::bearer::Caller;
use crate::crm::call::{Call, hal};
use crate::crm::entities::{EntityPath, add, items, new_entity};
use crate::reply::outcome::Outcome;
use crate::reply::response::gateway_page;
use crate::state::crm_book::EntityKind;
use crate::state::platform_state::PlatformState;

/// Leads are counted too.
pub(crate) fn add_leads(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    of: EntityPath,
) -> Result<Outcome, Outcome> {
    let count = items(call)?.len();
    check_patience(state, count)?;
    let added = add(state, call, caller, of)?;
    count_leads(state, call, count);
    Ok(Outcome {
        code: "leads-created".into(),
        ..added
    })
}

fn check_patience(state: &PlatformState, count: usize) -> Result<(), Outcome> {
    let limit = state.crm.gateway_timeout_above_items;
    if limit.is_none_or(|limit| count <= limit) {
        return Ok(());
    }
    let reason = "the batch is larger than the gateway has patience for";
    let answer = gateway_page(StatusCode::GATEWAY_TIMEOUT, "504 Gateway Time-out");
    Err(Outcome::refused("batch-too-large", reason, answer).by_rule("L7"))
}

fn count_leads(state: &mut PlatformState, call: &Call<'_>, count: usize) {
    if call.commit {
        state.counters.leads_created += u64::try_from(count).unwrap_or(u64::MAX);
    }
}

/// A contact or a company with an `id` is one that is there already.
pub(crate) fn add_complex(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    let items = items(call)?;
    check_patience(state, items.len())?;
    let mut answers = Vec::new();
    let mut next = [
        (EntityKind::Leads, 0),
        (EntityKind::Contacts, 0),
        (EntityKind::Companies, 0),
    ]
    .map(|(kind, _)| (kind, state.entities.next_id(kind)));
    let mut make = |state: &mut PlatformState, kind: EntityKind, item: &Map<String, Value>| {
        let next = next.iter_mut().find(|(known, _)| *known == kind);
        let id = next.map_or(0, |(_, next)| {
            *next += 1;
            *next - 1
        });
        if call.commit {
            let entity = new_entity(kind, id, item, call, caller);
            state.entities.put(kind, entity);
        }
        id
    };
    for (at, item) in items.iter().enumerate() {
        let mut item = item.clone();
        let mut parts = [None, None];
        let kinds = [
            ("contacts", EntityKind::Contacts),
            ("companies", EntityKind::Companies),
        ];
        for (part, (name, kind)) in parts.iter_mut().zip(kinds) {
            let pointed = item
                .get("_embedded")
                .and_then(|embedded| embedded.get(name));
            let Some(first) = pointed.and_then(|list| list.get(0)).cloned() else {
                continue;
            };
            let fields = first.as_object().cloned().unwrap_or_default();
            let known = fields.get("id").and_then(Value::as_u64);
            let id = known.unwrap_or_else(|| make(state, kind, &fields));
            *part = Some(id);
            if let Some(Value::Object(embedded)) = item.get_mut("_embedded") {
                embedded.insert(name.into(), json!([{ "id": id }]));
            }
        }
        let id = make(state, EntityKind::Leads, &item);
        let request_id = item.get("request_id").and_then(Value::as_str);
        let request_id = request_id.map_or_else(|| at.to_string(), str::to_owned);
        let [contact, company] = parts;
        answers.push(json!({
            "id": id, "contact_id": contact, "company_id": company,
            "request_id": [request_id], "merged": false,
        }));
    }
    count_leads(state, call, items.len());
    let reason = format!("{} leads were created", answers.len());
    let answer = hal(200, &Value::Array(answers));
    Ok(Outcome::accepted("leads-created", reason, answer))
}
