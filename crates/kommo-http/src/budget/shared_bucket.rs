//! A bucket that several processes share, behind a pointer.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;

use kommo_keeper::{BucketSize, SharedBucket, Taken};

use crate::budget::bucket_key::BucketKey;
use crate::budget::rate_limit::{LimitShare, RateLimit};
use crate::error::Cause;

/// A future on the heap.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub(crate) trait AnySharedBucket: Send + Sync {
    /// One request out of the whole limit, whatever the share of this process is.
    fn take<'a>(&'a self, key: &'a BucketKey, limit: RateLimit) -> Boxed<'a, Result<Taken, Cause>>;
}

impl<B: SharedBucket> AnySharedBucket for B {
    fn take<'a>(&'a self, key: &'a BucketKey, limit: RateLimit) -> Boxed<'a, Result<Taken, Cause>> {
        Box::pin(async move {
            let size = BucketSize::new(
                limit.interval(LimitShare::WHOLE),
                limit.burst_of(LimitShare::WHOLE),
            );
            SharedBucket::take(self, &key.to_string(), size)
                .await
                .map_err(|error| Cause::of(&error))
        })
    }
}
