//! What a signed call needs from outside: the time, a pause, a random number.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A pause that has been begun.
pub type Pause<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Where a client gets the time, its pauses and its randomness from.
///
/// [`SystemSigningClock`] is the one to use. A test brings its own: a clock that it moves, pauses
/// that take no time and are written down, jitter that is known.
pub trait SigningClock: Send + Sync {
    /// The time, in seconds since 1970-01-01 00:00:00 UTC. Dates of requests are made of it (rule
    /// D6).
    fn unix_seconds(&self) -> u64;

    /// Begins a pause.
    fn pause(&self, length: Duration) -> Pause<'_>;

    /// A random length from zero to `longest`, both included; it need not be secret.
    fn random_up_to(&self, longest: Duration) -> Duration;

    /// A time that only advances, for the spacing of requests. Only differences matter.
    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        #[allow(
            clippy::disallowed_methods,
            reason = "only the functions of this file read a clock of the machine"
        )]
        let now = Instant::now();
        now.duration_since(*START.get_or_init(|| now))
    }

    /// A random number, for the `ranstr` of an Open API request. It need not be secret, and must
    /// not come twice.
    fn random_u64(&self) -> u64 {
        fastrand::u64(..)
    }
}

/// The clock of this machine, pauses of the Tokio runtime, a small random number generator.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemSigningClock;

impl SystemSigningClock {
    /// The one there is.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl SigningClock for SystemSigningClock {
    /// A machine that lives before 1970 reads as 1970.
    fn unix_seconds(&self) -> u64 {
        #[allow(
            clippy::disallowed_methods,
            reason = "only this function of the adapter reads the wall clock; everything else takes a clock"
        )]
        let now = SystemTime::now();
        now.duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    fn pause(&self, length: Duration) -> Pause<'_> {
        Box::pin(tokio::time::sleep(length))
    }

    fn random_up_to(&self, longest: Duration) -> Duration {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(fastrand::u64(0..=longest))
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{SigningClock, SystemSigningClock};

    // Rule T2.
    #[test]
    fn the_systems_jitter_stays_in_its_bounds_and_is_not_always_the_same() {
        let clock = SystemSigningClock::new();
        let longest = Duration::from_millis(500);
        let drawn: Vec<_> = (0..200).map(|_| clock.random_up_to(longest)).collect();
        assert!(drawn.iter().all(|length| *length <= longest));
        // 200 equal draws out of 501 have a chance of 501 to the power of -199.
        assert!(drawn.iter().any(|length| Some(length) != drawn.first()));
        assert_eq!(clock.random_up_to(Duration::ZERO), Duration::ZERO);
    }
}
