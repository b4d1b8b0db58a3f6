//! Buckets of requests that several stores share. Intervals of an hour stand still for the length
//! of a test; the passing of time is written into the table.

use alloc::sync::Arc;
use core::num::NonZeroU32;
use core::time::Duration;

use kommo_keeper::{BucketSize, SharedBucket as _, Taken};
use kommo_store::Store;

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::HOUR;

const NAME: &str = "egress/office";

on_both! {
    a_bucket_gives_its_burst_and_then_says_how_long
    a_bucket_gains_one_request_in_every_interval_and_no_more_than_it_holds
    buckets_have_nothing_to_do_with_each_other
    stores_and_tasks_together_take_what_is_there_and_not_one_more
    a_bucket_that_was_filled_by_a_clock_of_another_day_counts_as_full
    extreme_sizes_are_taken_as_they_are
    full_buckets_are_forgotten_and_others_are_not
}

fn size(interval: Duration, burst: u32) -> BucketSize {
    BucketSize::new(interval, NonZeroU32::new(burst).unwrap())
}

fn is_about(taken: Taken, length: Duration) -> bool {
    let Taken::After(pause) = taken else {
        return false;
    };
    pause <= length && pause > length - Duration::from_secs(120)
}

async fn a_bucket_gives_its_burst_and_then_says_how_long<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let size = size(HOUR, 3);
    for _ in 0..3 {
        assert_eq!(store.take(NAME, size).await.unwrap(), Taken::Now);
    }
    for _ in 0..2 {
        // A refused request takes nothing.
        let taken = store.take(NAME, size).await.unwrap();
        assert!(is_about(taken, HOUR), "{taken:?}");
    }
}

async fn a_bucket_gains_one_request_in_every_interval_and_no_more_than_it_holds<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let size = size(HOUR, 3);
    for _ in 0..3 {
        store.take(NAME, size).await.unwrap();
    }
    let an_hour = "UPDATE kommo_buckets SET full_at = full_at - 3600000000";
    place.sql(an_hour).await;
    assert_eq!(store.take(NAME, size).await.unwrap(), Taken::Now);
    let taken = store.take(NAME, size).await.unwrap();
    assert!(is_about(taken, HOUR), "{taken:?}");
    place
        .sql("UPDATE kommo_buckets SET full_at = full_at - 1800000000")
        .await;
    let taken = store.take(NAME, size).await.unwrap();
    assert!(is_about(taken, HOUR / 2), "{taken:?}");
    // A long rest fills it, and it holds three.
    place
        .sql("UPDATE kommo_buckets SET full_at = full_at - 864000000000")
        .await;
    for _ in 0..3 {
        assert_eq!(store.take(NAME, size).await.unwrap(), Taken::Now);
    }
    let taken = store.take(NAME, size).await.unwrap();
    assert!(is_about(taken, HOUR), "{taken:?}");
}

async fn buckets_have_nothing_to_do_with_each_other<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    for name in [NAME, "account/shop.kommo.com", "account/Shop.kommo.com"] {
        assert_eq!(
            store.take(name, size(HOUR, 1)).await.unwrap(),
            Taken::Now,
            "{name}"
        );
        assert_ne!(store.take(name, size(HOUR, 1)).await.unwrap(), Taken::Now);
    }
}

async fn taken_at_once(store: Arc<Store>, tries: usize) -> usize {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..tries {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.take(NAME, size(HOUR, 20)).await.unwrap() });
    }
    let all = tasks.join_all().await;
    all.iter().filter(|taken| **taken == Taken::Now).count()
}

async fn stores_and_tasks_together_take_what_is_there_and_not_one_more<P: Place>() {
    let place = place!(P);
    let (one, other) = (Arc::new(place.open().await), Arc::new(place.open().await));
    let (here, there) = tokio::join!(taken_at_once(one, 25), taken_at_once(other, 25));
    assert_eq!(here + there, 20);
}

async fn a_bucket_that_was_filled_by_a_clock_of_another_day_counts_as_full<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let size = size(HOUR, 2);
    store.take(NAME, size).await.unwrap();
    place
        .sql("UPDATE kommo_buckets SET full_at = full_at + 864000000000")
        .await;
    for _ in 0..2 {
        assert_eq!(store.take(NAME, size).await.unwrap(), Taken::Now);
    }
    let taken = store.take(NAME, size).await.unwrap();
    assert!(is_about(taken, HOUR), "{taken:?}");
}

async fn extreme_sizes_are_taken_as_they_are<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    for (name, interval, burst) in [
        ("fast", Duration::ZERO, 1),
        ("fast and wide", Duration::from_nanos(1), u32::MAX),
        ("wide", HOUR, u32::MAX),
    ] {
        for _ in 0..3 {
            let mut taken = store.take(name, size(interval, burst)).await.unwrap();
            while let Taken::After(pause) = taken {
                assert!(pause <= Duration::from_millis(2), "{name}: {pause:?}");
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

async fn full_buckets_are_forgotten_and_others_are_not<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.take("rested", size(HOUR, 1)).await.unwrap();
    place.sql("UPDATE kommo_buckets SET full_at = 1").await;
    store.take("used", size(HOUR, 1)).await.unwrap();
    assert_eq!(store.forget_full_buckets().await.unwrap(), 1);
    assert_ne!(store.take("used", size(HOUR, 1)).await.unwrap(), Taken::Now);
}
