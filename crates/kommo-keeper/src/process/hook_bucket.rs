//! Limits the exchanges of codes from install hooks: anyone can send them, so they have a small
//! bucket of their own.

use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::shared_bucket::BucketSize;

/// A bucket of this process, by the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct HookBucket {
    /// When it will be full.
    full_at: Mutex<Duration>,
}

impl HookBucket {
    /// Takes as many as there are, at most `wanted`. Called before codes are claimed, so that
    /// concurrent callers share the bucket.
    pub(crate) fn take(&self, size: BucketSize, wanted: u32, now: Duration) -> u32 {
        let mut full_at = self.full_at();
        let missing = full_at.saturating_sub(now).as_nanos();
        let missing = missing.div_ceil(size.interval.as_nanos().max(1));
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let taken = size.burst.get().saturating_sub(missing).min(wanted);
        let length = size.interval.saturating_mul(taken);
        *full_at = (*full_at).max(now).saturating_add(length);
        taken
    }

    /// Returns `number` of those that were taken and not needed.
    pub(crate) fn refund(&self, size: BucketSize, number: u32) {
        let mut full_at = self.full_at();
        *full_at = full_at.saturating_sub(size.interval.saturating_mul(number));
    }

    fn full_at(&self) -> MutexGuard<'_, Duration> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;
    use core::time::Duration;

    use super::HookBucket;
    use crate::ports::shared_bucket::BucketSize;

    #[test]
    fn callers_beside_each_other_share_what_is_there() {
        let size = BucketSize::new(Duration::from_secs(2), NonZeroU32::MIN.saturating_add(9));
        let (bucket, mut now) = (HookBucket::default(), Duration::from_secs(1_000));
        let all = |now| (0..8).map(|_| bucket.take(size, 2, now)).sum::<u32>();
        assert_eq!(all(now), 10);
        now += Duration::from_secs(2);
        assert_eq!(all(now), 1);
        bucket.refund(size, 1);
        assert_eq!(all(now), 1, "what was not needed is there again");
        now += Duration::from_secs(3_600);
        assert_eq!(all(now), 10, "and it holds no more than its size");
    }
}
