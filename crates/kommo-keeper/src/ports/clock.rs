//! Time and chance, from outside.

use core::future::Future;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use std::{sync::OnceLock, time::Instant};

use kommo_oauth::UnixSeconds;
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::time::{ClockId, clock_gettime};

/// Where the time, pauses and random bytes come from. [`SystemClock`] is the one to use; a test
/// gives its own.
pub trait Clock: Send + Sync + 'static {
    /// The time of day. It enters what is stored, and it may jump.
    fn now(&self) -> UnixSeconds;

    /// The time since some moment that stays the same in this process. It never goes back, and it
    /// counts while the machine sleeps, as tokens go on ageing then; freshness is judged by it.
    fn monotonic(&self) -> Duration;

    /// A pause.
    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send;

    /// Sixteen random bytes that nobody can guess.
    fn random_bytes(&self) -> [u8; 16];
}

/// The clocks of this machine, pauses of the Tokio runtime, random bytes of the operating system.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl SystemClock {
    /// The one there is.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    /// A machine that lives before 1970 reads as 1970.
    fn now(&self) -> UnixSeconds {
        #[allow(
            clippy::disallowed_methods,
            reason = "the one place of this crate that reads the wall clock"
        )]
        let now = SystemTime::now();
        UnixSeconds::new(
            now.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        )
    }

    /// The time since the machine was started, suspends included.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn monotonic(&self) -> Duration {
        let now = clock_gettime(ClockId::Boottime);
        Duration::new(
            u64::try_from(now.tv_sec).unwrap_or(0),
            u32::try_from(now.tv_nsec).unwrap_or(0),
        )
    }

    /// Of this platform the standard library's clock is the best that there is without unsafe code.
    /// Where it stops during a suspend, a token is refreshed that much later.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        #[allow(
            clippy::disallowed_methods,
            reason = "the one place of this crate that reads the monotonic clock"
        )]
        let now = Instant::now();
        now.saturating_duration_since(*START.get_or_init(|| now))
    }

    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(length)
    }

    /// If the operating system gives none, the bytes are made of the clock. They name attempts and
    /// move times apart; nothing secret is made of them.
    fn random_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        if getrandom::fill(&mut bytes).is_err() {
            bytes = self.monotonic().as_nanos().to_be_bytes();
        }
        bytes
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use core::time::Duration;

    use super::{Clock as _, SystemClock};

    // The kernel counts suspends in this file, and `CLOCK_MONOTONIC` does not: after one the two
    // differ by its length.
    #[test]
    fn the_monotonic_clock_is_the_one_that_counts_while_the_machine_sleeps() {
        let before = SystemClock::new().monotonic();
        let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
        let after = SystemClock::new().monotonic();
        let seconds: f64 = text
            .split_whitespace()
            .next()
            .and_then(|first| first.parse().ok())
            .unwrap_or_default();
        let uptime = Duration::from_secs_f64(seconds);
        let hundredth = Duration::from_millis(10);
        assert!(before <= uptime + hundredth && uptime <= after + hundredth);
    }
}
