//! Grants: what was written is read, a write from an older revision is a conflict, and a lock has
//! one holder.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;

use kommo_account::Realm;
use kommo_oauth::grant::{
    Attempt, AttemptId, DisconnectReason, DoubtReason, Generation, Grant, GrantState, Hold,
    HoldKind, HoldScope, LongLived, PairFate, PairNumber, ReauthReason, Revision, Transition,
};
use kommo_oauth::token::AccessToken;
use tokio::task::JoinSet;

use super::{Promise, StoreFixture, fixture, until_some};
use crate::ports::grant_store::{GrantStore, Written};
use crate::testing::samples::{
    HOUR, account, at, client, consented, consented_again, host, key, pair, sandbox,
};

/// The promises of this group.
#[must_use]
pub fn promises<F: StoreFixture<Store: GrantStore>>() -> Vec<Promise> {
    crate::__promises!(grants, list F)
}

/// What one store wrote, another one at the same place reads, and writes on.
pub async fn what_was_written_is_read_by_another_process<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let (one, other) = (fixture.open().await, fixture.open().await);
    let moved = consented(1);
    let written = one.write(None, &moved, at(1)).await.unwrap();
    assert_eq!(written, Written::Confirmed(Revision::FIRST));
    let mut expected = moved.grant;
    expected.revision = Revision::FIRST;
    assert_eq!(other.load(&key(1)).await.unwrap(), Some(expected.clone()));

    let hold = Hold::new(HoldKind::Blocked, HoldScope::Grant, at(2), HOUR);
    let moved = expected.hold(hold);
    let written = other.write(None, &moved, at(2)).await.unwrap();
    assert_eq!(written, Written::Confirmed(Revision::new(2)));
    let mut expected = moved.grant;
    expected.revision = Revision::new(2);
    assert_eq!(one.load(&key(1)).await.unwrap(), Some(expected));
}

/// A grant that was never written is `None`.
pub async fn an_unknown_grant_is_none_and_not_an_error<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    assert_eq!(store.load(&key(1)).await.unwrap(), None);
    store.write(None, &consented(2), at(1)).await.unwrap();
    assert_eq!(store.load(&key(1)).await.unwrap(), None);
}

const ATTEMPT: AttemptId = AttemptId::new([1; 16]);

fn begun(grant: Grant) -> Transition {
    let used = grant.state.pairs().unwrap().newest().number;
    grant.begin(Attempt::new(ATTEMPT, used, at(2))).unwrap()
}

/// Each state that a grant can be in, holds included, is read as it was written.
pub async fn every_state_is_read_as_it_was_written<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let mut names = Vec::new();
    let mut check = async |moved: Transition| {
        let written = store.write(None, &moved, at(3)).await.unwrap();
        let mut expected = moved.grant;
        expected.revision = expected.revision.next();
        assert_eq!(written, Written::Confirmed(expected.revision));
        let key = expected.key;
        assert_eq!(store.load(&key).await.unwrap().as_ref(), Some(&expected));
        names.push(expected.state.name());
        expected
    };
    let active = check(consented(1)).await;
    let refreshing = check(begun(active)).await;
    let doubt = refreshing.doubt(ATTEMPT, DoubtReason::AnswerLost, at(3), |_| at(600));
    let in_doubt = check(doubt.unwrap()).await;
    let refreshing = check(begun(in_doubt)).await;
    let used = refreshing.state.pairs().unwrap().newest().number;
    let base = refreshing.generation;
    let (received, _) = refreshing.receive(base, used, pair(5), at(5)).unwrap();
    let active = check(received).await;
    let rejected = active.clone().reject_access(active.generation).unwrap();
    let active = check(rejected).await;
    let kind = HoldKind::PaymentRequired;
    let hold = Hold::new(kind, HoldScope::Grant, at(6), HOUR);
    let active = check(active.hold(hold)).await;
    let over = active.disconnect(DisconnectReason::LoggedOut, at(7));
    check(over.unwrap()).await;

    let mut first = pair(2);
    first.server_time = Some(at(2));
    let moved = Grant::consent(None, key(2), host(), None, first);
    let active = check(moved).await;
    let refreshing = check(begun(active)).await;
    let refused = refreshing.refuse(ATTEMPT, PairNumber::FIRST, ReauthReason::Revoked, at(8));
    let ended = check(refused.unwrap()).await;
    assert!(matches!(ended.state, GrantState::ReauthRequired(_)));

    for (user, ends) in [(3, Some(at(86_400))), (4, None)] {
        let token = LongLived::new(AccessToken::new("long-lived").unwrap(), ends);
        let imported = Grant::import_long_lived(None, key(user), host(), token);
        check(imported.unwrap()).await;
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 6, "{names:?}");
}

/// A pair that arrived late is a spare, and spares are stored with the grant.
pub async fn a_replaced_pair_stays_as_a_spare<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let base = grant.generation;
    let moved = consented_again(grant, 2);
    store.write(None, &moved, at(2)).await.unwrap();
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let (moved, fate) = grant
        .receive(base, PairNumber::FIRST, pair(3), at(3))
        .unwrap();
    assert_eq!(fate, PairFate::Spare);
    store.write(None, &moved, at(3)).await.unwrap();
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let pairs = grant.state.pairs().unwrap();
    assert_eq!(pairs.newest().pair, pair(2));
    let mut spares: Vec<_> = pairs.spares().iter().map(|held| &held.pair).collect();
    spares.sort_by_key(|pair| pair.obtained_at);
    assert_eq!(spares, [&pair(1), &pair(3)]);
}

/// The revision is compared, and a conflict leaves the record as it is.
pub async fn a_write_from_an_older_revision_is_a_conflict_and_changes_nothing<
    F: StoreFixture<Store: GrantStore>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let old = store.load(&key(1)).await.unwrap().unwrap();
    let newer = consented_again(old.clone(), 2);
    let written = store.write(None, &newer, at(2)).await.unwrap();
    assert_eq!(written, Written::Confirmed(Revision::new(2)));
    let stored = store.load(&key(1)).await.unwrap();

    let late = old.disconnect(DisconnectReason::LoggedOut, at(3)).unwrap();
    let written = store.write(None, &late, at(3)).await.unwrap();
    assert_eq!(written, Written::Conflict);
    assert_eq!(store.load(&key(1)).await.unwrap(), stored);
}

/// [`Revision::NOT_STORED`] means that there must be no record; another revision, that there must
/// be one.
pub async fn a_first_write_over_a_record_is_a_conflict<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let stored = store.load(&key(1)).await.unwrap();
    let written = store.write(None, &consented(1), at(2)).await.unwrap();
    assert_eq!(written, Written::Conflict);
    assert_eq!(store.load(&key(1)).await.unwrap(), stored);

    let mut later = consented(2);
    later.grant.revision = Revision::new(7);
    let written = store.write(None, &later, at(2)).await.unwrap();
    assert_eq!(written, Written::Conflict);
    assert_eq!(store.load(&key(2)).await.unwrap(), None);
}

/// Two processes write the first record at once.
pub async fn two_first_writes_are_one_grant_and_one_conflict<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let (one, other) = (fixture.open().await, fixture.open().await);
    let moved = consented(1);
    let (first, second) = tokio::join!(
        one.write(None, &moved, at(1)),
        other.write(None, &moved, at(1))
    );
    let mut outcomes = [first.unwrap(), second.unwrap()];
    outcomes.sort_by_key(|written| matches!(written, Written::Conflict));
    let expected = [Written::Confirmed(Revision::FIRST), Written::Conflict];
    assert_eq!(outcomes, expected);
}

/// The lock does not replace the comparison of revisions.
pub async fn a_write_under_a_lock_is_compared_too<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let mut lock = store.try_lock(&key(1)).await.unwrap().expect("a free lock");
    let written = store.write(Some(&mut lock), &consented(1), at(1)).await;
    assert_eq!(written.unwrap(), Written::Confirmed(Revision::FIRST));
    let read = store.load_locked(&mut lock, &key(1)).await.unwrap();
    assert_eq!(read, store.load(&key(1)).await.unwrap());
    assert!(read.is_some());
    let written = store.write(Some(&mut lock), &consented(1), at(1)).await;
    assert_eq!(written.unwrap(), Written::Conflict);
    store.unlock(lock).await.unwrap();
}

/// Eight writers at two stores, each with ten writes that it repeats after a conflict.
pub async fn many_writers_of_one_grant_lose_no_write<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let stores = [
        Arc::new(fixture.open().await),
        Arc::new(fixture.open().await),
    ];
    stores[0].write(None, &consented(1), at(0)).await.unwrap();
    let mut writers = JoinSet::new();
    for number in 0..8_u64 {
        let store = Arc::clone(&stores[usize::from(number % 2 == 1)]);
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
    let events = fixture.history_length(&key(1)).await;
    assert_eq!(events.unwrap_or(81), 81);
}

/// A write whose future is dropped, each time a bit later.
pub async fn a_dropped_write_happened_completely_or_not_at_all<
    F: StoreFixture<Store: GrantStore>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(0)).await.unwrap();
    for number in 1..60_u32 {
        let before = store.load(&key(1)).await.unwrap().unwrap();
        let moved = consented_again(before.clone(), u64::from(number));
        {
            let mut write = pin!(store.write(None, &moved, at(1)));
            for _ in 0..number % 20 {
                let polled = poll_fn(|context| Poll::Ready(write.as_mut().poll(context)));
                if polled.await.is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let events = fixture.history_length(&key(1)).await;
        let after = store.load(&key(1)).await.unwrap().unwrap();
        assert!([before.revision, before.revision.next()].contains(&after.revision));
        assert!(events.unwrap_or(0) <= after.revision.get());
    }
    // The store works as before. The last dropped write may still be running.
    loop {
        let grant = store.load(&key(1)).await.unwrap().unwrap();
        let moved = consented_again(grant, 99);
        if store.write(None, &moved, at(2)).await.unwrap() != Written::Conflict {
            break;
        }
    }
    let revision = store.load(&key(1)).await.unwrap().unwrap().revision.get();
    let events = fixture.history_length(&key(1)).await;
    assert_eq!(events.unwrap_or(revision), revision);
}

/// The event of a write is part of it.
pub async fn every_write_adds_one_event_and_a_conflict_adds_none<
    F: StoreFixture<Store: GrantStore>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    for (expected, moved) in [(1, consented(1)), (1, consented(1)), (1, consented(2))] {
        store.write(None, &moved, at(1)).await.unwrap();
        let events = fixture.history_length(&key(1)).await;
        assert_eq!(events.unwrap_or(expected), expected);
    }
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let over = grant.disconnect(DisconnectReason::LoggedOut, at(3));
    store.write(None, &over.unwrap(), at(3)).await.unwrap();
    let events = fixture.history_length(&key(1)).await;
    assert_eq!(events.unwrap_or(2), 2);
}

/// Neither this store nor another one at the same place gets the lock twice.
pub async fn one_lock_has_one_holder_and_is_free_after_it<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let (one, other) = (fixture.open().await, fixture.open().await);
    let lock = one.try_lock(&key(1)).await.unwrap().expect("a free lock");
    assert!(one.try_lock(&key(1)).await.unwrap().is_none());
    assert!(other.try_lock(&key(1)).await.unwrap().is_none());
    one.unlock(lock).await.unwrap();
    let lock = other.try_lock(&key(1)).await.unwrap().expect("free again");
    assert!(one.try_lock(&key(1)).await.unwrap().is_none());
    other.unlock(lock).await.unwrap();
    assert!(one.try_lock(&key(1)).await.unwrap().is_some());
}

/// A lock that is dropped is free, if a moment later.
pub async fn a_dropped_lock_is_free<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let (one, other) = (fixture.open().await, fixture.open().await);
    drop(one.try_lock(&key(1)).await.unwrap().expect("a free lock"));
    let lock = until_some(async || other.try_lock(&key(1)).await.unwrap()).await;
    other.unlock(lock).await.unwrap();
}

/// Twelve locks at once.
pub async fn locks_of_different_grants_are_independent<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let mut held = Vec::new();
    for user in 1..=12 {
        let lock = store.try_lock(&key(user)).await.unwrap();
        held.push(lock.expect("a free lock"));
    }
    for lock in held {
        store.unlock(lock).await.unwrap();
    }
}

/// A lock that was not lost is held, however often the holder asks.
pub async fn a_holder_can_ask_whether_it_has_its_lock<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let mut lock = store.try_lock(&key(1)).await.unwrap().expect("a free lock");
    for _ in 0..3 {
        assert!(store.still_held(&mut lock).await.unwrap());
    }
    store.unlock(lock).await.unwrap();
}

/// Pages of keys have every key once.
pub async fn keys_come_in_a_stable_order_by_pages<F: StoreFixture<Store: GrantStore>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
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
}

/// The keys of one account, and not those of the same number elsewhere.
pub async fn keys_of_an_account_are_those_of_its_realm_and_client<
    F: StoreFixture<Store: GrantStore>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    for user in [2, 1] {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    let (ours, account) = (client(), account());
    let keys = store.keys_of_account(Realm::Real, &ours, account).await;
    let mut keys = keys.unwrap();
    keys.sort();
    assert_eq!(keys, [key(1), key(2)]);
    let keys = store.keys_of_account(sandbox(), &ours, account).await;
    assert!(keys.unwrap().is_empty());
}
