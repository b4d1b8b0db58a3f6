//! A person has fixed the cause of a hold, and lifts it.

use kommo_oauth::grant::{GrantKey, HoldKind};

use crate::keeper::Keeper;
use crate::ports::grant_store::{GrantStore, StoreError, StoreErrorKind};
use crate::refresh::record_change::Changed;

impl<S: GrantStore> Keeper<S> {
    /// Lifts every hold of a grant, and those of this process as a whole, after a person has fixed
    /// the cause: a client secret, a redirect URI, an unpaid account. Nothing is sent. Returns the
    /// kinds that were lifted before their end.
    ///
    /// The pause of a doubt remains; [`refresh_for_person`](crate::GrantHandle::refresh_for_person)
    /// does not wait for it.
    ///
    /// # Errors
    ///
    /// The store failed, or other writers were first each time ([`StoreErrorKind::Unavailable`]).
    /// Some of the holds may be lifted.
    pub async fn lift_holds(&self, key: &GrantKey) -> Result<Vec<HoldKind>, StoreErrorKind> {
        let context = self.context();
        let mut lifted = context
            .process_holds
            .lift_all(&context.identity.get().requester);
        let failed = |error: <S as GrantStore>::Error| {
            context.store_failed(Some(*key), &error);
            error.kind()
        };
        loop {
            let mut first = None;
            let changed = context.change(key, |grant, now| {
                let grant = grant?;
                let hold = *grant.holds.first()?;
                first = Some((hold.kind, hold.lasts(now)));
                grant.lift(hold.kind)
            });
            match (changed.await.map_err(failed)?, first) {
                (Changed::Written(..), Some((kind, true))) if !lifted.contains(&kind) => {
                    lifted.push(kind);
                }
                (Changed::Written(..), _) => {}
                (Changed::NotNeeded, _) => break,
                (Changed::Contended, _) => return Err(StoreErrorKind::Unavailable),
            }
        }
        if let Some(slot) = self.known_slot(key) {
            slot.reset_pauses();
        }
        Ok(lifted)
    }
}
