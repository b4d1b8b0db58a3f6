//! A bucket that several processes share, in a store.

use alloc::boxed::Box;
use core::error::Error;
use core::future::Future;
use core::time::Duration;

use crate::any_clock::Boxed;
use crate::bucket_key::BucketKey;
use crate::error::Cause;
use crate::rate_limit::RateLimit;

/// What a bucket said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// One request was taken out of the bucket: send it.
    Now,
    /// Nothing was taken: ask again after this pause.
    After(Duration),
}

/// Buckets that live in a store which all processes share.
///
/// It counts by the store's clock. A bucket gains one request in every `limit.interval(LimitShare::WHOLE)` and holds
/// `limit.burst()` at most; one that was never used is full. While a bucket cannot be asked, the process counts by itself,
/// with its [`LimitShare`](crate::LimitShare).
pub trait SharedBucket: Send + Sync + 'static {
    /// Why the bucket cannot be asked.
    type Error: Error + Send + Sync + 'static;

    /// Takes one request out of a bucket, or says how long to wait. It does not wait itself.
    fn take(
        &self,
        key: &BucketKey,
        limit: RateLimit,
    ) -> impl Future<Output = Result<Taken, Self::Error>> + Send;
}

/// The same behind one pointer.
pub(crate) trait AnySharedBucket: Send + Sync {
    fn take<'a>(&'a self, key: &'a BucketKey, limit: RateLimit) -> Boxed<'a, Result<Taken, Cause>>;
}

impl<B: SharedBucket> AnySharedBucket for B {
    fn take<'a>(&'a self, key: &'a BucketKey, limit: RateLimit) -> Boxed<'a, Result<Taken, Cause>> {
        Box::pin(async move {
            SharedBucket::take(self, key, limit)
                .await
                .map_err(|error| Cause::of(&error))
        })
    }
}
