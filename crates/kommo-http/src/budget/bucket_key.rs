//! What a limit is counted for.

use alloc::sync::Arc;
use core::fmt;

use kommo_account::{AccountHost, ClientId};

/// What a limit is counted for. A request counts for its address, its integration and its account,
/// and once more if anyone may have ordered it.
///
/// `Display` writes a stable text, the key of a bucket that is kept in a store: `egress/NAME`,
/// `integration/CLIENT/HOST`, `account/HOST`, `strangers/NAME`. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BucketKey {
    /// An address that requests leave from, by the name it was given.
    Egress(Arc<str>),
    /// One integration in one account.
    Integration {
        /// The integration.
        client_id: ClientId,
        /// The account, by its host.
        host: AccountHost,
    },
    /// One account, for all its callers.
    Account(AccountHost),
    /// What strangers order through an address, by its name: a part of what the egress has.
    Strangers(Arc<str>),
}

impl fmt::Display for BucketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Egress(name) => write!(f, "egress/{name}"),
            Self::Integration { client_id, host } => write!(f, "integration/{client_id}/{host}"),
            Self::Account(host) => write!(f, "account/{host}"),
            Self::Strangers(name) => write!(f, "strangers/{name}"),
        }
    }
}
