//! A call was answered 401: the token is probed, and refreshed if the probe is refused too.

use alloc::sync::Arc;

use kommo_oauth::grant::{Generation, UsableToken};
use kommo_oauth::refresh::{Outcome, TokenRequirement};

use crate::cache::grant_slot::Joined;
use crate::keeper::error::KeeperError;
use crate::keeper::handle::GrantHandle;
use crate::ports::clock::Clock as _;
use crate::ports::grant_store::GrantStore;
use crate::ports::token_endpoint::Probe;
use crate::reporting::metrics::Counter;

impl<S: GrantStore> GrantHandle<S> {
    /// A call with the token of this generation was answered 401. If a later generation is current,
    /// nothing is sent. A current token is probed after a pause, without the call's own headers;
    /// only a second 401 leads to a refresh.
    ///
    /// `None`: the probe did not confirm it, so the 401 was about the call.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token). A confirmed 401 to a token that replaced a rejected one less than
    /// ten minutes ago holds the grant as
    /// [`HoldKind::Suspect`](kommo_oauth::grant::HoldKind::Suspect): until that ends, no 401 leads
    /// to another probe or refresh.
    pub async fn token_after_401(
        &self,
        rejected: Generation,
    ) -> Result<Option<Arc<UsableToken>>, KeeperError> {
        let deadline = self.deadline();
        loop {
            if let Some(newest) = self.slot.newest()
                && newest.generation > rejected
            {
                return Ok(Some(newest));
            }
            let monotonic = self.keeper.context().clock.monotonic();
            if let Some(deferral) = self.slot.deferral(rejected, monotonic) {
                return Err(self.no_token(deferral.why, Some(deferral.again_at)));
            }
            let Joined {
                result,
                probes: probed,
                ..
            } = self.join_flight(Some(rejected), move |handle| {
                handle.replace_rejected(rejected)
            })?;
            let finished = self.wait_until(result, deadline).await;
            let want = TokenRequirement::newer_than(rejected);
            if let Some(token) = self.met(&want, &finished) {
                return Ok(Some(token));
            }
            match finished.as_deref() {
                Some(Outcome::Unmet { why, .. }) if why.needs_person() => {
                    let last = Some((*why, None));
                    return self.give_up(want, &finished, last).map(Some);
                }
                // The flight asked the platform, which did not confirm the 401.
                Some(Outcome::Met { token, .. }) if token.generation == rejected => {
                    if probed == Some(rejected) {
                        return Ok(None);
                    }
                    // It had another purpose. It has finished, so the next flight is ours.
                }
                Some(Outcome::Unmet { why, again_at, .. }) => {
                    let last = Some((*why, *again_at));
                    if !self.pause_before(deadline, last).await {
                        return self.give_up(want, &finished, last).map(Some);
                    }
                }
                _ => {
                    if !self.pause_before(deadline, None).await {
                        return self.give_up(want, &finished, None).map(Some);
                    }
                }
            }
        }
    }

    /// The work of a flight after a 401: read the record, probe, refresh.
    async fn replace_rejected(self, rejected: Generation) -> Outcome {
        let context = self.keeper.context();
        let stored = self
            .keeper
            .run(&self.slot, TokenRequirement::default())
            .await;
        let current = match &stored {
            Outcome::Met { token, .. } if token.generation == rejected => token,
            // There is a later token, or no usable one: the run has reported it.
            _ => return stored,
        };
        context.clock.pause(context.settings.probe_pause).await;
        context.metrics.add(Counter::Probes);
        let realm = self.slot.key.realm;
        let probe = context
            .endpoint
            .probe(realm, current.host, &current.access_token)
            .await;
        match probe {
            Probe::Unauthorized => {
                let want = TokenRequirement::instead_of_rejected(rejected);
                self.keeper.run(&self.slot, want).await
            }
            Probe::Alive { .. } | Probe::Inconclusive => stored,
        }
    }
}
