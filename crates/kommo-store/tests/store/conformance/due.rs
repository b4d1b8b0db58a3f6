//! Sharing out the grants that are due.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::time::Duration;

use kommo_account::{ClientId, Endpoints, Realm};
use kommo_keeper::{DueGrants as _, GrantStore as _};
use kommo_oauth::grant::{
    Attempt, AttemptId, DoubtReason, Grant, GrantKey, Hold, HoldKind, HoldScope, Transition,
};
use kommo_store::Store;

use crate::conformance::{on_both, place};
use crate::log_lines::LogLines;
use crate::place::Place;
use crate::samples::{HOUR, LEASE, at, client, consented, consented_again, host, key, pair};

/// An hour before the first token of the samples ends.
const DUE: u64 = 86_400 - 3_600;

on_both! {
    a_grant_is_handed_out_when_it_is_due_and_to_one_worker
    a_lease_that_ended_is_handed_out_again_and_its_old_claim_does_nothing
    a_settled_claim_comes_back_at_the_instant_it_named
    a_record_that_was_written_meanwhile_says_itself_when_it_is_due
    a_claim_settled_without_an_instant_is_not_handed_out_at_once
    a_grant_of_another_realm_or_client_is_not_handed_out
    a_grant_whose_key_is_damaged_keeps_no_other_from_its_sweep_and_is_logged
    workers_never_share_a_grant
    a_pair_of_a_clock_that_was_ahead_is_handed_out
    whatever_a_clock_that_was_ahead_wrote_is_handed_out
    a_claim_that_a_clock_that_is_ahead_put_off_is_handed_out
}

async fn a_grant_is_handed_out_when_it_is_due_and_to_one_worker<P: Place>() {
    let place = place!(P);
    let (one, other) = (place.open().await, place.open().await);
    one.write(None, &consented(1), at(1)).await.unwrap();
    let before = one
        .claim_due(Realm::Real, &client(), at(DUE), 10, LEASE)
        .await
        .unwrap();
    assert!(before.is_empty());
    let claims = one
        .claim_due(Realm::Real, &client(), at(DUE + 1), 10, LEASE)
        .await
        .unwrap();
    assert_eq!(
        claims.iter().map(|claim| claim.key).collect::<Vec<_>>(),
        [key(1)]
    );
    assert!(
        other
            .claim_due(Realm::Real, &client(), at(DUE + 1), 10, LEASE)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_lease_that_ended_is_handed_out_again_and_its_old_claim_does_nothing<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let old = store
        .claim_due(Realm::Real, &client(), at(DUE + 1), 10, Duration::ZERO)
        .await
        .unwrap();
    let new = store
        .claim_due(Realm::Real, &client(), at(DUE + 1), 10, LEASE)
        .await
        .unwrap();
    assert_eq!(new.len(), 1);
    assert_ne!(old[0].token, new[0].token);
    // The late worker would put it off to the end of days.
    store
        .settle_due(&[(old[0], Some(at(u64::MAX / 2)))])
        .await
        .unwrap();
    store
        .settle_due(&[(new[0], Some(at(DUE + 2)))])
        .await
        .unwrap();
    assert_eq!(
        store
            .claim_due(Realm::Real, &client(), at(DUE + 2), 10, LEASE)
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn a_settled_claim_comes_back_at_the_instant_it_named<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let claims = store
        .claim_due(Realm::Real, &client(), at(DUE + 1), 10, LEASE)
        .await
        .unwrap();
    store
        .settle_due(&[(claims[0], Some(at(DUE + 50)))])
        .await
        .unwrap();
    assert!(
        store
            .claim_due(Realm::Real, &client(), at(DUE + 49), 10, LEASE)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store
            .claim_due(Realm::Real, &client(), at(DUE + 50), 10, LEASE)
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn a_record_that_was_written_meanwhile_says_itself_when_it_is_due<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    for user in [1, 2] {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    let claims = store
        .claim_due(Realm::Real, &client(), at(DUE + 2), 10, LEASE)
        .await
        .unwrap();
    assert_eq!(claims.len(), 2);
    for claim in &claims {
        let grant = store.load(&claim.key).await.unwrap().unwrap();
        store
            .write(None, &consented_again(grant, 100), at(2))
            .await
            .unwrap();
    }
    // One names no instant, one an earlier instant than its record.
    let settled = [(claims[0], None), (claims[1], Some(at(DUE + 40)))];
    store.settle_due(&settled).await.unwrap();
    let early = store
        .claim_due(Realm::Real, &client(), at(DUE + 40), 10, LEASE)
        .await
        .unwrap();
    assert_eq!(
        early.iter().map(|claim| claim.key).collect::<Vec<_>>(),
        [claims[1].key]
    );
    let late = store
        .claim_due(Realm::Real, &client(), at(DUE + 100), 10, LEASE)
        .await
        .unwrap();
    assert_eq!(
        late.iter().map(|claim| claim.key).collect::<Vec<_>>(),
        [claims[0].key]
    );
}

async fn a_claim_settled_without_an_instant_is_not_handed_out_at_once<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let claims = store
        .claim_due(Realm::Real, &client(), at(DUE + 1), 10, LEASE)
        .await
        .unwrap();
    store.settle_due(&[(claims[0], None)]).await.unwrap();
    assert!(
        store
            .claim_due(Realm::Real, &client(), at(DUE + 1), 10, LEASE)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_grant_of_another_realm_or_client_is_not_handed_out<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let other_client = ClientId::parse("99999999-0000-4000-8000-000000000000").unwrap();
    let sandbox = Endpoints::loopback("127.0.0.1:4010".parse().unwrap())
        .unwrap()
        .realm();
    for (realm, client_id) in [(Realm::Real, other_client), (sandbox, client())] {
        let claims = store.claim_due(realm, &client_id, at(DUE + 1), 10, LEASE);
        assert!(claims.await.unwrap().is_empty(), "{realm:?}");
    }
    let claims = store
        .claim_due(Realm::Real, &client(), at(DUE + 1), 10, LEASE)
        .await;
    assert_eq!(claims.unwrap().len(), 1);
}

async fn a_grant_whose_key_is_damaged_keeps_no_other_from_its_sweep_and_is_logged<P: Place>() {
    let place = place!(P);
    let client = client();
    let store = place.open().await;
    for user in [1, 2] {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    place
        .sql("UPDATE kommo_grants SET key = 'no key at all' WHERE user_id = '1'")
        .await;
    let (log, _listening) = LogLines::listen();
    let claims = store.claim_due(Realm::Real, &client, at(DUE + 2), 10, LEASE);
    let keys: Vec<_> = claims
        .await
        .unwrap()
        .iter()
        .map(|claim| claim.key)
        .collect();
    assert_eq!(keys, [key(2)]);
    let text = log.text();
    assert!(text.contains("record no key at all is damaged"), "{text}");
}

async fn workers_never_share_a_grant<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open().await);
    for user in 1..=60 {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let store = Arc::new(place.open().await);
        workers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claims = store
                    .claim_due(Realm::Real, &client(), at(DUE + 100), 7, LEASE)
                    .await
                    .unwrap();
                if claims.is_empty() {
                    return mine;
                }
                let later: Vec<_> = claims
                    .iter()
                    .map(|claim| (*claim, Some(at(DUE * 2))))
                    .collect();
                store.settle_due(&later).await.unwrap();
                mine.extend(claims.into_iter().map(|claim| claim.key));
            }
        });
    }
    let mut all = Vec::new();
    while let Some(mine) = workers.join_next().await {
        all.extend(mine.unwrap());
    }
    let different: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!((all.len(), different.len()), (60, 60));
}

/// A clock that is ahead by so much.
const AHEAD: u64 = 100 * 86_400;

/// The keys that are handed out at an instant, to a lease that has ended already.
async fn due(store: &Store, now: u64) -> Vec<GrantKey> {
    let client = client();
    let claims = store.claim_due(Realm::Real, &client, at(now), 10, Duration::ZERO);
    claims
        .await
        .unwrap()
        .iter()
        .map(|claim| claim.key)
        .collect()
}

fn held(grant: Grant, since: u64, length: Duration) -> Transition {
    let kind = HoldKind::PaymentRequired;
    grant.hold(Hold::new(kind, HoldScope::Grant, at(since), length))
}

async fn a_pair_of_a_clock_that_was_ahead_is_handed_out<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let confirmed = |user, server_time| {
        let mut pair = pair(AHEAD);
        pair.server_time = server_time;
        Grant::consent(None, key(user), host(), None, pair)
    };
    for moved in [confirmed(1, None), confirmed(2, Some(at(0)))] {
        store.write(None, &moved, at(AHEAD)).await.unwrap();
    }
    // The second one's due instant is the server's own.
    assert_eq!(due(&store, 10).await, [key(1)]);
    assert_eq!(due(&store, 10).await, [key(1)]);
    assert!(due(&store, AHEAD).await.contains(&key(2)));
    // Two clocks may differ.
    assert!(!due(&store, AHEAD - 300).await.contains(&key(1)));
    assert!(due(&store, AHEAD - 301).await.contains(&key(1)));
    // What another machine writes beside the pair does not hide it.
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let moved = held(grant, 20, HOUR);
    store.write(None, &moved, at(20)).await.unwrap();
    assert_eq!(due(&store, 30).await, [key(1)]);
    // Postponed by a clock that is right, it is due at that instant.
    let client = client();
    let claims = store.claim_due(Realm::Real, &client, at(40), 10, LEASE);
    let claims = claims.await.unwrap();
    store
        .settle_due(&[(claims[0], Some(at(90)))])
        .await
        .unwrap();
    assert!(due(&store, 89).await.is_empty());
    assert_eq!(due(&store, 90).await, [key(1)]);
    // A pair of a clock that is right heals it.
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let moved = consented_again(grant, 100);
    store.write(None, &moved, at(100)).await.unwrap();
    assert!(due(&store, 110).await.is_empty());
}

async fn whatever_a_clock_that_was_ahead_wrote_is_handed_out<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let attempt = AttemptId::new([1; 16]);
    let begun = |grant: Grant| {
        let used = grant.state.pairs().unwrap().newest().number;
        grant.begin(Attempt::new(attempt, used, at(AHEAD))).unwrap()
    };
    for user in [1, 2, 3] {
        store.write(None, &consented(user), at(1)).await.unwrap();
        let grant = store.load(&key(user)).await.unwrap().unwrap();
        let moved = match user {
            1 => begun(grant),
            2 => {
                let next_try = at(AHEAD + 600);
                let reason = DoubtReason::AnswerLost;
                let begun = begun(grant).grant;
                begun
                    .doubt(attempt, reason, at(AHEAD), |_| next_try)
                    .unwrap()
            }
            _ => held(grant, AHEAD, HOUR),
        };
        store.write(None, &moved, at(AHEAD)).await.unwrap();
    }
    let mut keys = due(&store, 10).await;
    keys.sort();
    assert_eq!(keys, [key(1), key(2), key(3)]);
}

async fn a_claim_that_a_clock_that_is_ahead_put_off_is_handed_out<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let ahead = at(DUE + AHEAD);
    let client = client();
    let claims = store.claim_due(Realm::Real, &client, ahead, 10, LEASE);
    let claims = claims.await.unwrap();
    let again_at = ahead.plus(HOUR);
    store
        .settle_due(&[(claims[0], Some(again_at))])
        .await
        .unwrap();
    assert_eq!(due(&store, DUE + 1).await, [key(1)]);
}
