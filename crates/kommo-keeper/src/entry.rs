//! One grant within this process: its token, and the one flight that brings another.
//!
//! A flight is one run of the refresh protocol in a task of its own. Whoever wants a token while it is up waits for it; nobody starts a
//! second. It goes on when its callers go away.

use alloc::sync::Arc;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use kommo_oauth::{GrantKey, Outcome, Usable};
use tokio::sync::watch;

use crate::cached_token::{CachedToken, FreshToken};

/// What a flight ended with; `None` while it is up.
pub(crate) type Landing = Option<Arc<Outcome>>;

pub(crate) struct Entry {
    pub(crate) key: GrantKey,
    current: ArcSwapOption<CachedToken>,
    flight: Mutex<Flight>,
}

#[derive(Default)]
struct Flight {
    /// Of the flight that is up.
    landing: Option<watch::Receiver<Landing>>,
    /// Before this, by the monotonic clock, nobody starts one only because a token is due.
    not_before: Duration,
}

/// What a caller finds.
pub(crate) enum Seen {
    /// Nothing needs doing.
    Fresh(FreshToken),
    /// It may be used, and a refresh is due.
    Due(Arc<CachedToken>),
    /// It may be used, though it should be replaced first.
    Last(Arc<CachedToken>),
    /// There is none.
    Nothing,
}

impl Entry {
    pub(crate) fn new(key: GrantKey) -> Self {
        Self {
            key,
            current: ArcSwapOption::empty(),
            flight: Mutex::new(Flight::default()),
        }
    }

    /// One atomic pointer, nothing else.
    pub(crate) fn fresh(&self, monotonic: Duration) -> Option<FreshToken> {
        FreshToken::new(self.current.load(), monotonic)
    }

    pub(crate) fn look(&self, monotonic: Duration) -> Seen {
        if let Some(fresh) = self.fresh(monotonic) {
            return Seen::Fresh(fresh);
        }
        match self.current.load_full() {
            Some(cached) if monotonic < cached.must_at => Seen::Due(cached),
            Some(cached) if monotonic < cached.valid_until => Seen::Last(cached),
            _ => Seen::Nothing,
        }
    }

    pub(crate) fn put(&self, cached: CachedToken) {
        self.current.store(Some(Arc::new(cached)));
    }

    /// The token is not to be used any more.
    pub(crate) fn forget(&self) {
        self.current.store(None);
    }

    pub(crate) fn newest(&self) -> Option<Arc<Usable>> {
        self.current
            .load()
            .as_ref()
            .map(|cached| Arc::clone(&cached.usable))
    }

    /// Joins the flight that is up, or starts one. `start` gets the sender that the flight must answer on.
    pub(crate) fn join_or_start(
        self: &Arc<Self>,
        start: impl FnOnce(FlightGuard),
    ) -> watch::Receiver<Landing> {
        let mut flight = self.lock();
        if let Some(landing) = &flight.landing {
            return landing.clone();
        }
        let (sender, receiver) = watch::channel(None);
        flight.landing = Some(receiver.clone());
        drop(flight);
        start(FlightGuard {
            entry: Arc::clone(self),
            sender,
        });
        receiver
    }

    /// Whether a refresh that is only due may start now.
    pub(crate) fn may_start(&self, monotonic: Duration) -> bool {
        let flight = self.lock();
        flight.landing.is_none() && flight.not_before <= monotonic
    }

    pub(crate) fn back_off_until(&self, monotonic: Duration) {
        self.lock().not_before = monotonic;
    }

    /// A panic of another holder does not matter: no change here is left half done.
    fn lock(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by a flight. When it goes, for whatever reason, the next one may start.
pub(crate) struct FlightGuard {
    entry: Arc<Entry>,
    sender: watch::Sender<Landing>,
}

impl FlightGuard {
    pub(crate) fn land(self, outcome: Outcome) {
        // First the way is free, then the waiters wake: one that wants more can start at once.
        self.entry.lock().landing = None;
        self.sender.send_replace(Some(Arc::new(outcome)));
    }
}

impl Drop for FlightGuard {
    fn drop(&mut self) {
        let mut flight = self.entry.lock();
        let is_ours = flight
            .landing
            .as_ref()
            .is_some_and(|landing| landing.same_channel(&self.sender.subscribe()));
        if is_ours {
            flight.landing = None;
        }
    }
}
