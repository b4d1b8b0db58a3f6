//! The buckets of this process: governor's arithmetic, our clock, and a queue in front of each.

use alloc::sync::Arc;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use kommo_keeper::{Clock as _, SharedClock, Taken};

use crate::budget::bucket_key::BucketKey;
use crate::budget::rate_limit::{LimitShare, RateLimit};

/// The number of buckets above which the full ones are dropped.
const MANY: usize = 10_000;

#[derive(Clone)]
struct BudgetClock(SharedClock);

impl Clock for BudgetClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// One bucket and the queue in front of it.
pub(crate) struct LocalBucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, BudgetClock, NoOpMiddleware<Duration>>,
    /// Held by the caller that waits for the next request, so that the others wait in order.
    pub(crate) turn: tokio::sync::Mutex<()>,
    used_at: Mutex<Duration>,
    /// How long an empty bucket takes to fill.
    fills_in: Duration,
}

impl LocalBucket {
    fn new(limit: RateLimit, share: LimitShare, clock: BudgetClock) -> Self {
        let used_at = Mutex::new(clock.now());
        let burst = limit.burst_of(share);
        // INVARIANT: an interval is never zero, so there always is a quota.
        let quota = Quota::with_period(limit.interval(share))
            .unwrap_or_else(|| Quota::per_second(burst))
            .allow_burst(burst);
        Self {
            limiter: RateLimiter::direct_with_clock(quota, clock),
            turn: tokio::sync::Mutex::new(()),
            used_at,
            fills_in: limit.interval(share).saturating_mul(burst.get()),
        }
    }

    /// Takes one request, or says how long to wait.
    pub(crate) fn take(&self, now: Duration) -> Taken {
        *self.used_at.lock().unwrap_or_else(PoisonError::into_inner) = now;
        match self.limiter.check() {
            Ok(()) => Taken::Now,
            Err(not_until) => Taken::After(not_until.wait_time_from(now)),
        }
    }

    /// A full bucket is as good as none.
    fn is_full(&self, now: Duration) -> bool {
        let used_at = *self.used_at.lock().unwrap_or_else(PoisonError::into_inner);
        now.saturating_sub(used_at) > self.fills_in
    }
}

/// All of them.
pub(crate) struct LocalBuckets {
    clock: BudgetClock,
    share: LimitShare,
    buckets: Mutex<HashMap<BucketKey, Arc<LocalBucket>>>,
}

impl LocalBuckets {
    pub(crate) fn new(clock: SharedClock, share: LimitShare) -> Self {
        Self {
            clock: BudgetClock(clock),
            share,
            buckets: Mutex::default(),
        }
    }

    /// The bucket of a key; made, full, if there is none yet.
    pub(crate) fn get(&self, key: &BucketKey, limit: RateLimit) -> Arc<LocalBucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get(key) {
            return Arc::clone(bucket);
        }
        if buckets.len() >= MANY {
            let now = self.clock.now();
            buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1 || !bucket.is_full(now));
        }
        let bucket = Arc::new(LocalBucket::new(limit, self.share, self.clock.clone()));
        buckets.insert(key.clone(), Arc::clone(&bucket));
        bucket
    }
}
