//! Pairs that an earlier program could not save: looked after first when a program starts.

use alloc::sync::Arc;

use kommo_oauth::refresh::TokenRequirement;

use crate::alarm::AlarmKind;
use crate::carry_out::Start;
use crate::entry::Entry;
use crate::grant_store::{GrantStore, StoreErrorKind};
use crate::keeper::Keeper;

impl<S: GrantStore> Keeper<S> {
    /// Saves what lies in the lifeboat: call it when the program starts, before the grants are
    /// used. No sweep finds a grant that was given up while its newest pair lay there. Gives how
    /// many grants of this keeper had something. A store that hangs is waited for no longer than a
    /// lease for each.
    ///
    /// # Errors
    ///
    /// The lifeboat cannot be read; the alarm says so too.
    pub async fn rescue(&self) -> Result<usize, StoreErrorKind> {
        let ports = self.ports();
        let Some(lifeboat) = &ports.lifeboat else {
            return Ok(0);
        };
        let keys = lifeboat.keys().await.map_err(|error| {
            tracing::error!(%error, "the lifeboat failed");
            let trouble = error.kind();
            ports
                .listeners
                .tell_alarm(None, AlarmKind::LifeboatFailed(trouble));
            trouble
        })?;
        let mut rescued = 0;
        for key in keys {
            if self.check(&key).is_err() {
                continue;
            }
            let entry = self
                .known_entry(&key)
                .unwrap_or_else(|| Arc::new(Entry::new(key)));
            let keeper = self.clone();
            let run = async move {
                keeper
                    .run_from(Start::Lock, &entry, TokenRequirement::default())
                    .await
            };
            let Ok(flight) = self.in_flight(run) else {
                break;
            };
            // What came of it was told by the run itself.
            rescued += usize::from(self.landed(flight).await.is_some());
        }
        Ok(rescued)
    }
}
