//! Pairs that an earlier program could not save: saved first when a program starts.

use alloc::sync::Arc;

use kommo_oauth::refresh::TokenRequirement;

use crate::cache::grant_slot::GrantSlot;
use crate::keeper::Keeper;
use crate::ports::grant_store::{GrantStore, StoreErrorKind};
use crate::refresh::driver::Start;
use crate::reporting::alarm::AlarmKind;

impl<S: GrantStore> Keeper<S> {
    /// Saves the pairs in the lifeboat: call it when the program starts, before the grants are
    /// used. No sweep finds a grant that was given up while its newest pair was only there. Returns
    /// how many grants of this keeper had a pair. It waits for a hanging store no longer than one
    /// lease for each.
    ///
    /// # Errors
    ///
    /// The lifeboat cannot be read; an alarm reports it too.
    pub async fn recover_unsaved(&self) -> Result<usize, StoreErrorKind> {
        let context = self.context();
        let Some(lifeboat) = &context.lifeboat else {
            return Ok(0);
        };
        let keys = lifeboat.keys().await.map_err(|error| {
            tracing::error!(%error, "the lifeboat failed");
            let trouble = error.kind();
            context
                .listeners
                .raise_alarm(None, AlarmKind::LifeboatFailed(trouble));
            trouble
        })?;
        let mut recovered = 0;
        for key in keys {
            if self.check(&key).is_err() {
                continue;
            }
            let slot = self
                .known_slot(&key)
                .unwrap_or_else(|| Arc::new(GrantSlot::new(key)));
            let keeper = self.clone();
            let run = async move {
                keeper
                    .run_from(Start::Lock, &slot, TokenRequirement::default())
                    .await
            };
            let Ok(flight) = self.spawn(run) else {
                break;
            };
            // The run itself has reported its outcome.
            recovered += usize::from(self.finished(flight).await.is_some());
        }
        Ok(recovered)
    }
}
