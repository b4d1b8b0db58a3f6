//! The book of grants: codes, pairs and which of them still work. Pure: the time, the rules and the
//! random texts come in as arguments. Every step is a look-up in a hash map, so a refresh costs the
//! same among 100,000 grants.
//!
//! Nothing is forgotten, so that a spent token can be distinguished from an unknown one: a refresh
//! costs about 400 bytes of memory.

use alloc::collections::BTreeMap;
use std::collections::HashMap;

use crate::config::oauth_rules::OauthRules;
use crate::config::token_error::TokenError;
use crate::secrets::token_text::Fingerprint;
use crate::tracked::{Changes, Rows, Table};

use grant::Ledger;
pub(crate) use grant::{Access, Code, Grant, GrantId, GrantKey, Pair, PairId};
pub use view::{GrantView, PairView};

mod grant;
mod rotation;
mod view;

#[cfg(test)]
mod tests;

#[derive(Debug, Default)]
pub(crate) struct GrantBook {
    codes: Table<Fingerprint, Code>,
    ledger: Ledger,
    /// The access tokens without a pair.
    long_lived: Table<Fingerprint, Access>,
    refresh_tokens: HashMap<Fingerprint, PairId>,
    /// All access tokens.
    access_tokens: HashMap<Fingerprint, Access>,
    by_key: HashMap<GrantKey, GrantId>,
}

/// What a book is made of; the rest is indexes.
#[derive(Debug, Default)]
pub(crate) struct GrantRows {
    pub(crate) codes: BTreeMap<Fingerprint, Code>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) long_lived: BTreeMap<Fingerprint, Access>,
}

/// What of a book is kept.
pub(crate) struct KeptGrants<'a> {
    pub(crate) codes: &'a BTreeMap<Fingerprint, Code>,
    pub(crate) grants: &'a [Grant],
    pub(crate) pairs: &'a [Pair],
    pub(crate) long_lived: &'a BTreeMap<Fingerprint, Access>,
}

impl From<GrantRows> for GrantBook {
    /// Nothing of it counts as changed.
    fn from(rows: GrantRows) -> Self {
        let grants = rows.grants.iter().enumerate();
        let by_key = grants.map(|(at, grant)| (grant.key.clone(), at)).collect();
        let pairs = rows.pairs.iter().enumerate();
        let refresh_tokens = pairs.map(|(at, pair)| (pair.refresh, at)).collect();
        let pairs = rows.pairs.iter().enumerate();
        let of_pairs = pairs.map(|(at, pair)| (pair.access, access_of(at, pair)));
        let long_lived = rows.long_lived.iter();
        let access_tokens = of_pairs
            .chain(long_lived.map(|(token, access)| (*token, *access)))
            .collect();
        Self {
            codes: Table::from(rows.codes),
            ledger: Ledger {
                pairs: Rows::from(rows.pairs),
                grants: Rows::from(rows.grants),
            },
            long_lived: Table::from(rows.long_lived),
            refresh_tokens,
            access_tokens,
            by_key,
        }
    }
}

const fn access_of(id: PairId, pair: &Pair) -> Access {
    Access {
        grant: pair.grant,
        epoch: pair.epoch,
        pair: Some(id),
        expires_at: pair.access_expires_at,
    }
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
        self.long_lived.insert(access, token);
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

    /// The permissions of an access token that was checked.
    pub(crate) fn scopes(&self, token: Access) -> &[String] {
        let grant = self.ledger.grants.get(token.grant);
        grant.map_or(&[], |grant| &grant.scopes)
    }

    /// Ends every grant that `wanted` names, and its codes: all their tokens die. How many grants
    /// lived until now.
    pub(crate) fn end(&mut self, wanted: impl Fn(&GrantKey) -> bool) -> usize {
        let codes = self.codes.iter();
        let open: Vec<_> = codes
            .filter(|(_, code)| !code.used && wanted(&code.key))
            .map(|(code, _)| *code)
            .collect();
        for code in open {
            if let Some(code) = self.codes.get_mut(&code) {
                code.used = true;
            }
        }
        let grants = self.ledger.grants.iter().enumerate();
        let living: Vec<_> = grants
            .filter(|(_, grant)| grant.lives && wanted(&grant.key))
            .map(|(at, _)| at)
            .collect();
        let ended = living.len();
        for grant in living {
            if let Some(grant) = self.ledger.grants.get_mut(grant) {
                grant.lives = false;
                grant.epoch += 1;
                grant.issued = 0;
                grant.living.clear();
            }
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

    pub(crate) fn kept(&self) -> KeptGrants<'_> {
        KeptGrants {
            codes: self.codes.rows(),
            grants: &self.ledger.grants,
            pairs: &self.ledger.pairs,
            long_lived: self.long_lived.rows(),
        }
    }

    pub(crate) fn take_changes(&mut self, mut to: Option<&mut Changes>) {
        self.codes.take_changes("codes", to.as_deref_mut());
        let ledger = &mut self.ledger;
        ledger.grants.take_changes("grants", to.as_deref_mut());
        ledger.pairs.take_changes("pairs", to.as_deref_mut());
        self.long_lived.take_changes("long_lived", to);
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
            access: new.access,
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
