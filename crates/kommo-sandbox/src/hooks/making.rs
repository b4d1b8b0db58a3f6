//! Makes the request of a hook: what the real platform would send, with what the order says is
//! wrong with it.

use core::time::Duration;

use axum::http::{HeaderName, Method};
use serde_json::{Value, json};

use crate::config::account::Account;
use crate::config::hook_kind::HookKind;
use crate::config::integration::Integration;
use crate::config::token_algorithm::TokenAlgorithm;
use crate::faults::kind::FaultKind;
use crate::hooks::body_change::{Form, change_form, change_json, go_json};
use crate::hooks::chat_body::{self, ChatFrame, chat_body};
use crate::hooks::crm_body::{self, CrmFrame, crm_form, pipeline_form, pipeline_widget_form};
use crate::hooks::order::{ClientParameter, HookError, HookOrder, HookVariant, LineFeed};
use crate::secrets::channel_key::ChannelKey;
use crate::secrets::disconnect_signature::disconnect_signature;
use crate::secrets::hook_mac::{body_signature, signed_token};
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

/// How long a bot's token is valid.
const TOKEN_SECONDS: f64 = 1800.0;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The made-up conversation of samples, and its customer.
const CONVERSATION: &str = "c0de0000-0000-4000-8000-000000000001";
const CUSTOMER: &str = "5e4de000-0000-4000-8000-000000000001";
const CUSTOMER_NAME: &str = "Ann Customer";

/// A key of no channel and no integration: what it signs is wrong.
const WRONG_SECRET: &str = "not-the-secret-of-anything";

/// A hook that is ready to be sent, and the account that it is about.
#[derive(Clone)]
pub(crate) struct Hook {
    pub(crate) outgoing: Outgoing,
    pub(crate) account: Option<u64>,
    /// The fault that it meets.
    pub(crate) fault: Option<FaultKind>,
    /// The address as it was given, by which a webhook is known.
    pub(crate) destination: String,
    /// Whether a bad answer is followed by the platform's repeats.
    pub(crate) repeat: bool,
}

/// What does not change while a hook is made.
#[derive(Clone, Copy)]
pub(crate) struct HookInputs<'a> {
    pub(crate) channel_id: &'a str,
    pub(crate) channel_key: &'a ChannelKey,
    pub(crate) app_secret: &'a str,
    pub(crate) served: Option<Served>,
    /// Whom the hook may go to; checked before anything is changed for its sake.
    pub(crate) reach: Reach,
}

/// Makes the hook that was ordered, with the fault that is on order for it. A hook that is wrong by
/// its own order meets no fault.
pub(crate) fn make_hook(
    state: &mut PlatformState,
    inputs: HookInputs<'_>,
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
    let hook = make_as_ordered(state, inputs, &order)?;
    if fault.is_some() {
        state.faults.spend_for_hook(order.kind);
    }
    Ok(Hook { fault, ..hook })
}

/// An install hook issues a code, which installs the integration.
fn make_as_ordered(
    state: &mut PlatformState,
    inputs: HookInputs<'_>,
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
            destination: String::new(),
            repeat: false,
        });
    }
    let account = match order.account {
        Some(id) => state.account(id),
        None => state.accounts.first(),
    };
    let account = account.cloned().ok_or(HookError::UnknownAccount)?;
    let now = state.clock.now();
    let configured = configured_address(state, order.kind, &account);
    let destination = order.to.clone().or(configured).unwrap_or_default();
    let order = &HookOrder {
        to: Some(destination.clone()).filter(|address| !address.is_empty()),
        ..order.clone()
    };
    let outgoing = match order.kind {
        HookKind::Install => install(state, inputs, order, &account)?,
        HookKind::Disconnect => disconnect(state, inputs, order, &account)?,
        HookKind::Chat => chat(now, inputs, order, &account)?,
        HookKind::Crm => crm(now, inputs, order, &account)?,
        HookKind::DigitalPipeline => digital_pipeline(now, inputs, order, &account)?,
        HookKind::PipelineWidget => pipeline_widget(now, inputs, order, &account)?,
        HookKind::Bot => bot(state, inputs, order, &account)?,
        HookKind::Widget => widget(state, inputs, order, &account)?,
        HookKind::OpenApi => open_api(now, inputs, order)?,
        HookKind::Secrets => return Err(HookError::NotOrdered),
    };
    Ok(Hook {
        outgoing: Outgoing { limit, ..outgoing },
        account: Some(account.id),
        fault: None,
        destination,
        repeat: order.repeat,
    })
}

/// Where hooks of a kind go without an address in the order.
fn configured_address(state: &PlatformState, kind: HookKind, account: &Account) -> Option<String> {
    let integration = state.integrations.first();
    match kind {
        HookKind::Install => integration.map(|own| own.redirect_uri.clone()),
        HookKind::Disconnect => integration?.settings.disconnect_hook_uri.clone(),
        HookKind::Chat => integration?.settings.chat_hook_uri.clone(),
        HookKind::Crm => {
            let mut webhooks = state.webhooks.of(account.id);
            let living = webhooks.find(|webhook| !webhook.disabled);
            living.map(|webhook| webhook.destination.clone())
        }
        _ => None,
    }
}

fn own_integration(state: &PlatformState) -> Result<&Integration, HookError> {
    state.integrations.first().ok_or(HookError::NoTarget)
}

fn target(inputs: HookInputs<'_>, order: &HookOrder) -> Result<WebAddress, HookError> {
    checked(inputs, order.to.as_deref().ok_or(HookError::NoTarget)?)
}

fn checked(inputs: HookInputs<'_>, address: &str) -> Result<WebAddress, HookError> {
    let to = WebAddress::parse(address).ok_or(HookError::NotHttpAddress)?;
    check_reach(&to, inputs.reach).map_err(|fault| match fault {
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
    inputs: HookInputs<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let integration = own_integration(state)?;
    let client_id = integration.client_id.clone();
    let to = target(inputs, order)?;
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
    inputs: HookInputs<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let integration = own_integration(state)?;
    let to = target(inputs, order)?;
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
    inputs: HookInputs<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let scope_id = format!("{}_{}", inputs.channel_id, account.amojo_id);
    let to = order.to.as_deref().ok_or(HookError::NoTarget)?;
    let to = checked(inputs, &to.replace(":scope_id", &scope_id))?;
    let mut body = json_body(order, || chat_sample(now, order, account))?;
    let end: &[u8] = match order.line_feed {
        LineFeed::Absent => b"",
        LineFeed::Signed | LineFeed::Unsigned => b"\n",
    };
    let unsigned_end = if order.line_feed == LineFeed::Signed {
        body.extend(end);
        b""
    } else {
        end
    };
    let signature = match order.variant {
        HookVariant::NoSignature => None,
        HookVariant::WrongSignature => ChannelKey::new(WRONG_SECRET)
            .ok()
            .map(|wrong| wrong.sign(&body)),
        HookVariant::Right | HookVariant::Replay => Some(inputs.channel_key.sign(&body)),
    };
    body.extend(unsigned_end);
    let signature = signature.map(|signature| (HeaderName::from_static("x-signature"), signature));
    Ok(Outgoing {
        headers: signature.into_iter().collect(),
        ..post(to, None, JSON, body)
    })
}

/// What a manager writes to a made-up customer.
fn chat_sample(now: u64, order: &HookOrder, account: &Account) -> Result<Value, HookError> {
    let manager = account.users.first();
    let frame = ChatFrame {
        now,
        account,
        manager: manager.and_then(|user| user.amojo_id.as_deref()),
        manager_name: manager.map_or("", |user| user.name.as_str()),
        message_id: &new_uuid()?,
        text: "Hello from the sandbox",
        conversation_id: CONVERSATION,
        conversation_client_id: Some("conversation-1"),
        customer_id: CUSTOMER,
        customer_client_id: "customer-1",
        customer_name: CUSTOMER_NAME,
    };
    let event = order.event.as_deref().unwrap_or("text");
    chat_body(event, &frame).ok_or_else(|| HookError::UnknownEvent(chat_body::EVENTS.to_vec()))
}

/// Source: CRM webhooks page and captures: a form with brackets, an id in a header, no signature.
fn crm(
    now: u64,
    inputs: HookInputs<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let link = link_base(inputs.served, "", &account.host);
    let sample = || {
        with_crm_frame(now, account, &link, |frame| {
            crm_form(order.event.as_deref(), frame)
        })
    };
    let unknown = || HookError::UnknownEvent(crm_body::event_names().collect());
    let body = form_body(order, || sample()?.ok_or_else(unknown))?;
    from_crm(target(inputs, order)?, body)
}

/// Source: Digital Pipeline page and two captures; it looks like a CRM hook on the wire.
fn digital_pipeline(
    now: u64,
    inputs: HookInputs<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let sample = || {
        with_crm_frame(now, account, "", |frame| {
            pipeline_form(order.event.as_deref(), frame)
        })
    };
    let unknown = || HookError::UnknownEvent(crm_body::pipeline_event_names().collect());
    let body = form_body(order, || sample()?.ok_or_else(unknown))?;
    from_crm(target(inputs, order)?, body)
}

/// Source: Digital Pipeline page for widgets. That it is a form is a choice.
fn pipeline_widget(
    now: u64,
    inputs: HookInputs<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let sample = || with_crm_frame(now, account, "", pipeline_widget_form);
    from_crm(target(inputs, order)?, form_body(order, sample)?)
}

/// Source: observed receivers of 2026: a form, a token of HS512 whose times are fractions.
fn bot(
    state: &PlatformState,
    inputs: HookInputs<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let to = target(inputs, order)?;
    let integration = own_integration(state)?;
    let algorithm = order.algorithm.unwrap_or(TokenAlgorithm::Hs512);
    #[expect(
        clippy::cast_precision_loss,
        reason = "the sandbox's clock ends with the year 9999"
    )]
    let now = state.clock.now() as f64;
    let claims = json!({
        "iss": format!("https://{}", account.host),
        "aud": to.origin(),
        "iat": now,
        "nbf": now,
        "exp": now + TOKEN_SECONDS,
        "account_id": account.id,
        "subdomain": account.subdomain(),
        "client_uuid": integration.client_id,
        "entity_id": 777,
        "entity_type": "2",
    });
    let token = token(order, algorithm, &integration.client_secret, claims);
    let sample = || {
        let return_url = format!("https://{}/api/v4/salesbot/321/continue/123", account.host);
        let pairs = [
            ("token", token),
            ("data[message]", "Hello".to_owned()),
            ("data[lead_id]", "777".to_owned()),
            ("data[phone]", "{{contact.phone}}".to_owned()),
            ("return_url", return_url),
        ];
        Ok(pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect())
    };
    from_crm(to, form_body(order, sample)?)
}

/// Source: one-time token page: HS256, half an hour, from a user's browser.
fn widget(
    state: &PlatformState,
    inputs: HookInputs<'_>,
    order: &HookOrder,
    account: &Account,
) -> Result<Outgoing, HookError> {
    let to = target(inputs, order)?;
    let integration = own_integration(state)?;
    let user = match order.user {
        Some(id) => account.user(id),
        None => account.administrator(),
    };
    let user = user.ok_or(HookError::UnknownUser)?;
    let now = state.clock.now();
    let origin = format!("https://{}", account.host);
    let claims = json!({
        "iss": origin,
        "aud": to.origin(),
        "jti": new_uuid()?,
        "iat": now,
        "nbf": now,
        "exp": now.saturating_add(1800),
        "account_id": account.id,
        "user_id": user.id,
        "subdomain": account.subdomain(),
        "client_uuid": integration.client_id,
        "is_admin": user.admin,
    });
    let algorithm = order.algorithm.unwrap_or(TokenAlgorithm::Hs256);
    let token = token(order, algorithm, &integration.client_secret, claims);
    let body = json_body(order, || Ok(json!({"lead_id": 777})))?;
    let mut headers = vec![(HeaderName::from_static("origin"), origin)];
    if order.variant != HookVariant::NoSignature {
        headers.push((HeaderName::from_static("x-auth-token"), token));
    }
    Ok(Outgoing {
        headers,
        ..post(to, None, JSON, body)
    })
}

/// Rules O1 and O4.
fn open_api(now: u64, inputs: HookInputs<'_>, order: &HookOrder) -> Result<Outgoing, HookError> {
    let to = target(inputs, order)?;
    let sample = || {
        let webhook_id = random_hex::<16>().map_err(|_| HookError::Random)?;
        Ok(json!({
            "created_at": now,
            "event": "UNREPLIED",
            "webhook_id": webhook_id,
            "content": [{
                "subject": "New Conversation",
                "visitor_name": "Visitor15",
                "created_at": now.saturating_sub(289),
                "message_content": "Hello",
                "property_name": "sandbox",
                "visitor_nickname": "visitor",
                "sbs": "",
                "status": "1",
                "push_times": 1,
                "time_sec": 289,
                "assigned_agent_nickname": "agent",
            }],
        }))
    };
    let body = json_body(order, sample)?;
    let signature = match order.variant {
        HookVariant::NoSignature => None,
        HookVariant::WrongSignature => Some(body_signature(WRONG_SECRET, &body)),
        HookVariant::Right | HookVariant::Replay => Some(body_signature(inputs.app_secret, &body)),
    };
    let name = HeaderName::from_static("x-chat-signature");
    Ok(Outgoing {
        headers: signature
            .into_iter()
            .map(|text| (name.clone(), text))
            .collect(),
        ..post(to, None, JSON, body)
    })
}

/// A token with the claims of the order, signed as it says.
fn token(order: &HookOrder, algorithm: TokenAlgorithm, secret: &str, mut claims: Value) -> String {
    if let Some(fields) = claims.as_object_mut() {
        for (name, value) in &order.claims {
            match value {
                Value::Null => fields.shift_remove(name),
                value => fields.insert(name.clone(), value.clone()),
            };
        }
    }
    match order.variant {
        HookVariant::WrongSignature => signed_token(algorithm, WRONG_SECRET, &claims),
        HookVariant::NoSignature => signed_token(TokenAlgorithm::None, secret, &claims),
        HookVariant::Right | HookVariant::Replay => signed_token(algorithm, secret, &claims),
    }
}

fn with_crm_frame<T>(
    now: u64,
    account: &Account,
    link: &str,
    with: impl FnOnce(&CrmFrame<'_>) -> T,
) -> Result<T, HookError> {
    Ok(with(&CrmFrame {
        now,
        account,
        link,
        message: &new_uuid()?,
        text: "Hello from the sandbox",
        chat: CONVERSATION,
        customer: CUSTOMER,
        customer_name: CUSTOMER_NAME,
    }))
}

/// The sender of what the CRM does by itself.
fn from_crm(to: WebAddress, body: Vec<u8>) -> Result<Outgoing, HookError> {
    let request_id = HeaderName::from_static("x-amocrm-requestid");
    Ok(Outgoing {
        headers: vec![(request_id, new_uuid()?)],
        ..post(to, Some(CRM_SENDER), FORM, body)
    })
}

fn post(
    to: WebAddress,
    user_agent: Option<&'static str>,
    content_type: &'static str,
    body: Vec<u8>,
) -> Outgoing {
    Outgoing {
        method: Method::POST,
        to,
        user_agent,
        content_type: Some(content_type),
        headers: Vec::new(),
        body,
        limit: Duration::ZERO,
    }
}

fn json_body(
    order: &HookOrder,
    sample: impl FnOnce() -> Result<Value, HookError>,
) -> Result<Vec<u8>, HookError> {
    let text = match &order.body {
        Some(Value::String(text)) => text.clone(),
        Some(value) => go_json(value),
        None => {
            let mut body = sample()?;
            change_json(&mut body, &order.set).map_err(HookError::NoSuchPath)?;
            go_json(&body)
        }
    };
    Ok(text.into_bytes())
}

fn form_body(
    order: &HookOrder,
    sample: impl FnOnce() -> Result<Form, HookError>,
) -> Result<Vec<u8>, HookError> {
    let text = match &order.body {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => {
            let mut form = sample()?;
            change_form(&mut form, &order.set);
            form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish()
        }
    };
    Ok(text.into_bytes())
}

pub(crate) fn new_uuid() -> Result<String, HookError> {
    let hex = random_hex::<16>().map_err(|_| HookError::Random)?;
    Ok(as_uuid(&hex))
}
