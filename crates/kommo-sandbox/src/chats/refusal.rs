//! A request to the Chats API that is refused: what the peer receives, and what the journal says,
//! which is far more.

use axum::http::header::ALLOW;
use axum::http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::reply::outcome::Outcome;
use crate::reply::response::with_json;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) error_type: &'static str,
    pub(crate) description: String,
    pub(crate) allow: Option<&'static str>,
    /// The rule of `docs/protocol.md` that was broken.
    pub(crate) rule: Option<&'static str>,
    /// A stable code for programs.
    pub(crate) code: &'static str,
    /// One sentence for people.
    pub(crate) reason: String,
}

impl Refusal {
    /// 403 without a reason for the peer (rule E1).
    pub(crate) fn signature(
        rule: &'static str,
        code: &'static str,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            error_type: "ORIGIN_INVALID_SIGNATURE",
            description: "invalid signature".into(),
            allow: None,
            rule: Some(rule),
            code,
            reason: reason.into(),
        }
    }

    /// 404 for a channel that is not registered (rule E2).
    pub(crate) fn not_registered() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            error_type: "ORIGIN_NOT_REGISTERED",
            description: "NOT_FOUND".into(),
            allow: None,
            rule: Some("E2"),
            code: "channel-unknown",
            reason: "no channel of this sandbox has the id in the path, or it is not connected to the account".into(),
        }
    }

    /// 400; the error type is made up, and the peer receives the reason.
    pub(crate) fn bad_request(
        rule: &'static str,
        code: &'static str,
        reason: impl Into<String>,
    ) -> Self {
        let reason = reason.into();
        Self {
            status: StatusCode::BAD_REQUEST,
            error_type: "BAD_REQUEST",
            description: reason.clone(),
            allow: None,
            rule: Some(rule),
            code,
            reason,
        }
    }

    /// Any other status; the peer receives the reason.
    pub(crate) fn other(
        status: StatusCode,
        error_type: &'static str,
        code: &'static str,
        reason: &str,
    ) -> Self {
        Self {
            status,
            error_type,
            description: reason.into(),
            allow: None,
            rule: None,
            code,
            reason: reason.into(),
        }
    }

    /// The platform's error body, and what the journal says.
    pub(crate) fn into_outcome(self) -> Outcome {
        let body = json!({
            "status": 0,
            "error_code": self.status.as_u16(),
            "error_type": self.error_type,
            "error_description": self.description,
        });
        let mut response = with_json(self.status, &body);
        if let Some(allow) = self.allow {
            let allow = HeaderValue::from_static(allow);
            response.headers_mut().insert(ALLOW, allow);
        }
        Outcome::refused(self.code, self.reason, response).by_rule(self.rule)
    }
}
