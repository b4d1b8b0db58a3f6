//! A request to the Open API that is refused: what the peer receives is a code and a text in
//! Chinese; what the journal says is far more.
//!
//! Source: reference, section 7. The two parts of the API name a failed signature and a missing
//! field differently.

use axum::http::StatusCode;
use serde_json::json;

use crate::config::open_api_rules::{OpenApiRules, SignatureMessage};
use crate::reply::outcome::Outcome;
use crate::reply::response::with_json;

/// The part of the API that a path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// `/openapi/zxlt/`: chats and groups.
    Zxlt,
    /// `/openapi/chat/`: tickets.
    Chat,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    msg: String,
    rule: Option<&'static str>,
    code: &'static str,
    reason: String,
}

impl Refusal {
    pub(crate) fn new(
        msg: impl Into<String>,
        rule: impl Into<Option<&'static str>>,
        code: &'static str,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            msg: msg.into(),
            rule: rule.into(),
            code,
            reason: reason.into(),
        }
    }

    pub(crate) fn signature(
        part: Part,
        message: SignatureMessage,
        code: &'static str,
        reason: impl Into<String>,
    ) -> Self {
        let msg = match (message, part) {
            (SignatureMessage::Signature, _) | (SignatureMessage::ByPath, Part::Zxlt) => {
                "签名校验失败"
            }
            (SignatureMessage::Token, _) | (SignatureMessage::ByPath, Part::Chat) => {
                "token验证失败!"
            }
        };
        let rule = match code {
            "signature-malformed" => "O2",
            _ => "O1",
        };
        Self::new(msg, rule, code, reason)
    }

    /// A field that must be there.
    pub(crate) fn missing(part: Part, field: &str) -> Self {
        let msg = match part {
            Part::Zxlt => format!("参数缺失：{field}"),
            Part::Chat => "参数错误".into(),
        };
        Self::new(msg, None, "field-missing", format!("{field} is missing"))
    }

    /// A field that is there and wrong.
    pub(crate) fn wrong(code: &'static str, reason: impl Into<String>) -> Self {
        Self::new("参数错误", None, code, reason)
    }

    /// Whether the application, and so its secret, is known.
    pub(crate) fn has_known_secret(&self) -> bool {
        !matches!(
            self.code,
            "body-not-object" | "app-unknown" | "field-missing"
        )
    }

    /// The envelope, and what the journal says.
    pub(crate) fn into_outcome(self, rules: &OpenApiRules) -> Outcome {
        let body = json!({ "code": -1, "msg": self.msg, "data": "" });
        let status = StatusCode::from_u16(rules.failure_status).unwrap_or(StatusCode::OK);
        Outcome::refused(self.code, self.reason, with_json(status, &body)).by_rule(self.rule)
    }
}
