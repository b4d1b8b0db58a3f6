//! A verified disconnect hook leads to a probe, and only a refusal of that ends the grant.
//!
//! The hook's signature covers no time, so a captured hook is valid for ever (rule X7). The grant
//! stays in use; an account is probed at most once in ten minutes, so a replay is harmless.
//!
//! Source: rule M6 of `docs/protocol.md`.

use kommo_account::AccountId;
use kommo_oauth::grant::{DisconnectReason, Grant, GrantKey, GrantState, UsableToken};
use kommo_oauth::refresh::{Outcome, TokenRequirement, Unmet};

use crate::keeper::Keeper;
use crate::ports::clock::Clock as _;
use crate::ports::grant_store::{GrantStore, StoreError, StoreErrorKind};
use crate::ports::token_endpoint::Probe;
use crate::refresh::record_change::Changed;
use crate::reporting::alarm::AlarmKind;
use crate::reporting::metrics::Counter;

/// The result of a disconnect hook for one grant, or for the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectVerdict {
    /// The account was probed less than ten minutes ago. Nothing was sent.
    AskedBefore,
    /// The token works: the hook was for another grant of the account, or a replay.
    StillConnected(GrantKey),
    /// The token and the refresh are refused: the grant has ended.
    Disconnected(GrantKey),
    /// Not known. The grant stays in use until its next refresh.
    Unknown(GrantKey),
}

/// The result of ending a grant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Now,
    /// It had ended before, or does not exist.
    Before,
    /// It must not end.
    Not,
}

impl<S: GrantStore> Keeper<S> {
    /// Checks the grants of an account after a verified disconnect hook. An unknown account has no
    /// grants, which is not an error.
    ///
    /// # Errors
    ///
    /// The store cannot list the grants.
    pub async fn disconnect_reported(
        &self,
        account_id: AccountId,
    ) -> Result<Vec<DisconnectVerdict>, StoreErrorKind> {
        let context = self.context();
        let every = context.settings.disconnect_probe_every;
        let Some(client_id) = context.identity.get().client_id else {
            return Ok(Vec::new());
        };
        let realm = context.settings.endpoints.realm();
        let keys = context
            .store
            .keys_of_account(realm, &client_id, account_id)
            .await
            .map_err(|error| {
                context.store_failed(None, &error);
                error.kind()
            })?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if !self
            .probe_times()
            .take(account_id, context.clock.monotonic(), every)
        {
            return Ok(vec![DisconnectVerdict::AskedBefore]);
        }
        let mut verdicts = Vec::with_capacity(keys.len());
        for key in keys {
            let keeper = self.clone();
            let flight = self.spawn(async move { keeper.confirm_disconnect(key).await });
            let verdict = match flight {
                Ok(flight) => self.finished(flight).await,
                Err(_) => None,
            };
            verdicts.push(verdict.unwrap_or(DisconnectVerdict::Unknown(key)));
        }
        Ok(verdicts)
    }

    /// Probes; on 401 refreshes once; if that is refused too, ends the grant.
    async fn confirm_disconnect(&self, key: GrantKey) -> DisconnectVerdict {
        let Ok(handle) = self.grant(&key) else {
            return DisconnectVerdict::Unknown(key);
        };
        let refreshed = match self.run(&handle.slot, TokenRequirement::default()).await {
            Outcome::Met { token, .. } => match self.probe(&key, &token).await {
                Probe::Alive { .. } => return DisconnectVerdict::StillConnected(key),
                Probe::Unauthorized => {
                    let want = TokenRequirement::instead_of_rejected(token.generation);
                    self.run(&handle.slot, want).await
                }
                Probe::Inconclusive => return DisconnectVerdict::Unknown(key),
            },
            other => other,
        };
        match refreshed {
            Outcome::Met { .. } => DisconnectVerdict::StillConnected(key),
            Outcome::Unmet {
                why: Unmet::ReauthRequired(_) | Unmet::Revoked,
                ..
            } => {
                handle.slot.forget();
                self.end(key).await
            }
            Outcome::Unmet {
                why: Unmet::Disconnected(_),
                ..
            } => DisconnectVerdict::Disconnected(key),
            _ => DisconnectVerdict::Unknown(key),
        }
    }

    async fn probe(&self, key: &GrantKey, token: &UsableToken) -> Probe {
        let context = self.context();
        context.metrics.add(Counter::Probes);
        context
            .endpoint
            .probe(key.realm, token.host, &token.access_token)
            .await
    }

    /// Ends a grant of which every pair was refused. One that was revived meanwhile, by a new
    /// consent, stays in use.
    async fn end(&self, key: GrantKey) -> DisconnectVerdict {
        let ended = self
            .disconnect_if(&key, DisconnectReason::Confirmed, |grant| {
                match &grant.state {
                    GrantState::ReauthRequired(_) => true,
                    GrantState::LongLived(token) => token.ended.is_some(),
                    _ => false,
                }
            })
            .await;
        match ended {
            Ok(Ended::Now) => {
                self.context().alarm(key, AlarmKind::Disconnected);
                DisconnectVerdict::Disconnected(key)
            }
            Ok(Ended::Before) => DisconnectVerdict::Disconnected(key),
            Ok(Ended::Not) => DisconnectVerdict::StillConnected(key),
            Err(_) => DisconnectVerdict::Unknown(key),
        }
    }

    /// Ends a grant: its tokens are sealed, and a running refresh meets the fence. Returns `false`
    /// if it had ended before or does not exist. For a logout by the operator.
    ///
    /// # Errors
    ///
    /// The store failed, or other writers were first each time ([`StoreErrorKind::Unavailable`]).
    pub async fn disconnect(
        &self,
        key: &GrantKey,
        reason: DisconnectReason,
    ) -> Result<bool, StoreErrorKind> {
        let ended = self.disconnect_if(key, reason, |_| true).await?;
        Ok(ended == Ended::Now)
    }

    async fn disconnect_if(
        &self,
        key: &GrantKey,
        reason: DisconnectReason,
        is_to_end: impl Fn(&Grant) -> bool + Send + Sync,
    ) -> Result<Ended, StoreErrorKind> {
        let context = self.context();
        let failed = |error: <S as GrantStore>::Error| {
            context.store_failed(Some(*key), &error);
            error.kind()
        };
        let mut ended = Ended::Before;
        let changed = context.change(key, |grant, now| {
            let grant =
                grant.filter(|grant| !matches!(grant.state, GrantState::Disconnected(_)))?;
            if !is_to_end(&grant) {
                ended = Ended::Not;
                return None;
            }
            grant.disconnect(reason, now)
        });
        match changed.await.map_err(failed)? {
            Changed::Written(over, _) => {
                self.supersede(key, over.grant.generation);
                Ok(Ended::Now)
            }
            Changed::NotNeeded => Ok(ended),
            Changed::Contended => Err(StoreErrorKind::Unavailable),
        }
    }
}
