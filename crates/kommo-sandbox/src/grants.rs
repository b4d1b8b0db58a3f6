//! The book of grants: codes, pairs and which of them still work. Pure: the time, the rules and the
//! random texts come in as arguments. Every step is a look-up in a hash map, so a refresh costs the
//! same among 100,000 grants.
//!
//! Nothing is forgotten, so that a spent token can be distinguished from an unknown one: a refresh
//! costs about 400 bytes of memory.

use std::collections::HashMap;

use crate::config::oauth_rules::OauthRules;
use crate::config::token_error::TokenError;
use crate::secrets::token_text::Fingerprint;

pub(crate) use grant::{Access, GrantId, GrantKey, PairId};
use grant::{Code, Grant, Ledger, Pair};
pub use view::{GrantView, PairView};

mod grant;
mod rotation;
mod view;

#[cfg(test)]
mod tests;

#[derive(Debug, Default)]
pub(crate) struct GrantBook {
    codes: HashMap<Fingerprint, Code>,
    refresh_tokens: HashMap<Fingerprint, PairId>,
    access_tokens: HashMap<Fingerprint, Access>,
    ledger: Ledger,
    by_key: HashMap<GrantKey, GrantId>,
}

/// The tokens of a pair that is to be issued; an access token is known by the fingerprint of what
/// is signed in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewPair {
    pub(crate) refresh: Fingerprint,
    pub(crate) access: Fingerprint,
    pub(crate) now: u64,
}

/// Why an access token is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessFault {
    Unknown,
    Expired,
    Revoked,
    WrongAccount,
}

impl GrantBook {
    /// Takes a code into the book; it is the platform's promise to this user of this account.
    pub(crate) fn add_code(&mut self, code: Fingerprint, key: GrantKey, expires_at: u64) {
        let code_kept = Code {
            key,
            expires_at,
            used: false,
        };
        self.codes.insert(code, code_kept);
    }

    /// Whose code it is, if it can be exchanged at `now` by this client at this account's host.
    /// Changes nothing.
    pub(crate) fn check_code(
        &self,
        code: Fingerprint,
        client_id: &str,
        account: u64,
        now: u64,
    ) -> Result<&GrantKey, TokenError> {
        let kept = self.codes.get(&code).ok_or(TokenError::CodeUndecryptable)?;
        if kept.key.account != account {
            return Err(TokenError::InvalidAccount);
        }
        if now >= kept.expires_at {
            return Err(TokenError::CodeExpired);
        }
        if kept.used {
            return Err(TokenError::CodeRevoked);
        }
        if kept.key.client_id != client_id {
            return Err(TokenError::CodeOfAnotherClient);
        }
        Ok(&kept.key)
    }

    /// Uses up a code that was checked, and issues the first pair for it.
    pub(crate) fn exchange(
        &mut self,
        code: Fingerprint,
        scopes: Vec<String>,
        new: NewPair,
        rules: &OauthRules,
    ) -> Option<PairId> {
        let kept = self.codes.get_mut(&code)?;
        kept.used = true;
        let key = kept.key.clone();
        Some(self.grant_pair(key, scopes, new, rules))
    }

    /// Issues a first pair without a code.
    pub(crate) fn grant_pair(
        &mut self,
        key: GrantKey,
        scopes: Vec<String>,
        new: NewPair,
        rules: &OauthRules,
    ) -> PairId {
        let grant = self.grant_of(key, scopes);
        self.issue(grant, None, new, rules)
    }

    /// The pair of a refresh token that would be taken at `now` from this client at this account's
    /// host.
    pub(crate) fn check_refresh(
        &mut self,
        refresh: Fingerprint,
        client_id: &str,
        account: u64,
        now: u64,
    ) -> Result<PairId, TokenError> {
        let id = *self
            .refresh_tokens
            .get(&refresh)
            .ok_or(TokenError::RefreshTokenUndecryptable)?;
        let Some(pair) = self.ledger.pairs.get(id) else {
            return Err(TokenError::RefreshTokenUndecryptable);
        };
        let Some(grant) = self.ledger.grants.get_mut(pair.grant) else {
            return Err(TokenError::RefreshTokenUndecryptable);
        };
        if grant.key.client_id != client_id {
            return Err(TokenError::RefreshTokenOfAnotherClient);
        }
        if grant.key.account != account {
            return Err(TokenError::InvalidAccount);
        }
        if now >= pair.refresh_expires_at {
            return Err(TokenError::RefreshTokenExpired);
        }
        if pair.refresh_dead || pair.epoch != grant.epoch {
            grant.refused_as_revoked += 1;
            grant.refused_since_latest += 1;
            return Err(TokenError::RefreshTokenRevoked);
        }
        Ok(id)
    }

    /// Issues a pair for the refresh token of a pair that was checked; whether it is the second one
    /// for that token.
    pub(crate) fn refresh(
        &mut self,
        parent: PairId,
        new: NewPair,
        rules: &OauthRules,
    ) -> Option<(PairId, bool)> {
        let pair = self.ledger.pairs.get(parent)?;
        let double = !pair.children.is_empty();
        let grant_id = pair.grant;
        let grant = self.ledger.grants.get_mut(grant_id)?;
        grant.refreshes += 1;
        grant.double_refreshes += u64::from(double);
        let child = self.issue(grant_id, Some(parent), new, rules);
        self.ledger.rotate(parent, child, rules);
        Some((child, double))
    }

    /// Takes a long-lived token into the book.
    pub(crate) fn add_long_lived(
        &mut self,
        key: GrantKey,
        scopes: Vec<String>,
        access: Fingerprint,
        expires_at: u64,
    ) {
        let grant = self.grant_of(key, scopes);
        let epoch = self.ledger.grants.get(grant).map_or(0, |grant| grant.epoch);
        let token = Access {
            grant,
            epoch,
            pair: None,
            expires_at,
        };
        self.access_tokens.insert(access, token);
    }

    /// Whose access token it is, if it is let in at `now` at the host of `account`; `None` is a
    /// host without an account.
    pub(crate) fn check_access(
        &self,
        access: Fingerprint,
        account: Option<u64>,
        now: u64,
    ) -> Result<(Access, &GrantKey), AccessFault> {
        let token = *self
            .access_tokens
            .get(&access)
            .ok_or(AccessFault::Unknown)?;
        let grant = self
            .ledger
            .grants
            .get(token.grant)
            .ok_or(AccessFault::Unknown)?;
        let pair_dead = token
            .pair
            .and_then(|pair| self.ledger.pairs.get(pair))
            .is_some_and(|pair| pair.access_dead);
        if now >= token.expires_at {
            return Err(AccessFault::Expired);
        }
        if pair_dead || token.epoch != grant.epoch {
            return Err(AccessFault::Revoked);
        }
        if account.is_some_and(|account| account != grant.key.account) {
            return Err(AccessFault::WrongAccount);
        }
        Ok((token, &grant.key))
    }

    /// Notes that an access token that was checked was let in.
    pub(crate) fn use_access(&mut self, token: Access, rules: &OauthRules) {
        if let Some(pair) = token.pair {
            self.ledger.access_was_used(pair, rules);
        }
    }

    /// Notes that the answer with both tokens of a pair left completely.
    pub(crate) fn delivered(&mut self, pair: PairId) {
        if let Some(pair) = self.ledger.pairs.get_mut(pair) {
            pair.delivered = true;
        }
    }

    /// The account of a refresh token that would be taken at `now`, without using it.
    pub(crate) fn account_of_refresh(&self, refresh: Fingerprint, now: u64) -> Option<u64> {
        let pair = self.ledger.pairs.get(*self.refresh_tokens.get(&refresh)?)?;
        let grant = self.ledger.grants.get(pair.grant)?;
        let taken =
            now < pair.refresh_expires_at && !pair.refresh_dead && pair.epoch == grant.epoch;
        taken.then_some(grant.key.account)
    }

    /// The permissions that the grant of a pair was given.
    pub(crate) fn scopes_of(&self, pair: PairId) -> Option<(&GrantKey, &[String])> {
        let grant = self.ledger.grants.get(self.ledger.pairs.get(pair)?.grant)?;
        Some((&grant.key, &grant.scopes))
    }

    /// Ends every grant that `wanted` names, and its codes: all their tokens die. How many grants
    /// lived until now.
    pub(crate) fn end(&mut self, wanted: impl Fn(&GrantKey) -> bool) -> usize {
        for code in self.codes.values_mut().filter(|code| wanted(&code.key)) {
            code.used = true;
        }
        let mut ended = 0;
        for grant in self
            .ledger
            .grants
            .iter_mut()
            .filter(|grant| grant.lives && wanted(&grant.key))
        {
            grant.lives = false;
            grant.epoch += 1;
            grant.issued = 0;
            grant.living.clear();
            ended += 1;
        }
        ended
    }

    /// Grants in which a pair was issued since the latest ending, and of which no living refresh
    /// token was delivered.
    pub(crate) fn lost(&self, now: u64) -> u64 {
        self.ledger.lost(now)
    }

    /// Grants whose client is refused with a dead token, although a newer pair was delivered and
    /// never used.
    pub(crate) fn abandoned(&self, now: u64) -> u64 {
        self.ledger.abandoned(now)
    }

    /// The grants after the one with the id `after`, at most `limit`.
    pub(crate) fn views(&self, after: usize, limit: usize, now: u64) -> Vec<GrantView> {
        self.ledger.views(after, limit, now)
    }

    /// How many grants there are.
    pub(crate) fn len(&self) -> usize {
        self.ledger.grants.len()
    }

    /// The grant of this key, made if it is new; its permissions are those of the latest consent.
    fn grant_of(&mut self, key: GrantKey, scopes: Vec<String>) -> GrantId {
        if let Some(id) = self.by_key.get(&key) {
            if let Some(grant) = self.ledger.grants.get_mut(*id) {
                grant.scopes = scopes;
                grant.lives = true;
            }
            return *id;
        }
        let id = self.ledger.grants.len();
        self.ledger.grants.push(Grant::new(key.clone(), scopes));
        self.by_key.insert(key, id);
        id
    }

    fn issue(
        &mut self,
        grant_id: GrantId,
        parent: Option<PairId>,
        new: NewPair,
        rules: &OauthRules,
    ) -> PairId {
        let id = self.ledger.pairs.len();
        let mut epoch = 0;
        if let Some(grant) = self.ledger.grants.get_mut(grant_id) {
            epoch = grant.epoch;
            grant.issued += 1;
            grant.living.push(id);
            grant.latest = Some(id);
            grant.refused_since_latest = 0;
        }
        let access_expires_at = new.now.saturating_add(rules.access_lifetime_seconds);
        self.ledger.pairs.push(Pair {
            grant: grant_id,
            epoch,
            parent,
            children: Vec::new(),
            refresh: new.refresh,
            refresh_expires_at: new.now.saturating_add(rules.refresh_lifetime_seconds),
            refresh_dead: false,
            access_expires_at,
            access_dead: false,
            access_used: false,
            delivered: false,
        });
        self.refresh_tokens.insert(new.refresh, id);
        let access = Access {
            grant: grant_id,
            epoch,
            pair: Some(id),
            expires_at: access_expires_at,
        };
        self.access_tokens.insert(new.access, access);
        id
    }
}
