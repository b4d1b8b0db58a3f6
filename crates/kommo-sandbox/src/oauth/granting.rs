//! Codes, grants and long-lived tokens without a consent page, and what the platform knows of
//! grants.

use crate::clock::Moment;
use crate::config::account::Account;
use crate::grants::{GrantKey, GrantView};
use crate::oauth::made_grant::{GrantOrder, IssuedCode, LongLivedToken, MadeGrant};
use crate::oauth::token_pair::{DraftPair, draft_access};
use crate::state::grant_error::GrantError;
use crate::state::platform::Platform;
use crate::state::platform_state::PlatformState;

/// The most grants that are made or returned at once.
const MOST_AT_ONCE: u64 = 10_000;

/// Five years, with their leap days.
const LONGEST_LIFE_DAYS: u64 = 1827;

impl Platform {
    /// Issues a code as the consent page would: for a user of an account, by default the first
    /// administrator. If an administrator grants, the integration is installed.
    ///
    /// # Errors
    ///
    /// An account or a user that is not there, an integration that is switched off or not for this
    /// account, a user who is no administrator of an account without the integration.
    pub fn issue_code(&self, account: u64, user: Option<u64>) -> Result<IssuedCode, GrantError> {
        let mut state = self.lock();
        let client_id = own_client(&state);
        let (user, account_host) = grantor(&state, account, user)?;
        let code = state.issue_code(&client_id, account, user)?;
        Ok(IssuedCode { code, account_host })
    }

    /// Makes grants at once, for tests only: each of a made-up administrator whom the account's
    /// list does not show, which installs the integration there. Their pairs count as delivered.
    /// Signing thousands takes seconds, in which the caller's thread does nothing else.
    ///
    /// # Errors
    ///
    /// More than 10000: [`GrantError::TooMany`]. An account that is not there:
    /// [`GrantError::AccountUnknown`].
    pub fn make_grants(&self, order: GrantOrder) -> Result<Vec<MadeGrant>, GrantError> {
        if order.count > MOST_AT_ONCE {
            return Err(GrantError::TooMany);
        }
        (0..order.count).map(|_| self.make_grant(&order)).collect()
    }

    /// One lock for each, so that requests come in between.
    fn make_grant(&self, order: &GrantOrder) -> Result<MadeGrant, GrantError> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let account = match order.account {
            Some(id) => state.account(id),
            None => state.accounts.first(),
        };
        let account = account.ok_or(GrantError::AccountUnknown)?;
        let (id, account_host) = (account.id, account.host.clone());
        let key = GrantKey {
            client_id: own_client(state),
            account: id,
            user: state.next_made_user(),
        };
        let user = key.user;
        let scopes = own_scopes(state);
        let now = state.clock.now().saturating_sub(order.age_seconds);
        let draft = DraftPair::new(state, &key, &scopes, Moment::at(now))
            .map_err(|_| GrantError::Random)?;
        state.install(&key.client_id, id);
        let rules = state.oauth.clone();
        let pair = state
            .grants
            .grant_pair(key, scopes, draft.for_the_book(), &rules);
        state.grants.delivered(pair);
        drop(guard);
        let signing_key = order.sign.then(|| self.signing_key());
        let (access_token, refresh_token) =
            draft.into_texts(signing_key).ok_or(GrantError::Random)?;
        Ok(MadeGrant {
            account: id,
            account_host,
            user,
            access_token,
            refresh_token,
            expires_at: now.saturating_add(rules.access_lifetime_seconds),
        })
    }

    /// Makes a long-lived token of an administrator, by default the first; it has no refresh token.
    ///
    /// # Errors
    ///
    /// 0 days, or more than 1827: [`GrantError::Days`]. Else as [`Platform::issue_code`], and a
    /// user who is no administrator in any case.
    pub fn long_lived_token(
        &self,
        account: u64,
        user: Option<u64>,
        days: u64,
    ) -> Result<LongLivedToken, GrantError> {
        if !(1..=LONGEST_LIFE_DAYS).contains(&days) {
            return Err(GrantError::Days);
        }
        let mut state = self.lock();
        let client_id = own_client(&state);
        let (user, _) = grantor(&state, account, user)?;
        let key = state.check_grant(&client_id, account, user)?;
        if !state.person(account, user).is_some_and(|admin| admin) {
            return Err(GrantError::NotAdministrator);
        }
        let scopes = own_scopes(&state);
        let now = state.clock.now();
        let expires_at = now.saturating_add(days.saturating_mul(86_400));
        let draft =
            draft_access(&state, &key, &scopes, now, expires_at).map_err(|_| GrantError::Random)?;
        state.install(&client_id, account);
        state
            .grants
            .add_long_lived(key, scopes, draft.fingerprint(), expires_at);
        drop(state);
        let access_token = self.signing_key().sign(draft).ok_or(GrantError::Random)?;
        Ok(LongLivedToken {
            access_token,
            expires_at,
        })
    }

    /// The grants after the one with the id `after`, at most `limit` and at most 10000 of them:
    /// figures, no tokens.
    #[must_use]
    pub fn grants(&self, after: usize, limit: usize) -> Vec<GrantView> {
        let state = self.lock();
        let most = usize::try_from(MOST_AT_ONCE).unwrap_or(usize::MAX);
        state
            .grants
            .views(after, limit.min(most), state.clock.now())
    }

    /// How many grants there are.
    #[must_use]
    pub fn grant_count(&self) -> usize {
        self.lock().grants.len()
    }
}

fn own_client(state: &PlatformState) -> String {
    let own = state.integrations.first();
    own.map_or_else(String::new, |integration| integration.client_id.clone())
}

fn own_scopes(state: &PlatformState) -> Vec<String> {
    let own = state.integrations.first();
    own.map_or_else(Vec::new, |integration| integration.settings.scopes.clone())
}

/// The user, by default the first administrator, and the account's host.
fn grantor(
    state: &PlatformState,
    account: u64,
    user: Option<u64>,
) -> Result<(u64, String), GrantError> {
    let account: &Account = state.account(account).ok_or(GrantError::AccountUnknown)?;
    let user = match user {
        Some(id) => account.user(id),
        None => account.administrator(),
    };
    let user = user.ok_or(GrantError::UserUnknown)?;
    Ok((user.id, account.host.clone()))
}
