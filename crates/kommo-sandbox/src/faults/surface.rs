//! The parts of the platform that can have faults.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A part of the platform that can have faults. On the wire it is the name in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Surface {
    /// The Chats API.
    Chats,
    /// The token endpoint.
    Token,
    /// The CRM API and the subdomain look-ups.
    Crm,
    /// The chat Open API: `open-api`.
    #[serde(rename = "open-api")]
    OpenApi,
    /// The hooks that the sandbox sends.
    Hook,
}

impl Surface {
    /// Every surface.
    pub const ALL: [Self; 5] = [
        Self::Chats,
        Self::Token,
        Self::Crm,
        Self::OpenApi,
        Self::Hook,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chats => "chats",
            Self::Token => "token",
            Self::Crm => "crm",
            Self::OpenApi => "open-api",
            Self::Hook => "hook",
        }
    }
}

impl fmt::Display for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
