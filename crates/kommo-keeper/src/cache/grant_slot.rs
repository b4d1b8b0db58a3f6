//! One grant within this process: its token, and the one flight that brings another.
//!
//! A flight is one run of the refresh protocol in a task of its own. Whoever wants a token while it
//! is up waits for it; nobody starts a second. It goes on when its callers go away.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Generation, GrantKey, UsableToken};
use kommo_oauth::refresh::{Outcome, Unmet};
use tokio::sync::watch;

use crate::cache::cached_token::{CachedToken, FreshToken};

/// What a flight ended with; `None` while it is up.
pub(crate) type FlightResult = Option<Arc<Outcome>>;

pub(crate) struct GrantSlot {
    pub(crate) key: GrantKey,
    current: ArcSwapOption<CachedToken>,
    flight: Mutex<Flight>,
    /// Tokens of earlier generations are not put any more.
    oldest: AtomicU64,
    /// Whether it was told that the grant needs a person.
    is_ended: AtomicBool,
    /// Runs that have a pair which the store has not confirmed.
    unsaved: AtomicUsize,
}

#[derive(Default)]
struct Flight {
    /// Of the flight that is up.
    result: Option<watch::Receiver<FlightResult>>,
    /// The generation that it asks the platform about.
    probes: Option<Generation>,
    /// When it began, by the monotonic clock.
    began_at: Duration,
    /// Before this, by the monotonic clock, nobody starts one only because a token is due.
    not_before: Duration,
    /// A 401 to the token of this generation leads to nothing for a while.
    deferral: Option<Deferral>,
}

/// Why a 401 to a generation's token leads to nothing, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Deferral {
    pub(crate) rejected: Generation,
    pub(crate) why: Unmet,
    pub(crate) again_at: UnixSeconds,
    /// By the monotonic clock.
    pub(crate) until: Duration,
}

/// The flight that a caller waits for.
pub(crate) struct Joined {
    pub(crate) result: watch::Receiver<FlightResult>,
    /// The generation that it asks the platform about.
    pub(crate) probes: Option<Generation>,
    /// Whether this caller started it.
    pub(crate) is_own: bool,
}

/// What a caller finds.
pub(crate) enum CacheLookup {
    /// Nothing needs doing.
    Fresh(FreshToken),
    /// It may be used, and a refresh is due.
    Due(Arc<CachedToken>),
    /// It may be used, though it should be replaced first.
    Expiring(Arc<CachedToken>),
    /// There is none.
    Missing,
}

impl GrantSlot {
    pub(crate) fn new(key: GrantKey) -> Self {
        Self {
            key,
            current: ArcSwapOption::empty(),
            flight: Mutex::new(Flight::default()),
            oldest: AtomicU64::new(0),
            is_ended: AtomicBool::new(false),
            unsaved: AtomicUsize::new(0),
        }
    }

    /// One atomic pointer, nothing else.
    pub(crate) fn fresh(&self, monotonic: Duration) -> Option<FreshToken> {
        FreshToken::new(self.current.load(), monotonic)
    }

    pub(crate) fn look(&self, monotonic: Duration) -> CacheLookup {
        if let Some(fresh) = self.fresh(monotonic) {
            return CacheLookup::Fresh(fresh);
        }
        match self.current.load_full() {
            Some(cached) if monotonic < cached.must_at => CacheLookup::Due(cached),
            Some(cached) if monotonic < cached.valid_until => CacheLookup::Expiring(cached),
            _ => CacheLookup::Missing,
        }
    }

    /// A flight that began before the grant was ended or consented to again brings nothing back.
    pub(crate) fn put(&self, cached: CachedToken) {
        let generation = cached.usable.generation;
        // Nor does one that took longer than the next.
        let is_late = self
            .newest()
            .is_some_and(|newest| newest.generation > generation);
        if generation.get() >= self.oldest.load(Ordering::Acquire) && !is_late {
            self.current.store(Some(Arc::new(cached)));
        }
    }

    /// The grant is over, or goes on, as this generation: what is here is of an earlier one.
    pub(crate) fn overtake(&self, generation: Generation) {
        self.oldest.fetch_max(generation.get(), Ordering::AcqRel);
        self.forget();
    }

    /// Notes whether the grant needs a person; gives whether that was known.
    pub(crate) fn note_end(&self, is_ended: bool) -> bool {
        self.is_ended.swap(is_ended, Ordering::AcqRel) && is_ended
    }

    /// The token is not to be used any more.
    pub(crate) fn forget(&self) {
        self.current.store(None);
    }

    pub(crate) fn newest(&self) -> Option<Arc<UsableToken>> {
        self.current
            .load()
            .as_ref()
            .map(|cached| Arc::clone(&cached.usable))
    }

    /// A run has a pair that is not saved, or has it no more.
    pub(crate) fn note_unsaved(&self, has_pair: bool) {
        if has_pair {
            self.unsaved.fetch_add(1, Ordering::AcqRel);
        } else {
            self.unsaved.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Joins the flight that is up, or starts one: also beside a flight that has been up for longer
    /// than the limit, unless it has the newest pair in its hands. `start` gets the sender that the
    /// flight must answer on.
    pub(crate) fn join_or_start(
        self: &Arc<Self>,
        probes: Option<Generation>,
        now: Duration,
        limit: Duration,
        start: impl FnOnce(FlightGuard),
    ) -> Joined {
        let mut flight = self.lock();
        let is_stuck = now.saturating_sub(flight.began_at) >= limit
            && self.unsaved.load(Ordering::Acquire) == 0;
        if let Some(result) = &flight.result
            && !is_stuck
        {
            return Joined {
                result: result.clone(),
                probes: flight.probes,
                is_own: false,
            };
        }
        let (sender, receiver) = watch::channel(None);
        flight.result = Some(receiver.clone());
        flight.probes = probes;
        flight.began_at = now;
        drop(flight);
        start(FlightGuard {
            slot: Arc::clone(self),
            sender,
        });
        Joined {
            result: receiver,
            probes,
            is_own: true,
        }
    }

    /// Whether a refresh that is only due may start now.
    pub(crate) fn may_start(&self, monotonic: Duration) -> bool {
        let flight = self.lock();
        flight.result.is_none() && flight.not_before <= monotonic
    }

    /// A 401 that a probe confirmed met a hold: it is not asked about again while that lies.
    pub(crate) fn defer(&self, deferral: Deferral) {
        self.lock().deferral = Some(deferral);
    }

    pub(crate) fn deferral(&self, rejected: Generation, monotonic: Duration) -> Option<Deferral> {
        let deferral = self.lock().deferral?;
        (deferral.rejected == rejected && monotonic < deferral.until).then_some(deferral)
    }

    /// A hold was lifted: nothing that it led to stays.
    pub(crate) fn begin_anew(&self) {
        let mut flight = self.lock();
        flight.deferral = None;
        flight.not_before = Duration::ZERO;
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
    slot: Arc<GrantSlot>,
    sender: watch::Sender<FlightResult>,
}

impl FlightGuard {
    pub(crate) fn finish(self, outcome: Outcome) {
        // First the way is free, then the waiters wake: one that wants more can start at once.
        self.make_way();
        self.sender.send_replace(Some(Arc::new(outcome)));
    }

    /// Unless the next one has begun beside it.
    fn make_way(&self) {
        let mut flight = self.slot.lock();
        let is_ours = flight
            .result
            .as_ref()
            .is_some_and(|result| result.same_channel(&self.sender.subscribe()));
        if is_ours {
            flight.result = None;
        }
    }
}

impl Drop for FlightGuard {
    fn drop(&mut self) {
        self.make_way();
    }
}
