//! The control API's calls about the whole state: `GET` and `PUT snapshot`.

use axum::body::Body;
use axum::http::{Method, Response, StatusCode};
use serde_json::json;

use crate::control::calls::ControlError;
use crate::reply::response::{with_json, with_text};
use crate::state::platform::Platform;

pub(crate) const SNAPSHOT_PATH: &str = "/snapshot";

/// The longest document that is taken: 256 MiB, four times what 100,000 messages need.
pub(crate) const SNAPSHOT_LIMIT_BYTES: usize = 256 * 1024 * 1024;

/// Carries out a call about the whole state. Reading and writing it can take seconds, in which
/// other requests are answered.
pub(crate) async fn snapshot(
    platform: &Platform,
    method: &Method,
    body: Vec<u8>,
) -> Result<Response<Body>, ControlError> {
    let platform = platform.clone();
    let answer = match *method {
        Method::GET => tokio::task::spawn_blocking(move || {
            let document = platform.whole_state();
            let mut response = with_text(StatusCode::OK, "application/json", String::new());
            *response.body_mut() = Body::from(document);
            Ok(response)
        }),
        Method::PUT => tokio::task::spawn_blocking(move || {
            let replaced = platform.replace_whole_state(&body);
            replaced.map_err(|error| ControlError::state(&error))?;
            Ok(with_json(StatusCode::OK, &json!({ "now": platform.now() })))
        }),
        _ => {
            let error = "method not allowed; allowed here: GET and PUT snapshot";
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Err(ControlError::new(status, error));
        }
    };
    answer.await.unwrap_or_else(|_| {
        let error = "the sandbox failed; this is a defect";
        Err(ControlError::new(StatusCode::INTERNAL_SERVER_ERROR, error))
    })
}
