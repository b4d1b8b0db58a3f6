//! One grant in this process: its token, and the one flight that refreshes it.
//!
//! A flight is one run of the refresh protocol in its own task. Callers who need a token meanwhile
//! wait for it; no second flight starts. It continues when its callers go away.

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

/// The outcome of a flight; `None` while it is running.
pub(crate) type FlightResult = Option<Arc<Outcome>>;

pub(crate) struct GrantSlot {
    pub(crate) key: GrantKey,
    current: ArcSwapOption<CachedToken>,
    flight: Mutex<Flight>,
    /// Tokens of earlier generations are no longer stored.
    oldest: AtomicU64,
    /// Whether an alarm has reported that the grant needs a person.
    is_ended: AtomicBool,
    /// Runs that have a pair which the store has not confirmed.
    unsaved: AtomicUsize,
    /// Held while the account's host is looked up.
    pub(crate) host_look_up: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Flight {
    /// Of the running flight.
    result: Option<watch::Receiver<FlightResult>>,
    /// The generation that it asks the platform about.
    probes: Option<Generation>,
    /// When it began, by the monotonic clock.
    began_at: Duration,
    /// Before this instant of the monotonic clock, a due token alone starts no flight.
    not_before: Duration,
    /// A 401 to the token of one generation is ignored for a while.
    deferral: Option<Deferral>,
}

/// Why a 401 to the token of a generation is ignored, and until when.
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

/// What a caller finds in memory.
pub(crate) enum CacheLookup {
    /// It may be used, and no refresh is due.
    Fresh(FreshToken),
    /// It may be used, and a refresh is due.
    Due(Arc<CachedToken>),
    /// It may be used, but a new one is preferred.
    Expiring(Arc<CachedToken>),
    /// There is no valid token.
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
            host_look_up: tokio::sync::Mutex::default(),
        }
    }

    /// Reads one atomic pointer, nothing else.
    pub(crate) fn fresh(&self, monotonic: Duration) -> Option<FreshToken> {
        FreshToken::new(self.current.load(), monotonic)
    }

    pub(crate) fn look_up(&self, monotonic: Duration) -> CacheLookup {
        if let Some(fresh) = self.fresh(monotonic) {
            return CacheLookup::Fresh(fresh);
        }
        match self.current.load_full() {
            Some(cached) if monotonic < cached.must_at => CacheLookup::Due(cached),
            Some(cached) if monotonic < cached.valid_until => CacheLookup::Expiring(cached),
            _ => CacheLookup::Missing,
        }
    }

    /// Stores a token, unless its flight began before the grant was ended or consented to again.
    pub(crate) fn put(&self, cached: CachedToken) {
        let generation = cached.usable.generation;
        // Nor if a later flight was faster.
        let is_late = self
            .newest()
            .is_some_and(|newest| newest.generation > generation);
        if generation.get() >= self.oldest.load(Ordering::Acquire) && !is_late {
            self.current.store(Some(Arc::new(cached)));
        }
    }

    /// The grant has ended, or was consented to again, with this generation: forgets earlier
    /// tokens.
    pub(crate) fn supersede(&self, generation: Generation) {
        self.oldest.fetch_max(generation.get(), Ordering::AcqRel);
        self.forget();
    }

    /// Notes whether the grant needs a person; returns whether that was known.
    pub(crate) fn note_end(&self, is_ended: bool) -> bool {
        self.is_ended.swap(is_ended, Ordering::AcqRel) && is_ended
    }

    /// The token must no longer be used.
    pub(crate) fn forget(&self) {
        self.current.store(None);
    }

    pub(crate) fn newest(&self) -> Option<Arc<UsableToken>> {
        self.current
            .load()
            .as_ref()
            .map(|cached| Arc::clone(&cached.usable))
    }

    /// A run has an unsaved pair, or no longer has one.
    pub(crate) fn note_unsaved(&self, has_pair: bool) {
        if has_pair {
            self.unsaved.fetch_add(1, Ordering::AcqRel);
        } else {
            self.unsaved.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Joins the running flight, or starts one. A second flight starts beside one that has run for
    /// longer than the limit, unless that one has the newest pair and could not save it yet.
    /// `start` receives the guard through which the flight must report its outcome.
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
    pub(crate) fn may_start_refresh(&self, monotonic: Duration) -> bool {
        let flight = self.lock();
        flight.result.is_none() && flight.not_before <= monotonic
    }

    /// A 401 that a probe confirmed met a hold: it is ignored until the hold ends.
    pub(crate) fn defer(&self, deferral: Deferral) {
        self.lock().deferral = Some(deferral);
    }

    pub(crate) fn deferral(&self, rejected: Generation, monotonic: Duration) -> Option<Deferral> {
        let deferral = self.lock().deferral?;
        (deferral.rejected == rejected && monotonic < deferral.until).then_some(deferral)
    }

    /// A hold was lifted: its consequences end too.
    pub(crate) fn reset_pauses(&self) {
        let mut flight = self.lock();
        flight.deferral = None;
        flight.not_before = Duration::ZERO;
    }

    pub(crate) fn back_off_until(&self, monotonic: Duration) {
        self.lock().not_before = monotonic;
    }

    /// A panic of another holder is harmless: no change here is left half done.
    fn lock(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by a flight. When it is dropped, for whatever reason, the next flight may start.
pub(crate) struct FlightGuard {
    slot: Arc<GrantSlot>,
    sender: watch::Sender<FlightResult>,
}

impl FlightGuard {
    pub(crate) fn finish(self, outcome: Outcome) {
        // The slot is freed before the waiters wake, so that one of them can start the next flight
        // at once.
        self.free_slot();
        self.sender.send_replace(Some(Arc::new(outcome)));
    }

    /// Frees the slot, unless another flight has started beside this one.
    fn free_slot(&self) {
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
        self.free_slot();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use kommo_account::AccountHost;
    use kommo_oauth::token::AccessToken;

    use super::*;

    const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);

    fn slot() -> GrantSlot {
        let key = "real/11111111-2222-3333-4444-555555555555/12345678/87654321";
        GrantSlot::new(GrantKey::parse(key).unwrap())
    }

    /// Fresh for ten seconds, to be used for twenty, valid for thirty.
    fn cached(generation: u64) -> CachedToken {
        let usable = UsableToken::new(
            AccessToken::new("a.token.x").unwrap(),
            AccountHost::parse("example.kommo.com").unwrap(),
            Generation::new(generation),
            NOW,
            None,
        );
        CachedToken {
            usable: Arc::new(usable),
            fresh_until: at(10),
            must_at: at(20),
            valid_until: at(30),
            margin: at(20),
        }
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn found(slot: &GrantSlot, monotonic: Duration) -> &'static str {
        match slot.look_up(monotonic) {
            CacheLookup::Fresh(_) => "fresh",
            CacheLookup::Due(_) => "due",
            CacheLookup::Expiring(_) => "expiring",
            CacheLookup::Missing => "missing",
        }
    }

    fn generation_in(slot: &GrantSlot) -> Option<u64> {
        slot.newest().map(|usable| usable.generation.get())
    }

    #[test]
    fn each_stage_of_a_token_ends_with_its_last_nanosecond() {
        let slot = slot();
        assert_eq!(found(&slot, at(0)), "missing");
        slot.put(cached(1));
        let just_before = |seconds| at(seconds) - Duration::from_nanos(1);
        for (monotonic, stage) in [
            (at(0), "fresh"),
            (just_before(10), "fresh"),
            (at(10), "due"),
            (just_before(20), "due"),
            (at(20), "expiring"),
            (just_before(30), "expiring"),
            (at(30), "missing"),
            (Duration::MAX, "missing"),
        ] {
            assert_eq!(found(&slot, monotonic), stage, "{monotonic:?}");
        }
    }

    #[test]
    fn a_token_is_replaced_by_its_own_and_by_later_generations() {
        let slot = slot();
        for (put, kept) in [(2, 2), (1, 2), (2, 2), (3, 3), (2, 3)] {
            slot.put(cached(put));
            assert_eq!(generation_in(&slot), Some(kept), "put {put}");
        }
        // The same generation may come with another host.
        let mut renamed = cached(3);
        renamed.margin = at(5);
        slot.put(renamed);
        assert_eq!(slot.current.load().as_ref().unwrap().margin, at(5));
    }

    #[test]
    fn a_flight_that_ends_without_a_word_frees_the_slot_and_only_its_own() {
        let slot = Arc::new(slot());
        let start = |now| {
            let mut guard = None;
            let joined = slot.join_or_start(None, now, at(10), |own| guard = Some(own));
            assert_eq!(joined.is_own, guard.is_some());
            guard
        };
        let first = start(at(0)).unwrap();
        assert!(start(at(9)).is_none());
        drop(first);
        let stuck = start(at(9)).unwrap();
        // With an unsaved pair it is waited for, however long that takes.
        slot.note_unsaved(true);
        assert!(start(at(19)).is_none());
        slot.note_unsaved(false);
        assert!(start(at(18)).is_none());
        let beside = start(at(19)).unwrap();
        drop(stuck);
        assert!(
            start(at(20)).is_none(),
            "the slot is that of the other flight"
        );
        drop(beside);
        assert!(start(at(20)).is_some());
    }

    #[test]
    fn a_lifted_hold_ends_what_followed_from_it() {
        let slot = slot();
        slot.back_off_until(at(60));
        slot.defer(Deferral {
            rejected: Generation::new(1),
            why: Unmet::StillRunning,
            again_at: NOW,
            until: at(60),
        });
        assert!(!slot.may_start_refresh(at(59)) && slot.may_start_refresh(at(60)));
        assert!(slot.deferral(Generation::new(1), at(59)).is_some());
        assert!(slot.deferral(Generation::new(1), at(60)).is_none());
        assert!(slot.deferral(Generation::new(2), at(59)).is_none());
        slot.reset_pauses();
        assert!(slot.may_start_refresh(at(0)));
        assert!(slot.deferral(Generation::new(1), at(0)).is_none());
    }

    #[test]
    fn what_was_superseded_does_not_come_back() {
        let slot = slot();
        slot.put(cached(4));
        slot.supersede(Generation::new(5));
        assert_eq!(generation_in(&slot), None);
        slot.put(cached(4));
        assert_eq!(generation_in(&slot), None);
        slot.put(cached(5));
        assert_eq!(generation_in(&slot), Some(5));
        // An earlier end changes nothing but the token.
        slot.supersede(Generation::new(3));
        slot.put(cached(4));
        assert_eq!(generation_in(&slot), None);
    }
}
