//! `POST /api/v4/leads`: a write that is not safe to repeat. The leads are counted, not kept.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::crm::bearer::Caller;
use crate::crm::call::{Call, bad_request, hal};
use crate::reply::outcome::Outcome;
use crate::reply::problem::problem;
use crate::reply::response::gateway_page;
use crate::state::platform_state::PlatformState;

/// The most items of one write (source: limitations page).
const MOST_ITEMS: usize = 250;

pub(crate) fn add(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    let Ok(Value::Array(items)) = serde_json::from_slice(call.request.body()) else {
        return Err(bad_request(
            "body-wrong",
            "the body is a JSON array of leads",
        ));
    };
    if items.is_empty() || !items.iter().all(Value::is_object) {
        return Err(bad_request(
            "body-wrong",
            "the body is a JSON array of leads",
        ));
    }
    if items.len() > MOST_ITEMS {
        let reason = "a write has at most 250 items";
        let answer = problem(422, "Unprocessable Entity", reason);
        return Err(Outcome::refused("too-many-items", reason, answer).by_rule("L7"));
    }
    let limit = state.crm.gateway_timeout_above_items;
    if limit.is_some_and(|limit| items.len() > limit) {
        let reason = "the batch is larger than the gateway has patience for";
        let answer = gateway_page(StatusCode::GATEWAY_TIMEOUT, "504 Gateway Time-out");
        return Err(Outcome::refused("batch-too-large", reason, answer).by_rule("L7"));
    }
    let first = state.counters.leads_created + 1;
    if call.commit {
        state.counters.leads_created += u64::try_from(items.len()).unwrap_or(u64::MAX);
    }
    let base = call.link_base(state, caller.key.account);
    let leads: Vec<_> = (first..)
        .zip(items.iter().enumerate())
        .map(|(n, (at, item))| lead(40_000_000 + n, at, item, &base))
        .collect();
    let reason = format!("{} leads were created", leads.len());
    let body = json!({
        "_links": {"self": {"href": format!("{base}/api/v4/leads")}},
        "_embedded": {"leads": leads},
    });
    Ok(Outcome::accepted("leads-created", reason, hal(200, &body)))
}

/// `request_id` is the one that was given, or the index in the array.
fn lead(id: u64, at: usize, item: &Value, base: &str) -> Value {
    let request_id = item
        .get("request_id")
        .and_then(Value::as_str)
        .map_or_else(|| at.to_string(), str::to_owned);
    json!({
        "id": id,
        "request_id": request_id,
        "_links": {"self": {"href": format!("{base}/api/v4/leads/{id}")}},
    })
}
