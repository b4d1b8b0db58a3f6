//! `GET`, `POST` and `DELETE /api/v4/webhooks`: for administrators only (source: webhooks pages).

use serde_json::{Map, Value, json};

use crate::crm::bearer::Caller;
use crate::crm::call::{Call, administrators_only, bad_request, hal, nothing};
use crate::reply::outcome::Outcome;
use crate::reply::problem::problem;
use crate::state::platform_state::PlatformState;
use crate::state::webhook_list::CrmWebhook;
use crate::wire::form_fields::{form_field, json_field};

pub(crate) fn list(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let wanted = form_field(call.query(), "filter[destination]");
    let webhooks: Vec<_> = state
        .webhooks
        .of(caller.key.account)
        .filter(|webhook| {
            wanted
                .as_ref()
                .is_none_or(|destination| *destination == webhook.destination)
        })
        .map(fields)
        .collect();
    if webhooks.is_empty() {
        let reason = "there is no such webhook";
        return Ok(Outcome::accepted("webhooks-none", reason, nothing()));
    }
    let link = call.self_link(state, caller.key.account);
    let body = json!({
        "_total_items": webhooks.len(),
        "_links": {"self": {"href": link}},
        "_embedded": {"webhooks": webhooks},
    });
    let reason = "the webhooks were returned";
    Ok(Outcome::accepted("webhooks-told", reason, hal(200, &body)))
}

pub(crate) fn add(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let body = object(call)?;
    let destination = destination(&body)?;
    let settings: Option<Vec<String>> = body.get("settings").and_then(|settings| {
        let events = settings.as_array()?.iter();
        events
            .map(|event| event.as_str().map(str::to_owned))
            .collect()
    });
    let Some(settings) = settings.filter(|settings| !settings.is_empty()) else {
        return Err(bad_request(
            "settings-wrong",
            "settings is a list of events",
        ));
    };
    let sort = body.get("sort").and_then(Value::as_u64).unwrap_or(1);
    if !call.commit {
        let reason = "the webhook would be added";
        return Ok(Outcome::accepted("in-order", reason, nothing()));
    }
    let (account, user) = (caller.key.account, caller.user);
    let added = state
        .webhooks
        .add(account, user, destination, settings, sort, call.now);
    let Some(webhook) = added else {
        let reason = "an account has at most 100 webhooks";
        let answer = problem(400, "Bad Request", reason);
        return Err(Outcome::refused("too-many-webhooks", reason, answer).by_rule("L8"));
    };
    let reason = "the webhook is there";
    Ok(Outcome::accepted(
        "webhook-added",
        reason,
        hal(201, &fields(&webhook)),
    ))
}

pub(crate) fn remove(
    state: &mut PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    administrators_only(caller)?;
    let destination = destination(&object(call)?)?;
    let account = caller.key.account;
    let known = match call.commit {
        true => state.webhooks.remove(account, &destination),
        false => state
            .webhooks
            .of(account)
            .any(|webhook| webhook.destination == destination),
    };
    if !known {
        let reason = "no webhook has this destination";
        let answer = problem(404, "Not Found", reason);
        return Err(Outcome::refused("webhook-unknown", reason, answer));
    }
    Ok(Outcome::accepted(
        "webhook-removed",
        "the webhook is gone",
        nothing(),
    ))
}

fn fields(webhook: &CrmWebhook) -> Value {
    json!(webhook)
}

fn object(call: &Call<'_>) -> Result<Map<String, Value>, Outcome> {
    match serde_json::from_slice(call.request.body()) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(bad_request("body-wrong", "the body is a JSON object")),
    }
}

fn destination(body: &Map<String, Value>) -> Result<String, Outcome> {
    json_field(body, "destination")
        .filter(|address| address.starts_with("https://") || address.starts_with("http://"))
        .ok_or_else(|| bad_request("destination-wrong", "destination is an address"))
}
