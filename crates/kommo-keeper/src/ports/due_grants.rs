//! Which grants need attention, shared out between the workers of a store.

use alloc::sync::Arc;
use core::future::Future;
use core::time::Duration;

use kommo_account::{ClientId, Realm};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::GrantKey;

use crate::ports::grant_store::StoreError;

/// A grant that is this worker's to look after until the lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DueClaim {
    /// Which.
    pub key: GrantKey,
    /// Names the lease; an acknowledgement with an older one does nothing.
    pub token: u128,
}

impl DueClaim {
    /// A claim, as a store made it.
    #[must_use]
    pub const fn new(key: GrantKey, token: u128) -> Self {
        Self { key, token }
    }
}

/// A store that hands out the grants that are due. Leases run by the store's own clock, so that workers whose clocks disagree do not
/// take each other's work.
pub trait DueGrants: Send + Sync + 'static {
    /// What can go wrong.
    type Error: StoreError;

    /// Claims at most `limit` grants of this realm and client that are due at `now` and that nobody has claimed, for the length of
    /// the lease. Committed before it returns.
    fn claim_due(
        &self,
        realm: Realm,
        client_id: &ClientId,
        now: UnixSeconds,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<DueClaim>, Self::Error>> + Send;

    /// Gives claims back; `again_at` says when each is to be looked at again if nothing else in its record says so earlier. A
    /// claim whose lease has passed to another worker is left alone.
    fn settle_due(
        &self,
        settled: &[(DueClaim, Option<UnixSeconds>)],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// One store for several keepers.
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
