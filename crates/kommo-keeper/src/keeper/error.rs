//! Why a caller receives no token.

use core::{error, fmt};

use kommo_account::Realm;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::GrantKey;
use kommo_oauth::refresh::Unmet;

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeeperError {
    /// No token can be used now. Nothing was lost.
    NoToken {
        /// The grant's key.
        key: GrantKey,
        /// Why.
        why: Unmet,
        /// When to ask again; `None` if only a person can help.
        again_at: Option<UnixSeconds>,
    },
    /// The caller's mistake: a grant of another realm. Nothing was sent.
    OtherRealm {
        /// The grant's realm.
        grant: Realm,
        /// The keeper's realm.
        keeper: Realm,
    },
    /// The caller's mistake: a grant of another integration than the keeper's credentials are for.
    /// Nothing was sent.
    OtherClient {
        /// The grant's key.
        key: GrantKey,
    },
    /// The caller's mistake: the grant needs a new token, and the keeper was built without
    /// credentials. Nothing was sent.
    NoCredentials {
        /// The grant's key.
        key: GrantKey,
    },
    /// The keeper is shutting down and starts no new work.
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
                    Some(at) => write!(f, ", ask again at {at}"),
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
