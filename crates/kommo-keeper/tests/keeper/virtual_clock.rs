//! A clock that runs with Tokio's paused time: a pause takes none, and moves it on.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::Arc;

use kommo_keeper::Clock;
use kommo_oauth::UnixSeconds;
use tokio::time::Instant;

pub(crate) const START: u64 = 1_800_000_000;

#[derive(Clone)]
pub(crate) struct VirtualClock {
    start: Instant,
    /// By how much the wall clock was moved.
    jumped: Arc<AtomicU64>,
    drawn: Arc<AtomicU64>,
    chance: Arc<AtomicU64>,
}

impl VirtualClock {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            jumped: Arc::default(),
            drawn: Arc::default(),
            chance: Arc::default(),
        }
    }

    /// The random number from now on.
    pub(crate) fn set_chance(&self, chance: u64) {
        self.chance.store(chance, Ordering::SeqCst);
    }

    /// The same clock on a machine that is ahead.
    pub(crate) fn ahead_by(&self, seconds: u64) -> Self {
        Self {
            jumped: Arc::new(AtomicU64::new(seconds)),
            ..self.clone()
        }
    }

    pub(crate) fn jump_back(&self, seconds: u64) {
        self.jumped.fetch_sub(seconds, Ordering::SeqCst);
    }

    pub(crate) fn jump(&self, seconds: u64) {
        self.jumped.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> UnixSeconds {
        let jumped = self.jumped.load(Ordering::SeqCst);
        UnixSeconds::new(START + jumped + self.monotonic().as_secs())
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(length)
    }

    fn random_bytes(&self) -> [u8; 16] {
        let drawn = self.drawn.fetch_add(1, Ordering::SeqCst);
        let chance = self.chance.load(Ordering::SeqCst);
        (u128::from(chance) << 64 | u128::from(drawn)).to_be_bytes()
    }
}
