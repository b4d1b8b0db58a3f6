//! How many codes of install hooks are exchanged: anybody may send them, so they have a small bucket of their own.

use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use crate::shared_bucket::BucketSize;

/// A bucket of this process, by the clock that never goes back.
#[derive(Debug, Default)]
pub(crate) struct HookBucket {
    /// When it will be full.
    full_at: Mutex<Duration>,
}

impl HookBucket {
    /// How many may be exchanged now.
    pub(crate) fn room(&self, size: BucketSize, now: Duration) -> u32 {
        let missing = self.full_at().saturating_sub(now);
        let interval = size.interval.as_nanos().max(1);
        let missing = missing.as_nanos().div_ceil(interval);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        size.burst.get().saturating_sub(missing)
    }

    /// So many are.
    pub(crate) fn take(&self, size: BucketSize, number: u32, now: Duration) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let length = size.interval.saturating_mul(number);
        *full_at = (*full_at).max(now).saturating_add(length);
    }

    fn full_at(&self) -> Duration {
        *self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
