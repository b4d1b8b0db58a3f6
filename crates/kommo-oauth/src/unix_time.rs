//! Instants and lengths of time, as numbers: this crate reads no clock.

use core::fmt;
use core::time::Duration;

/// An instant: whole seconds since 1970-01-01 00:00:00 UTC. `Copy`; arithmetic stays at the ends
/// instead of overflowing.
///
/// # Examples
///
/// ```
/// # use core::time::Duration;
/// # use kommo_oauth::UnixSeconds;
/// let issued = UnixSeconds::new(1_700_000_000);
/// let expires = issued.plus(Duration::from_secs(86_400));
/// assert_eq!(expires.get(), 1_700_086_400);
/// assert_eq!(issued.until(expires), Duration::from_secs(86_400));
/// assert_eq!(expires.until(issued), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(u64);

impl UnixSeconds {
    /// The instant this many seconds after the beginning of 1970.
    #[must_use]
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The number of seconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The instant after a length of time; parts of a second are dropped.
    #[must_use]
    pub const fn plus(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length.as_secs()))
    }

    /// The instant before a length of time; parts of a second are dropped.
    #[must_use]
    pub const fn minus(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(length.as_secs()))
    }

    /// The length of time from this instant to a later one; zero if it is not later.
    #[must_use]
    pub const fn until(self, later: Self) -> Duration {
        Duration::from_secs(later.0.saturating_sub(self.0))
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
