//! The version of the hooks that a connection asks for.

use alloc::string::String;
use core::fmt;

/// Version of the chat hooks of a connection.
///
/// We always ask for [`V2`](Self::V2); an answer may name another one, also one that is not known
/// yet. Source: rule C1 of `docs/protocol.md`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HookApiVersion {
    /// `v1`, no longer supported by the platform.
    V1,
    /// `v2`.
    V2,
    /// Another one, as it came.
    Other(String),
}

impl HookApiVersion {
    /// Reads the text of an answer; every text is taken.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match text {
            "v1" => Self::V1,
            "v2" => Self::V2,
            other => Self::Other(other.into()),
        }
    }

    /// The text as it is in a body.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Other(text) => text,
        }
    }
}

impl fmt::Display for HookApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
