//! What the control API tells of a grant: figures and fingerprints, never a token.

use serde::{Deserialize, Serialize};

/// One user's grant to one integration in one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrantView {
    /// Counts from 1.
    pub id: usize,
    /// The integration.
    pub client_id: String,
    /// The account.
    pub account: u64,
    /// The user who granted.
    pub user: u64,
    /// The pairs whose refresh token would be taken now.
    pub living: Vec<PairView>,
    /// Refreshes that were committed.
    pub refreshes: u64,
    /// Refreshes committed for a refresh token that had been refreshed already.
    pub double_refreshes: u64,
    /// Refreshes that were refused with `Token has been revoked`.
    pub refused_as_revoked: u64,
    /// The same since the latest pair was issued: a client that holds a dead token asks in vain.
    pub refused_since_latest: u64,
    /// Whether the answer with the latest pair left completely; `None` before the first pair.
    pub last_answer_delivered: Option<bool>,
    /// Whether the latest pair was used: its access token in a call that was let in, or its refresh token.
    pub latest_used: bool,
    /// Whether it was ended (deactivated, revoked, secret rotated) and not granted again since.
    pub ended: bool,
    /// Whether no living refresh token was ever delivered; what `lost_grants` counts.
    pub lost: bool,
}

/// A pair without its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PairView {
    /// The first 16 hex digits of the SHA-256 of the refresh token's text.
    pub fingerprint: String,
    /// Whether an answer with both tokens left completely.
    pub delivered: bool,
    /// How many refreshes were committed for its refresh token.
    pub refreshes: usize,
    /// Whether its access token was let in at least once.
    pub access_used: bool,
    /// When its access token ends, in Unix seconds.
    pub access_expires_at: u64,
    /// When its refresh token ends, in Unix seconds.
    pub refresh_expires_at: u64,
}
