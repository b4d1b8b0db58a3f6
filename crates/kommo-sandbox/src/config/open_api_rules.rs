//! The switches of the Open API, and its agents.

use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// The switches of the chat Open API; the field `open_api` of
/// [`SandboxConfig`](crate::SandboxConfig). What they switch is documented nowhere, so the defaults
/// are choices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is made with the struct update syntax, which needs every field to be visible"
)]
pub struct OpenApiRules {
    /// The agents. Default: five, with the ids of the published examples: 10078, 10079, 10411,
    /// 10427, 10428.
    pub agents: Vec<OpenApiAgent>,
    /// How far `timestamp` may be from this server's clock, either way, in seconds; `null` admits
    /// every one. Default: 300.
    pub timestamp_window_seconds: Option<u64>,
    /// Whether a `ranstr` that came before is refused. Default: false.
    pub refuse_repeated_ranstr: bool,
    /// The HTTP status of a refusal. Default: 200.
    pub failure_status: u16,
    /// The text of a refused signature.
    pub signature_message: SignatureMessage,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a configuration makes it; the two parts are the contract"
)]
pub struct OpenApiAgent {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
}

/// The text of a refused signature; two sets of pages differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SignatureMessage {
    /// `签名校验失败` below `/openapi/zxlt/`, `token验证失败!` below `/openapi/chat/`.
    #[default]
    ByPath,
    /// `签名校验失败` everywhere.
    Signature,
    /// `token验证失败!` everywhere.
    Token,
}

impl Default for OpenApiRules {
    fn default() -> Self {
        let agent = |(id, name): (u64, &str)| OpenApiAgent {
            id,
            name: name.into(),
        };
        let agents = [
            (10_078, "Agent One"),
            (10_079, "Agent Two"),
            (10_411, "Agent Three"),
            (10_427, "Agent Four"),
            (10_428, "Agent Five"),
        ];
        Self {
            agents: agents.map(agent).to_vec(),
            timestamp_window_seconds: Some(300),
            refuse_repeated_ranstr: false,
            failure_status: 200,
            signature_message: SignatureMessage::ByPath,
        }
    }
}

impl OpenApiRules {
    pub(crate) fn has_agent(&self, id: u64) -> bool {
        self.agents.iter().any(|agent| agent.id == id)
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if !(200..=599).contains(&self.failure_status) {
            let field = "open_api.failure_status".into();
            return Err(ConfigError::Status { field });
        }
        for (number, agent) in self.agents.iter().enumerate() {
            let field = || format!("open_api.agents[{number}].id");
            if agent.id == 0 {
                return Err(ConfigError::ZeroId { field: field() });
            }
            let is_twice = self.agents.iter().filter(|other| other.id == agent.id);
            if is_twice.count() > 1 {
                return Err(ConfigError::Twice { field: field() });
            }
        }
        Ok(())
    }
}
