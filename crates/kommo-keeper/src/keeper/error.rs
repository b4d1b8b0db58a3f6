//! Why a caller gets no token.

use core::{error, fmt};

use kommo_account::Realm;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::GrantKey;
use kommo_oauth::refresh::Unmet;

/// Why there is no token to give.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeeperError {
    /// No token can be used now. Nothing was lost.
    NoToken {
        /// Whose.
        key: GrantKey,
        /// Why.
        why: Unmet,
        /// When it is worth asking again; `None` if only a person can help.
        again_at: Option<UnixSeconds>,
    },
    /// The caller's mistake: a grant of another world. Nothing was sent.
    OtherRealm {
        /// Of the grant.
        grant: Realm,
        /// Of the keeper.
        keeper: Realm,
    },
    /// The caller's mistake: a grant of another integration than the keeper's credentials are for. Nothing was sent.
    OtherClient {
        /// Whose.
        key: GrantKey,
    },
    /// The caller's mistake: the grant needs a new token, and the keeper was made without
    /// credentials. Nothing was sent.
    NoCredentials {
        /// Whose.
        key: GrantKey,
    },
    /// The keeper is shutting down and begins nothing new.
    ShuttingDown,
}

impl KeeperError {
    /// Whether it is worth asking again without a person.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::NoToken { why, .. } => !why.needs_person(),
            Self::OtherRealm { .. }
            | Self::OtherClient { .. }
            | Self::NoCredentials { .. }
            | Self::ShuttingDown => false,
        }
    }
}

impl fmt::Display for KeeperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken { key, why, again_at } => {
                write!(f, "no access token for {key}: {}", why.name())?;
                match again_at {
                    Some(at) => write!(f, ", worth asking again at {at}"),
                    None => Ok(()),
                }
            }
            Self::OtherRealm { .. } => {
                f.write_str("the grant belongs to another realm than the keeper")
            }
            Self::OtherClient { key } => {
                write!(
                    f,
                    "grant {key} belongs to another integration than the keeper's"
                )
            }
            Self::NoCredentials { key } => {
                write!(
                    f,
                    "grant {key} needs a new token, and the keeper has no client secret"
                )
            }
            Self::ShuttingDown => f.write_str("the keeper is shutting down"),
        }
    }
}

impl error::Error for KeeperError {}
