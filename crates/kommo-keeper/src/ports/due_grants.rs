//! The grants that are due, distributed over the workers of a store.

use alloc::sync::Arc;
use core::future::Future;
use core::time::Duration;

use kommo_account::{ClientId, Realm};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::GrantKey;

use crate::ports::grant_store::StoreError;

/// A grant that this worker has claimed until the lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DueClaim {
    /// The grant's key.
    pub key: GrantKey,
    /// Identifies the lease; settling with an older one does nothing.
    pub token: u128,
}

impl DueClaim {
    /// A claim, as a store made it.
    #[must_use]
    pub const fn new(key: GrantKey, token: u128) -> Self {
        Self { key, token }
    }
}

/// A store that lets workers claim due grants. Leases are measured by the store's own clock, so
/// that workers with different clocks do not take each other's work.
pub trait DueGrants: Send + Sync + 'static {
    /// What can go wrong.
    type Error: StoreError;

    /// Claims at most `limit` unclaimed grants of this realm and client that are due at `now`, for
    /// the length of the lease. Committed before it returns.
    ///
    /// A grant is due as [`Grant::due_at`](kommo_oauth::grant::Grant::due_at) says. It is also due
    /// if a clock far ahead of `now` computed that instant
    /// ([`due_reckoned_at`](kommo_oauth::grant::Grant::due_reckoned_at)): otherwise one wrong clock
    /// would hide it from every sweep.
    fn claim_due(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<DueClaim>, Self::Error>> + Send;

    /// Settles claims. Each grant is due again at its instant, or earlier if its record says so. A
    /// claim whose lease has passed to another worker is not changed.
    fn settle_due(
        &self,
        settled: &[(DueClaim, Option<UnixSeconds>)],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A store shared by several keepers.
impl<S: DueGrants> DueGrants for Arc<S> {
    type Error = S::Error;

    fn claim_due(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<DueClaim>, Self::Error>> + Send {
        S::claim_due(self, realm, client_id, now, limit, lease)
    }

    fn settle_due(
        &self,
        settled: &[(DueClaim, Option<UnixSeconds>)],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        S::settle_due(self, settled)
    }
}
