//! The switches of what leaves the sandbox by itself: redirects of the consent page, and hooks.

use serde::{Deserialize, Serialize};

/// When a redirect and an install hook carry `platform` (rule A6); one vendor page lists it, the
/// other does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PlatformParameter {
    /// For accounts under `.amocrm.ru` and `.amocrm.com`.
    #[default]
    OnAmocrm,
    /// For every account.
    Always,
    /// Never.
    Never,
}

impl PlatformParameter {
    /// The parameter's value for an account under this suffix, if it is sent.
    pub(crate) fn value(self, base_domain: &str) -> Option<&'static str> {
        let sent = match self {
            Self::OnAmocrm => base_domain != "kommo.com",
            Self::Always => true,
            Self::Never => false,
        };
        let value = if base_domain == "amocrm.ru" { "1" } else { "2" };
        sent.then_some(value)
    }
}

/// The switches of redirects and hooks; the field `outward` of
/// [`SandboxConfig`](crate::SandboxConfig).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is made with the struct update syntax, which needs every field to be visible"
)]
pub struct OutwardRules {
    /// Whether hooks may go to hosts that are not on this machine, over plain `http`. Default:
    /// false.
    pub allow_remote_hooks: bool,
    /// When `platform` is sent. Default: `on-amocrm`.
    pub platform_parameter: PlatformParameter,
    /// Whether switching the integration off in an account, or revoking a user's grant, sends the
    /// disconnect hook, if the settings have an address for it. Default: true.
    pub disconnect_on_deactivation: bool,
}

impl Default for OutwardRules {
    fn default() -> Self {
        Self {
            allow_remote_hooks: false,
            platform_parameter: PlatformParameter::OnAmocrm,
            disconnect_on_deactivation: true,
        }
    }
}
