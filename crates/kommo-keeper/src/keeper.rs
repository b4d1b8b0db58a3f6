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
/// It needs a Tokio runtime. Work that has begun is finished in tasks of its own, even if the
/// caller stops waiting; [`drain`](Self::drain) waits for them before the program ends.
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

    /// The credentials in use, if there are any.
    #[must_use]
    pub fn credentials(&self) -> Option<Credentials> {
        self.inner.context.identity.get().credentials.clone()
    }

    /// Replaces the credentials, after the client secret was rotated. Holds that the old ones
    /// caused do not stop the new ones.
    pub fn replace_credentials(&self, credentials: Credentials) {
        self.inner.context.identity.replace(credentials);
    }

    /// The slot of a grant, if there is one.
    pub(crate) fn known_slot(&self, key: &GrantKey) -> Option<Arc<GrantSlot>> {
        self.inner.slots().get(key).map(Arc::clone)
    }

    /// The slot of a grant, created if there is none yet.
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

    /// Removes a grant from memory; the store keeps it. For programs with very many grants.
    pub fn forget(&self, key: &GrantKey) {
        self.inner.slots().remove(key);
    }

    /// Whether the program ends: what is safe in the lifeboat is left there.
    pub(crate) fn is_draining(&self) -> bool {
        self.inner.flights.is_draining()
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

    /// Starts no new work, and waits until the running flights have finished.
    ///
    /// A pair that cannot be saved, from a refresh or an exchange, stays in the lifeboat. Without
    /// one, this waits until the store saves the pair: for ever if that never happens.
    /// [`drain_within`](Self::drain_within) has a limit.
    pub async fn drain(&self) {
        self.inner.flights.drain().await;
    }

    /// Like [`drain`](Self::drain), but no longer than the limit. Returns whether all flights have
    /// finished. The others continue until the runtime ends; a pair that the store has not saved by
    /// then is lost, as [`AlarmKind::Unsaved`](crate::AlarmKind::Unsaved) without a lifeboat has
    /// warned.
    pub async fn drain_within(&self, limit: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.drain() => true,
            () = self.inner.context.clock.pause(limit) => false,
        }
    }

    /// Runs work in a task of its own, which counts as a flight: it continues when its caller goes
    /// away, and [`drain`](Self::drain) waits for it.
    ///
    /// # Errors
    ///
    /// [`KeeperError::ShuttingDown`]: the work was not started.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, KeeperError> {
        let in_flight = self.enter()?;
        // Some thousands of bytes, which would be moved several times on their way into the task.
        let work = Box::pin(work);
        Ok(tokio::spawn(async move {
            let done = work.await;
            drop(in_flight);
            done
        }))
    }

    /// The result of spawned work; `None` if it takes longer than the lease: it continues, but
    /// without a waiting caller.
    pub(crate) async fn finished<T>(&self, flight: JoinHandle<T>) -> Option<T> {
        tokio::select! {
            biased;
            // A panic of the task was reported by the runtime.
            finished = flight => finished.ok(),
            () = self.context().clock.pause(self.settings().lease) => None,
        }
    }

    /// A grant was ended, or consented to again, with this generation: earlier tokens in memory are
    /// dropped.
    pub(crate) fn supersede(&self, key: &GrantKey, generation: Generation) {
        if let Some(slot) = self.known_slot(key) {
            slot.supersede(generation);
        }
    }

    /// Counts a flight, unless the keeper is draining.
    ///
    /// # Errors
    ///
    /// [`KeeperError::ShuttingDown`]: no new flight may begin.
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
