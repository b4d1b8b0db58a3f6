//! A call was answered that there is no such account: it may have been renamed. Its host is looked
//! up.

use alloc::sync::Arc;
use core::time::Duration;

use kommo_account::AccountHost;
use kommo_oauth::grant::{Grant, UsableToken};
use kommo_oauth::refresh::{Located, TokenRequirement};
use kommo_oauth::token::{SubdomainLookup, UnverifiedClaims};

use crate::keeper::handle::GrantHandle;
use crate::ports::clock::Clock as _;
use crate::ports::grant_store::GrantStore;
use crate::refresh::record_change::Changed;

/// An account is looked up at most once in this time.
const LOOK_UP_EVERY: Duration = Duration::from_secs(10 * 60);

impl<S: GrantStore> GrantHandle<S> {
    /// A call with this token met a host that does not know the account: the host is looked up, at
    /// most once in ten minutes, and a new one is stored. Returns a token with another host, if
    /// there is one now. The grant stays in use, and no refresh token is spent.
    ///
    /// Calls that meet this together wait for one look-up. It continues when its callers go away,
    /// and [`drain`](crate::Keeper::drain) waits for it.
    pub async fn token_at_new_host(&self, used: &UsableToken) -> Option<Arc<UsableToken>> {
        let (handle, host, generation) = (self.clone(), used.host, used.generation);
        let flight = self.keeper.spawn(async move {
            let _turn = handle.slot.host_look_up.lock().await;
            let is_current =
                |newest: &UsableToken| newest.generation == generation && newest.host == host;
            let newest = handle.slot.newest();
            // Another call was faster, or this one was sent with an older token.
            if newest.is_none_or(|newest| is_current(&newest)) {
                handle.look_up_host().await;
            }
            handle.slot.newest()
        });
        let newest = self.keeper.finished(flight.ok()?).await??;
        (newest.host != used.host).then_some(newest)
    }

    async fn look_up_host(&self) {
        let (context, key) = (self.keeper.context(), self.slot.key);
        let look_ups = self.keeper.look_up_times();
        if !look_ups.take(key.account_id, context.clock.monotonic(), LOOK_UP_EVERY) {
            return;
        }
        let grant = match context.store.load(&key).await {
            Ok(Some(grant)) => grant,
            Ok(None) => return,
            Err(error) => return context.store_failed(Some(key), &error),
        };
        let Some(host) = self.locate(&grant).await else {
            return;
        };
        let changed = context.change(&key, |grant, _| {
            let grant = grant.filter(|grant| grant.host != host)?;
            Some(grant.move_host(host))
        });
        match changed.await {
            Ok(Changed::Written(..)) => {
                tracing::info!(%key, host = host.as_str(), "the account has another host");
                // The token in memory has the old host: it is read again.
                self.keeper
                    .run(&self.slot, TokenRequirement::default())
                    .await;
            }
            // If other writers were first each time, the next look-up writes the host.
            Ok(Changed::NotNeeded | Changed::Contended) => {}
            Err(error) => context.store_failed(Some(key), &error),
        }
    }

    /// The current host of the account, as the platform reports it. `None` for a grant without a
    /// usable token.
    async fn locate(&self, grant: &Grant) -> Option<AccountHost> {
        let context = self.keeper.context();
        let usable = grant.usable(context.clock.now())?;
        let claims = UnverifiedClaims::decode(&usable.access_token).ok()?;
        let api_domain = claims.api_domain.ok().flatten()?;
        let refresh_token = &grant.state.pairs()?.newest().pair.refresh_token;
        let look_up = SubdomainLookup::new(&api_domain, refresh_token);
        let located = context.endpoint.locate(grant.key.realm, &look_up).await;
        match located {
            Located::At { account_id, host } if account_id == grant.key.account_id => Some(host),
            _ => None,
        }
    }
}
