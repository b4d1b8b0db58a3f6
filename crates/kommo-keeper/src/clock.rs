//! Time and chance, from outside.

use core::future::Future;
use core::time::Duration;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use kommo_oauth::UnixSeconds;

/// Where the time, pauses and random bytes come from. [`SystemClock`] is the one to use; a test gives its own.
pub trait Clock: Send + Sync + 'static {
    /// The time of day. It enters what is stored, and it may jump.
    fn now(&self) -> UnixSeconds;

    /// The time since some moment of this process. It never goes back; freshness is judged by it.
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

    /// If the operating system gives none, the bytes are made of the clock. They name attempts and move times apart;
    /// nothing secret is made of them.
    fn random_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        if getrandom::fill(&mut bytes).is_err() {
            bytes = self.monotonic().as_nanos().to_be_bytes();
        }
        bytes
    }
}
