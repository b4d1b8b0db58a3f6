//! A clock that follows Tokio's time: where that is paused, a pause takes no time and moves it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use kommo_oauth::UnixSeconds;
use tokio::time::Instant;

use crate::ports::clock::Clock;

/// The wall clock of a [`VirtualClock`] at its beginning.
pub const START: UnixSeconds = UnixSeconds::new(1_800_000_000);

/// A clock that follows Tokio's time. In a test with `#[tokio::test(start_paused = true)]` a pause
/// ends as soon as every task waits, and the clock has moved by its length.
///
/// Its clones show the same time.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    /// `None`: only [`advance`](Self::advance) moves it.
    followed_since: Option<Instant>,
    start: UnixSeconds,
    advanced_nanos: Arc<AtomicU64>,
    /// By how much the wall clock alone was moved.
    jumped_seconds: Arc<AtomicI64>,
    drawn: Arc<AtomicU64>,
    random: Arc<AtomicU64>,
    /// `None`: pauses are those of Tokio.
    skipped: Option<Arc<Mutex<Vec<Duration>>>>,
}

impl VirtualClock {
    /// A clock that begins at [`START`]. Make it in a Tokio runtime.
    #[must_use]
    pub fn new() -> Self {
        Self {
            followed_since: Some(Instant::now()),
            ..Self::standing_at(START)
        }
    }

    /// A clock that only [`advance`](Self::advance) moves. Its pauses are those of Tokio.
    #[must_use]
    pub fn standing_at(start: UnixSeconds) -> Self {
        Self {
            followed_since: None,
            start,
            advanced_nanos: Arc::default(),
            jumped_seconds: Arc::default(),
            drawn: Arc::default(),
            random: Arc::default(),
            skipped: None,
        }
    }

    /// A clock that begins at [`START`] and that only pauses and [`advance`](Self::advance) move: a
    /// pause ends at once, and moves the clock by its length. For code that waits beside real
    /// sockets.
    #[must_use]
    pub fn skipping_pauses() -> Self {
        Self {
            skipped: Some(Arc::default()),
            ..Self::standing_at(START)
        }
    }

    /// The pauses that a clock of [`skipping_pauses`](Self::skipping_pauses) has skipped.
    #[must_use]
    pub fn pauses(&self) -> Vec<Duration> {
        let pauses = self.skipped.as_ref().map(|skipped| {
            let skipped = skipped.lock().unwrap_or_else(PoisonError::into_inner);
            skipped.clone()
        });
        pauses.unwrap_or_default()
    }

    /// How far the clock has moved, jumps of the wall clock apart.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let followed = self.followed_since.map(|since| since.elapsed());
        let advanced = Duration::from_nanos(self.advanced_nanos.load(Ordering::SeqCst));
        followed.unwrap_or_default() + advanced
    }

    /// Moves the clock, as if this time had passed.
    pub fn advance(&self, length: Duration) {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        self.advanced_nanos.fetch_add(nanos, Ordering::SeqCst);
    }

    /// Sets the wall clock forward; the monotonic clock does not move.
    pub fn jump(&self, seconds: u64) {
        self.set_jump(seconds, i64::saturating_add);
    }

    /// Sets the wall clock back; the monotonic clock does not move.
    pub fn jump_back(&self, seconds: u64) {
        self.set_jump(seconds, i64::saturating_sub);
    }

    fn set_jump(&self, seconds: u64, change: impl Fn(i64, i64) -> i64) {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        let changed = change(self.jumped_seconds.load(Ordering::SeqCst), seconds);
        self.jumped_seconds.store(changed, Ordering::SeqCst);
    }

    /// The clock of another machine, whose wall clock is ahead of this one.
    #[must_use]
    pub fn ahead_by(&self, seconds: u64) -> Self {
        let ahead = Self {
            jumped_seconds: Arc::default(),
            ..self.clone()
        };
        ahead.jump(seconds);
        ahead
    }

    /// The random number that pauses and refreshes are spread by, from now on. It is 0 at first.
    pub fn set_random(&self, random: u64) {
        self.random.store(random, Ordering::SeqCst);
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> UnixSeconds {
        let passed = self.start.plus(self.monotonic()).get();
        let jumped = self.jumped_seconds.load(Ordering::SeqCst);
        UnixSeconds::new(passed.saturating_add_signed(jumped))
    }

    fn monotonic(&self) -> Duration {
        self.elapsed()
    }

    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send {
        let sleep = match &self.skipped {
            None => Some(tokio::time::sleep(length)),
            Some(skipped) => {
                let mut skipped = skipped.lock().unwrap_or_else(PoisonError::into_inner);
                skipped.push(length);
                self.advance(length);
                None
            }
        };
        async {
            if let Some(sleep) = sleep {
                sleep.await;
            }
        }
    }

    /// The first half is the number of [`set_random`](Self::set_random), the second half counts.
    fn random_bytes(&self) -> [u8; 16] {
        let drawn = self.drawn.fetch_add(1, Ordering::SeqCst);
        let random = self.random.load(Ordering::SeqCst);
        (u128::from(random) << 64 | u128::from(drawn)).to_be_bytes()
    }
}
