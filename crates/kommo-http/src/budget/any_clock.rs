//! A clock of any type behind a pointer, so that budget and clients need no type parameter for it.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

use kommo_keeper::Clock;
use kommo_oauth::UnixSeconds;

/// A future on the heap.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What budget and client need of a [`Clock`].
pub(crate) trait AnyClock: Send + Sync {
    fn now(&self) -> UnixSeconds;

    fn monotonic(&self) -> Duration;

    fn pause(&self, length: Duration) -> Boxed<'_, ()>;

    /// A random length from zero to `longest`, both included.
    fn random_up_to(&self, longest: Duration) -> Duration;
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

    fn random_up_to(&self, longest: Duration) -> Duration {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        let [a, b, c, d, e, f, g, h, ..] = self.random_bytes();
        let drawn = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        // The remainder prefers small numbers a little; jitter does not mind.
        Duration::from_millis(
            longest
                .checked_add(1)
                .map_or(drawn, |numbers| drawn % numbers),
        )
    }
}
