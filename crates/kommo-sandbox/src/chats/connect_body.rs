//! The bodies of connect and disconnect, strictly typed (rules C1, C2, C3, C5).

use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::chats::refusal::Refusal;
use crate::config::account::Account;
use crate::state::connection::{ChannelView, Connection};

/// The connection that the body of a connect asks for.
pub(crate) fn read_connect(body: &[u8], channel: ChannelView<'_>) -> Result<Connection, Refusal> {
    let fields = object(body, "C1")?;
    let account = known_account(&fields, channel, "C1")?;
    let hook_api_version = optional_string(&fields, "hook_api_version")?.unwrap_or("v1");
    if !matches!(hook_api_version, "v1" | "v2") {
        let reason = "hook_api_version is neither v1 nor v2";
        return Err(Refusal::bad_request("C1", "field-value", reason));
    }
    Ok(Connection {
        account_id: account.amojo_id.clone(),
        scope_id: scope_id(channel.channel_id, &account.amojo_id),
        title: optional_string(&fields, "title")?
            .unwrap_or(channel.default_title)
            .to_owned(),
        hook_api_version: hook_api_version.to_owned(),
        is_time_window_disabled: optional_bool(&fields, "is_time_window_disabled")?
            .unwrap_or(false),
    })
}

/// The scope_id that the body of a disconnect ends.
pub(crate) fn read_disconnect(body: &[u8], channel: ChannelView<'_>) -> Result<String, Refusal> {
    let fields = object(body, "C3")?;
    let account = known_account(&fields, channel, "C3")?;
    Ok(scope_id(channel.channel_id, &account.amojo_id))
}

pub(crate) fn scope_id(channel_id: &str, amojo_id: &str) -> String {
    format!("{channel_id}_{amojo_id}")
}

fn known_account<'a>(
    fields: &Map<String, Value>,
    channel: ChannelView<'a>,
    rule: &'static str,
) -> Result<&'a Account, Refusal> {
    let account_id = optional_string(fields, "account_id")?
        .ok_or_else(|| Refusal::bad_request(rule, "field-missing", "account_id is missing"))?;
    let account = channel
        .accounts
        .iter()
        .find(|account| account.amojo_id == account_id)
        .ok_or_else(|| {
            Refusal::bad_request(rule, "account-unknown", "account_id: account not found")
        })?;
    if channel.private && !account.listed {
        let reason = "the channel is private and does not list this account";
        let refusal = Refusal::other(
            StatusCode::FORBIDDEN,
            "ACCOUNT_NOT_ALLOWED",
            "account-not-listed",
            reason,
        );
        return Err(Refusal {
            rule: Some(rule),
            ..refusal
        });
    }
    Ok(account)
}

pub(crate) fn object(body: &[u8], rule: &'static str) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Refusal::bad_request(
            rule,
            "json-unreadable",
            "the body is JSON, but no object",
        )),
        Err(error) => {
            let reason = format!(
                "the body is no JSON: line {}, column {}",
                error.line(),
                error.column()
            );
            Err(Refusal::bad_request(rule, "json-unreadable", reason))
        }
    }
}

pub(crate) fn optional_string<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong_type(name, "a string", other)),
    }
}

fn optional_bool(fields: &Map<String, Value>, name: &str) -> Result<Option<bool>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(other) => Err(wrong_type(name, "a boolean", other)),
    }
}

/// `null` is no fault: clients send it as often as they leave an optional field out (rule C5).
pub(crate) fn wrong_type(name: &str, wanted: &str, given: &Value) -> Refusal {
    let given = match given {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Refusal::bad_request(
        "C5",
        "field-type",
        format!("{name} is {given}, not {wanted}"),
    )
}
