//! From the pair of an exchange to a grant: its account, its user, and the write.

use kommo_account::{AccountId, UserId};
use kommo_oauth::grant::{Generation, Grant, GrantKey};
use kommo_oauth::token::{TokenPair, UnverifiedClaims};

use crate::codes::outcome::{CodeOutcome, ExchangeError};
use crate::keeper::Keeper;
use crate::ports::grant_store::StoreError;
use crate::ports::pending_codes::{ClaimedCode, CodeEnd, CodeOrigin, CodeStore};
use crate::ports::token_endpoint::Probe;
use crate::refresh::record_change::Changed;
use crate::reporting::alarm::NewGrant;

impl<S: CodeStore> Keeper<S> {
    /// Asks for the account and user of the pair, and writes the grant.
    pub(crate) async fn settle_pair(
        &self,
        code: &ClaimedCode,
        pair: &TokenPair,
    ) -> Result<(CodeOutcome, CodeEnd), ExchangeError> {
        let Some((account_id, user_id)) = self.ask_owner(code, pair).await else {
            return Ok((CodeOutcome::NotYet, self.paused_for_a_lease(true)));
        };
        let pending = &code.pending;
        let key = GrantKey {
            realm: pending.realm,
            client_id: pending.client_id,
            account_id,
            user_id,
        };
        let Some(is_first) = self.write_consent(key, code, pair).await? else {
            return Ok((CodeOutcome::NotYet, self.paused_for_a_lease(true)));
        };
        let grant = NewGrant {
            key,
            origin: pending.origin,
            carried: pending.carried.clone(),
            is_first,
            expected_account: pending
                .expected_account
                .filter(|expected| *expected != account_id),
        };
        Ok((CodeOutcome::Granted(grant), CodeEnd::Exchanged))
    }

    /// The account and user as the platform names them. The unverified claims of the token are used
    /// only if it does not answer.
    async fn ask_owner(&self, code: &ClaimedCode, pair: &TokenPair) -> Option<(AccountId, UserId)> {
        let pending = &code.pending;
        let context = self.context();
        let probe = context
            .endpoint
            .probe(pending.realm, pending.host, &pair.access_token)
            .await;
        let claims = UnverifiedClaims::decode(&pair.access_token).ok();
        let claimed_user = claims.as_ref().and_then(|claims| claims.user_id);
        match probe {
            Probe::Alive {
                account_id,
                user_id,
            } => {
                let user = user_id.and_then(|number| UserId::from_number(number).ok());
                Some((account_id, user.or(claimed_user)?))
            }
            _ => Some((claims?.account_id?, claimed_user?)),
        }
    }

    /// Whether the grant is the first of its key; `None` if other writers were first each time.
    async fn write_consent(
        &self,
        key: GrantKey,
        code: &ClaimedCode,
        pair: &TokenPair,
    ) -> Result<Option<bool>, ExchangeError> {
        let context = self.context();
        // Only an administrator can install. For the other origins it is not known.
        let is_admin = (code.pending.origin == CodeOrigin::InstallHook).then_some(true);
        let (mut is_first, mut held_since) = (true, None);
        let changed = context.change(&key, |earlier, _| {
            is_first = earlier.is_none();
            // An earlier claim may have written it without settling the code.
            held_since = earlier.as_ref().and_then(|grant| grant.holds_since(pair));
            let host = code.pending.host;
            let consent = || Grant::consent(earlier, key, host, is_admin, pair.clone());
            held_since.is_none().then(consent)
        });
        match changed
            .await
            .map_err(|error| self.exchange_failed(&error))?
        {
            Changed::Written(consented, _) => {
                // Handles in use find the new pair with their next look-up.
                self.supersede(&key, consented.grant.generation);
                Ok(Some(is_first))
            }
            Changed::NotNeeded => Ok(held_since.map(|since| since == Generation::FIRST)),
            Changed::Contended => Ok(None),
        }
    }

    pub(crate) fn exchange_failed(&self, error: &dyn StoreError) -> ExchangeError {
        self.context().store_failed(None, error);
        ExchangeError::Store(error.kind())
    }
}
