//! The switches of the CRM API.

use serde::{Deserialize, Serialize};

/// The switches of the CRM API; the field `crm` of [`SandboxConfig`](crate::SandboxConfig).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is made with the struct update syntax, which needs every field to be visible"
)]
pub struct CrmRules {
    /// How many made-up contacts every account has. Default: 120.
    pub contacts: u64,
    /// A write of more items than this is answered 504, as too large a batch is. Default: never.
    pub gateway_timeout_above_items: Option<usize>,
}

impl Default for CrmRules {
    fn default() -> Self {
        Self {
            contacts: 120,
            gateway_timeout_above_items: None,
        }
    }
}
