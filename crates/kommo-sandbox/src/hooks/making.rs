//! Makes the request of a hook: what the real platform would send, with what the order says is
//! wrong with it.

use core::time::Duration;

use axum::http::{HeaderName, Method};
use serde_json::{Value, json};

use crate::config::account::Account;
use crate::config::hook_kind::HookKind;
use crate::config::integration::Integration;
use crate::faults::kind::FaultKind;
use crate::hooks::order::{ClientParameter, HookError, HookOrder, HookVariant};
use crate::secrets::channel_key::ChannelKey;
use crate::secrets::disconnect_signature::disconnect_signature;
use crate::secrets::random_text::{as_uuid, random_hex};
use crate::state::grant_error::GrantError;
use crate::state::platform_state::PlatformState;
use crate::wire::outgoing::{Outgoing, Reach, Unanswered, check_reach};
use crate::wire::own_links::{Served, link_base};
use crate::wire::web_address::WebAddress;

/// The sender of codes and of disconnect hooks calls itself so in the vendor's sample.
pub(crate) const CODE_SENDER: &str = "amoService-oAuth-Code-Sender/1.0";

/// As seen in captures of CRM hooks.
const CRM_SENDER: &str = "amoCRM-Webhooks/3.0";

/// Ten minutes: longer than any test waits.
const LONGEST_LIMIT_MS: u64 = 600_000;

/// A key of no channel and no integration: what it signs is wrong.
const WRONG_SECRET: &str = "not-the-secret-of-anything";

/// A hook that is ready to be sent, and the account that it is about.
pub(crate) struct Hook {
    pub(crate) outgoing: Outgoing,
    pub(crate) account: Option<u64>,
    /// The fault that it meets.
    pub(crate) fault: Option<FaultKind>,
}

/// What does not change while a hook is made.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) channel_id: &'a str,
    pub(crate) channel_key: &'a ChannelKey,
    pub(crate) served: Option<Served>,
    /// Whom the hook may go to; checked before anything is changed for its sake.
    pub(crate) reach: Reach,
}

/// Makes the hook that was ordered, with the fault that is on order for it. A hook that is wrong by
/// its own order meets no fault.
pub(crate) fn make_hook(
    state: &mut PlatformState,
    means: Means<'_>,
    order: &HookOrder,
) -> Result<Hook, HookError> {
    let fault = state.faults.for_hook(order.kind);
    let fault = fault.filter(|_| order.variant == HookVariant::Right);
    let order = HookOrder {
        variant: match fault {
            Some(FaultKind::WrongSignature) => HookVariant::WrongSignature,
            Some(FaultKind::NoSignature) => HookVariant::NoSignature,
            _ => order.variant,
        },
        ..order.clone()
    };
    let hook = make_as_ordered(state, means, &order)?;
    if fault.is_some() {
        state.faults.spend_for_hook(order.kind);
    }
    Ok(Hook { fault, ..hook })
}

/// An install hook issues a code, which installs the integration.
fn make_as_ordered(
    state: &mut PlatformState,
    means: Means<'_>,
    order: &HookOrder,
) -> Result<Hook, HookError> {
    let limit = order.limit_ms.unwrap_or(order.kind.limit_ms());
    let limit = Duration::from_millis(limit.min(LONGEST_LIMIT_MS));
    if order.variant == HookVariant::Replay {
        let (delivery, outgoing) = state
            .deliveries
            .latest(order.kind)
            .ok_or(HookError::NothingToReplay)?;
        return Ok(Hook {
            outgoing: Outgoing { limit, ..outgoing },
            account: delivery.account,
            fault: None,
        });
    }
    let account = match order.account {
        Some(id) => state.account(id),
        None => state.accounts.first(),
    };
    let account = account.cloned().ok_or(HookError::UnknownAccount)?;
    let outgoing = match order.kind {
        HookKind::Install => install(state, means, order, &account)?,
        HookKind::Disconnect => disconnect(state, means, order, &account)?,
        HookKind::Chat => chat(state.clock.now(), means, order, &account)?,
        HookKind::Crm => {
            let mut webhooks = state.webhooks.of(account.id);
            let living = webhooks.find(|webhook| !webhook.disabled);
            let configured = living.map(|webhook| webhook.destination.as_str());
            crm(state.clock.now(), means, order, configured, &account)?
        }
        HookKind::Secrets => return Err(HookError::NotOrdered),
    };
    Ok(Hook {
        outgoing: Outgoing { limit, ..outgoing },
        account: Some(account.id),
        fault: None,
    })
}

fn own_integration(state: &PlatformState) -> Result<&Integration, HookError> {
    state.integrations.first().ok_or(HookError::NoTarget)
}

/// The address of the order, or of the settings.
fn target(
    means: Means<'_>,
    order: &HookOrder,
    configured: Option<&str>,
) -> Result<WebAddress, HookError> {
    let given = order.to.as_deref().or(configured);
    checked(means, given.ok_or(HookError::NoTarget)?)
}

fn checked(means: Means<'_>, address: &str) -> Result<WebAddress, HookError> {
    let to = WebAddress::parse(address).ok_or(HookError::NotHttpAddress)?;
    check_reach(&to, means.reach).map_err(|fault| match fault {
        Unanswered::NotLoopback => HookError::NotLoopback,
        _ => HookError::NotHttpAddress,
    })?;
    Ok(to)
}

/// A request without a body to `address`, whose host is that of the checked `base`.
fn get(address: &str) -> Result<Outgoing, HookError> {
    Ok(Outgoing {
        method: Method::GET,
        to: WebAddress::parse(address).ok_or(HookError::NotHttpAddress)?,
        user_agent: Some(CODE_SENDER),
        content_type: None,
        headers: Vec::new(),
        body: Vec::new(),
        limit: Duration::ZERO,
    })
}

/// Source: OAuth, public integrations page; `platform` and `client_id` as in a capture. There is no
/// `state`.
fn install(
    state: &mut PlatformState,
    means: Means<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let integration = own_integration(state)?;
    let client_id = integration.client_id.clone();
    let to = target(means, order, Some(&integration.redirect_uri))?;
    let user = match order.user {
        Some(id) => account.user(id),
        None => account.administrator(),
    };
    let user = user.ok_or(HookError::UnknownUser)?.id;
    let code = state
        .issue_code(&client_id, account.id, user)
        .map_err(|error| match error {
            GrantError::Random => HookError::Random,
            GrantError::UserUnknown | GrantError::NotAdministrator => HookError::UnknownUser,
            error => HookError::NotGranted(error),
        })?;
    let mut parameters = vec![
        ("code", code.as_str()),
        ("referer", account.host.as_str()),
        ("from_widget", "1"),
    ];
    let platform = state.outward.platform_parameter;
    if let Some(platform) = platform.value(account.base_domain()) {
        parameters.push(("platform", platform));
    }
    parameters.push(("client_id", &client_id));
    get(&to.with_parameters(&parameters))
}

/// Source: OAuth, which shows `client_uuid`, `account_id`, `signature` in this order (rules X1,
/// X3).
fn disconnect(
    state: &PlatformState,
    means: Means<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let integration = own_integration(state)?;
    let configured = integration.settings.disconnect_hook_uri.as_deref();
    let to = target(means, order, configured)?;
    let client_id = integration.client_id.as_str();
    let secret = match (order.variant, order.previous_secret) {
        (HookVariant::WrongSignature, _) => WRONG_SECRET,
        (_, false) => &integration.client_secret,
        (_, true) => integration
            .previous_secret
            .as_deref()
            .ok_or(HookError::NoPreviousSecret)?,
    };
    let signature = disconnect_signature(secret, client_id, account.id);
    let id = account.id.to_string();
    let mut parameters = match order.client_parameter {
        ClientParameter::ClientUuid => vec![("client_uuid", client_id)],
        ClientParameter::ClientId => vec![("client_id", client_id)],
        ClientParameter::Both => vec![("client_uuid", client_id), ("client_id", client_id)],
    };
    parameters.push(("account_id", &id));
    if order.variant != HookVariant::NoSignature {
        parameters.push(("signature", &signature));
    }
    get(&to.with_parameters(&parameters))
}

/// Rules H1 and H2; only `X-Signature` is certain among its headers.
fn chat(
    now: u64,
    means: Means<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let scope_id = format!("{}_{}", means.channel_id, account.amojo_id);
    let to = order.to.as_deref().ok_or(HookError::NoTarget)?;
    let to = checked(means, &to.replace(":scope_id", &scope_id))?;
    let mut body = body_of(order, || message(now, account).to_string());
    let signature = match order.variant {
        HookVariant::NoSignature => None,
        HookVariant::WrongSignature => ChannelKey::new(WRONG_SECRET)
            .ok()
            .map(|wrong| wrong.sign(&body)),
        HookVariant::Right | HookVariant::Replay => Some(means.channel_key.sign(&body)),
    };
    if order.line_feed {
        body.push(b'\n');
    }
    let signature = signature.map(|signature| (HeaderName::from_static("x-signature"), signature));
    Ok(Outgoing {
        method: Method::POST,
        to,
        user_agent: None,
        content_type: Some("application/json"),
        headers: signature.into_iter().collect(),
        body,
        limit: Duration::ZERO,
    })
}

/// Source: CRM webhooks page and captures: a form with brackets, an id in a header, no signature.
fn crm(
    now: u64,
    means: Means<'_>,
    order: &HookOrder,
    configured: Option<&str>,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let body = body_of(order, || lead_moved(now, account, means.served));
    let request_id = as_uuid(&random_hex::<16>().map_err(|_| HookError::Random)?);
    Ok(Outgoing {
        method: Method::POST,
        to: target(means, order, configured)?,
        user_agent: Some(CRM_SENDER),
        content_type: Some("application/x-www-form-urlencoded"),
        headers: vec![(HeaderName::from_static("x-amocrm-requestid"), request_id)],
        body,
        limit: Duration::ZERO,
    })
}

fn body_of(order: &HookOrder, made_up: impl FnOnce() -> String) -> Vec<u8> {
    match &order.body {
        None => made_up().into_bytes(),
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(value) => value.to_string().into_bytes(),
    }
}

/// A manager writes to a customer; the fields of a v2 message.
fn message(now: u64, account: &Account) -> Value {
    json!({
        "account_id": account.amojo_id,
        "time": now,
        "message": {
            "receiver": {
                "id": "5e4de000-0000-4000-8000-000000000001",
                "phone": "15550100",
                "email": "customer@sandbox.example",
                "client_id": "customer-1",
            },
            "sender": { "id": account.users.first().and_then(|user| user.amojo_id.clone()) },
            "conversation": {
                "id": "c0de0000-0000-4000-8000-000000000001",
                "client_id": "conversation-1",
            },
            "timestamp": now,
            "msec_timestamp": now.saturating_mul(1000),
            "message": {
                "id": "3e55a9e0-0000-4000-8000-000000000001",
                "type": "text",
                "text": "Hello from the sandbox",
                "markup": null,
                "tag": "",
                "media": "",
                "thumbnail": "",
                "file_name": "",
                "file_size": 0,
            },
        },
    })
}

/// A lead goes to the stage of won deals.
fn lead_moved(now: u64, account: &Account, served: Option<Served>) -> String {
    let id = account.id.to_string();
    let address = link_base(served, "", &account.host);
    let now = now.to_string();
    form_urlencoded::Serializer::new(String::new())
        .append_pair("account[subdomain]", account.subdomain())
        .append_pair("account[id]", &id)
        .append_pair("account[_links][self]", &address)
        .append_pair("leads[status][0][id]", "777")
        .append_pair("leads[status][0][status_id]", "142")
        .append_pair("leads[status][0][pipeline_id]", "3000001")
        .append_pair("leads[status][0][old_status_id]", "3000011")
        .append_pair("leads[status][0][old_pipeline_id]", "3000001")
        .append_pair("leads[status][0][last_modified]", &now)
        .finish()
}
