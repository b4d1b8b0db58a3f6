//! An integration: what the platform shows of it, what it may do, and its secrets.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Whom an integration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IntegrationKind {
    /// For every account.
    #[default]
    Public,
    /// For one account; the consent page offers that one alone.
    Private,
    /// Made by the button in one account, on the fly.
    External,
}

/// What the consent page shows of the integration, and its settings; the field `integration` of
/// [`SandboxConfig`](crate::SandboxConfig). Id, secret and redirect URI stand beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is made with the struct update syntax, which needs every field to be visible"
)]
pub struct IntegrationSettings {
    /// The name. Default: `Sandbox integration`.
    pub name: String,
    /// The description; shown as text.
    pub description: String,
    /// The address of a picture of 400 by 272; none is shown without it.
    pub logo: Option<String>,
    /// The permissions. Default: `crm` and `notifications`.
    pub scopes: Vec<String>,
    /// Public or private. Default: public.
    pub kind: IntegrationKind,
    /// The one account of a private integration. Default: the first of the accounts.
    pub private_account: Option<u64>,
    /// The one suffix whose accounts may use it, for example `kommo.com`. Default: all three.
    pub base_domain: Option<String>,
    /// Whether it is switched on. Default: true.
    pub active: bool,
    /// Whether it has a widget, so that installing it sends the install hook. Default: false.
    pub has_widget: bool,
    /// Where the disconnect hook goes. Default: nowhere.
    pub disconnect_hook_uri: Option<String>,
    /// Where the hooks of the chat channel go; `:scope_id` in it is replaced. Default: nowhere.
    pub chat_hook_uri: Option<String>,
}

impl Default for IntegrationSettings {
    fn default() -> Self {
        Self {
            name: "Sandbox integration".into(),
            description: "Made up, for trying things out.".into(),
            logo: None,
            scopes: vec!["crm".into(), "notifications".into()],
            kind: IntegrationKind::Public,
            private_account: None,
            base_domain: None,
            active: true,
            has_widget: false,
            disconnect_hook_uri: None,
            chat_hook_uri: None,
        }
    }
}

/// An integration as the platform keeps it. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Integration {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// The secret before the latest rotation.
    #[serde(default)]
    pub(crate) previous_secret: Option<String>,
    pub(crate) redirect_uri: String,
    #[serde(default)]
    pub(crate) settings: IntegrationSettings,
}

impl Integration {
    /// Whether accounts under this suffix may use it.
    pub(crate) fn serves(&self, base_domain: &str) -> bool {
        self.settings
            .base_domain
            .as_deref()
            .is_none_or(|own| own == base_domain)
    }

    /// Whether this account may use it: a private integration knows one account.
    pub(crate) fn admits(&self, account: u64) -> bool {
        match self.settings.kind {
            IntegrationKind::Public => true,
            IntegrationKind::Private | IntegrationKind::External => {
                self.settings.private_account == Some(account)
            }
        }
    }
}

impl fmt::Debug for Integration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Integration")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &self.redirect_uri)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
