//! Sharing out the grants that are due.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::time::Duration;

use kommo_account::{ClientId, Endpoints, Realm};
use kommo_keeper::{DueGrants as _, GrantStore as _};

use crate::conformance::{on_both, place};
use crate::log_lines::LogLines;
use crate::place::Place;
use crate::samples::{LEASE, at, client, consented, consented_again, key};

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
    // One says nothing, one says earlier than its record.
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
