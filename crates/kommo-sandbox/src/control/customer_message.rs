//! A customer writes: the requests that an integration would send for it, signed with the channel's
//! secret. They go through the platform like any other, so the journal shows them and faults meet
//! them.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::chats::connect_body::scope_id;
use crate::control::calls::{ControlError, read};
use crate::reply::response::date_value;
use crate::secrets::channel_key::md5_hex;
use crate::secrets::random_text::random_hex;
use crate::state::platform::Platform;

/// What a customer writes, and where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerMessage {
    text: String,
    /// Default: the first one.
    account: Option<u64>,
    /// By the integration's id or the platform's. Default: the account's latest, or a new one.
    conversation: Option<String>,
    /// The customer's name.
    name: Option<String>,
}

/// The requests, in their order: the connection if there is none yet, and the message.
pub(crate) fn customer_requests(
    platform: &Platform,
    body: &[u8],
) -> Result<Vec<Request<Body>>, ControlError> {
    let message: CustomerMessage = read(body)?;
    let random = || {
        let failed = |_| ControlError::new(StatusCode::INTERNAL_SERVER_ERROR, "no random bytes");
        random_hex::<8>().map_err(failed)
    };
    let channel_id = platform.state().channel_id;
    let (account_id, known, is_connected, now) = {
        let state = platform.lock();
        let account = match message.account {
            Some(id) => state.account(id),
            None => state.accounts.first(),
        };
        let account = account.ok_or_else(|| ControlError::bad_request("account: not found"))?;
        let account_id = account.amojo_id.clone();
        let known = match &message.conversation {
            Some(id) => state.chats.find(&account_id, id),
            None => state.chats.latest(&account_id),
        };
        let scope_id = scope_id(&channel_id, &account_id);
        let mut connections = state.connections.iter();
        let is_connected = connections.any(|connection| connection.scope_id == scope_id);
        (account_id, known.cloned(), is_connected, state.clock.now())
    };
    let conversation_id = match (&known, message.conversation) {
        (Some(known), _) if known.client_id.is_some() => known.client_id.clone(),
        (None, Some(new)) => Some(new),
        _ => None,
    };
    let conversation_id = match conversation_id {
        Some(id) => id,
        None => format!("conversation-{}", random()?),
    };
    let customer = known.as_ref().map(|known| &known.customer);
    let sender_id = match customer.filter(|customer| !customer.client_id.is_empty()) {
        Some(customer) => customer.client_id.clone(),
        None => format!("customer-{}", random()?),
    };
    let sender_name = message.name.or_else(|| {
        let name = customer.map(|customer| customer.name.clone());
        name.filter(|name| !name.is_empty())
    });
    let mut payload = json!({
        "timestamp": now,
        "msec_timestamp": now.saturating_mul(1000),
        "msgid": format!("message-{}", random()?),
        "conversation_id": conversation_id,
        "sender": {"id": sender_id, "name": sender_name.unwrap_or_else(|| "Customer".into())},
        "message": {"type": "text", "text": message.text},
        "silent": false,
    });
    // A manager wrote first: the integration names the conversation with its first answer.
    if let (Some(fields), Some(known)) = (
        payload.as_object_mut(),
        known.filter(|known| known.client_id.is_none()),
    ) {
        fields.insert("conversation_ref_id".into(), Value::from(known.id));
    }
    let connect = json!({"account_id": account_id, "title": "Sandbox", "hook_api_version": "v2"});
    let new_message = json!({"event_type": "new_message", "payload": payload});
    let connect = (!is_connected).then(|| (format!("{channel_id}/connect"), connect));
    let requests = connect
        .into_iter()
        .chain([(scope_id(&channel_id, &account_id), new_message)]);
    requests
        .map(|(path, body)| signed(platform, &path, &body, now))
        .collect()
}

fn signed(
    platform: &Platform,
    path: &str,
    body: &Value,
    now: u64,
) -> Result<Request<Body>, ControlError> {
    let path = format!("/v2/origin/custom/{path}");
    let (body, content_type) = (body.to_string(), "application/json");
    let md5 = md5_hex(body.as_bytes());
    let date = date_value(now);
    let date = date.to_str().unwrap_or_default().replace("GMT", "+0000");
    let lines = ["POST", &md5, content_type, &date, &path];
    let names = platform.names();
    let signature = names.channel_key.sign_lines(lines.map(str::as_bytes));
    let request = Request::builder()
        .method("POST")
        .uri(&path)
        .header("host", "127.0.0.1")
        .header("user-agent", "kommo-sandbox (its chat window)")
        .header("date", &date)
        .header("content-type", content_type)
        .header("content-md5", &md5)
        .header("x-signature", signature)
        .body(Body::from(body));
    request.map_err(|error| ControlError::bad_request(error.to_string()))
}
