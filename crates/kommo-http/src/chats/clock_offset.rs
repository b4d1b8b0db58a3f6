//! How far the platform's clock is ahead of ours: learned from a refusal, tried once, kept if it
//! proves right (rule T3).
//!
//! A signature lives for 15 minutes, so a machine whose clock is off by more is refused with the
//! same 403 as one with a wrong secret. The `Date` of that refusal distinguishes the two. It is
//! believed only because of where it came from: the transport reaches nothing but hosts of the
//! platform with a checked certificate, and loopback; and it follows no redirect.

use core::sync::atomic::{AtomicI64, Ordering};

/// A smaller difference explains no refusal: the platform admits 900 seconds.
const TOLERATED_SECONDS: u64 = 60;

/// Ten years of 365 days. A certificate would hardly be valid on both sides of more.
const LARGEST_OFFSET_SECONDS: u64 = 10 * 365 * 86_400;

/// The offset that a client keeps, shared by its clones. 0 means that there is none.
#[derive(Debug, Default)]
pub(crate) struct KeptOffset {
    seconds: AtomicI64,
}

impl KeptOffset {
    pub(crate) fn seconds(&self) -> i64 {
        self.seconds.load(Ordering::Relaxed)
    }

    pub(crate) fn keep(&self, seconds: i64) {
        self.seconds.store(seconds, Ordering::Relaxed);
    }
}

/// The offset to try next after a refusal, in seconds to add to our clock; none if the clocks agree
/// well enough.
///
/// `now` is our clock without any offset, `in_force` the offset that the refused request was dated
/// with.
pub(crate) fn after_refusal(server: u64, now: u64, in_force: i64) -> Option<i64> {
    let offset = i64::try_from(server)
        .ok()?
        .checked_sub(i64::try_from(now).ok()?)?;
    let is_explanation = offset.checked_sub(in_force)?.unsigned_abs() > TOLERATED_SECONDS;
    let is_sane = offset.unsigned_abs() <= LARGEST_OFFSET_SECONDS;
    if !is_explanation || !is_sane {
        return None;
    }
    // Our clock is right again, so an offset that was kept is taken back.
    Some(if offset.unsigned_abs() <= TOLERATED_SECONDS {
        0
    } else {
        offset
    })
}

#[cfg(test)]
mod tests {
    use super::{LARGEST_OFFSET_SECONDS, after_refusal};

    const NOW: u64 = 1_700_000_000;

    // Rule T3.
    #[test]
    fn a_minute_explains_nothing_and_more_does() {
        assert_eq!(after_refusal(NOW + 60, NOW, 0), None);
        assert_eq!(after_refusal(NOW - 60, NOW, 0), None);
        assert_eq!(after_refusal(NOW + 61, NOW, 0), Some(61));
        assert_eq!(after_refusal(NOW - 61, NOW, 0), Some(-61));
    }

    // Rule T3.
    #[test]
    fn the_difference_counts_from_the_date_that_was_sent() {
        // An offset of an hour was in force and is right: it explains nothing.
        assert_eq!(after_refusal(NOW + 3600, NOW, 3600), None);
        // Our clock was put right meanwhile: the offset is taken back.
        assert_eq!(after_refusal(NOW + 2, NOW, 3600), Some(0));
        assert_eq!(after_refusal(NOW + 7200, NOW, 3600), Some(7200));
    }

    // Rule T3.
    #[test]
    fn an_absurd_offset_is_refused() {
        assert_eq!(
            after_refusal(NOW + LARGEST_OFFSET_SECONDS, NOW, 0),
            Some(315_360_000)
        );
        assert_eq!(
            after_refusal(NOW + LARGEST_OFFSET_SECONDS + 1, NOW, 0),
            None
        );
        assert_eq!(after_refusal(0, NOW, 0), None);
        assert_eq!(after_refusal(u64::MAX, NOW, 0), None);
        assert_eq!(after_refusal(NOW, u64::MAX, i64::MIN), None);
        assert_eq!(after_refusal(NOW, NOW, i64::MIN), None);
    }
}
