//! Buckets of requests that several stores share. Intervals of an hour stand still for the length
//! of a test; the passing of time is written into the table.

use core::num::NonZeroU32;
use core::time::Duration;

use kommo_keeper::{BucketSize, SharedBucket as _, Taken};

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::HOUR;

const NAME: &str = "egress/office";

on_both! {
    a_bucket_that_was_filled_by_a_clock_of_another_day_counts_as_full
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

async fn full_buckets_are_forgotten_and_others_are_not<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.take("rested", size(HOUR, 1)).await.unwrap();
    place.sql("UPDATE kommo_buckets SET full_at = 1").await;
    store.take("used", size(HOUR, 1)).await.unwrap();
    assert_eq!(store.forget_full_buckets().await.unwrap(), 1);
    assert_ne!(store.take("used", size(HOUR, 1)).await.unwrap(), Taken::Now);
}
