//! What the platform keeps of codes, pairs and grants: the ledger, whose entries refer to each
//! other by index.

use serde::{Deserialize, Serialize};

use crate::secrets::token_text::Fingerprint;
use crate::tracked::Rows;

/// The index of a pair in the book.
pub(crate) type PairId = usize;

/// The index of a grant in the book.
pub(crate) type GrantId = usize;

/// Whose grant it is: one integration, one account, one user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct GrantKey {
    pub(crate) client_id: String,
    pub(crate) account: u64,
    pub(crate) user: u64,
}

/// An authorization code; its text is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) key: GrantKey,
    pub(crate) expires_at: u64,
    pub(crate) used: bool,
}

/// An access and a refresh token that were issued together; their texts are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pair {
    pub(crate) grant: GrantId,
    /// The ending of the grant that it was issued after; a later ending kills it.
    pub(crate) epoch: u32,
    /// The pair whose refresh token it was issued for.
    pub(crate) parent: Option<PairId>,
    /// The pairs that were issued for its refresh token.
    pub(crate) children: Vec<PairId>,
    pub(crate) refresh: Fingerprint,
    pub(crate) access: Fingerprint,
    pub(crate) refresh_expires_at: u64,
    pub(crate) refresh_dead: bool,
    pub(crate) access_expires_at: u64,
    pub(crate) access_dead: bool,
    pub(crate) access_used: bool,
    /// Whether an answer with both tokens left completely.
    pub(crate) delivered: bool,
}

/// What one user of one account has granted to one integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) key: GrantKey,
    pub(crate) scopes: Vec<String>,
    /// Whether something was granted since the latest ending.
    pub(crate) lives: bool,
    /// How often it was ended: by the account, by the user, by the integration.
    pub(crate) epoch: u32,
    /// The pairs issued since the latest ending.
    pub(crate) issued: u32,
    /// The pairs whose refresh token is not dead.
    pub(crate) living: Vec<PairId>,
    pub(crate) latest: Option<PairId>,
    pub(crate) refreshes: u64,
    pub(crate) double_refreshes: u64,
    /// Refreshes that were refused with `Token has been revoked`.
    pub(crate) refused_as_revoked: u64,
    /// The same since the latest pair was issued.
    pub(crate) refused_since_latest: u64,
}

impl Grant {
    pub(crate) fn new(key: GrantKey, scopes: Vec<String>) -> Self {
        Self {
            key,
            scopes,
            lives: true,
            epoch: 0,
            issued: 0,
            living: Vec::new(),
            latest: None,
            refreshes: 0,
            double_refreshes: 0,
            refused_as_revoked: 0,
            refused_since_latest: 0,
        }
    }
}

/// Where an access token leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) grant: GrantId,
    pub(crate) epoch: u32,
    /// `None` for a long-lived token.
    pub(crate) pair: Option<PairId>,
    pub(crate) expires_at: u64,
}

/// Every pair and every grant there ever was.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) pairs: Rows<Pair>,
    pub(crate) grants: Rows<Grant>,
}
