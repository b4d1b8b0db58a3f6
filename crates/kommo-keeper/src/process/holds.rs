//! Holds of this whole process: its credentials were refused, or its address is blocked.
//!
//! A block at first counts for its account alone: what one tenant met does not say that our address
//! is blocked. If that account worked recently, the other grants send one at a time, until one of
//! them is answered, or until a second account that worked recently is blocked.
//!
//! ```text
//!   a recent account is blocked ─> suspicion: one trial at a time ─┬ answered ────────> over
//!                                                                  └ a second is blocked ─> all held
//! ```
//!
//! All other holds here are known from the answer to one grant and apply to every grant, so no
//! grant sends before the hold ends. Then one of them tries, and the others wait for its result.

use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kommo_account::AccountId;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Hold, HoldKind, Requester};

/// The pause of grants that wait for a trial.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A block that was not confirmed within this time is forgotten.
const SUSPICION: Duration = Duration::from_secs(3_600);

/// The holds of this process. Their ends are instants of the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct ProcessHolds {
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    holds: Vec<ActiveHold>,
    tries: u64,
    /// Accounts that had worked recently and met a block, and when.
    blocked: Vec<(AccountId, Duration)>,
}

#[derive(Debug)]
struct ActiveHold {
    hold: Hold,
    ends_at: Duration,
    /// The number of the trial that is running after the hold's end.
    tried_by: Option<u64>,
    /// Whether it is only a suspicion: one trial at a time, and no other effect.
    is_suspicion: bool,
}

impl ProcessHolds {
    /// An account that worked recently is blocked. Returns whether this makes it a hold of the
    /// whole process, because another such account was blocked before.
    pub(crate) fn suspect(&self, hold: Hold, account_id: AccountId, monotonic: Duration) -> bool {
        let mut all = self.lock();
        let is_held = |active: &ActiveHold| {
            active.hold.kind == hold.kind && !active.is_suspicion && active.ends_at > monotonic
        };
        if all.holds.iter().any(is_held) {
            return false;
        }
        all.blocked.retain(|(account, at)| {
            *account != account_id && monotonic.saturating_sub(*at) < SUSPICION
        });
        let is_confirmed = !all.blocked.is_empty();
        all.blocked.push((account_id, monotonic));
        let length = match is_confirmed {
            true => hold.length(),
            false => Duration::ZERO,
        };
        all.add(ActiveHold {
            hold,
            ends_at: monotonic.saturating_add(length),
            tried_by: None,
            is_suspicion: !is_confirmed,
        });
        is_confirmed
    }

    /// The platform has answered this requester with something other than a block.
    pub(crate) fn lift_suspicion(&self, requester: &Requester) {
        let mut all = self.lock();
        all.blocked.clear();
        all.holds
            .retain(|active| !(active.is_suspicion && active.hold.is_meant_for(requester)));
    }

    /// An answer of the platform puts this process on hold.
    pub(crate) fn add(&self, hold: Hold, monotonic: Duration) {
        self.lock().add(ActiveHold {
            hold,
            ends_at: monotonic.saturating_add(hold.length()),
            tried_by: None,
            is_suspicion: false,
        });
    }

    /// The platform has accepted this requester's credentials and address.
    pub(crate) fn lift(&self, requester: &Requester) {
        let mut all = self.lock();
        all.blocked.clear();
        all.holds
            .retain(|active| !active.hold.is_meant_for(requester));
    }

    /// A person has fixed the causes. Returns the kinds of the holds that stopped this requester.
    pub(crate) fn lift_all(&self, requester: &Requester) -> Vec<HoldKind> {
        let mut all = self.lock();
        let (lifted, kept) = core::mem::take(&mut all.holds)
            .into_iter()
            .partition(|active| active.hold.is_meant_for(requester));
        all.holds = kept;
        all.blocked.clear();
        let lifted: Vec<ActiveHold> = lifted;
        let lasting = lifted.iter().filter(|active| !active.is_suspicion);
        lasting.map(|active| active.hold.kind).collect()
    }

    /// The hold that stops this requester.
    pub(crate) fn look(
        &self,
        requester: &Requester,
        now: UnixSeconds,
        monotonic: Duration,
    ) -> Option<Hold> {
        self.lock().stopping(requester, now, monotonic)
    }

    /// Like `look`, for a run that is about to send. If a hold has ended, this run is the trial for
    /// all.
    pub(crate) fn enter(
        &self,
        requester: &Requester,
        now: UnixSeconds,
        monotonic: Duration,
    ) -> Result<Option<Trial<'_>>, Hold> {
        let mut all = self.lock();
        all.holds.retain(|active| {
            !active.is_suspicion || monotonic.saturating_sub(active.ends_at) < SUSPICION
        });
        if let Some(hold) = all.stopping(requester, now, monotonic) {
            return Err(hold);
        }
        all.tries = all.tries.wrapping_add(1);
        let number = all.tries;
        let mut is_try = false;
        for active in &mut all.holds {
            if active.hold.is_meant_for(requester) {
                active.tried_by = Some(number);
                is_try = true;
            }
        }
        Ok(is_try.then(|| Trial {
            holds: self,
            number,
        }))
    }

    /// A panic of another holder is harmless: no change here is left half done.
    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    /// Adds a hold. It replaces one of the same kind and scope.
    fn add(&mut self, active: ActiveHold) {
        let of = |active: &ActiveHold| (active.hold.kind, active.hold.scope);
        self.holds.retain(|other| of(other) != of(&active));
        self.holds.push(active);
    }

    fn stopping(
        &self,
        requester: &Requester,
        now: UnixSeconds,
        monotonic: Duration,
    ) -> Option<Hold> {
        let meant = self
            .holds
            .iter()
            .filter(|active| active.hold.is_meant_for(requester));
        meant
            .filter_map(|active| active.stops(now, monotonic))
            .max_by_key(|hold| hold.until)
    }
}

impl ActiveHold {
    fn stops(&self, now: UnixSeconds, monotonic: Duration) -> Option<Hold> {
        let left = match self.ends_at.checked_sub(monotonic) {
            // The wall clock has whole seconds.
            Some(left) if !left.is_zero() => Duration::from_secs(left.as_secs() + 1),
            _ if self.tried_by.is_some() => LOOK_AGAIN,
            _ => return None,
        };
        let mut hold = self.hold;
        hold.until = now.plus(left);
        Some(hold)
    }
}

/// A trial of whether a hold has ended. If it ends without an answer, the next run is the trial.
#[derive(Debug)]
pub(crate) struct Trial<'a> {
    holds: &'a ProcessHolds,
    number: u64,
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        for active in &mut self.holds.lock().holds {
            if active.tried_by == Some(self.number) {
                active.tried_by = None;
            }
        }
    }
}
