//! The keeper of the grants of one integration: what it has in memory, and the flights that are
//! under way.

pub(crate) mod error;
mod flights;
mod run;
pub(crate) mod handle;
pub(crate) mod builder;

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kommo_oauth::grant::{Generation, GrantKey};
use kommo_oauth::integration::Credentials;
use tokio::task::JoinHandle;

use crate::cache::grant_slot::GrantSlot;
use crate::keeper::error::KeeperError;
use crate::keeper::flights::{Flights, InFlight};
use crate::ports::clock::Clock as _;
use crate::ports::grant_store::GrantStore;
use crate::ports::shared_clock::SharedClock;
use crate::process::context::Context;
use crate::process::probe_times::ProbeTimes;
use crate::reporting::metrics::Metrics;
use crate::settings::KeeperSettings;

/// Keeps the grants of one integration fresh. Cheap to clone; clones are the same keeper.
///
/// It needs a Tokio runtime. What it has begun it finishes in tasks of its own, whether or not the
/// caller waits; [`drain`](Self::drain) waits for them before the program ends.
pub struct Keeper<S> {
    inner: Arc<Inner<S>>,
}

struct Inner<S> {
    context: Context<S>,
    slots: Mutex<HashMap<GrantKey, Arc<GrantSlot>>>,
    probe_times: ProbeTimes,
    look_up_times: ProbeTimes,
    flights: Flights,
}

impl<S> Inner<S> {
    fn slots(&self) -> MutexGuard<'_, HashMap<GrantKey, Arc<GrantSlot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: GrantStore> Keeper<S> {
    fn from_context(context: Context<S>) -> Self {
        Self {
            inner: Arc::new(Inner {
                context,
                slots: Mutex::default(),
                probe_times: ProbeTimes::default(),
                look_up_times: ProbeTimes::default(),
                flights: Flights::default(),
            }),
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.inner.context.store
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.inner.context.clock
    }

    /// What was counted.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.inner.context.metrics)
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &KeeperSettings {
        &self.inner.context.settings
    }

    /// The credentials in use, if it has any.
    #[must_use]
    pub fn credentials(&self) -> Option<Credentials> {
        self.inner.context.identity.get().credentials.clone()
    }

    /// Puts other credentials in their place, after the client secret was rotated. Holds that the
    /// old ones caused do not stop the new ones.
    pub fn replace_credentials(&self, credentials: Credentials) {
        self.inner.context.identity.replace(credentials);
    }

    /// What is in memory of a grant, if anything is.
    pub(crate) fn known_slot(&self, key: &GrantKey) -> Option<Arc<GrantSlot>> {
        self.inner.slots().get(key).map(Arc::clone)
    }

    /// What is in memory of a grant, made if there is nothing yet.
    pub(crate) fn slot(&self, key: &GrantKey) -> Arc<GrantSlot> {
        let mut slots = self.inner.slots();
        let slot = slots
            .entry(*key)
            .or_insert_with(|| Arc::new(GrantSlot::new(*key)));
        Arc::clone(slot)
    }

    pub(crate) fn probe_times(&self) -> &ProbeTimes {
        &self.inner.probe_times
    }

    pub(crate) fn look_up_times(&self) -> &ProbeTimes {
        &self.inner.look_up_times
    }

    pub(crate) fn context(&self) -> &Context<S> {
        &self.inner.context
    }

    /// Forgets what is in memory of a grant; the store keeps it. For programs with very many
    /// grants.
    pub fn forget(&self, key: &GrantKey) {
        self.inner.slots().remove(key);
    }

    pub(crate) fn check(&self, key: &GrantKey) -> Result<(), KeeperError> {
        let keeper = self.settings().endpoints.realm();
        if key.realm != keeper {
            let grant = key.realm;
            return Err(KeeperError::OtherRealm { grant, keeper });
        }
        let client_id = self.inner.context.identity.get().client_id;
        if client_id.is_some_and(|ours| key.client_id != ours) {
            return Err(KeeperError::OtherClient { key: *key });
        }
        Ok(())
    }

    /// Lets no new flight up and waits until those that are up have finished.
    ///
    /// A refreshed pair that cannot be saved stays in the lifeboat. Without one, and for the pair
    /// of an exchange, of which nobody may know yet whose it is, so that it has no place there,
    /// this waits until the store takes it: for ever if that never happens.
    /// [`drain_within`](Self::drain_within) has a limit.
    pub async fn drain(&self) {
        self.inner.flights.drain().await;
    }

    /// The same, but no longer than the limit. Gives whether all have finished. What has not goes on
    /// as long as the runtime lives; a pair that the store does not take before its end is lost,
    /// and the alarm [`AlarmKind::Unsaved`] without a lifeboat has said so.
    pub async fn drain_within(&self, limit: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.drain() => true,
            () = self.inner.context.clock.pause(limit) => false,
        }
    }

    /// Does work in a task of its own, which counts as a flight: it goes on when its caller goes
    /// away, and [`drain`](Self::drain) waits for it.
    ///
    /// # Errors
    ///
    /// [`KeeperError::ShuttingDown`]: nothing was begun.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, KeeperError> {
        let in_flight = self.enter()?;
        Ok(tokio::spawn(async move {
            let done = work.await;
            drop(in_flight);
            done
        }))
    }

    /// What work of a task of its own ended with; `None` if it takes longer than the lease: it goes
    /// on, and nobody waits for it.
    pub(crate) async fn finished<T>(&self, flight: JoinHandle<T>) -> Option<T> {
        tokio::select! {
            biased;
            // A task that panicked has said so itself.
            finished = flight => finished.ok(),
            () = self.context().clock.pause(self.settings().lease) => None,
        }
    }

    /// What is in memory of a grant is over: it was ended, or consented to again, as this
    /// generation.
    pub(crate) fn overtake(&self, key: &GrantKey, generation: Generation) {
        if let Some(slot) = self.known_slot(key) {
            slot.overtake(generation);
        }
    }

    /// Counts a flight, unless the keeper is draining.
    ///
    /// # Errors
    ///
    /// [`KeeperError::ShuttingDown`]: no flight begins any more.
    pub(crate) fn enter(&self) -> Result<InFlight, KeeperError> {
        self.inner.flights.enter().ok_or(KeeperError::ShuttingDown)
    }
}

impl<S> Clone for Keeper<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S> fmt::Debug for Keeper<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("endpoints", &self.inner.context.settings.endpoints)
            .finish_non_exhaustive()
    }
}
