//! Time and randomness.

use core::future::Future;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use std::{sync::OnceLock, time::Instant};

use kommo_oauth::UnixSeconds;
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::time::{ClockId, clock_gettime};

/// The source of the time, of pauses and of random bytes. Programs use [`SystemClock`], tests their
/// own.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock. It is what records contain, and it may jump.
    fn now(&self) -> UnixSeconds;

    /// The time since a fixed moment in this process. It never goes back, and it counts while the
    /// machine sleeps, because tokens age then too; freshness is judged by it.
    fn monotonic(&self) -> Duration;

    /// A pause.
    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send;

    /// Sixteen unpredictable random bytes.
    fn random_bytes(&self) -> [u8; 16];
}

/// The clocks of this machine, pauses of the Tokio runtime, random bytes of the operating system.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl SystemClock {
    /// The clock of this machine.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    /// A clock before 1970 reads as 1970.
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

    /// On this platform the standard library has the best clock without unsafe code. Where it stops
    /// during a suspend, a token is refreshed that much later.
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

    /// If the operating system returns none, the bytes are taken from the clock. They name attempts
    /// and spread times; no secret depends on them.
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

    // The kernel counts suspends in this file, and `CLOCK_MONOTONIC` does not: after a suspend the
    // two differ by its length.
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
