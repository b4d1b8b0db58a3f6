//! A pair has arrived: it is saved, or kept in the lifeboat until it can be saved.

use alloc::boxed::Box;

use crate::grant::{DoubtReason, GrantState, PairFate};
use crate::refresh::protocol::run::{LoadFor, RefreshProtocol, Settlement, Stage};
use crate::refresh::requirement::{MetBy, Outcome, Unmet};
use crate::refresh::store_error_kind::StoreErrorKind;
use crate::unix_time::UnixSeconds;

impl RefreshProtocol {
    /// Makes the record that holds the unsaved pair: as the newest, or as a spare if the grant has
    /// changed since.
    pub(super) fn prepare_save(&mut self, now: UnixSeconds) {
        let (Some(grant), Some(unsaved)) = (self.grant.clone(), self.unsaved().cloned()) else {
            // The grant was erased on request, and its tokens with it.
            return self.let_go(now);
        };
        match grant.receive(unsaved.base, unsaved.used, unsaved.pair, now) {
            // The record has this pair already: the save had happened after all, or its file was
            // not removed.
            Ok((_, PairFate::Known)) if self.is_recovery() || !self.is_attempt_open() => {
                self.let_go(now);
            }
            // The answer to this attempt repeats an earlier pair. It proves nothing, and asking
            // again at once would not help.
            Ok((_, PairFate::Known)) => {
                self.unsaved = None;
                self.settle(Settlement::Doubt(DoubtReason::Unreadable), now);
            }
            Ok((transition, fate)) => self.stage = Stage::Save(Box::new(transition), fate),
            // The operator has replaced it by a long-lived token.
            Err(_) => self.let_go(now),
        }
    }

    fn is_attempt_open(&self) -> bool {
        let state = self.grant.as_ref().map(|grant| &grant.state);
        matches!((state, self.sent), (Some(GrantState::Refreshing(refreshing)), Some(sent))
            if refreshing.attempt.id == sent.attempt)
    }

    /// The pair need not be kept any longer: it is in the store, or need not be saved.
    pub(super) fn let_go(&mut self, now: UnixSeconds) {
        if self.is_in_lifeboat() {
            self.stage = Stage::DeleteLifeboat;
        } else {
            self.after_lifeboat(now);
        }
    }

    /// The pair is in the store, and in no file.
    pub(super) fn after_lifeboat(&mut self, now: UnixSeconds) {
        let is_recovery = self.is_recovery();
        let saved = self.unsaved.take();
        if is_recovery {
            self.stage = Stage::Load(LoadFor::Begin);
            return;
        }
        let Some(grant) = &self.grant else {
            return self.unmet(Unmet::NoGrant, now, None);
        };
        let newest = grant.state.pairs().map(|pairs| pairs.newest());
        let is_newest = newest.zip(saved.as_ref()).is_some_and(|(newest, saved)| {
            newest.pair.refresh_token == saved.pair.pair.refresh_token
        });
        let token = grant.usable(now).filter(|_| is_newest);
        match (token, self.decide(now)) {
            (Some(token), _) => self.finish(Outcome::Met {
                token,
                by: MetBy::Refresh,
            }),
            (None, Some(outcome)) => self.finish(outcome),
            // The pair is a spare, and the grant's newest pair does not meet the requirement.
            (None, None) => self.unmet(Unmet::Contended, now, Some(now)),
        }
    }

    /// The store did not save the pair. It stays in memory, unused, is written to the lifeboat, and
    /// is saved when the store is back.
    pub(super) fn keep_afloat(&mut self, kind: StoreErrorKind, now: UnixSeconds) {
        if self.is_recovery() {
            // It is in its file already.
            self.unsaved = None;
            return self.store_failed(kind, now);
        }
        self.stage = if self.lifeboat.exists && !self.is_in_lifeboat() {
            Stage::WriteLifeboat
        } else {
            Stage::WaitToSave
        };
    }
}
