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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use kommo_oauth::grant::{Fingerprint, HoldScope};

    use super::*;

    const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
    const LENGTH: Duration = Duration::from_secs(100);

    fn requester() -> Requester {
        Requester::new(Fingerprint::new([1; 16]), Fingerprint::new([2; 16]))
    }

    fn hold(kind: HoldKind) -> Hold {
        Hold::new(kind, HoldScope::Egress(requester().egress), NOW, LENGTH)
    }

    fn account(number: u64) -> AccountId {
        AccountId::from_number(number).unwrap()
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Whether the block of this account at this second confirms a suspicion.
    fn confirms(holds: &ProcessHolds, number: u64, seconds: u64) -> bool {
        holds.suspect(hold(HoldKind::Blocked), account(number), at(seconds))
    }

    #[test]
    fn a_second_account_confirms_a_block_and_the_same_one_does_not() {
        let holds = ProcessHolds::default();
        assert!(!confirms(&holds, 1, 10));
        assert!(!confirms(&holds, 1, 20));
        assert!(confirms(&holds, 2, 30));
        // It holds now; what is blocked meanwhile says nothing new.
        assert!(!confirms(&holds, 3, 40));
        let left = holds.look(&requester(), NOW, at(40)).unwrap();
        assert_eq!(NOW.until(left.until), at(91));
    }

    #[test]
    fn what_was_blocked_during_a_hold_is_no_evidence_after_it() {
        let holds = ProcessHolds::default();
        holds.add(hold(HoldKind::Blocked), at(0));
        assert!(!confirms(&holds, 1, 50));
        // The hold has ended: counting begins anew.
        assert!(!confirms(&holds, 2, 100));
        assert!(confirms(&holds, 3, 101));
    }

    #[test]
    fn a_hold_of_another_kind_hides_no_block() {
        let holds = ProcessHolds::default();
        holds.add(hold(HoldKind::ClientMisconfigured), at(0));
        assert!(!confirms(&holds, 1, 10));
        assert!(confirms(&holds, 2, 20));
    }

    #[test]
    fn a_suspicion_is_forgotten_after_an_hour_and_by_an_answer() {
        let hour = SUSPICION.as_secs();
        let holds = ProcessHolds::default();
        assert!(!confirms(&holds, 1, 10));
        assert!(!confirms(&holds, 2, 10 + hour), "an hour later");
        assert!(
            confirms(&holds, 3, 9 + 2 * hour),
            "within an hour of the second"
        );

        let holds = ProcessHolds::default();
        assert!(!confirms(&holds, 1, 10));
        holds.lift_suspicion(&requester());
        assert!(!confirms(&holds, 2, 20));
    }

    #[test]
    fn an_answer_ends_the_suspicion_of_its_address_and_nothing_else() {
        let holds = ProcessHolds::default();
        holds.add(hold(HoldKind::ClientMisconfigured), at(0));
        assert!(!confirms(&holds, 1, 10));
        let other = Requester::new(requester().configuration, Fingerprint::new([9; 16]));
        holds.lift_suspicion(&other);
        let trial = |second| holds.enter(&requester(), NOW, at(second)).unwrap();
        assert!(trial(100).is_some(), "an answer at another address");
        holds.lift_suspicion(&requester());
        let held = holds.look(&requester(), NOW, at(50)).unwrap();
        assert_eq!(held.kind, HoldKind::ClientMisconfigured);
        holds.lift_all(&requester());

        assert!(!confirms(&holds, 1, 200));
        holds.lift_suspicion(&requester());
        assert!(trial(201).is_none());
    }

    #[test]
    fn under_a_suspicion_one_sends_at_a_time() {
        let holds = ProcessHolds::default();
        assert!(!confirms(&holds, 1, 10));
        assert_eq!(holds.look(&requester(), NOW, at(10)), None);
        let trial = holds.enter(&requester(), NOW, at(10)).unwrap().unwrap();
        let wait = holds.enter(&requester(), NOW, at(11)).unwrap_err();
        assert_eq!(NOW.until(wait.until), LOOK_AGAIN);
        // A trial that ends without an answer lets the next one try.
        drop(trial);
        assert!(holds.enter(&requester(), NOW, at(12)).unwrap().is_some());
        // Another address is not concerned.
        let other = Requester::new(requester().configuration, Fingerprint::new([9; 16]));
        assert!(holds.enter(&other, NOW, at(12)).unwrap().is_none());
        // After an hour nobody tries for the others any more.
        let hour = SUSPICION.as_secs();
        assert!(
            holds
                .enter(&requester(), NOW, at(9 + hour))
                .unwrap()
                .is_some()
        );
        assert!(
            holds
                .enter(&requester(), NOW, at(10 + hour))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_hold_stops_until_its_last_moment_and_then_one_tries() {
        let holds = ProcessHolds::default();
        holds.add(hold(HoldKind::Blocked), at(0));
        for (second, left) in [(0, 101), (1, 100), (99, 2)] {
            let stopped = holds.enter(&requester(), NOW, at(second)).unwrap_err();
            assert_eq!(NOW.until(stopped.until), at(left), "at {second}");
        }
        let first = holds.enter(&requester(), NOW, at(100)).unwrap().unwrap();
        let wait = holds.enter(&requester(), NOW, at(100)).unwrap_err();
        assert_eq!(NOW.until(wait.until), LOOK_AGAIN);
        drop(first);
        assert!(holds.enter(&requester(), NOW, at(101)).unwrap().is_some());
        holds.lift(&requester());
        assert!(holds.enter(&requester(), NOW, at(102)).unwrap().is_none());
    }

    #[test]
    fn a_person_lifts_what_was_a_hold_and_hears_of_nothing_else() {
        let holds = ProcessHolds::default();
        assert!(!confirms(&holds, 1, 10));
        assert_eq!(holds.lift_all(&requester()), []);
        // The suspicion is over too.
        assert!(!confirms(&holds, 2, 20));
        holds.add(hold(HoldKind::ClientMisconfigured), at(20));
        holds.add(hold(HoldKind::ClientMisconfigured), at(30));
        let other = Requester::new(requester().configuration, Fingerprint::new([9; 16]));
        assert_eq!(holds.lift_all(&other), []);
        assert_eq!(
            holds.lift_all(&requester()),
            [HoldKind::ClientMisconfigured]
        );
        assert_eq!(holds.look(&requester(), NOW, at(31)), None);
    }
}
