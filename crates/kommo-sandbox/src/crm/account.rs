//! `GET /api/v4/account` (source: account page).

use serde_json::{Map, Value, json};

use crate::crm::bearer::Caller;
use crate::crm::call::{Call, bad_request, hal};
use crate::reply::outcome::Outcome;
use crate::state::platform_state::PlatformState;
use crate::wire::form_fields::form_field;

pub(crate) fn get(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    let account = state
        .account(caller.key.account)
        .ok_or_else(|| bad_request("account-unknown", "the account is gone"))?;
    let with = form_field(call.query(), "with").unwrap_or_default();
    let wants = |name: &str| with.split(',').any(|part| part.trim() == name);
    let russian = account.base_domain() == "amocrm.ru";
    let mut body = json!({
        "id": account.id,
        "name": format!("Account {}", account.subdomain()),
        "subdomain": account.subdomain(),
        "created_at": 1_600_000_000,
        "created_by": 0,
        "updated_at": 1_600_000_000,
        "updated_by": 0,
        "current_user_id": caller.user,
        "country": if russian { "RU" } else { "US" },
        "currency": if russian { "RUB" } else { "USD" },
        "currency_symbol": if russian { "₽" } else { "$" },
        "customers_mode": "unavailable",
        "is_unsorted_on": true,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": true,
        "is_helpbot_enabled": false,
        "is_technical_account": false,
        "contact_name_display_order": 1,
    });
    if let Some(fields) = body.as_object_mut() {
        if wants("amojo_id") {
            fields.insert("amojo_id".into(), Value::from(account.amojo_id.clone()));
        }
        if wants("version") {
            fields.insert("version".into(), Value::from(12));
        }
        let more = [
            ("is_api_filter_enabled", json!(true)),
            ("drive_url", json!("https://drive-c.kommo.com")),
            ("uuid", json!(account.amojo_id)),
            (
                "amojo_rights",
                json!({"can_direct": true, "can_create_groups": true}),
            ),
            (
                "datetime_settings",
                json!({
                    "date_pattern": "d.m.Y H:i", "short_date_pattern": "d.m.Y",
                    "date_format": "d.m.Y", "time_format": "H:i:s",
                    "timezone": "Europe/London", "timezone_offset": "+00:00",
                }),
            ),
        ];
        for (name, value) in more.into_iter().filter(|(name, _)| wants(name)) {
            fields.insert(name.into(), value);
        }
        let groups = json!([{"id": 0, "name": "Sales department", "uuid": null}]);
        let types = json!([
            {"id": 1, "name": "Follow-up", "color": null, "icon_id": null, "code": "FOLLOW_UP"},
            {"id": 2, "name": "Meeting", "color": null, "icon_id": null, "code": "MEETING"},
        ]);
        let embedded: Map<_, _> = [("users_groups", groups), ("task_types", types)]
            .into_iter()
            .filter(|(name, _)| wants(name))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        if !embedded.is_empty() {
            fields.insert("_embedded".into(), Value::Object(embedded));
        }
        let link = call.self_link(state, account.id);
        fields.insert("_links".into(), json!({"self": {"href": link}}));
    }
    Ok(Outcome::accepted(
        "account-told",
        "the account was returned",
        hal(200, &body),
    ))
}

/// `GET /v3/user`: who logged in, as the vendor's library for OAuth asks. Its fields are a choice.
pub(crate) fn owner(state: &PlatformState, caller: &Caller) -> Result<Outcome, Outcome> {
    let account = state.account(caller.key.account);
    let user = account.and_then(|account| account.user(caller.user));
    let body = json!({
        "id": caller.user,
        "name": user.map(|user| &user.name),
        "email": user.map(|user| &user.login),
        "account_id": caller.key.account,
    });
    let reason = "the user was returned";
    Ok(Outcome::accepted("user-told", reason, hal(200, &body)))
}
