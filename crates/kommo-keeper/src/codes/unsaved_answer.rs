//! The pair of an exchange that the store cannot save: room for it in the lifeboat before the code
//! is sent, and its recovery.

use core::sync::atomic::Ordering;

use kommo_oauth::token::TokenPair;

use crate::keeper::Keeper;
use crate::ports::grant_store::{StoreError, StoreErrorKind};
use crate::ports::pending_codes::{ClaimedCode, CodeStore};
use crate::reporting::alarm::AlarmKind;

impl<S: CodeStore> Keeper<S> {
    /// Whether there is room for the pair of the code. Without a lifeboat no room is needed.
    pub(crate) async fn has_room_for_answer(&self, code: &ClaimedCode) -> bool {
        let Some(lifeboat) = &self.context().lifeboat else {
            return true;
        };
        let reserved = lifeboat.reserve_for_code(code).await;
        reserved
            .map_err(|error| self.lifeboat_failed(&*error))
            .is_ok()
    }

    /// The room is no longer needed, unless it contains the pair.
    pub(crate) async fn release_room_for_answer(&self, code: &ClaimedCode) {
        if let Some(lifeboat) = &self.context().lifeboat
            && let Err(error) = lifeboat.release_code_slot(code).await
        {
            self.lifeboat_failed(&*error);
        }
    }

    /// Writes the pair to the lifeboat; returns whether it is there.
    pub(crate) async fn write_answer_to_lifeboat(
        &self,
        code: &ClaimedCode,
        pair: &TokenPair,
    ) -> bool {
        let Some(lifeboat) = &self.context().lifeboat else {
            return false;
        };
        let written = lifeboat.write_answer(code, pair).await;
        written
            .map_err(|error| self.lifeboat_failed(&*error))
            .is_ok()
    }

    /// The store has the pair, or its account was erased. If the file stays, the pair is offered to
    /// the store once more by the next program.
    pub(crate) async fn delete_answer_from_lifeboat(&self, code: &ClaimedCode) {
        if let Some(lifeboat) = &self.context().lifeboat
            && let Err(error) = lifeboat.delete_answer(code).await
        {
            self.lifeboat_failed(&*error);
        }
    }

    /// The pair that an earlier program received for this code and could not save.
    ///
    /// # Errors
    ///
    /// It is not known whether there is one: the code must not be sent.
    pub(crate) async fn answer_in_lifeboat(
        &self,
        code: &ClaimedCode,
    ) -> Result<Option<TokenPair>, StoreErrorKind> {
        let ours = &code.pending;
        let found = self.answers_in_lifeboat().await?;
        let same = found.into_iter().find(|other| {
            let other = &other.pending;
            (other.realm, other.client_id) == (ours.realm, ours.client_id)
                && other.code == ours.code
        });
        Ok(same.and_then(|code| code.answer))
    }

    /// What earlier programs left in the lifeboat for this keeper's integration. Only the first
    /// call returns it.
    pub(crate) async fn answers_left_behind(&self) -> Vec<ClaimedCode> {
        let context = self.context();
        if context.has_read_answers.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        let Ok(mut found) = self.answers_in_lifeboat().await else {
            // An alarm has reported it; the next call tries again.
            context.has_read_answers.store(false, Ordering::Relaxed);
            return Vec::new();
        };
        let realm = context.settings.endpoints.realm();
        let client_id = context.identity.get().client_id;
        found.retain(|code| {
            code.pending.realm == realm && Some(code.pending.client_id) == client_id
        });
        found
    }

    /// A damaged file is reported and does not hide the others: it stays for a person.
    async fn answers_in_lifeboat(&self) -> Result<Vec<ClaimedCode>, StoreErrorKind> {
        let Some(lifeboat) = &self.context().lifeboat else {
            return Ok(Vec::new());
        };
        lifeboat
            .answers()
            .await
            .or_else(|error| match self.lifeboat_failed(&*error) {
                StoreErrorKind::Damaged => Ok(Vec::new()),
                kind => Err(kind),
            })
    }

    fn lifeboat_failed(&self, error: &dyn StoreError) -> StoreErrorKind {
        tracing::error!(%error, "the lifeboat failed");
        let kind = error.kind();
        let alarm = AlarmKind::LifeboatFailed(kind);
        self.context().listeners.raise_alarm(None, alarm);
        kind
    }
}
