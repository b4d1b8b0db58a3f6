//! Holds that lie over this process as a whole: its credentials were refused, or its address is
//! blocked.
//!
//! A block is first held to be its account's own: what one tenant met is no evidence about our
//! address. If an account that worked lately met it, the others go one by one, until one of them is
//! answered, or another that worked lately is blocked too.
//!
//! ```text
//!   block, account that worked lately ──> suspicion: one trial at a time ─┬ answered ───────────────────> over
//!                                                                         └ another such account, block ─> all held
//! ```
//!
//! For the rest, the answer to one grant's request says so for every grant, so none of them asks
//! again before the hold ends. Then one of them
//! tries, and the others wait for what becomes of it.

use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kommo_account::AccountId;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Hold, HoldKind, Requester};

/// When those who wait for the one that tries look again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A block that nothing has confirmed for so long is forgotten.
const SUSPICION: Duration = Duration::from_secs(3_600);

/// The holds over this process. Their ends are those of the clock that never goes back.
#[derive(Debug, Default)]
pub(crate) struct ProcessHolds {
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    laid: Vec<Laid>,
    tries: u64,
    /// Accounts that had worked lately and met a block, and when.
    blocked: Vec<(AccountId, Duration)>,
}

#[derive(Debug)]
struct Laid {
    hold: Hold,
    ends_at: Duration,
    /// Which try is under way, after its end.
    tried_by: Option<u64>,
    /// Whether it is only suspected: one tries at a time, and nothing else is held.
    is_suspicion: bool,
}

impl ProcessHolds {
    /// An account that worked lately is blocked. Whether this process as a whole is held now:
    /// another such account was blocked too.
    pub(crate) fn suspect(&self, hold: Hold, account_id: AccountId, monotonic: Duration) -> bool {
        let mut all = self.lock();
        let is_held = |laid: &Laid| {
            laid.hold.kind == hold.kind && !laid.is_suspicion && laid.ends_at > monotonic
        };
        if all.laid.iter().any(is_held) {
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
        all.lay(Laid {
            hold,
            ends_at: monotonic.saturating_add(length),
            tried_by: None,
            is_suspicion: !is_confirmed,
        });
        is_confirmed
    }

    /// The platform has answered this requester with something that is no block.
    pub(crate) fn lift_suspicion(&self, requester: &Requester) {
        let mut all = self.lock();
        all.blocked.clear();
        all.laid
            .retain(|laid| !(laid.is_suspicion && laid.hold.is_meant_for(requester)));
    }

    /// The platform has answered this process with a hold.
    pub(crate) fn lay(&self, hold: Hold, monotonic: Duration) {
        self.lock().lay(Laid {
            hold,
            ends_at: monotonic.saturating_add(hold.length()),
            tried_by: None,
            is_suspicion: false,
        });
    }

    /// The platform has taken this requester's credentials, and its address.
    pub(crate) fn lift(&self, requester: &Requester) {
        let mut all = self.lock();
        all.blocked.clear();
        all.laid.retain(|laid| !laid.hold.is_meant_for(requester));
    }

    /// A person has mended what caused them. Gives the kinds of those that stopped this requester.
    pub(crate) fn lift_all(&self, requester: &Requester) -> Vec<HoldKind> {
        let mut all = self.lock();
        let (lifted, kept) = core::mem::take(&mut all.laid)
            .into_iter()
            .partition(|laid| laid.hold.is_meant_for(requester));
        all.laid = kept;
        all.blocked.clear();
        let lifted: Vec<Laid> = lifted;
        let lasting = lifted.iter().filter(|laid| !laid.is_suspicion);
        lasting.map(|laid| laid.hold.kind).collect()
    }

    /// What stops this requester.
    pub(crate) fn look(
        &self,
        requester: &Requester,
        now: UnixSeconds,
        monotonic: Duration,
    ) -> Option<Hold> {
        self.lock().stopping(requester, now, monotonic)
    }

    /// The same for one that is about to send. If a hold has ended, this one tries for all.
    pub(crate) fn enter(
        &self,
        requester: &Requester,
        now: UnixSeconds,
        monotonic: Duration,
    ) -> Result<Option<Trial<'_>>, Hold> {
        let mut all = self.lock();
        all.laid.retain(|laid| {
            !laid.is_suspicion || monotonic.saturating_sub(laid.ends_at) < SUSPICION
        });
        if let Some(hold) = all.stopping(requester, now, monotonic) {
            return Err(hold);
        }
        all.tries = all.tries.wrapping_add(1);
        let number = all.tries;
        let mut is_try = false;
        for laid in &mut all.laid {
            if laid.hold.is_meant_for(requester) {
                laid.tried_by = Some(number);
                is_try = true;
            }
        }
        Ok(is_try.then(|| Trial {
            holds: self,
            number,
        }))
    }

    /// A panic of another holder does not matter: no change here is left half done.
    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    /// One of the same kind and scope is replaced.
    fn lay(&mut self, laid: Laid) {
        let of = |laid: &Laid| (laid.hold.kind, laid.hold.scope);
        self.laid.retain(|other| of(other) != of(&laid));
        self.laid.push(laid);
    }

    fn stopping(
        &self,
        requester: &Requester,
        now: UnixSeconds,
        monotonic: Duration,
    ) -> Option<Hold> {
        let meant = self
            .laid
            .iter()
            .filter(|laid| laid.hold.is_meant_for(requester));
        meant
            .filter_map(|laid| laid.stops(now, monotonic))
            .max_by_key(|hold| hold.until)
    }
}

impl Laid {
    fn stops(&self, now: UnixSeconds, monotonic: Duration) -> Option<Hold> {
        let left = match self.ends_at.checked_sub(monotonic) {
            // The clock of the day has whole seconds.
            Some(left) if !left.is_zero() => Duration::from_secs(left.as_secs() + 1),
            _ if self.tried_by.is_some() => LOOK_AGAIN,
            _ => return None,
        };
        let mut hold = self.hold;
        hold.until = now.plus(left);
        Some(hold)
    }
}

/// One that tries whether a hold is over. If it ends without an answer, the next one tries.
#[derive(Debug)]
pub(crate) struct Trial<'a> {
    holds: &'a ProcessHolds,
    number: u64,
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        for laid in &mut self.holds.lock().laid {
            if laid.tried_by == Some(self.number) {
                laid.tried_by = None;
            }
        }
    }
}
