//! The control API's calls about hooks: `POST hooks/KIND`, `GET deliveries`, `GET` and `POST
//! messages`.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::config::hook_kind::HookKind;
use crate::control::calls::{ControlCall, ControlError, ROUTES, after_of, read};
use crate::hooks::manager_message::ManagerMessage;
use crate::hooks::order::{HookError, HookOrder};
use crate::state::deliveries::DeliveryOutcome;
use crate::state::platform::Platform;

/// Carries out a call about hooks; `None` for a call about something else.
pub(crate) async fn hook_control(
    platform: &Platform,
    call: &ControlCall<'_>,
) -> Option<Result<Value, ControlError>> {
    let ControlCall {
        method,
        path,
        query,
        body,
    } = *call;
    let kind = path.strip_prefix("/hooks/");
    match (path, kind) {
        ("/deliveries", _) if method == Method::GET => Some(deliveries(platform, query)),
        ("/messages", _) if method == Method::GET => Some(messages(platform, query)),
        ("/messages", _) if method == Method::POST => Some(manager_writes(platform, body)),
        (_, Some(kind)) if method == Method::POST => Some(send(platform, kind, body).await),
        ("/deliveries" | "/messages", _) | (_, Some(_)) => {
            let error = "method not allowed; allowed here: GET deliveries, POST hooks/KIND, GET and POST messages";
            Some(Err(ControlError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                error,
            )))
        }
        _ => None,
    }
}

fn deliveries(platform: &Platform, query: Option<&str>) -> Result<Value, ControlError> {
    let after = after_of(query)?;
    Ok(json!({ "deliveries": platform.deliveries_after(after) }))
}

fn messages(platform: &Platform, query: Option<&str>) -> Result<Value, ControlError> {
    let after = after_of(query)?;
    Ok(json!({ "messages": platform.messages_after(after) }))
}

/// A manager writes to a customer.
fn manager_writes(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let message: ManagerMessage = read(body)?;
    let delivery = platform.manager_writes(message);
    let delivery = delivery.map_err(|error| ControlError::bad_request(error.to_string()))?;
    Ok(json!({ "delivery": delivery.id }))
}

/// An empty body is an order with nothing special about it.
async fn send(platform: &Platform, kind: &str, body: &[u8]) -> Result<Value, ControlError> {
    let kind = HookKind::ordered(kind).ok_or_else(|| {
        let names = HookKind::ORDERED.map(HookKind::name).join(", ");
        let error = format!("no hook of this kind can be ordered, but {names}; there is: {ROUTES}");
        ControlError::new(StatusCode::NOT_FOUND, error)
    })?;
    let given = match body {
        [] => HookOrder::default(),
        body => read(body)?,
    };
    let order = HookOrder { kind, ..given };
    let refused = |error: HookError| ControlError::new(StatusCode::BAD_REQUEST, error.to_string());
    let delivery = match order.wait {
        true => platform.send_hook(order).await.map_err(refused)?,
        false => platform.start_hook(&order).map_err(refused)?,
    };
    let mut answer = json!({ "delivery": delivery.id });
    if let (Some(fields), false) = (
        answer.as_object_mut(),
        delivery.outcome == DeliveryOutcome::UnderWay,
    ) {
        fields.insert("outcome".into(), json!(delivery.outcome));
        fields.insert("status".into(), json!(delivery.status));
    }
    Ok(answer)
}
