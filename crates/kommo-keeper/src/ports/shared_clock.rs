//! A clock of any type, erased.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

use kommo_oauth::UnixSeconds;

use crate::ports::clock::Clock;

/// A clock of any type, shared: its clones are the same clock.
#[derive(Clone)]
pub struct SharedClock(Arc<dyn AnyClock>);

impl SharedClock {
    /// Shares a clock.
    #[must_use]
    pub fn new(clock: impl Clock) -> Self {
        Self(Arc::new(clock))
    }
}

impl Clock for SharedClock {
    fn now(&self) -> UnixSeconds {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send {
        self.0.pause(length)
    }

    fn random_bytes(&self) -> [u8; 16] {
        self.0.random_bytes()
    }
}

impl fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedClock(..)")
    }
}

/// A future on the heap.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`Clock`], callable without its type.
trait AnyClock: Send + Sync {
    fn now(&self) -> UnixSeconds;
    fn monotonic(&self) -> Duration;
    fn pause(&self, length: Duration) -> Boxed<'_, ()>;
    fn random_bytes(&self) -> [u8; 16];
}

impl<C: Clock> AnyClock for C {
    fn now(&self) -> UnixSeconds {
        Clock::now(self)
    }

    fn monotonic(&self) -> Duration {
        Clock::monotonic(self)
    }

    fn pause(&self, length: Duration) -> Boxed<'_, ()> {
        Box::pin(Clock::pause(self, length))
    }

    fn random_bytes(&self) -> [u8; 16] {
        Clock::random_bytes(self)
    }
}
