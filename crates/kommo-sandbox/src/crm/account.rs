//! `GET /api/v4/account` (source: account page).

use serde_json::{Value, json};

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
        let link = call.self_link(state, account.id);
        fields.insert("_links".into(), json!({"self": {"href": link}}));
    }
    Ok(Outcome::accepted(
        "account-told",
        "the account was returned",
        hal(200, &body),
    ))
}
