//! Grants: what is written is read, what has moved on is a conflict, one holder of a lock.

use alloc::sync::Arc;

use kommo_keeper::{GrantStore as _, Written};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    DisconnectReason, Generation, Grant, Hold, HoldKind, HoldScope, Revision,
};

use kommo_store::StoreSettings;

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{HOUR, account, at, client, consented, consented_again, key, pair};

on_both! {
    what_was_written_is_read_by_another_process
    a_grant_that_is_not_there_is_none_and_no_error
    a_write_from_an_older_revision_is_a_conflict_and_changes_nothing
    two_first_writes_are_one_grant_and_one_conflict
    every_write_leaves_a_line_of_history_and_a_conflict_none
    one_lock_has_one_holder_and_is_free_after_it
    a_dropped_lock_is_free
    locks_of_different_grants_do_not_meet
    a_write_goes_through_a_lock_of_its_own_grant_only
    many_writers_of_one_grant_lose_no_write
    keys_come_in_a_stable_order_by_pages
    a_dropped_write_happened_as_a_whole_or_not_at_all
    history_is_forgotten_by_age
    history_does_not_grow_without_end
    a_holder_can_ask_whether_it_has_its_lock
    a_store_that_is_well_has_no_problems
    a_store_closes_within_a_limit
    a_closed_store_says_so
}

async fn what_was_written_is_read_by_another_process<P: Place>() {
    let place = place!(P);
    let one = place.open().await;
    let moved = consented(1);
    let written = one.write(None, &moved, at(1)).await.unwrap();
    assert_eq!(written, Written::Confirmed(Revision::FIRST));
    let mut expected = moved.grant;
    expected.revision = Revision::FIRST;
    let other = place.open().await;
    assert_eq!(other.load(&key(1)).await.unwrap(), Some(expected.clone()));

    let hold = Hold::new(HoldKind::Blocked, HoldScope::Grant, at(2), HOUR);
    let moved = expected.hold(hold);
    let written = other.write(None, &moved, at(2)).await.unwrap();
    assert_eq!(written, Written::Confirmed(Revision::new(2)));
    let mut expected = moved.grant;
    expected.revision = Revision::new(2);
    assert_eq!(one.load(&key(1)).await.unwrap(), Some(expected));
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

async fn a_holder_can_ask_whether_it_has_its_lock<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let mut lock = store.try_lock(&key(1)).await.unwrap().unwrap();
    for _ in 0..3 {
        assert!(store.still_held(&mut lock).await.unwrap());
    }
    store.unlock(lock).await.unwrap();
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

async fn a_grant_that_is_not_there_is_none_and_no_error<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    assert_eq!(store.load(&key(1)).await.unwrap(), None);
    assert!(store.history(&key(1), 10).await.unwrap().is_empty());
}

async fn a_write_from_an_older_revision_is_a_conflict_and_changes_nothing<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let old = store.load(&key(1)).await.unwrap().unwrap();
    let newer = consented_again(old.clone(), 2);
    store.write(None, &newer, at(2)).await.unwrap();
    let stored = store.load(&key(1)).await.unwrap();

    let late = old.disconnect(DisconnectReason::LoggedOut, at(3)).unwrap();
    let written = store.write(None, &late, at(3)).await.unwrap();
    assert_eq!(written, Written::Conflict);
    assert_eq!(store.load(&key(1)).await.unwrap(), stored);
}

async fn two_first_writes_are_one_grant_and_one_conflict<P: Place>() {
    let place = place!(P);
    let (one, other) = (place.open().await, place.open().await);
    let moved = consented(1);
    let (first, second) = tokio::join!(
        one.write(None, &moved, at(1)),
        other.write(None, &moved, at(1))
    );
    let mut outcomes = [first.unwrap(), second.unwrap()];
    outcomes.sort_by_key(|written| matches!(written, Written::Conflict));
    assert_eq!(
        outcomes,
        [Written::Confirmed(Revision::FIRST), Written::Conflict]
    );
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

async fn one_lock_has_one_holder_and_is_free_after_it<P: Place>() {
    let place = place!(P);
    let (one, other) = (place.open().await, place.open().await);
    let lock = one.try_lock(&key(1)).await.unwrap().expect("a free lock");
    assert!(one.try_lock(&key(1)).await.unwrap().is_none());
    assert!(other.try_lock(&key(1)).await.unwrap().is_none());
    one.unlock(lock).await.unwrap();
    let lock = other.try_lock(&key(1)).await.unwrap().expect("free again");
    assert!(one.try_lock(&key(1)).await.unwrap().is_none());
    other.unlock(lock).await.unwrap();
    assert!(one.try_lock(&key(1)).await.unwrap().is_some());
}

async fn a_dropped_lock_is_free<P: Place>() {
    let place = place!(P);
    let (one, other) = (place.open().await, place.open().await);
    drop(one.try_lock(&key(1)).await.unwrap().expect("a free lock"));
    // A server learns of the end of a connection a moment later.
    let lock = crate::child::until_some(async || other.try_lock(&key(1)).await.unwrap()).await;
    other.unlock(lock).await.unwrap();
}

async fn locks_of_different_grants_do_not_meet<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let mut held = Vec::new();
    for user in 1..=12 {
        held.push(
            store
                .try_lock(&key(user))
                .await
                .unwrap()
                .expect("a free lock"),
        );
    }
    for lock in held {
        store.unlock(lock).await.unwrap();
    }
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

async fn many_writers_of_one_grant_lose_no_write<P: Place>() {
    let place = place!(P);
    let stores = [Arc::new(place.open().await), Arc::new(place.open().await)];
    stores[0].write(None, &consented(1), at(0)).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..8_u64 {
        let store = Arc::clone(&stores[usize::try_from(number % 2).unwrap()]);
        writers.spawn(async move {
            for round in 0..10 {
                loop {
                    let grant = store.load(&key(1)).await.unwrap().unwrap();
                    let moved = consented_again(grant, 1 + number * 10 + round);
                    if store.write(None, &moved, at(round)).await.unwrap() != Written::Conflict {
                        break;
                    }
                }
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let grant = stores[1].load(&key(1)).await.unwrap().unwrap();
    assert_eq!(grant.revision, Revision::new(81));
    assert_eq!(grant.generation, Generation::new(81));
    assert_eq!(stores[0].history(&key(1), 1_000).await.unwrap().len(), 81);
}

async fn keys_come_in_a_stable_order_by_pages<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    for user in [30, 4, 100, 9] {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = store.keys(after.as_ref(), 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(*last);
        pages.push(page);
    }
    let lengths: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(lengths, [3, 1]);
    let mut keys = pages.concat();
    keys.sort();
    assert_eq!(keys, [key(4), key(9), key(30), key(100)]);
    let client = client();
    let of_account = store.keys_of_account(kommo_account::Realm::Real, &client, account());
    assert_eq!(of_account.await.unwrap().len(), 4);
}

async fn a_dropped_write_happened_as_a_whole_or_not_at_all<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(0)).await.unwrap();
    for number in 1..60_u32 {
        let before = store.load(&key(1)).await.unwrap().unwrap();
        let moved = consented_again(before.clone(), u64::from(number));
        {
            // Polled a few times and then dropped, each time a bit later.
            let write = store.write(None, &moved, at(1));
            let mut write = core::pin::pin!(write);
            for _ in 0..number % 20 {
                let polled = core::future::poll_fn(|context| {
                    core::task::Poll::Ready(write.as_mut().poll(context))
                });
                if polled.await.is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let after = store.load(&key(1)).await.unwrap().unwrap();
        assert!([before.revision, before.revision.next()].contains(&after.revision));
        let lines = store.history(&key(1), 1_000).await.unwrap().len();
        let revision = store.load(&key(1)).await.unwrap().unwrap().revision;
        assert!(u64::try_from(lines).unwrap() <= revision.get());
    }
    // The store works as before, and every revision has its line. The last dropped write may still
    // be on its way.
    loop {
        let grant = store.load(&key(1)).await.unwrap().unwrap();
        let moved = consented_again(grant, 99);
        if store.write(None, &moved, at(2)).await.unwrap() != Written::Conflict {
            break;
        }
    }
    let revision = store.load(&key(1)).await.unwrap().unwrap().revision.get();
    let lines = store.history(&key(1), 1_000).await.unwrap();
    assert_eq!(u64::try_from(lines.len()).unwrap(), revision);
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
