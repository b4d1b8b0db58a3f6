//! Refreshes the due grants of a store, whether or not they have callers: claims, refreshes,
//! settles.

use alloc::sync::Arc;
use core::time::Duration;

use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::GrantKey;
use kommo_oauth::refresh::{MetBy, Outcome, TokenRequirement, Unmet};
use tokio::task::JoinSet;

use crate::cache::grant_slot::GrantSlot;
use crate::keeper::Keeper;
use crate::ports::clock::Clock as _;
use crate::ports::due_grants::{DueClaim, DueGrants};
use crate::ports::grant_store::{GrantStore, StoreError, StoreErrorKind, Written};
use crate::refresh::driver::Start;
use crate::reporting::alarm::AlarmKind;

/// When a record that a person must repair is claimed again.
const UNREADABLE_AGAIN: Duration = Duration::from_secs(15 * 60);

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepReport {
    /// Claimed grants.
    pub claimed: usize,
    /// Pairs that this round received.
    pub refreshed: usize,
    /// Grants that already had a fresh token.
    pub fresh: usize,
    /// Grants that will be claimed again: held, in doubt, busy, unreachable.
    pub later: usize,
    /// Grants that need a person: ended, or unreadable.
    pub ended: usize,
}

impl<S> Keeper<S>
where
    S: GrantStore + DueGrants<Error = <S as GrantStore>::Error>,
{
    /// One round: claims at most `limit` due grants and refreshes them,
    /// [`sweep_width`](crate::KeeperSettings::sweep_width) concurrently. A keeper without a client
    /// id claims nothing.
    ///
    /// # Errors
    ///
    /// The store cannot claim or settle. What was refreshed is saved.
    pub async fn sweep_once(&self, limit: u32) -> Result<SweepReport, StoreErrorKind> {
        let context = self.context();
        let failed = |error: <S as GrantStore>::Error| {
            context.store_failed(None, &error);
            error.kind()
        };
        let realm = context.settings.endpoints.realm();
        let Some(client_id) = context.identity.get().client_id else {
            return Ok(SweepReport::default());
        };
        let claims = context
            .store
            .claim_due(
                realm,
                &client_id,
                context.clock.now(),
                limit,
                context.settings.lease,
            )
            .await
            .map_err(failed)?;
        let mut report = SweepReport {
            claimed: claims.len(),
            ..SweepReport::default()
        };
        let mut waiting = claims.into_iter();
        // These tasks only wait. The work has tasks of its own, which continue if this future is
        // dropped.
        let mut running = JoinSet::new();
        let mut settled = Vec::with_capacity(report.claimed);
        loop {
            while running.len() < context.settings.sweep_width.max(1)
                && let Some(claim) = waiting.next()
            {
                let keeper = self.clone();
                running.spawn(async move { (claim, keeper.refresh_within_lease(claim).await) });
            }
            let Some(finished) = running.join_next().await else {
                break;
            };
            // INVARIANT: a panic of the work does not reach these tasks, and they are not aborted
            // before this future is dropped.
            let Ok((claim, outcome)) = finished else {
                continue;
            };
            let again_at = report.count(&outcome, context.clock.now());
            if !self.outlives_lease(&outcome) {
                settled.push((claim, again_at));
            }
        }
        context.store.settle_due(&settled).await.map_err(failed)?;
        Ok(report)
    }

    /// Whether a claim may expire by itself, which saves a write for each grant: the token is
    /// fresh, and not due again before the lease ends.
    fn outlives_lease(&self, outcome: &Outcome) -> bool {
        let settings = self.settings();
        let Outcome::Met { token, .. } = outcome else {
            return false;
        };
        let margin = token.margin(settings.policy.refresh_before);
        token.left(self.context().clock.now()) > margin + settings.lease
    }

    /// Waits no longer than the claim lasts: a pair that cannot be saved does not delay the other
    /// grants.
    async fn refresh_within_lease(&self, claim: DueClaim) -> Outcome {
        let keeper = self.clone();
        let Ok(flight) = self.spawn(async move { keeper.refresh(claim).await }) else {
            return not_ours();
        };
        self.finished(flight).await.unwrap_or_else(not_ours)
    }

    async fn refresh(&self, claim: DueClaim) -> Outcome {
        let policy = &self.settings().policy;
        let want = TokenRequirement::not_due(policy.refresh_before);
        if self.check(&claim.key).is_err() {
            return not_ours();
        }
        // If there is a handle, its callers see the new token; otherwise no slot is kept in memory.
        let slot = self
            .known_slot(&claim.key)
            .unwrap_or_else(|| Arc::new(GrantSlot::new(claim.key)));
        let outcome = self.run_from(Start::Lock, &slot, want).await;
        let may_be_long_lived = matches!(
            outcome,
            Outcome::Met {
                by: MetBy::Store,
                ..
            } | Outcome::Unmet {
                why: Unmet::NotRefreshable | Unmet::Expired,
                ..
            }
        );
        if may_be_long_lived {
            self.warn_of_end(&claim.key).await;
        }
        outcome
    }

    /// The end of a long-lived token is reported 30, 7 and 1 days before it, once each over all
    /// processes.
    async fn warn_of_end(&self, key: &GrantKey) {
        let context = self.context();
        let grant = match context.store.load(key).await {
            Ok(Some(grant)) => grant,
            Ok(None) => return,
            Err(error) => return context.store_failed(Some(*key), &error),
        };
        let now = context.clock.now();
        let Some((moved, warning)) = grant.warn_of_end(now) else {
            return;
        };
        match context.store.write(None, &moved, now).await {
            Ok(Written::Confirmed(_)) => context.alarm(*key, AlarmKind::EndsSoon(warning)),
            // Another worker reports it.
            Ok(Written::Conflict | Written::BeginAfter(_)) => {}
            Err(error) => context.store_failed(Some(*key), &error),
        }
    }
}

impl SweepReport {
    /// Counts an outcome; returns when the grant must be claimed again.
    fn count(&mut self, outcome: &Outcome, now: UnixSeconds) -> Option<UnixSeconds> {
        match outcome {
            Outcome::Met {
                by: MetBy::Refresh, ..
            } => self.refreshed += 1,
            Outcome::Met { .. } => self.fresh += 1,
            Outcome::Unmet { why, .. } if why.needs_person() => {
                self.ended += 1;
                // An ended grant is not due; an unreadable record still counts as due.
                let is_unreadable = matches!(why, Unmet::StoreFailed(_));
                return is_unreadable.then(|| now.plus(UNREADABLE_AGAIN));
            }
            Outcome::Unmet { why, again_at, .. } => {
                self.later += 1;
                // A hold of this machine alone: another machine may take the grant when the lease
                // ends.
                let is_ours_alone = matches!(why, Unmet::Held(kind) if !kind.stops_everybody());
                return again_at.filter(|_| !is_ours_alone);
            }
            _ => {}
        }
        None
    }
}

const fn not_ours() -> Outcome {
    Outcome::Unmet {
        why: Unmet::Busy,
        usable: None,
        is_read: false,
        again_at: None,
    }
}
