//! The keeper: hands out tokens, and has them refreshed by one flight at a time.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kommo_oauth::grant::{Generation, GrantKey, UsableToken};
use kommo_oauth::integration::Credentials;
use kommo_oauth::refresh::{MetBy, Outcome, TokenRequirement, Unmet};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::alarm::AlarmKind;
use crate::cached_token::CachedToken;
use crate::carry_out::{Ran, Start, carry_out};
use crate::clock::Clock as _;
use crate::entry::{Entry, FlightGuard, Joined, Landing, PutOff};
use crate::grant_store::GrantStore;
use crate::keeper_error::KeeperError;
use crate::metrics::{Counter, Metrics};
use crate::ports::Ports;
use crate::probe_times::ProbeTimes;
use crate::settings::KeeperSettings;
use crate::shared_clock::SharedClock;

/// Keeps the grants of one integration fresh. Cheap to clone; clones are the same keeper.
///
/// It needs a Tokio runtime. What it has begun it finishes in tasks of its own, whether or not the
/// caller waits; [`drain`](Self::drain) waits for them before the program ends.
pub struct Keeper<S> {
    inner: Arc<Inner<S>>,
}

pub(crate) struct Inner<S> {
    pub(crate) ports: Ports<S>,
    entries: Mutex<HashMap<GrantKey, Arc<Entry>>>,
    probe_times: ProbeTimes,
    look_up_times: ProbeTimes,
    /// How many flights are up; `None` once no new ones are let up.
    flights: watch::Sender<Flights>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flights {
    up: usize,
    is_draining: bool,
}

impl<S: GrantStore> Keeper<S> {
    pub(crate) fn from_ports(ports: Ports<S>) -> Self {
        Self {
            inner: Arc::new(Inner {
                ports,
                entries: Mutex::default(),
                probe_times: ProbeTimes::default(),
                look_up_times: ProbeTimes::default(),
                flights: watch::Sender::new(Flights::default()),
            }),
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.inner.ports.store
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.inner.ports.clock
    }

    /// What was counted.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.inner.ports.metrics)
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &KeeperSettings {
        &self.inner.ports.settings
    }

    /// The credentials in use, if it has any.
    #[must_use]
    pub fn credentials(&self) -> Option<Credentials> {
        self.inner.ports.identity.get().credentials.clone()
    }

    /// Puts other credentials in their place, after the client secret was rotated. Holds that the
    /// old ones caused do not stop the new ones.
    pub fn replace_credentials(&self, credentials: Credentials) {
        self.inner.ports.identity.replace(credentials);
    }

    /// What is in memory of a grant, if anything is.
    pub(crate) fn known_entry(&self, key: &GrantKey) -> Option<Arc<Entry>> {
        let entries = self
            .inner
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        entries.get(key).map(Arc::clone)
    }

    pub(crate) fn probe_times(&self) -> &ProbeTimes {
        &self.inner.probe_times
    }

    pub(crate) fn look_up_times(&self) -> &ProbeTimes {
        &self.inner.look_up_times
    }

    pub(crate) fn ports(&self) -> &Ports<S> {
        &self.inner.ports
    }

    /// The handle of a grant: get it once and keep it. Nothing is read or sent yet.
    ///
    /// # Errors
    ///
    /// [`KeeperError::OtherRealm`], [`KeeperError::OtherClient`]: the grant is not one that this
    /// keeper serves.
    pub fn grant(&self, key: &GrantKey) -> Result<GrantHandle<S>, KeeperError> {
        self.check(key)?;
        let mut entries = self
            .inner
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = entries
            .entry(*key)
            .or_insert_with(|| Arc::new(Entry::new(*key)));
        Ok(GrantHandle {
            keeper: self.clone(),
            entry: Arc::clone(entry),
        })
    }

    /// Forgets what is in memory of a grant; the store keeps it. For programs with very many
    /// grants.
    pub fn forget(&self, key: &GrantKey) {
        let mut entries = self
            .inner
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        entries.remove(key);
    }

    pub(crate) fn check(&self, key: &GrantKey) -> Result<(), KeeperError> {
        let keeper = self.settings().endpoints.realm();
        if key.realm != keeper {
            let grant = key.realm;
            return Err(KeeperError::OtherRealm { grant, keeper });
        }
        let client_id = self.inner.ports.identity.get().client_id;
        if client_id.is_some_and(|ours| key.client_id != ours) {
            return Err(KeeperError::OtherClient { key: *key });
        }
        Ok(())
    }

    /// Lets no new flight up and waits until those that are up have landed.
    ///
    /// A refreshed pair that cannot be saved stays in the lifeboat. Without one, and for the pair
    /// of an exchange, of which nobody may know yet whose it is, so that it has no place there,
    /// this waits until the store takes it: for ever if that never happens.
    /// [`drain_within`](Self::drain_within) has a limit.
    pub async fn drain(&self) {
        self.inner
            .flights
            .send_modify(|flights| flights.is_draining = true);
        let mut flights = self.inner.flights.subscribe();
        // INVARIANT: the sender lives in `self`, so the channel is open.
        let _ = flights.wait_for(|flights| flights.up == 0).await;
    }

    /// The same, but no longer than the limit. Gives whether all have landed. What has not goes on
    /// as long as the runtime lives; a pair that the store does not take before its end is lost,
    /// and the alarm [`AlarmKind::Unsaved`] without a lifeboat has said so.
    pub async fn drain_within(&self, limit: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.drain() => true,
            () = self.inner.ports.clock.pause(limit) => false,
        }
    }

    /// Does work in a task of its own, which counts as a flight: it goes on when its caller goes
    /// away, and [`drain`](Self::drain) waits for it.
    ///
    /// # Errors
    ///
    /// [`KeeperError::ShuttingDown`]: nothing was begun.
    pub(crate) fn in_flight<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, KeeperError> {
        let airborne = self.take_off()?;
        Ok(tokio::spawn(async move {
            let done = work.await;
            drop(airborne);
            done
        }))
    }

    /// What work of a task of its own ended with; `None` if it takes longer than the lease: it goes
    /// on, and nobody waits for it.
    pub(crate) async fn landed<T>(&self, flight: JoinHandle<T>) -> Option<T> {
        tokio::select! {
            biased;
            // A task that panicked has said so itself.
            landed = flight => landed.ok(),
            () = self.ports().clock.pause(self.settings().lease) => None,
        }
    }

    /// What is in memory of a grant is over: it was ended, or consented to again, as this
    /// generation.
    pub(crate) fn overtake(&self, key: &GrantKey, generation: Generation) {
        if let Some(entry) = self.known_entry(key) {
            entry.overtake(generation);
        }
    }

    /// Counts a flight up, unless the keeper is draining.
    pub(crate) fn take_off(&self) -> Result<Airborne<S>, KeeperError> {
        let is_up = self.inner.flights.send_if_modified(|flights| {
            if flights.is_draining {
                return false;
            }
            flights.up += 1;
            true
        });
        if !is_up {
            return Err(KeeperError::ShuttingDown);
        }
        Ok(Airborne {
            keeper: self.clone(),
        })
    }

    /// One run of the protocol, noted, counted and told.
    pub(crate) async fn run(&self, entry: &Entry, want: TokenRequirement) -> Outcome {
        self.run_from(Start::Look, entry, want).await
    }

    pub(crate) async fn run_from(
        &self,
        start: Start,
        entry: &Entry,
        want: TokenRequirement,
    ) -> Outcome {
        let ports = self.ports();
        let is_leaving = || self.inner.flights.borrow().is_draining;
        let holds_pair = |holds: bool| entry.note_unsaved(holds);
        let ran = carry_out(ports, start, entry.key, want, is_leaving, holds_pair).await;
        let monotonic = ports.clock.monotonic();
        let now = ports.clock.now();
        self.note(&ran, entry);
        let Ran { outcome, .. } = ran;
        let (usable, is_read, again_at) = match &outcome {
            Outcome::Met { token, .. } => (Some(token), true, None),
            Outcome::Unmet {
                usable,
                is_read,
                again_at,
                ..
            } => (usable.as_ref(), *is_read, Some(*again_at)),
            _ => (None, false, None),
        };
        match usable {
            Some(usable) => {
                let policy = &ports.settings.policy;
                let usable = Arc::new(usable.clone());
                entry.put(CachedToken::new(
                    usable,
                    now,
                    monotonic,
                    policy,
                    ports.chance(),
                ));
            }
            None if is_read => entry.forget(),
            // No record was read, so nothing speaks against the token that is here.
            None => {}
        }
        if let (Some(rejected), Outcome::Unmet { why, again_at, .. }) =
            (want.newer_than.filter(|_| want.is_rejected), &outcome)
            && let (Unmet::Held(_), Some(again_at)) = (*why, *again_at)
        {
            entry.put_off(PutOff {
                rejected,
                why: *why,
                again_at,
                until: monotonic.saturating_add(now.until(again_at)),
            });
        }
        entry.back_off_until(match again_at {
            None => monotonic,
            // Passing trouble: not before the protocol says, and never in a tight loop.
            Some(at) => {
                let pause = at.map_or(ports.settings.wait_at_most, |at| now.until(at));
                monotonic.saturating_add(pause.max(ports.settings.busy_pause))
            }
        });
        outcome
    }

    fn note(&self, ran: &Ran, entry: &Entry) {
        let (ports, key) = (self.ports(), entry.key);
        let (why, again_at) = match &ran.outcome {
            Outcome::Unmet { why, again_at, .. } => (why, again_at),
            Outcome::Met { token, by } => {
                entry.note_end(false);
                let known = entry.newest().map(|usable| usable.generation);
                let is_adopted = known.is_some_and(|known| token.generation > known);
                match by {
                    MetBy::Refresh => ports.metrics.add(Counter::Refreshes),
                    _ if is_adopted => ports.metrics.add(Counter::Adoptions),
                    _ => {}
                }
                return;
            }
            _ => return,
        };
        // A grant ends once, however often it is asked for afterwards.
        if entry.note_end(matches!(why, Unmet::ReauthRequired(_))) {
            return;
        }
        let (counter, alarm) = match *why {
            // It was told by the run that brought it about, of this process or another.
            Unmet::InDoubt(_) | Unmet::Held(_) | Unmet::Revoked if !ran.is_news => return,
            Unmet::Busy => (Counter::Busy, None),
            Unmet::Unreachable => (Counter::Unreachable, None),
            Unmet::InDoubt(reason) => (Counter::Doubts, Some(AlarmKind::InDoubt(reason))),
            Unmet::Held(kind) => (
                Counter::Holds,
                Some(AlarmKind::Held {
                    kind,
                    until: *again_at,
                }),
            ),
            Unmet::Revoked => (Counter::Ends, Some(AlarmKind::Revoked)),
            Unmet::ReauthRequired(reason) => {
                (Counter::Ends, Some(AlarmKind::ReauthRequired(reason)))
            }
            _ => return,
        };
        ports.metrics.add(counter);
        if let Some(alarm) = alarm {
            ports.alarm(key, alarm);
        }
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
            .field("endpoints", &self.inner.ports.settings.endpoints)
            .finish_non_exhaustive()
    }
}

/// A flight that is counted; when it goes, it is not any more.
pub(crate) struct Airborne<S> {
    keeper: Keeper<S>,
}

impl<S> Drop for Airborne<S> {
    fn drop(&mut self) {
        self.keeper
            .inner
            .flights
            .send_modify(|flights| flights.up = flights.up.saturating_sub(1));
    }
}

/// One grant of a keeper. Cheap to clone.
pub struct GrantHandle<S> {
    pub(crate) keeper: Keeper<S>,
    pub(crate) entry: Arc<Entry>,
}

impl<S: GrantStore> GrantHandle<S> {
    /// Whose grant it is.
    #[must_use]
    pub fn key(&self) -> &GrantKey {
        &self.entry.key
    }

    pub(crate) fn usable_of(landing: &Landing) -> Option<Arc<UsableToken>> {
        match landing.as_deref()? {
            Outcome::Met { token, .. } => Some(Arc::new(token.clone())),
            Outcome::Unmet { usable, .. } => usable.clone().map(Arc::new),
            _ => None,
        }
    }

    /// Joins the flight that is up, or starts one that does `work`; also beside one that has been
    /// up for too long, which keeps its task. The flight does not end with its caller. `probes`
    /// names the generation that the work asks the platform about; what comes back is that of the
    /// flight that is up.
    pub(crate) fn fly<F>(
        &self,
        probes: Option<Generation>,
        work: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Result<Joined, KeeperError>
    where
        F: Future<Output = Outcome> + Send,
    {
        let airborne = self.keeper.take_off()?;
        let handle = self.clone();
        let ports = self.keeper.ports();
        let (now, limit) = (ports.clock.monotonic(), ports.settings.flight_limit);
        let start = move |guard: FlightGuard| {
            tokio::spawn(async move {
                let outcome = work(handle).await;
                guard.land(outcome);
                drop(airborne);
            });
        };
        Ok(self.entry.join_or_start(probes, now, limit, start))
    }

    /// The same for a plain run of the protocol.
    pub(crate) fn fly_for(&self, want: TokenRequirement) -> Result<Joined, KeeperError> {
        let run = move |handle: Self| async move { handle.keeper.run(&handle.entry, want).await };
        self.fly(None, run)
    }

    /// How long after now `wait_at_most` ends, by the monotonic clock.
    pub(crate) fn deadline(&self) -> Duration {
        let ports = self.keeper.ports();
        ports
            .clock
            .monotonic()
            .saturating_add(ports.settings.wait_at_most)
    }
}

impl<S> Clone for GrantHandle<S> {
    fn clone(&self) -> Self {
        Self {
            keeper: self.keeper.clone(),
            entry: Arc::clone(&self.entry),
        }
    }
}

impl<S> fmt::Debug for GrantHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantHandle")
            .field("key", &self.entry.key)
            .finish_non_exhaustive()
    }
}
