//! A clock that only pauses and the test move; pauses take no time; chance is always the same.

use std::future::{Future, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kommo_keeper::Clock;
use kommo_oauth::UnixSeconds;

/// What the wall clock shows at the beginning.
pub const START: u64 = 1_700_000_000;

/// A clock; its clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct TestClock {
    elapsed: Arc<Mutex<Duration>>,
    pauses: Arc<Mutex<Vec<Duration>>>,
    chance: Arc<Mutex<u64>>,
}

impl TestClock {
    /// Moves the clock on.
    pub fn advance(&self, length: Duration) {
        *self.elapsed.lock().unwrap() += length;
    }

    /// Moves the clock on.
    pub fn advance_seconds(&self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    /// How far it has moved.
    pub fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap()
    }

    /// The number that every chance is drawn from.
    pub fn set_chance(&self, chance: u64) {
        *self.chance.lock().unwrap() = chance;
    }

    /// Every pause so far.
    pub fn pauses(&self) -> Vec<Duration> {
        self.pauses.lock().unwrap().clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(START).plus(self.elapsed())
    }

    fn monotonic(&self) -> Duration {
        self.elapsed()
    }

    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send {
        self.pauses.lock().unwrap().push(length);
        self.advance(length);
        ready(())
    }

    /// Zeros unless the test says otherwise: jitter is none.
    fn random_bytes(&self) -> [u8; 16] {
        (u128::from(*self.chance.lock().unwrap()) << 64).to_be_bytes()
    }
}
