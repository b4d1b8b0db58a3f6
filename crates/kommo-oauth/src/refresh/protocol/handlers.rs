//! The one entry for reports: how each stage of a run handles the result of its step.

use core::mem;

use crate::grant::{Grant, GrantState, Revision, Transition, UnsavedPair};
use crate::refresh::protocol::reports::{Report, UnexpectedReport};
use crate::refresh::protocol::run::{KeptIn, LoadFor, RefreshProtocol, Stage, Unsaved};
use crate::refresh::requirement::{Outcome, Unmet};
use crate::refresh::store_error_kind::StoreErrorKind;
use crate::unix_time::UnixSeconds;

impl RefreshProtocol {
    /// Takes the result of the step that [`poll`](Self::poll) asked for.
    /// [`Step`](crate::refresh::Step) names the reports that answer each step.
    ///
    /// # Errors
    ///
    /// [`UnexpectedReport`] for a report that does not answer the step; the run is unchanged.
    pub fn handle(&mut self, report: Report, now: UnixSeconds) -> Result<(), UnexpectedReport> {
        // Each arm sets the next stage, the last one the same again.
        let stage = mem::replace(&mut self.stage, Stage::Load(LoadFor::Look));
        match (stage, report) {
            (Stage::Load(purpose), Report::Loaded(grant)) => self.after_load(purpose, grant, now),
            (Stage::Lock, Report::Locked) => {
                self.is_locked = true;
                self.stage = Stage::Load(LoadFor::Begin);
            }
            (Stage::Lock, Report::Busy) => self.unmet(Unmet::Busy, now, Some(self.soon(now))),
            (Stage::ReadLifeboat, Report::LifeboatRead(unsaved)) => self.after_read(unsaved, now),
            (Stage::ReadLifeboat, Report::Failed(kind)) => self.after_failed_read(kind, now),
            (Stage::ReserveLifeboat, Report::Done) => {
                self.lifeboat.is_reserved = true;
                self.begin(now);
            }
            (Stage::Record(transition, after), Report::Recorded(revision)) => {
                self.confirm(*transition, revision);
                self.after_record(after, now);
            }
            (Stage::Record(_, after), Report::Conflict) => self.after_conflict(after, now),
            (Stage::Send, Report::Sent(outcome)) => self.after_send(outcome, now),
            (Stage::LookUp(refusal), Report::Located(located)) => {
                self.after_look_up(refusal, located, now);
            }
            // This alone makes the new pair usable (I4).
            (
                Stage::Save(transition, _),
                Report::Saved {
                    generation,
                    revision,
                },
            ) if transition.grant.generation == generation => {
                self.confirm(*transition, revision);
                self.let_go(now);
            }
            (Stage::Save(..), Report::Conflict) | (Stage::WaitToSave, Report::Done) => {
                self.stage = Stage::Load(LoadFor::Save);
            }
            (Stage::Save(..) | Stage::Load(LoadFor::Save), Report::Failed(kind)) => {
                self.keep_afloat(kind, now);
            }
            // Nothing is sent, and no refresh token is spent.
            (
                Stage::Load(_) | Stage::Lock | Stage::ReserveLifeboat | Stage::Record(..),
                Report::Failed(kind),
            ) => self.store_failed(kind, now),
            // Saving is tried again either way.
            (Stage::WriteLifeboat, report @ (Report::Done | Report::Failed(_))) => {
                if let (Some(unsaved), Report::Done) = (&mut self.unsaved, report) {
                    unsaved.kept_in = KeptIn::MemoryAndLifeboat;
                }
                self.stage = Stage::WaitToSave;
            }
            (Stage::DeleteLifeboat, Report::Done) => self.after_lifeboat(now),
            (Stage::DeleteLifeboat, Report::Failed(_)) => {
                // A file that cannot be removed would be read again and again.
                self.lifeboat.may_hold_pair = false;
                self.after_lifeboat(now);
            }
            (Stage::ReleaseLifeboat(outcome), Report::Done) => {
                self.lifeboat.is_reserved = false;
                self.finish(outcome);
            }
            (Stage::Release(outcome), Report::Done) => {
                self.is_locked = false;
                self.stage = Stage::Done(outcome);
            }
            (stage, _) => {
                self.stage = stage;
                return Err(UnexpectedReport);
            }
        }
        Ok(())
    }

    fn after_load(&mut self, purpose: LoadFor, grant: Option<Grant>, now: UnixSeconds) {
        self.grant = grant.filter(|grant| grant.key == self.key);
        match purpose {
            LoadFor::Look => self.look(now),
            LoadFor::Begin => self.begin(now),
            LoadFor::Settle(settlement) => self.settle(settlement, now),
            LoadFor::Save => self.prepare_save(now),
        }
    }

    fn confirm(&mut self, transition: Transition, revision: Revision) {
        self.grant = Some(Grant {
            revision,
            ..transition.grant
        });
    }

    fn after_read(&mut self, pair: Option<UnsavedPair>, now: UnixSeconds) {
        match pair.filter(|pair| pair.key == self.key) {
            Some(pair) => {
                let kept_in = KeptIn::LifeboatOfEarlierRun;
                self.unsaved = Some(Unsaved { pair, kept_in });
                self.prepare_save(now);
            }
            None => {
                self.lifeboat.may_hold_pair = false;
                self.begin(now);
            }
        }
    }

    /// The lifeboat cannot be read now. Nothing is sent for a grant whose newest pair may be in it.
    fn after_failed_read(&mut self, kind: StoreErrorKind, now: UnixSeconds) {
        let is_settled = |grant: &Grant| matches!(grant.state, GrantState::Active(_));
        if self.grant.as_ref().is_some_and(is_settled) {
            // No attempt is open, so no pair is missing.
            self.lifeboat.may_hold_pair = false;
            self.begin(now);
        } else {
            self.store_failed(kind, now);
        }
    }

    /// Ends a run that waits to save a pair which is in the lifeboat: the next run of this grant
    /// finds it there. `false`, without a change, if the pair is only in memory, or if
    /// [`poll`](Self::poll) does not say `WaitToSave`.
    pub fn leave_to_lifeboat(&mut self, kind: StoreErrorKind, now: UnixSeconds) -> bool {
        let is_safe = self.stage == Stage::WaitToSave && self.is_in_lifeboat();
        if is_safe {
            self.unsaved = None;
            self.store_failed(kind, now);
        }
        is_safe
    }

    /// The outcome, once there is one.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            Stage::Done(outcome) => Some(outcome),
            _ => None,
        }
    }
}
