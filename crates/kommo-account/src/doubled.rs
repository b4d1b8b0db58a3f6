//! Pauses that double.

use core::time::Duration;

/// A pause that has doubled this often. Nothing overflows.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
///
/// use kommo_account::doubled;
///
/// assert_eq!(doubled(Duration::from_secs(1), 3), Duration::from_secs(8));
/// assert_eq!(doubled(Duration::MAX, u32::MAX), Duration::MAX);
/// ```
#[must_use]
pub const fn doubled(pause: Duration, doublings: u32) -> Duration {
    pause.saturating_mul(2_u32.saturating_pow(doublings))
}
