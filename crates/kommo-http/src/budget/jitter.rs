//! Random lengths for pauses.

use core::time::Duration;

use kommo_keeper::Clock;

/// A random length from zero to `longest`, both included.
pub(crate) fn random_up_to(clock: &impl Clock, longest: Duration) -> Duration {
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    let [a, b, c, d, e, f, g, h, ..] = clock.random_bytes();
    let drawn = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    // The remainder prefers small numbers a little; jitter does not mind.
    Duration::from_millis(
        longest
            .checked_add(1)
            .map_or(drawn, |numbers| drawn % numbers),
    )
}
