//! How callers get tokens: at once from memory, from memory while a refresh is on its way, or after
//! one.

use alloc::sync::Arc;
use core::time::Duration;

use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Generation, HoldKind, UsableToken};
use kommo_oauth::refresh::{MetBy, Outcome, TokenRequirement, Unmet};

use crate::access_tokens::AccessTokens;
use crate::cached_token::{CachedToken, FreshToken};
use crate::clock::Clock as _;
use crate::entry::{Joined, Landing, Seen};
use crate::grant_store::GrantStore;
use crate::keeper::GrantHandle;
use crate::keeper_error::KeeperError;
use crate::metrics::Counter;
use crate::token_endpoint::Probe;

/// When a caller may ask again whose own process is still at it.
const ASK_AGAIN: Duration = Duration::from_secs(2);

impl<S: GrantStore> GrantHandle<S> {
    /// The token, if it is fresh: borrowed from one atomic pointer. No lock, no store, no
    /// allocation, no waiting.
    #[inline]
    #[must_use]
    pub fn fresh(&self) -> Option<FreshToken> {
        self.entry.fresh(self.keeper.ports().clock.monotonic())
    }

    /// A token that may be used now.
    ///
    /// A fresh one comes from memory. One that is due comes from memory too, and a refresh starts
    /// beside. Only a caller who finds none, or one in its last minute, waits: for the one refresh
    /// of this process, or for another worker's. If no refresh succeeds, the old token is given as
    /// long as it is valid.
    ///
    /// # Errors
    ///
    /// [`KeeperError::NoToken`]: no token is valid, and none came within
    /// [`wait_at_most`](crate::KeeperSettings::wait_at_most).
    pub async fn token(&self) -> Result<Arc<UsableToken>, KeeperError> {
        let clock = &self.keeper.ports().clock;
        match self.entry.look(clock.monotonic()) {
            Seen::Fresh(fresh) => Ok(fresh.to_shared()),
            Seen::Due(cached) => {
                if self.entry.may_start(clock.monotonic()) {
                    // A keeper that drains starts nothing, and the token is still good.
                    drop(self.fly_for(TokenRequirement::valid_for(cached.margin)));
                }
                Ok(Arc::clone(&cached.usable))
            }
            Seen::Last(cached) => self.replace_last(&cached).await,
            Seen::Nothing => {
                let must = self.keeper.settings().policy.must_before;
                self.wait_for(TokenRequirement::valid_for(must)).await
            }
        }
    }

    /// The token's last minute: another is wanted first, and this one taken if none comes.
    async fn replace_last(&self, cached: &CachedToken) -> Result<Arc<UsableToken>, KeeperError> {
        match self
            .wait_for(TokenRequirement::valid_for(cached.margin))
            .await
        {
            // What the flights left in memory may be used: the old token, unless the store said
            // that the grant is over.
            Err(error) => match self.entry.look(self.keeper.ports().clock.monotonic()) {
                Seen::Fresh(fresh) => Ok(fresh.to_shared()),
                Seen::Due(cached) | Seen::Last(cached) => Ok(Arc::clone(&cached.usable)),
                Seen::Nothing => Err(error),
            },
            token => token,
        }
    }

    /// A token that is valid for at least this long; one that is not is refreshed. A wish for more
    /// than [`TokenRequirement::LONGEST_VALIDITY`], half of what a token lives, is one for that: else each call
    /// would spend a refresh.
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

    /// Refreshes now, unless the store already has a later generation than `than` (the operator's
    /// wish).
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

    /// Refreshes now, as a person wishes, unless the store already has a later generation than
    /// `than`: as [`token_newer_than`](Self::token_newer_than), but the pause of a doubt is not
    /// waited for. A hold still is; [`lift_holds`](crate::Keeper::lift_holds) ends it.
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

    /// Runs flights until one brings what is wanted, a person is needed, or the time is over.
    async fn wait_for(&self, want: TokenRequirement) -> Result<Arc<UsableToken>, KeeperError> {
        let deadline = self.deadline();
        let mut last = None;
        loop {
            let Joined {
                landing, is_own, ..
            } = self.fly_for(want)?;
            let landed = self.land_before(landing, deadline).await;
            if let Some(token) = self.met(&want, &landed) {
                return Ok(token);
            }
            if landed.is_none() {
                // That another worker was at it before says nothing of our own flight.
                let is_others = |why| matches!(why, Unmet::Busy | Unmet::Contended);
                let last = last.filter(|(why, _)| !is_others(*why));
                return self.give_up(want, &landed, last);
            }
            if let Some(Outcome::Unmet { why, again_at, .. }) = landed.as_deref() {
                last = Some((*why, *again_at));
                if why.needs_person() {
                    return self.give_up(want, &landed, last);
                }
            }
            // Another's flight waited for the pause of a doubt, which a person does not wait for.
            if want.is_persons_wish && !is_own && landed.is_some() {
                continue;
            }
            if !self.pause_before(deadline, last).await {
                return self.give_up(want, &landed, last);
            }
        }
    }

    /// What is wanted, as the flight left it. The flight may have been somebody else's with another
    /// wish.
    fn met(&self, want: &TokenRequirement, landed: &Landing) -> Option<Arc<UsableToken>> {
        let Outcome::Met { token, by } = landed.as_deref()? else {
            return None;
        };
        let now = self.keeper.ports().clock.now();
        // The platform's tokens live no longer than its newest one.
        let is_long_enough = token.left(now) >= want.min_validity || *by == MetBy::Refresh;
        let is_met = is_long_enough
            && want.newer_than.is_none_or(|old| token.generation > old)
            && want
                .obtained_since
                .is_none_or(|instant| token.obtained_at >= instant);
        is_met.then(|| Arc::new(token.clone()))
    }

    /// At the end of the wait: the old token, if a token at all was wanted and it is valid.
    fn give_up(
        &self,
        want: TokenRequirement,
        landed: &Landing,
        last: Option<(Unmet, Option<UnixSeconds>)>,
    ) -> Result<Arc<UsableToken>, KeeperError> {
        let is_any_good = want.newer_than.is_none()
            && want.obtained_since.is_none()
            && want.min_validity <= self.keeper.settings().policy.must_before;
        if let Some(usable) = Self::usable_of(landed).filter(|_| is_any_good) {
            return Ok(usable);
        }
        // No flight has landed in this time: it is our own that takes so long.
        let again_at = || Some(self.keeper.ports().clock.now().plus(ASK_AGAIN));
        let (why, again_at) = last.unwrap_or_else(|| (Unmet::StillRunning, again_at()));
        Err(self.no_token(why, again_at))
    }

    fn no_token(&self, why: Unmet, again_at: Option<UnixSeconds>) -> KeeperError {
        let key = self.entry.key;
        let has_credentials = self.keeper.credentials().is_some();
        if why == Unmet::Held(HoldKind::ClientMisconfigured) && !has_credentials {
            return KeeperError::NoCredentials { key };
        }
        KeeperError::NoToken { key, why, again_at }
    }

    /// Waits for a flight, at most until the deadline.
    async fn land_before(
        &self,
        mut landing: tokio::sync::watch::Receiver<Landing>,
        deadline: Duration,
    ) -> Landing {
        let clock = &self.keeper.ports().clock;
        let left = deadline.saturating_sub(clock.monotonic());
        tokio::select! {
            biased;
            landed = landing.wait_for(Option::is_some) => landed.ok().and_then(|landed| landed.clone()),
            () = clock.pause(left) => None,
        }
    }

    /// Waits before the next flight. `false` if there is no time left for one.
    async fn pause_before(
        &self,
        deadline: Duration,
        last: Option<(Unmet, Option<UnixSeconds>)>,
    ) -> bool {
        let ports = self.keeper.ports();
        let busy_pause = ports.settings.busy_pause;
        let spread = u64::try_from(busy_pause.as_millis()).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(ports.chance() % spread.saturating_add(1));
        let asked = match last {
            // Another worker is at it: its pair is seen as soon as it is saved.
            Some((Unmet::Busy | Unmet::Contended, _)) | None => Duration::ZERO,
            Some((_, Some(at))) => ports.clock.now().until(at),
            Some((_, None)) => Duration::ZERO,
        };
        let pause = asked.max(busy_pause + jitter);
        let now = ports.clock.monotonic();
        if now.saturating_add(pause) >= deadline {
            return false;
        }
        ports.clock.pause(pause).await;
        true
    }

    /// The platform said 401 to a call with this generation's token. A generation that is not
    /// current starts nothing. A current one is probed after a pause, without the call's own
    /// headers; only a second 401 makes the token refreshed.
    ///
    /// `None`: the probe did not confirm it, so the 401 was about the call.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token). A confirmed 401 to a token that was given in the place of a
    /// rejected one, less than ten minutes ago, holds the grant as
    /// [`HoldKind::Suspect`](kommo_oauth::grant::HoldKind::Suspect): while that lies, no 401 leads to
    /// another probe or refresh.
    pub async fn token_after_401(
        &self,
        rejected: Generation,
    ) -> Result<Option<Arc<UsableToken>>, KeeperError> {
        let deadline = self.deadline();
        loop {
            if let Some(newest) = self.entry.newest()
                && newest.generation > rejected
            {
                return Ok(Some(newest));
            }
            let monotonic = self.keeper.ports().clock.monotonic();
            if let Some(put_off) = self.entry.is_put_off(rejected, monotonic) {
                return Err(self.no_token(put_off.why, Some(put_off.again_at)));
            }
            let Joined {
                landing,
                probes: probed,
                ..
            } = self.fly(Some(rejected), move |handle| {
                handle.replace_rejected(rejected)
            })?;
            let landed = self.land_before(landing, deadline).await;
            let want = TokenRequirement::newer_than(rejected);
            if let Some(token) = self.met(&want, &landed) {
                return Ok(Some(token));
            }
            match landed.as_deref() {
                Some(Outcome::Unmet { why, .. }) if why.needs_person() => {
                    let last = Some((*why, None));
                    return self.give_up(want, &landed, last).map(Some);
                }
                // The flight asked the platform, which did not confirm the 401.
                Some(Outcome::Met { token, .. }) if token.generation == rejected => {
                    if probed == Some(rejected) {
                        return Ok(None);
                    }
                    // It was up for something else. It has landed, so the next one is ours.
                }
                Some(Outcome::Unmet { why, again_at, .. }) => {
                    let last = Some((*why, *again_at));
                    if !self.pause_before(deadline, last).await {
                        return self.give_up(want, &landed, last).map(Some);
                    }
                }
                _ => {
                    if !self.pause_before(deadline, None).await {
                        return self.give_up(want, &landed, None).map(Some);
                    }
                }
            }
        }
    }

    /// What a flight after a 401 does: look, probe, refresh.
    async fn replace_rejected(self, rejected: Generation) -> Outcome {
        let ports = self.keeper.ports();
        let stored = self
            .keeper
            .run(&self.entry, TokenRequirement::default())
            .await;
        let current = match &stored {
            Outcome::Met { token, .. } if token.generation == rejected => token,
            // It has moved on, or there is no usable token: the run has said so.
            _ => return stored,
        };
        ports.clock.pause(ports.settings.probe_pause).await;
        ports.metrics.add(Counter::Probes);
        let realm = self.entry.key.realm;
        let probe = ports
            .endpoint
            .probe(realm, current.host, &current.access_token)
            .await;
        match probe {
            Probe::Unauthorized => {
                let want = TokenRequirement::instead_of_rejected(rejected);
                self.keeper.run(&self.entry, want).await
            }
            Probe::Alive { .. } | Probe::Inconclusive => stored,
        }
    }
}

impl<S: GrantStore> AccessTokens for GrantHandle<S> {
    type Error = KeeperError;

    async fn access_token(&self) -> Result<Arc<UsableToken>, KeeperError> {
        self.token().await
    }

    async fn access_token_after_401(
        &self,
        rejected: Generation,
    ) -> Result<Option<Arc<UsableToken>>, KeeperError> {
        self.token_after_401(rejected).await
    }

    fn payment_required(&self) {
        self.note_payment_required();
    }

    fn account_not_found(&self, generation: Generation) {
        self.note_account_not_found(generation);
    }
}
