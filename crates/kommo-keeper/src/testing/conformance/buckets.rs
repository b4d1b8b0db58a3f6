//! Buckets of requests that several processes share.

use alloc::sync::Arc;
use core::num::NonZeroU32;
use core::time::Duration;

use tokio::task::JoinSet;

use super::{Promise, StoreFixture, fixture};
use crate::ports::shared_bucket::{BucketSize, SharedBucket, Taken};
use crate::testing::samples::HOUR;

const NAME: &str = "egress/office";

/// The promises of this group.
#[must_use]
pub fn promises<F: StoreFixture<Store: SharedBucket>>() -> Vec<Promise> {
    crate::__promises!(buckets, list F)
}

fn size(interval: Duration, burst: u32) -> BucketSize {
    BucketSize::new(interval, NonZeroU32::new(burst).unwrap())
}

/// Intervals are hours, so that the length of a test does not matter.
fn is_about(taken: Taken, length: Duration) -> bool {
    let Taken::After(pause) = taken else {
        return false;
    };
    pause <= length && pause > length.saturating_sub(Duration::from_secs(120))
}

/// A new bucket is full, and asking an empty one takes nothing.
pub async fn a_bucket_returns_its_burst_and_then_how_long_to_wait<
    F: StoreFixture<Store: SharedBucket>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let size = size(HOUR, 3);
    for _ in 0..3 {
        assert_eq!(store.take(NAME, size).await.unwrap(), Taken::Now);
    }
    for _ in 0..2 {
        let taken = store.take(NAME, size).await.unwrap();
        assert!(is_about(taken, HOUR), "{taken:?}");
    }
}

/// A bucket fills by the store's own clock.
pub async fn a_bucket_gains_one_request_in_every_interval_up_to_its_size<
    F: StoreFixture<Store: SharedBucket>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let size = size(HOUR, 3);
    for _ in 0..3 {
        store.take(NAME, size).await.unwrap();
    }
    fixture.pass_time(HOUR).await;
    assert_eq!(store.take(NAME, size).await.unwrap(), Taken::Now);
    let taken = store.take(NAME, size).await.unwrap();
    assert!(is_about(taken, HOUR), "{taken:?}");
    fixture.pass_time(HOUR / 2).await;
    let taken = store.take(NAME, size).await.unwrap();
    assert!(is_about(taken, HOUR / 2), "{taken:?}");
    fixture.pass_time(240 * HOUR).await;
    for _ in 0..3 {
        assert_eq!(store.take(NAME, size).await.unwrap(), Taken::Now);
    }
    let taken = store.take(NAME, size).await.unwrap();
    assert!(is_about(taken, HOUR), "{taken:?}");
}

/// Names that differ only in case are different.
pub async fn buckets_are_independent<F: StoreFixture<Store: SharedBucket>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    for name in [NAME, "account/shop.kommo.com", "account/Shop.kommo.com"] {
        let first = store.take(name, size(HOUR, 1)).await.unwrap();
        assert_eq!(first, Taken::Now, "{name}");
        assert_ne!(store.take(name, size(HOUR, 1)).await.unwrap(), Taken::Now);
    }
}

async fn taken_at_once<S: SharedBucket>(store: S, tries: usize) -> usize {
    let store = Arc::new(store);
    let mut tasks = JoinSet::new();
    for _ in 0..tries {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.take(NAME, size(HOUR, 20)).await.unwrap() });
    }
    let all = tasks.join_all().await;
    all.iter().filter(|taken| **taken == Taken::Now).count()
}

/// Fifty tasks at two stores ask a bucket of twenty.
pub async fn stores_and_tasks_together_take_what_is_there_and_no_more<
    F: StoreFixture<Store: SharedBucket>,
>() {
    let fixture = fixture!(F);
    let (one, other) = (fixture.open().await, fixture.open().await);
    let (here, there) = tokio::join!(taken_at_once(one, 25), taken_at_once(other, 25));
    assert_eq!(here + there, 20);
}

/// The shortest and the longest intervals, the largest burst.
pub async fn extreme_sizes_work<F: StoreFixture<Store: SharedBucket>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    for (name, interval, burst) in [
        ("fast", Duration::ZERO, 1),
        ("fast and wide", Duration::from_nanos(1), u32::MAX),
        ("wide", HOUR, u32::MAX),
    ] {
        for _ in 0..3 {
            let mut taken = store.take(name, size(interval, burst)).await.unwrap();
            while let Taken::After(pause) = taken {
                assert!(pause <= Duration::from_millis(2), "{name}: {pause:?}");
                fixture.pass_time(pause).await;
                taken = store.take(name, size(interval, burst)).await.unwrap();
            }
        }
    }
    let slow = size(Duration::MAX, u32::MAX);
    assert_eq!(store.take("slow", slow).await.unwrap(), Taken::Now);
    let never = size(Duration::MAX, 1);
    assert_eq!(store.take("never", never).await.unwrap(), Taken::Now);
    let Taken::After(pause) = store.take("never", never).await.unwrap() else {
        panic!("taken twice");
    };
    assert!(pause > HOUR * 24 * 365 * 100, "{pause:?}");
}
