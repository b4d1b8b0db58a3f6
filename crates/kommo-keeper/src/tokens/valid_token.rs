//! How callers get tokens: at once from memory, from memory while a refresh runs, or after a
//! refresh.

use alloc::sync::Arc;
use core::time::Duration;

use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Generation, HoldKind, UsableToken};
use kommo_oauth::refresh::{MetBy, Outcome, TokenRequirement, Unmet};

use crate::cache::cached_token::{CachedToken, FreshToken};
use crate::cache::grant_slot::{CacheLookup, FlightResult, Joined};
use crate::keeper::error::KeeperError;
use crate::keeper::handle::GrantHandle;
use crate::ports::clock::Clock as _;
use crate::ports::grant_store::GrantStore;

/// When to ask again if a refresh of this process is still running.
const ASK_AGAIN: Duration = Duration::from_secs(2);

impl<S: GrantStore> GrantHandle<S> {
    /// The token, if it is fresh: borrowed through one atomic pointer. No lock, no store, no
    /// allocation, no waiting.
    #[inline]
    #[must_use]
    pub fn fresh(&self) -> Option<FreshToken> {
        self.slot.fresh(self.keeper.context().clock.monotonic())
    }

    /// A token that may be used now.
    ///
    /// A fresh one comes from memory. One that is due comes from memory too, and a refresh starts
    /// in the background. Only a caller that finds none, or one in its last minute, waits: for the
    /// one refresh of this process, or for another worker's. If no refresh succeeds, the old token
    /// is returned while it is valid.
    ///
    /// # Errors
    ///
    /// [`KeeperError::NoToken`]: no token is valid, and none came within
    /// [`wait_at_most`](crate::KeeperSettings::wait_at_most).
    pub async fn token(&self) -> Result<Arc<UsableToken>, KeeperError> {
        let clock = &self.keeper.context().clock;
        match self.slot.look_up(clock.monotonic()) {
            CacheLookup::Fresh(fresh) => Ok(fresh.to_shared()),
            CacheLookup::Due(cached) => {
                if self.slot.may_start_refresh(clock.monotonic()) {
                    // A draining keeper starts no refresh, and the token is still valid.
                    drop(self.join_run(TokenRequirement::valid_for(cached.margin)));
                }
                Ok(Arc::clone(&cached.usable))
            }
            CacheLookup::Expiring(cached) => self.replace_last(&cached).await,
            CacheLookup::Missing => {
                let must = self.keeper.settings().policy.must_before;
                self.wait_for(TokenRequirement::valid_for(must)).await
            }
        }
    }

    /// The token's last minute: waits for a new one, and takes this one if none comes.
    async fn replace_last(&self, cached: &CachedToken) -> Result<Arc<UsableToken>, KeeperError> {
        match self
            .wait_for(TokenRequirement::valid_for(cached.margin))
            .await
        {
            // The token that is still in memory may be used. It is gone if the store says that the
            // grant has ended.
            Err(error) => match self.slot.look_up(self.keeper.context().clock.monotonic()) {
                CacheLookup::Fresh(fresh) => Ok(fresh.to_shared()),
                CacheLookup::Due(cached) | CacheLookup::Expiring(cached) => {
                    Ok(Arc::clone(&cached.usable))
                }
                CacheLookup::Missing => Err(error),
            },
            token => token,
        }
    }

    /// A token that is valid for at least this long, refreshed if needed. More than
    /// [`TokenRequirement::LONGEST_VALIDITY`], half of a token's lifetime, is reduced to that:
    /// otherwise each call would spend a refresh.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn token_valid_for(
        &self,
        min_validity: Duration,
    ) -> Result<Arc<UsableToken>, KeeperError> {
        self.wait_for(TokenRequirement::valid_for(min_validity))
            .await
    }

    /// Refreshes now, unless the store already has a later generation than `than`.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn token_newer_than(
        &self,
        than: Generation,
    ) -> Result<Arc<UsableToken>, KeeperError> {
        self.wait_for(TokenRequirement::newer_than(than)).await
    }

    /// Like [`token_newer_than`](Self::token_newer_than), at a person's request: it does not wait
    /// for the pause of a doubt. It does wait for a hold; [`lift_holds`](crate::Keeper::lift_holds)
    /// ends one.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn refresh_for_person(
        &self,
        than: Generation,
    ) -> Result<Arc<UsableToken>, KeeperError> {
        self.wait_for(TokenRequirement::newer_than(than).by_person())
            .await
    }

    /// Refreshes a pair that was obtained before `instant`, to keep it alive.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn token_obtained_since(
        &self,
        instant: UnixSeconds,
    ) -> Result<Arc<UsableToken>, KeeperError> {
        self.wait_for(TokenRequirement::obtained_since(instant))
            .await
    }

    /// Runs flights until one meets the requirement, a person is needed, or the time is over.
    async fn wait_for(&self, want: TokenRequirement) -> Result<Arc<UsableToken>, KeeperError> {
        let deadline = self.deadline();
        let mut last = None;
        loop {
            let Joined { result, is_own, .. } = self.join_run(want)?;
            let finished = self.wait_until(result, deadline).await;
            if let Some(token) = self.met(&want, &finished) {
                return Ok(token);
            }
            if finished.is_none() {
                // Another worker's earlier refresh says nothing about our own flight.
                let is_others = |why| matches!(why, Unmet::Busy | Unmet::Contended);
                let last = last.filter(|(why, _)| !is_others(*why));
                return self.give_up(want, &finished, last);
            }
            if let Some(Outcome::Unmet { why, again_at, .. }) = finished.as_deref() {
                last = Some((*why, *again_at));
                if why.needs_person() {
                    return self.give_up(want, &finished, last);
                }
            }
            // The flight of another caller waited for the pause of a doubt, which a person does not
            // wait for.
            if want.is_persons_wish && !is_own && finished.is_some() {
                continue;
            }
            if !self.pause_before(deadline, last).await {
                return self.give_up(want, &finished, last);
            }
        }
    }

    /// The token that meets the requirement. The flight may have been another caller's, with
    /// another requirement.
    pub(super) fn met(
        &self,
        want: &TokenRequirement,
        finished: &FlightResult,
    ) -> Option<Arc<UsableToken>> {
        let Outcome::Met { token, by } = finished.as_deref()? else {
            return None;
        };
        let now = self.keeper.context().clock.now();
        // A token that was just received is the longest that the platform issues.
        let is_long_enough = token.left(now) >= want.min_validity || *by == MetBy::Refresh;
        let is_met = is_long_enough
            && want.newer_than.is_none_or(|old| token.generation > old)
            && want
                .obtained_since
                .is_none_or(|instant| token.obtained_at >= instant);
        is_met.then(|| Arc::new(token.clone()))
    }

    /// At the end of the wait: the old token, if it is valid and any valid token was wanted.
    pub(super) fn give_up(
        &self,
        want: TokenRequirement,
        finished: &FlightResult,
        last: Option<(Unmet, Option<UnixSeconds>)>,
    ) -> Result<Arc<UsableToken>, KeeperError> {
        let is_any_good = want.newer_than.is_none()
            && want.obtained_since.is_none()
            && want.min_validity <= self.keeper.settings().policy.must_before;
        if let Some(usable) = Self::usable_of(finished).filter(|_| is_any_good) {
            return Ok(usable);
        }
        // No flight has finished in this time: our own is still running.
        let again_at = || Some(self.keeper.context().clock.now().plus(ASK_AGAIN));
        let (why, again_at) = last.unwrap_or_else(|| (Unmet::StillRunning, again_at()));
        Err(self.no_token(why, again_at))
    }

    pub(super) fn no_token(&self, why: Unmet, again_at: Option<UnixSeconds>) -> KeeperError {
        let key = self.slot.key;
        let has_credentials = self.keeper.credentials().is_some();
        if why == Unmet::Held(HoldKind::ClientMisconfigured) && !has_credentials {
            return KeeperError::NoCredentials { key };
        }
        KeeperError::NoToken { key, why, again_at }
    }

    /// Waits for a flight, at most until the deadline.
    pub(super) async fn wait_until(
        &self,
        mut result: tokio::sync::watch::Receiver<FlightResult>,
        deadline: Duration,
    ) -> FlightResult {
        let clock = &self.keeper.context().clock;
        let left = deadline.saturating_sub(clock.monotonic());
        tokio::select! {
            biased;
            finished = result.wait_for(Option::is_some) => finished.ok().and_then(|finished| finished.clone()),
            () = clock.pause(left) => None,
        }
    }

    /// Waits before the next flight. `false` if there is no time left for one.
    pub(super) async fn pause_before(
        &self,
        deadline: Duration,
        last: Option<(Unmet, Option<UnixSeconds>)>,
    ) -> bool {
        let context = self.keeper.context();
        let busy_pause = context.settings.busy_pause;
        let spread = u64::try_from(busy_pause.as_millis()).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(context.random_u64() % spread.saturating_add(1));
        let asked = match last {
            // Another worker is refreshing: its pair is visible as soon as it is saved.
            Some((Unmet::Busy | Unmet::Contended, _)) | None => Duration::ZERO,
            Some((_, Some(at))) => context.clock.now().until(at),
            Some((_, None)) => Duration::ZERO,
        };
        let pause = asked.max(busy_pause + jitter);
        let now = context.clock.monotonic();
        if now.saturating_add(pause) >= deadline {
            return false;
        }
        context.clock.pause(pause).await;
        true
    }
}
