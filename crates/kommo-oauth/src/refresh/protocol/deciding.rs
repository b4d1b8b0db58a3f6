//! Whether a record meets the requirement, and the beginning of an attempt.

use alloc::boxed::Box;

use crate::grant::{
    Attempt, CLOCKS_MAY_DIFFER, Doubt, DoubtReason, Grant, GrantEvent, GrantState, HoldKind,
    HoldScope, LongLivedState, PairNumber, Transition,
};
use crate::refresh::protocol::run::{
    AfterRecord, LoadFor, LookUp, RefreshProtocol, Sent, Settlement, Stage,
};
use crate::refresh::requirement::{MetBy, Outcome, Unmet};
use crate::unix_time::UnixSeconds;

/// Writes that found another revision, before a run gives up.
const CONFLICTS_AT_MOST: u8 = 8;

impl RefreshProtocol {
    /// Without the lock: most runs end here.
    pub(super) fn look(&mut self, now: UnixSeconds) {
        match self.decide(now) {
            Some(outcome) if !self.may_be_recovered() => self.finish(outcome),
            Some(outcome @ Outcome::Met { .. }) => self.finish(outcome),
            _ => self.stage = Stage::Lock,
        }
    }

    /// A grant that needs a new consent may have a pair in the lifeboat.
    fn may_be_recovered(&self) -> bool {
        let is_ended = |grant: &Grant| matches!(grant.state, GrantState::ReauthRequired(_));
        self.lifeboat.may_hold_pair && self.grant.as_ref().is_some_and(is_ended)
    }

    /// Under the lock: records the attempt, if one is still needed.
    pub(super) fn begin(&mut self, now: UnixSeconds) {
        if self.lifeboat.may_hold_pair && self.grant.is_some() {
            self.stage = Stage::ReadLifeboat;
            return;
        }
        if let Some(outcome) = self.decide(now) {
            return self.finish(outcome);
        }
        let Some(grant) = self.grant.clone() else {
            return self.unmet(Unmet::NoGrant, now, None);
        };
        if let Some(transition) = self.rejection(&grant) {
            let transition = match self.is_stubborn(&grant, now) {
                true => grant.hold(self.new_hold(HoldKind::Suspect, HoldScope::Grant, now)),
                false => transition,
            };
            return self.record(transition, AfterRecord::Decide);
        }
        if self.lifeboat.exists && !self.lifeboat.is_reserved {
            self.stage = Stage::ReserveLifeboat;
            return;
        }
        let is_on_its_way = matches!(grant.state, GrantState::Refreshing(_));
        let grant = grant.take_over_within(now, self.policy.orphan_limit());
        let Some(used) = candidate(&grant) else {
            if is_on_its_way {
                // It is recorded until when the attempt may be answered: otherwise each run would
                // wait again, for ever.
                let event = GrantEvent::Doubted(DoubtReason::HolderDied);
                return self.record(Transition { grant, event }, AfterRecord::Decide);
            }
            return self.exhaust(grant, now);
        };
        let base = grant.generation;
        let attempt = Attempt::new(self.next_attempt, used, now);
        self.next_attempt = self.next_attempt.next();
        let sent = Sent {
            attempt: attempt.id,
            base,
            used,
        };
        match grant.begin(attempt) {
            Ok(transition) => self.record(transition, AfterRecord::Send(sent)),
            // INVARIANT: `decide` leaves only states that have this transition.
            Err(_) => self.unmet(Unmet::Contended, now, Some(self.soon(now))),
        }
    }

    /// No pair is left to be sent. If the one of an attempt that was taken over may still come, the
    /// end is not written.
    fn exhaust(&mut self, grant: Grant, now: UnixSeconds) {
        let orphan = grant.state.orphan().filter(|orphan| orphan.may_answer(now));
        match (orphan, grant.exhaust(now)) {
            (Some(orphan), _) => {
                let why = Unmet::InDoubt(DoubtReason::HolderDied);
                self.unmet(why, now, Some(orphan.until));
            }
            (None, Some(transition)) => self.record(transition, AfterRecord::Decide),
            (None, None) => self.unmet(Unmet::Contended, now, Some(self.soon(now))),
        }
    }

    /// The note that the access token was rejected, if it is needed and not recorded yet.
    fn rejection(&self, grant: &Grant) -> Option<Transition> {
        let rejected = self
            .requirement
            .newer_than
            .filter(|_| self.requirement.is_rejected)?;
        grant.clone().reject_access(rejected)
    }

    /// Whether the token that was rejected had come, a moment ago, in place of another rejected
    /// one: a refresh does not help, so the next one waits for a hold.
    fn is_stubborn(&self, grant: &Grant, now: UnixSeconds) -> bool {
        let is_recent = |at: UnixSeconds| {
            let apart = at.until(now).max(now.until(at));
            apart < self.policy.hold_length(HoldKind::Suspect)
        };
        self.rejection(grant).is_some()
            && grant.state.pairs().is_some_and(|pairs| {
                pairs.instead_of_rejected() && is_recent(pairs.newest().pair.obtained_at)
            })
    }

    /// A person asks for one request, not for several in a row.
    const fn ignores_pause(&self) -> bool {
        self.requirement.is_persons_wish && self.sent.is_none()
    }

    /// Whether the next try of a doubt is still to come. One that is further off than any pause was
    /// written by a clock that is ahead.
    fn waits(&self, doubt: &Doubt, now: UnixSeconds) -> bool {
        let left = now.until(doubt.next_try);
        !left.is_zero() && left <= self.policy.longest_doubt_pause() + CLOCKS_MAY_DIFFER
    }

    pub(super) fn record(&mut self, transition: Transition, after: AfterRecord) {
        self.stage = Stage::Record(Box::new(transition), after);
    }

    /// The outcome that follows from the record, unless an attempt is needed.
    pub(super) fn decide(&self, now: UnixSeconds) -> Option<Outcome> {
        let unmet = |why, usable, again_at| {
            Some(Outcome::Unmet {
                why,
                usable,
                is_read: self.is_read(why),
                again_at,
            })
        };
        let Some(grant) = &self.grant else {
            return unmet(Unmet::NoGrant, None, None);
        };
        if let Some(token) = self.requirement.is_met_by(grant, now) {
            let by = MetBy::Store;
            return Some(Outcome::Met { token, by });
        }
        if self.rejection(grant).is_some() && !self.is_stubborn(grant, now) {
            return None;
        }
        let usable = grant.usable(now);
        match &grant.state {
            GrantState::LongLived(token) => {
                let why = match token.state(now) {
                    LongLivedState::Revoked => Unmet::Revoked,
                    LongLivedState::Over(reason) => Unmet::Disconnected(reason),
                    LongLivedState::Expired => Unmet::Expired,
                    LongLivedState::Active => Unmet::NotRefreshable,
                };
                return unmet(why, usable, None);
            }
            GrantState::ReauthRequired(ended) => {
                return unmet(Unmet::ReauthRequired(ended.reason), usable, None);
            }
            GrantState::Disconnected(ended) => {
                return unmet(Unmet::Disconnected(ended.reason), None, None);
            }
            _ => {}
        }
        let own = self
            .own
            .hold
            .as_ref()
            .filter(|hold| hold.stops(&self.requester, now));
        if let Some(hold) = grant.hold_for(&self.requester, now).or(own) {
            return unmet(Unmet::Held(hold.kind), usable, Some(hold.until));
        }
        match &grant.state {
            GrantState::InDoubt(in_doubt)
                if !self.ignores_pause() && self.waits(&in_doubt.doubt, now) =>
            {
                unmet(
                    Unmet::InDoubt(in_doubt.doubt.reason),
                    usable,
                    Some(in_doubt.doubt.next_try),
                )
            }
            _ => None,
        }
    }

    pub(super) fn after_record(&mut self, after: AfterRecord, now: UnixSeconds) {
        match after {
            AfterRecord::Send(sent) => {
                self.sent = Some(sent);
                self.stage = Stage::Send;
            }
            AfterRecord::Decide => self.begin(now),
            AfterRecord::Conclude(settlement) => self.conclude(settlement, now),
        }
    }

    pub(super) fn after_conflict(&mut self, after: AfterRecord, now: UnixSeconds) {
        self.conflicts = self.conflicts.saturating_add(1);
        if self.conflicts > CONFLICTS_AT_MOST {
            return self.unmet(Unmet::Contended, now, Some(self.soon(now)));
        }
        self.stage = Stage::Load(match after {
            AfterRecord::Conclude(settlement) => LoadFor::Settle(settlement),
            // A changed host is recorded while the attempt is still under way.
            AfterRecord::Send(_) => match (self.sent, self.look_up) {
                (Some(_), LookUp::MovedTo(host)) => LoadFor::Settle(Settlement::Moved(host)),
                _ => LoadFor::Begin,
            },
            AfterRecord::Decide => LoadFor::Begin,
        });
    }
}

/// Which pair an attempt is to send: in doubt the one that was sent, else the newest that is not
/// proven dead.
fn candidate(grant: &Grant) -> Option<PairNumber> {
    let pairs = grant.state.pairs()?;
    if let GrantState::InDoubt(in_doubt) = &grant.state {
        let again = pairs.find(in_doubt.doubt.used).filter(|held| !held.refused);
        if let Some(again) = again {
            return Some(again.number);
        }
    }
    pairs.candidate().map(|held| held.number)
}
