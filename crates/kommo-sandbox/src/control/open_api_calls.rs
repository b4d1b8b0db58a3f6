//! The control API's calls about the Open API: `GET` and `POST open-api`.

use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::control::calls::{ControlCall, ControlError, read};
use crate::state::platform::Platform;

/// What can be done to the Open API from inside.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "action", rename_all = "kebab-case")]
enum Change {
    /// An agent closes a ticket.
    CloseTicket { chat_id: u64 },
}

/// Carries out a call about the Open API; `None` for a call about something else.
pub(crate) fn open_api_control(
    platform: &Platform,
    call: &ControlCall<'_>,
) -> Option<Result<Value, ControlError>> {
    if call.path != "/open-api" {
        return None;
    }
    Some(match *call.method {
        Method::GET => Ok(view(platform)),
        Method::POST => change(platform, call.body),
        _ => {
            let error = "method not allowed; allowed here: GET and POST open-api";
            let status = StatusCode::METHOD_NOT_ALLOWED;
            Err(ControlError::new(status, error))
        }
    })
}

fn view(platform: &Platform) -> Value {
    let state = platform.open_api_state();
    json!({
        "appid": platform.names().appid,
        "agents": platform.open_api_rules().agents,
        "customers": state.customers,
        "chats": state.chats,
    })
}

fn change(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let Change::CloseTicket { chat_id } = read(body)?;
    match platform.close_ticket(chat_id) {
        true => Ok(view(platform)),
        false => Err(ControlError::bad_request(
            "chat_id: there is no such ticket",
        )),
    }
}
