//! The kinds of hooks that the platform sends.

use serde::{Deserialize, Serialize};

/// What the platform sends by itself. On the wire it is the name in kebab-case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HookKind {
    /// The code of an installation, to the redirect URI: GET, unsigned, without `state`.
    Install,
    /// Access was taken away: GET, signed with HMAC-SHA256 of `client_id|account_id` (rule X1).
    Disconnect,
    /// A message that leaves the CRM: POST, JSON, signed with HMAC-SHA1 of the body (rule H1).
    Chat,
    /// An event of the CRM: POST, form, unsigned.
    Crm,
    /// The secrets of an integration made on the fly: POST, JSON, unsigned. Only the consent page
    /// sends it.
    Secrets,
}

impl HookKind {
    /// The kinds that can be ordered.
    pub const ORDERED: [Self; 4] = [Self::Install, Self::Disconnect, Self::Chat, Self::Crm];

    /// The kinds that faults are for: what the platform sends by itself when a user installs the
    /// integration or switches it off.
    pub(crate) const FAULTY: [Self; 2] = [Self::Install, Self::Disconnect];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Disconnect => "disconnect",
            Self::Chat => "chat",
            Self::Crm => "crm",
            Self::Secrets => "secrets",
        }
    }

    /// The kind of this name, if it can be ordered.
    #[must_use]
    pub fn ordered(name: &str) -> Option<Self> {
        Self::ORDERED.into_iter().find(|kind| kind.name() == name)
    }

    /// How long the receiver may take, in milliseconds: 3 seconds for what concerns an
    /// installation, 5 for chats and secrets, 2 for the CRM. Those of disconnect and secrets are
    /// choices: no page names one.
    #[must_use]
    pub const fn limit_ms(self) -> u64 {
        match self {
            Self::Install | Self::Disconnect => 3000,
            Self::Chat | Self::Secrets => 5000,
            Self::Crm => 2000,
        }
    }

    /// Whether this status is what the platform wants to see. The status of an install hook is not
    /// looked at; what a disconnect hook should be answered is not known, so any success will do.
    pub(crate) const fn is_content_with(self, status: u16) -> bool {
        match self {
            Self::Install => true,
            Self::Chat | Self::Secrets => status == 200,
            Self::Disconnect => status >= 200 && status < 300,
            Self::Crm => status >= 100 && status < 300,
        }
    }
}
