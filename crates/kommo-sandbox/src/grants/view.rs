//! What the control API reports of a grant and counts: figures and fingerprints, never a token.

use serde::{Deserialize, Serialize};

use super::grant::{Grant, Ledger, Pair};

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
    /// The same since the latest pair was issued: a client that holds a dead token is refused.
    pub refused_since_latest: u64,
    /// Whether the answer with the latest pair left completely; `None` before the first pair.
    pub last_answer_delivered: Option<bool>,
    /// Whether the latest pair was used: its access token in a call that was let in, or its refresh
    /// token.
    pub latest_used: bool,
    /// Whether it was ended (deactivated, revoked, secret rotated) and not granted again since.
    pub ended: bool,
    /// Whether no living refresh token was ever delivered; what `lost_grants` counts.
    pub lost: bool,
    /// Whether the latest pair was delivered and never used, while its client was refused with a
    /// dead one; what `abandoned_grants` counts.
    pub abandoned: bool,
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

impl Ledger {
    /// Grants in which a pair was issued since the latest ending, and of which no living refresh
    /// token was delivered.
    pub(super) fn lost(&self, now: u64) -> u64 {
        let lost = self.grants.iter().filter(|grant| self.is_lost(grant, now));
        u64::try_from(lost.count()).unwrap_or(u64::MAX)
    }

    /// Grants whose client is refused with a dead token, although a newer pair was delivered and
    /// never used.
    pub(super) fn abandoned(&self, now: u64) -> u64 {
        let abandoned = self
            .grants
            .iter()
            .filter(|grant| self.is_abandoned(grant, now));
        u64::try_from(abandoned.count()).unwrap_or(u64::MAX)
    }

    fn latest_used(&self, grant: &Grant) -> bool {
        let latest = grant.latest.and_then(|pair| self.pairs.get(pair));
        latest.is_some_and(|pair| pair.access_used || !pair.children.is_empty())
    }

    /// The grants after the one with the id `after`, at most `limit`.
    pub(super) fn views(&self, after: usize, limit: usize, now: u64) -> Vec<GrantView> {
        let grants = self.grants.iter().enumerate().skip(after).take(limit);
        grants
            .map(|(at, grant)| self.view(at, grant, now))
            .collect()
    }

    fn view(&self, at: usize, grant: &Grant, now: u64) -> GrantView {
        let latest = grant.latest.and_then(|pair| self.pairs.get(pair));
        GrantView {
            id: at + 1,
            client_id: grant.key.client_id.clone(),
            account: grant.key.account,
            user: grant.key.user,
            living: self.living(grant, now).map(pair_view).collect(),
            refreshes: grant.refreshes,
            double_refreshes: grant.double_refreshes,
            refused_as_revoked: grant.refused_as_revoked,
            refused_since_latest: grant.refused_since_latest,
            last_answer_delivered: latest.map(|pair| pair.delivered),
            latest_used: self.latest_used(grant),
            ended: !grant.lives,
            lost: self.is_lost(grant, now),
            abandoned: self.is_abandoned(grant, now),
        }
    }

    fn is_abandoned(&self, grant: &Grant, now: u64) -> bool {
        grant.issued > 0
            && grant.refused_since_latest > 0
            && !self.latest_used(grant)
            && !self.is_lost(grant, now)
    }

    fn is_lost(&self, grant: &Grant, now: u64) -> bool {
        grant.issued > 0 && !self.living(grant, now).any(|pair| pair.delivered)
    }

    fn living<'a>(&'a self, grant: &'a Grant, now: u64) -> impl Iterator<Item = &'a Pair> {
        let pairs = grant.living.iter().filter_map(|pair| self.pairs.get(*pair));
        pairs.filter(move |pair| now < pair.refresh_expires_at)
    }
}

fn pair_view(pair: &Pair) -> PairView {
    PairView {
        fingerprint: pair.refresh.short(),
        delivered: pair.delivered,
        refreshes: pair.children.len(),
        access_used: pair.access_used,
        access_expires_at: pair.access_expires_at,
        refresh_expires_at: pair.refresh_expires_at,
    }
}
