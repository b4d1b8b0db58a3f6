//! Sharing out the grants that are due: `DueGrants`.

use core::time::Duration;

use kommo_account::{ClientId, Realm};
use kommo_keeper::{DueClaim, DueGrants};
use kommo_oauth::UnixSeconds;

use crate::error::StoreFault;
use crate::records::grant_record::{number, parse_key};
use crate::records::rows::{OfIntegration, SettledRow};

use super::{Store, lease_milliseconds, lease_token, readable};

/// Leases run by the database's clock. A claim that is settled without an instant, although its
/// record is as it was and still due, is handed out again when its lease ends.
impl DueGrants for Store {
    type Error = StoreFault;

    async fn claim_due(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<DueClaim>, StoreFault> {
        let token = lease_token()?;
        let keys = self
            .database
            .claim_due(
                &OfIntegration::new(realm, client_id),
                number(now.get()),
                i64::from(limit),
                lease_milliseconds(lease),
                &token.to_be_bytes(),
            )
            .await?;
        let claim = |key: &String| Ok(DueClaim::new(parse_key(key)?, token));
        readable(keys.iter().map(claim).collect())
    }

    async fn settle_due(
        &self,
        settled: &[(DueClaim, Option<UnixSeconds>)],
    ) -> Result<(), StoreFault> {
        let row = |(claim, again_at): &(DueClaim, Option<UnixSeconds>)| SettledRow {
            key: claim.key.to_string(),
            token: claim.token.to_be_bytes().to_vec(),
            again_at: again_at.map(|at| number(at.get())),
        };
        let mut rows: Vec<_> = settled.iter().map(row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        // One order for all, so that two workers never wait for each other.
        rows.sort();
        self.database.settle_due(&rows).await
    }
}
