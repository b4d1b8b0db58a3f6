//! A bucket of requests that several processes share, in a store.

use alloc::sync::Arc;
use core::error::Error;
use core::future::Future;
use core::num::NonZeroU32;
use core::time::Duration;

/// How a bucket fills: one request in every interval, until it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BucketSize {
    /// How long it takes to gain one request.
    pub interval: Duration,
    /// How many it holds.
    pub burst: NonZeroU32,
}

impl BucketSize {
    /// A bucket of this size.
    #[must_use]
    pub const fn new(interval: Duration, burst: NonZeroU32) -> Self {
        Self { interval, burst }
    }
}

/// The answer of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// One request was taken from the bucket: send it.
    Now,
    /// No request was taken: ask again after this pause.
    After(Duration),
}

/// Buckets in a store that all processes share, filled by the store's own clock.
///
/// A bucket that was never used is full. Its name is not a secret. If a bucket is lost, only its
/// count is lost.
pub trait SharedBucket: Send + Sync + 'static {
    /// Why the bucket cannot be asked.
    type Error: Error + Send + Sync + 'static;

    /// Takes one request from the bucket of this name, or returns how long to wait. It does not
    /// wait itself.
    fn take(
        &self,
        name: &str,
        size: BucketSize,
    ) -> impl Future<Output = Result<Taken, Self::Error>> + Send;
}

impl<B: SharedBucket> SharedBucket for Arc<B> {
    type Error = B::Error;

    fn take(
        &self,
        name: &str,
        size: BucketSize,
    ) -> impl Future<Output = Result<Taken, Self::Error>> + Send {
        B::take(self, name, size)
    }
}
