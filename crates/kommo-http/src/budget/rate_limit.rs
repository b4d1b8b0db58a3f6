//! How many requests a second, and what part of it is ours.

use core::num::NonZeroU32;
use core::time::Duration;
use core::{error, fmt};

/// A number of requests a second, and how many of them may leave at once.
///
/// With a burst of 1, which is the default, requests are evenly spaced, and no second holds more of
/// them than the limit says. A larger burst lets a rested bucket send that many at once, on top of
/// the rate, in its first second.
///
/// # Examples
///
/// ```
/// # use kommo_http::RateLimit;
/// let package = RateLimit::per_second(15);
/// assert_eq!((package.requests_per_second(), package.burst()), (15, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct RateLimit {
    per_second: NonZeroU32,
    burst: NonZeroU32,
}

impl RateLimit {
    /// This number of requests a second, evenly spaced. 0 counts as 1.
    pub const fn per_second(requests: u32) -> Self {
        Self {
            per_second: at_least_one(requests),
            burst: NonZeroU32::MIN,
        }
    }

    /// Lets a rested bucket send this number at once. 0 counts as 1.
    pub const fn with_burst(self, requests: u32) -> Self {
        Self {
            burst: at_least_one(requests),
            ..self
        }
    }

    /// The rate.
    #[must_use]
    pub const fn requests_per_second(&self) -> u32 {
        self.per_second.get()
    }

    /// How many at once.
    #[must_use]
    pub const fn burst(&self) -> u32 {
        self.burst.get()
    }

    /// How long the bucket takes to gain one request, if only a share of it is ours.
    #[must_use]
    pub fn interval(&self, share: LimitShare) -> Duration {
        let whole = u128::from(share.of.get()) * 1_000_000_000;
        let ours = u128::from(self.per_second.get()) * u128::from(share.mine.get());
        // Rounded up, so that the rate is never exceeded. `of` has 32 bits, so this is below 2^62.
        let nanoseconds = u64::try_from(whole.div_ceil(ours)).unwrap_or(u64::MAX);
        Duration::from_nanos(nanoseconds)
    }

    pub(crate) fn burst_of(&self, share: LimitShare) -> NonZeroU32 {
        let ours =
            u64::from(self.burst.get()) * u64::from(share.mine.get()) / u64::from(share.of.get());
        u32::try_from(ours)
            .ok()
            .and_then(NonZeroU32::new)
            .unwrap_or(NonZeroU32::MIN)
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// The part of every limit that belongs to this process, when several share it without talking to
/// each other.
///
/// # Examples
///
/// ```
/// # use kommo_http::{LimitShare, NotAShare, RateLimit};
/// let third = LimitShare::new(1, 3)?;
/// assert_eq!(RateLimit::per_second(6).interval(third).as_millis(), 500);
/// assert!(LimitShare::new(4, 3).is_err());
/// # Ok::<(), NotAShare>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LimitShare {
    mine: NonZeroU32,
    of: NonZeroU32,
}

impl LimitShare {
    /// Everything.
    pub const WHOLE: Self = Self {
        mine: NonZeroU32::MIN,
        of: NonZeroU32::MIN,
    };

    /// `mine` parts of `of`.
    ///
    /// # Errors
    ///
    /// `0` of anything, anything of `0`, `4` of `3`: [`NotAShare`].
    pub const fn new(mine: u32, of: u32) -> Result<Self, NotAShare> {
        match (NonZeroU32::new(mine), NonZeroU32::new(of)) {
            (Some(mine), Some(of)) if mine.get() <= of.get() => Ok(Self { mine, of }),
            _ => Err(NotAShare { mine, of }),
        }
    }
}

/// Two numbers that are no part of a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotAShare {
    /// The part.
    pub mine: u32,
    /// The whole.
    pub of: u32,
}

impl fmt::Display for NotAShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} is not a share", self.mine, self.of)
    }
}

impl error::Error for NotAShare {}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{LimitShare, RateLimit};

    #[test]
    fn an_interval_is_rounded_up_and_never_overflows() {
        let interval = |rate, mine, of| {
            let share = LimitShare::new(mine, of).unwrap();
            RateLimit::per_second(rate).interval(share)
        };
        assert_eq!(interval(7, 1, 1), Duration::from_nanos(142_857_143));
        assert_eq!(interval(7, 2, 2), interval(7, 1, 1));
        assert_eq!(interval(0, 1, 1), Duration::from_secs(1));
        assert_eq!(interval(u32::MAX, 1, 1), Duration::from_nanos(1));
        assert_eq!(
            interval(1, 1, u32::MAX),
            Duration::from_secs(u64::from(u32::MAX))
        );
    }

    #[test]
    fn a_share_of_a_burst_is_at_least_one_request() {
        let limit = RateLimit::per_second(7).with_burst(5);
        let burst = |mine, of| limit.burst_of(LimitShare::new(mine, of).unwrap()).get();
        assert_eq!([burst(1, 1), burst(1, 2), burst(1, 9)], [5, 2, 1]);
    }
}
