//! What the probe needs of a store beside what the keeper needs: the story of a grant.

use core::time::Duration;

use kommo_keeper::{DueGrants, GrantStore, PendingCodes};
use kommo_oauth::grant::GrantKey;
use kommo_store::{Store, StoreSettings};

use crate::failure::Result;

/// More lines than any story here has.
const WHOLE_STORY: u32 = 1_000_000;

/// A store with everything that the keeper can use, and a history.
pub(crate) trait FleetStore:
    GrantStore
    + DueGrants<Error = <Self as GrantStore>::Error>
    + PendingCodes<Error = <Self as GrantStore>::Error>
{
    /// The names of what happened to a grant, the oldest first.
    fn story(&self, key: &GrantKey) -> impl Future<Output = Result<Vec<String>>> + Send;
}

impl FleetStore for Store {
    async fn story(&self, key: &GrantKey) -> Result<Vec<String>> {
        let lines = self.history(key, WHOLE_STORY).await?;
        Ok(lines.into_iter().rev().map(|line| line.happened).collect())
    }
}

/// Few connections, since there are many processes; a lock that is silent for three times
/// `request_limit` is given up.
pub(crate) fn settings(request_limit: Duration, refreshes_at_a_time: u32) -> StoreSettings {
    let mut settings = StoreSettings::new();
    settings.request_limit = request_limit;
    settings.connections = 4;
    settings.lock_connections = refreshes_at_a_time;
    settings
}
