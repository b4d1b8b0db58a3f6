//! One grant of a keeper, for its callers.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use kommo_oauth::grant::{Generation, GrantKey, UsableToken};
use kommo_oauth::refresh::{Outcome, TokenRequirement};

use crate::cache::grant_slot::{FlightGuard, FlightResult, GrantSlot, Joined};
use crate::keeper::Keeper;
use crate::keeper::error::KeeperError;
use crate::ports::clock::Clock as _;
use crate::ports::grant_store::GrantStore;

/// One grant of a keeper. Cheap to clone.
pub struct GrantHandle<S> {
    pub(crate) keeper: Keeper<S>,
    pub(crate) slot: Arc<GrantSlot>,
}

impl<S: GrantStore> Keeper<S> {
    /// The handle of a grant: get it once and keep it. Reads and sends nothing.
    ///
    /// # Errors
    ///
    /// [`KeeperError::OtherRealm`], [`KeeperError::OtherClient`]: the grant is not one that this
    /// keeper serves.
    pub fn grant(&self, key: &GrantKey) -> Result<GrantHandle<S>, KeeperError> {
        self.check(key)?;
        Ok(GrantHandle {
            keeper: self.clone(),
            slot: self.slot(key),
        })
    }
}

impl<S: GrantStore> GrantHandle<S> {
    /// The grant's key.
    #[must_use]
    pub fn key(&self) -> &GrantKey {
        &self.slot.key
    }

    pub(crate) fn usable_of(result: &FlightResult) -> Option<Arc<UsableToken>> {
        match result.as_deref()? {
            Outcome::Met { token, .. } => Some(Arc::new(token.clone())),
            Outcome::Unmet { usable, .. } => usable.clone().map(Arc::new),
            _ => None,
        }
    }

    /// Joins the running flight, or starts one that does `work`; also beside one that takes too
    /// long, which keeps its task. The flight continues when its caller goes away. `probes` is the
    /// generation that `work` probes; the returned one is that of the flight that was joined.
    pub(crate) fn join_flight<F>(
        &self,
        probes: Option<Generation>,
        work: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Result<Joined, KeeperError>
    where
        F: Future<Output = Outcome> + Send,
    {
        let in_flight = self.keeper.enter()?;
        let handle = self.clone();
        let context = self.keeper.context();
        let (now, limit) = (context.clock.monotonic(), context.settings.flight_limit);
        let start = move |guard: FlightGuard| {
            tokio::spawn(async move {
                let outcome = work(handle).await;
                guard.finish(outcome);
                drop(in_flight);
            });
        };
        Ok(self.slot.join_or_start(probes, now, limit, start))
    }

    /// Joins the running flight, or starts one that runs the protocol.
    pub(crate) fn join_run(&self, want: TokenRequirement) -> Result<Joined, KeeperError> {
        let run = move |handle: Self| async move { handle.keeper.run(&handle.slot, want).await };
        self.join_flight(None, run)
    }

    /// The end of `wait_at_most` from now on, by the monotonic clock.
    pub(crate) fn deadline(&self) -> Duration {
        let context = self.keeper.context();
        context
            .clock
            .monotonic()
            .saturating_add(context.settings.wait_at_most)
    }
}

impl<S> Clone for GrantHandle<S> {
    fn clone(&self) -> Self {
        Self {
            keeper: self.keeper.clone(),
            slot: Arc::clone(&self.slot),
        }
    }
}

impl<S> fmt::Debug for GrantHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantHandle")
            .field("key", &self.slot.key)
            .finish_non_exhaustive()
    }
}
