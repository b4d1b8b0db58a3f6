//! The two states that only a new consent ends. Their tokens are sealed, not erased, until then.

use crate::disconnect_reason::DisconnectReason;
use crate::pairs::Pairs;
use crate::token_refusal_kind::TokenRefusalKind;
use crate::unix_time::UnixSeconds;

/// Which proof of death the platform gave for the newest pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReauthReason {
    /// `Token has been revoked`: spent, or taken back.
    Revoked,
    /// `Token has expired`: idle for more than three months.
    Expired,
    /// `Cannot decrypt the refresh token`.
    Undecryptable,
    /// `Token is not linked to client`.
    OfAnotherClient,
}

impl ReauthReason {
    /// The proof of death that a refusal of the token endpoint is; `None` for every other refusal.
    #[must_use]
    pub const fn of_refusal(kind: TokenRefusalKind) -> Option<Self> {
        match kind {
            TokenRefusalKind::RefreshTokenRevoked => Some(Self::Revoked),
            TokenRefusalKind::RefreshTokenExpired => Some(Self::Expired),
            TokenRefusalKind::RefreshTokenUndecryptable => Some(Self::Undecryptable),
            TokenRefusalKind::RefreshTokenOfAnotherClient => Some(Self::OfAnotherClient),
            _ => None,
        }
    }

    /// The name that logs, metrics and the stored record use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Undecryptable => "undecryptable",
            Self::OfAnotherClient => "of-another-client",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Revoked,
            Self::Expired,
            Self::Undecryptable,
            Self::OfAnotherClient,
        ]
        .into_iter()
        .find(|reason| reason.name() == name)
    }
}

/// The platform gave a proof of death for the newest pair and every spare. An administrator must consent again.
///
/// The access token may still live for a while and goes on serving until it expires or is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ReauthRequired {
    /// Sealed: nothing of them is sent to the token endpoint any more.
    pub pairs: Pairs,
    /// The proof.
    pub reason: ReauthReason,
    /// Since when.
    pub since: UnixSeconds,
}

/// The grant is over. Nothing of it is used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Disconnected {
    /// Sealed.
    pub pairs: Pairs,
    /// Why.
    pub reason: DisconnectReason,
    /// Since when.
    pub since: UnixSeconds,
}
