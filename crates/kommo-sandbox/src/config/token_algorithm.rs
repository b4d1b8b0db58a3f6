//! What a token of a widget or a bot is signed with.

use serde::{Deserialize, Serialize};

/// The algorithm of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TokenAlgorithm {
    /// HMAC-SHA256: a widget's one-time token.
    #[serde(rename = "HS256")]
    Hs256,
    /// HMAC-SHA512: a bot's token.
    #[serde(rename = "HS512")]
    Hs512,
    /// No signature at all, which proves nothing.
    #[serde(rename = "none")]
    None,
}

impl TokenAlgorithm {
    /// The value of `alg`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs512 => "HS512",
            Self::None => "none",
        }
    }
}
