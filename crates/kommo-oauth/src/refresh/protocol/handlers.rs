//! The doors by which a run is told what happened: each checks that it is the turn of its step.

use crate::grant::{Generation, Grant, GrantState, Revision, UnsavedPair};
use crate::refresh::protocol::reports::{Located, OutOfTurn, SendOutcome};
use crate::refresh::protocol::run::{LoadFor, RefreshProtocol, Stage};
use crate::refresh::requirement::{Outcome, Unmet};
use crate::refresh::store_error_kind::StoreErrorKind;
use crate::unix_time::UnixSeconds;

impl RefreshProtocol {
    /// The store gave the record, or has none.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Load`.
    pub fn handle_loaded(
        &mut self,
        grant: Option<Grant>,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        let Stage::Load(purpose) = &self.stage else {
            return Err(OutOfTurn);
        };
        let purpose = *purpose;
        self.grant = grant.filter(|grant| grant.key == self.key);
        match purpose {
            LoadFor::Look => self.look(now),
            LoadFor::Begin => self.begin(now),
            LoadFor::Settle(settlement) => self.settle(settlement, now),
            LoadFor::Save => self.prepare_save(now),
        }
        Ok(())
    }

    /// The store could not give the record: out of reach, damaged, newer, or locked with another
    /// key. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Load`.
    pub fn handle_load_failed(
        &mut self,
        trouble: StoreErrorKind,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        let Stage::Load(purpose) = &self.stage else {
            return Err(OutOfTurn);
        };
        match purpose {
            LoadFor::Save => self.keep_afloat(trouble, now),
            _ => self.store_failed(trouble, now),
        }
        Ok(())
    }

    /// The lock is held now (`true`), or somebody else has it.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Lock`.
    pub fn handle_locked(&mut self, is_held: bool, now: UnixSeconds) -> Result<(), OutOfTurn> {
        if self.stage != Stage::Lock {
            return Err(OutOfTurn);
        }
        if is_held {
            self.is_locked = true;
            self.stage = Stage::Load(LoadFor::Begin);
        } else {
            self.unmet(Unmet::Busy, now, Some(self.soon(now)));
        }
        Ok(())
    }

    /// The store could not be asked for the lock.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Lock`.
    pub fn handle_lock_failed(
        &mut self,
        trouble: StoreErrorKind,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        if self.stage != Stage::Lock {
            return Err(OutOfTurn);
        }
        self.store_failed(trouble, now);
        Ok(())
    }

    /// The lifeboat held a pair of this grant, or nothing that can be read.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `ReadLifeboat`.
    pub fn handle_lifeboat(
        &mut self,
        unsaved: Option<UnsavedPair>,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        if self.stage != Stage::ReadLifeboat {
            return Err(OutOfTurn);
        }
        match unsaved.filter(|unsaved| unsaved.key == self.key) {
            Some(unsaved) => {
                self.unsaved = Some(unsaved);
                self.is_rescue = true;
                self.is_in_lifeboat = true;
                self.prepare_save(now);
            }
            None => {
                self.ask_lifeboat = false;
                self.begin(now);
            }
        }
        Ok(())
    }

    /// The lifeboat cannot be read now: somebody must see to its files. Nothing is sent for a grant
    /// whose newest pair may lie there.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `ReadLifeboat`.
    pub fn handle_lifeboat_failed(
        &mut self,
        trouble: StoreErrorKind,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        if self.stage != Stage::ReadLifeboat {
            return Err(OutOfTurn);
        }
        let is_settled = |grant: &Grant| matches!(grant.state, GrantState::Active(_));
        if self.grant.as_ref().is_some_and(is_settled) {
            // No attempt is open, so no pair is missing.
            self.ask_lifeboat = false;
            self.begin(now);
        } else {
            self.store_failed(trouble, now);
        }
        Ok(())
    }

    /// There is room for a pair in the lifeboat, or none can be made: then nothing is sent, and the
    /// refresh token is not spent.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `ReserveLifeboat`.
    pub fn handle_lifeboat_reserved(
        &mut self,
        reserved: Result<(), StoreErrorKind>,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        if self.stage != Stage::ReserveLifeboat {
            return Err(OutOfTurn);
        }
        match reserved {
            Ok(()) => {
                self.is_reserved = true;
                self.begin(now);
            }
            Err(trouble) => self.store_failed(trouble, now),
        }
        Ok(())
    }

    /// What was reserved is given back, or could not be: the next run of this grant uses it.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `ReleaseLifeboat`.
    pub fn handle_lifeboat_released(&mut self) -> Result<(), OutOfTurn> {
        let Stage::ReleaseLifeboat(outcome) = &self.stage else {
            return Err(OutOfTurn);
        };
        let outcome = outcome.clone();
        self.is_reserved = false;
        self.finish(outcome);
        Ok(())
    }

    /// The store confirmed a record without a new pair.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Record`.
    pub fn handle_recorded(
        &mut self,
        revision: Revision,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        let Stage::Record(transition, after) = &self.stage else {
            return Err(OutOfTurn);
        };
        let mut grant = transition.grant.clone();
        grant.revision = revision;
        self.grant = Some(grant);
        let after = *after;
        self.after_record(after, now);
        Ok(())
    }

    /// The store confirmed this generation. This alone makes the new pair usable (I4).
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Save` with a record of this generation.
    pub fn handle_saved(
        &mut self,
        generation: Generation,
        revision: Revision,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        let Stage::Save(transition, _) = &self.stage else {
            return Err(OutOfTurn);
        };
        if transition.grant.generation != generation {
            return Err(OutOfTurn);
        }
        let mut grant = transition.grant.clone();
        grant.revision = revision;
        self.grant = Some(grant);
        self.after_save(now);
        Ok(())
    }

    /// The record is not the revision any more that the write named. Nothing was written.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Record` or `Save`.
    pub fn handle_conflict(&mut self, now: UnixSeconds) -> Result<(), OutOfTurn> {
        match &self.stage {
            Stage::Record(_, after) => {
                let after = *after;
                self.after_conflict(after, now);
            }
            Stage::Save(..) => self.stage = Stage::Load(LoadFor::Save),
            _ => return Err(OutOfTurn),
        }
        Ok(())
    }

    /// The store could not confirm the write. It may have happened or not.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Record` or `Save`.
    pub fn handle_write_failed(
        &mut self,
        trouble: StoreErrorKind,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        match &self.stage {
            Stage::Record(..) => self.store_failed(trouble, now),
            Stage::Save(..) => self.keep_afloat(trouble, now),
            _ => return Err(OutOfTurn),
        }
        Ok(())
    }

    /// What became of the refresh.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Send`.
    pub fn handle_sent(&mut self, outcome: SendOutcome, now: UnixSeconds) -> Result<(), OutOfTurn> {
        if self.stage != Stage::Send {
            return Err(OutOfTurn);
        }
        self.after_send(outcome, now);
        Ok(())
    }

    /// What the look-up said.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `LookUp`.
    pub fn handle_located(&mut self, located: Located, now: UnixSeconds) -> Result<(), OutOfTurn> {
        let Stage::LookUp(refusal) = &self.stage else {
            return Err(OutOfTurn);
        };
        let refusal = *refusal;
        self.after_look_up(refusal, located, now);
        Ok(())
    }

    /// Ends a run that waits to save a pair which is in the lifeboat: the next run of this grant
    /// finds it there. `false`, and nothing is changed, if the pair is in memory alone, or if
    /// [`poll`](Self::poll) does not say `WaitToSave`.
    pub fn leave_to_lifeboat(&mut self, trouble: StoreErrorKind, now: UnixSeconds) -> bool {
        let is_safe = self.stage == Stage::WaitToSave && self.is_in_lifeboat;
        if is_safe {
            self.unsaved = None;
            self.store_failed(trouble, now);
        }
        is_safe
    }

    /// The lifeboat was written, or could not be. Saving is tried again either way.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `WriteLifeboat`.
    pub fn handle_lifeboat_written(&mut self, is_written: bool) -> Result<(), OutOfTurn> {
        if self.stage != Stage::WriteLifeboat {
            return Err(OutOfTurn);
        }
        self.is_in_lifeboat |= is_written;
        self.stage = Stage::WaitToSave;
        Ok(())
    }

    /// The pause is over.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `WaitToSave`.
    pub fn handle_waited(&mut self) -> Result<(), OutOfTurn> {
        if self.stage != Stage::WaitToSave {
            return Err(OutOfTurn);
        }
        self.stage = Stage::Load(LoadFor::Save);
        Ok(())
    }

    /// The file is gone, or could not be removed; a second reading of it is harmless.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `DeleteLifeboat`.
    pub fn handle_lifeboat_deleted(
        &mut self,
        is_deleted: bool,
        now: UnixSeconds,
    ) -> Result<(), OutOfTurn> {
        if self.stage != Stage::DeleteLifeboat {
            return Err(OutOfTurn);
        }
        self.is_in_lifeboat = false;
        // A file that stays would be read again and again.
        self.ask_lifeboat &= is_deleted;
        self.after_lifeboat(now);
        Ok(())
    }

    /// The lock is free.
    ///
    /// # Errors
    ///
    /// [`OutOfTurn`] unless [`poll`](Self::poll) says `Release`.
    pub fn handle_released(&mut self) -> Result<(), OutOfTurn> {
        let Stage::Release(outcome) = &self.stage else {
            return Err(OutOfTurn);
        };
        self.stage = Stage::Done(outcome.clone());
        self.is_locked = false;
        Ok(())
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
