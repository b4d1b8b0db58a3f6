//! Grants: the history, the lock of another grant, a store that closes.

use kommo_keeper::{GrantStore as _, Written};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{DisconnectReason, Grant, Revision};

use kommo_store::StoreSettings;

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{HOUR, at, consented, consented_again, key, pair};

on_both! {
    every_write_leaves_a_line_of_history_and_a_conflict_none
    a_write_goes_through_a_lock_of_its_own_grant_only
    history_is_forgotten_by_age
    history_does_not_grow_without_end
    a_store_that_is_well_has_no_problems
    a_store_closes_within_a_limit
    a_closed_store_says_so
}

async fn history_does_not_grow_without_end<P: Place>() {
    let place = place!(P);
    let mut settings = StoreSettings::new();
    settings.history_lines = 20;
    let store = place.open_with(settings).await.unwrap();
    store.write(None, &consented(2), at(1)).await.unwrap();
    store.write(None, &consented(1), at(1)).await.unwrap();
    let mut most = 0;
    for number in 2..=100 {
        let grant = store.load(&key(1)).await.unwrap().unwrap();
        let moved = consented_again(grant, number);
        store.write(None, &moved, at(number)).await.unwrap();
        let lines = store.history(&key(1), 1_000).await.unwrap();
        most = most.max(lines.len());
        // The newest stay.
        let revisions: Vec<_> = lines.iter().map(|line| line.revision.get()).collect();
        let expected: Vec<_> = (1..=number).rev().take(lines.len()).collect();
        assert_eq!(revisions, expected);
        assert!(lines.len() >= 20.min(usize::try_from(number).unwrap()));
    }
    assert!(most <= 35, "{most}");
    assert_eq!(store.history(&key(2), 9).await.unwrap().len(), 1);
}

async fn a_store_that_is_well_has_no_problems<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let _lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    for store in [
        store,
        place
            .open_with(StoreSettings::new().read_only())
            .await
            .unwrap(),
    ] {
        let problems = store.problems().await.unwrap();
        assert!(problems.is_empty(), "{problems:?}");
    }
}

async fn a_store_closes_within_a_limit<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    assert!(store.close_within(HOUR).await);
}

async fn every_write_leaves_a_line_of_history_and_a_conflict_none<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let moved = consented(1);
    store.write(None, &moved, at(1)).await.unwrap();
    assert_eq!(
        store.write(None, &moved, at(2)).await.unwrap(),
        Written::Conflict
    );
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let over = grant
        .disconnect(DisconnectReason::LoggedOut, at(3))
        .unwrap();
    store.write(None, &over, at(3)).await.unwrap();

    let lines = store.history(&key(1), 10).await.unwrap();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line.at,
                &*line.happened,
                &*line.detail,
                line.generation.get(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (at(3), "disconnected", "logged-out", 2),
            (at(1), "consented", "", 1)
        ]
    );
    assert_eq!(store.history(&key(1), 1).await.unwrap().len(), 1);
}

async fn a_write_goes_through_a_lock_of_its_own_grant_only<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let mut lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    let written = store.write(Some(&mut lock), &consented(1), at(1)).await;
    assert_eq!(written.unwrap(), Written::Confirmed(Revision::FIRST));
    let error = store
        .write(Some(&mut lock), &consented(2), at(1))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "this is the lock of another grant");
    assert_eq!(store.load(&key(2)).await.unwrap(), None);
    // And so does a read.
    let read = store.load_locked(&mut lock, &key(1)).await.unwrap();
    assert_eq!(read, store.load(&key(1)).await.unwrap());
    assert!(read.is_some());
    let error = store.load_locked(&mut lock, &key(2)).await.unwrap_err();
    assert_eq!(error.to_string(), "this is the lock of another grant");
    // A record that moved on is a conflict under the lock too.
    let written = store.write(Some(&mut lock), &consented(1), at(1)).await;
    assert_eq!(written.unwrap(), Written::Conflict);
    store.unlock(lock).await.unwrap();
}

async fn history_is_forgotten_by_age<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    for user in 1..=3 {
        store.write(None, &consented(user), at(user)).await.unwrap();
    }
    assert_eq!(store.forget_history(at(3)).await.unwrap(), 2);
    assert_eq!(store.history(&key(3), 10).await.unwrap().len(), 1);
    assert!(store.load(&key(1)).await.unwrap().is_some());
}

async fn a_closed_store_says_so<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    store.close().await;
    let error = store.load(&key(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "store failed while reading a grant");
    let _: (UnixSeconds, Option<Grant>) = (at(1), place.open().await.load(&key(1)).await.unwrap());
    assert_eq!(
        place
            .open()
            .await
            .load(&key(1))
            .await
            .unwrap()
            .unwrap()
            .state
            .pairs()
            .unwrap()
            .newest()
            .pair,
        pair(1)
    );
}
