//! Due grants: claimed by one worker at a time, and again when they are due again.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::time::Duration;

use kommo_account::{ClientId, Realm};
use kommo_oauth::grant::{
    Attempt, AttemptId, DisconnectReason, DoubtReason, Grant, GrantKey, Hold, HoldKind, HoldScope,
};
use tokio::task::JoinSet;

use super::{Promise, StoreFixture, fixture};
use crate::ports::due_grants::{DueClaim, DueGrants};
use crate::ports::grant_store::GrantStore;
use crate::testing::samples::{
    HOUR, LEASE, at, client, consented, consented_again, host, key, pair, sandbox,
};

/// An hour before the token of `consented(0)` ends.
const DUE: u64 = 86_400 - 3_600;

/// The promises of this group.
#[must_use]
pub fn promises<F: StoreFixture<Store: GrantStore + DueGrants>>() -> Vec<Promise> {
    crate::__promises!(due, list F)
}

/// Claims all that is due at an instant.
async fn claim(store: &impl DueGrants, now: u64, lease: Duration) -> Vec<DueClaim> {
    let client = client();
    let claims = store.claim_due(Realm::Real, &client, at(now), 10, lease);
    claims.await.unwrap()
}

async fn claimed_keys(store: &impl DueGrants, now: u64) -> Vec<GrantKey> {
    let claims = claim(store, now, LEASE).await;
    claims.iter().map(|claim| claim.key).collect()
}

/// An hour before its token ends, and while the lease lasts by no other worker.
pub async fn a_grant_is_claimed_when_it_is_due_and_by_one_worker<
    F: StoreFixture<Store: GrantStore + DueGrants>,
>() {
    let fixture = fixture!(F);
    let (one, other) = (fixture.open().await, fixture.open().await);
    one.write(None, &consented(1), at(1)).await.unwrap();
    assert!(claimed_keys(&one, DUE).await.is_empty());
    assert_eq!(claimed_keys(&one, DUE + 1).await, [key(1)]);
    assert!(claimed_keys(&other, DUE + 1).await.is_empty());
    // The instant of the caller does not end a lease; the store's own clock does.
    assert!(claimed_keys(&other, DUE + 9_999).await.is_empty());
    fixture.pass_time(2 * LEASE).await;
    assert_eq!(claimed_keys(&other, DUE + 1).await, [key(1)]);
}

/// A late worker does not settle the claim of the next one.
pub async fn a_lease_that_ended_is_claimed_again_and_its_old_claim_does_nothing<
    F: StoreFixture<Store: GrantStore + DueGrants>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let old = claim(&store, DUE + 1, Duration::ZERO).await;
    let new = claim(&store, DUE + 1, LEASE).await;
    assert_eq!(new.len(), 1);
    assert_ne!(old[0].token, new[0].token);
    let for_ever = at(u64::MAX / 4);
    store.settle_due(&[(old[0], Some(for_ever))]).await.unwrap();
    assert!(claimed_keys(&store, DUE + 1).await.is_empty());
    let soon = Some(at(DUE + 2));
    store.settle_due(&[(new[0], soon)]).await.unwrap();
    assert_eq!(claimed_keys(&store, DUE + 2).await, [key(1)]);
}

/// Not earlier, if the record is unchanged.
pub async fn a_settled_claim_comes_back_at_the_instant_that_it_named<
    F: StoreFixture<Store: GrantStore + DueGrants>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let claims = claim(&store, DUE + 1, LEASE).await;
    let again_at = Some(at(DUE + 50));
    store.settle_due(&[(claims[0], again_at)]).await.unwrap();
    assert!(claimed_keys(&store, DUE + 49).await.is_empty());
    assert_eq!(claimed_keys(&store, DUE + 50).await, [key(1)]);
}

/// A refreshed grant is due when its new token is, or at the named instant if that is earlier.
pub async fn a_record_that_was_written_meanwhile_decides_when_it_is_due<
    F: StoreFixture<Store: GrantStore + DueGrants>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    for user in [1, 2] {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    let claims = claim(&store, DUE + 2, LEASE).await;
    assert_eq!(claims.len(), 2);
    for claim in &claims {
        let grant = store.load(&claim.key).await.unwrap().unwrap();
        let moved = consented_again(grant, 100);
        store.write(None, &moved, at(2)).await.unwrap();
    }
    let settled = [(claims[0], None), (claims[1], Some(at(DUE + 40)))];
    store.settle_due(&settled).await.unwrap();
    assert_eq!(claimed_keys(&store, DUE + 40).await, [claims[1].key]);
    assert_eq!(claimed_keys(&store, DUE + 100).await, [claims[0].key]);
}

/// Otherwise a worker that could do nothing would find it again at once.
pub async fn a_claim_that_was_settled_without_an_instant_is_not_claimed_at_once<
    F: StoreFixture<Store: GrantStore + DueGrants>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let claims = claim(&store, DUE + 1, LEASE).await;
    store.settle_due(&[(claims[0], None)]).await.unwrap();
    assert!(claimed_keys(&store, DUE + 1).await.is_empty());
    fixture.pass_time(2 * LEASE).await;
    assert_eq!(claimed_keys(&store, DUE + 1).await, [key(1)]);
}

/// A grant that has ended is not claimed.
pub async fn an_ended_grant_is_never_due<F: StoreFixture<Store: GrantStore + DueGrants>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let over = grant.disconnect(DisconnectReason::LoggedOut, at(2));
    store.write(None, &over.unwrap(), at(2)).await.unwrap();
    assert!(claimed_keys(&store, 1_000 * DUE).await.is_empty());
}

/// A claim names a realm and a client.
pub async fn a_grant_of_another_realm_or_client_is_not_claimed<
    F: StoreFixture<Store: GrantStore + DueGrants>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let other_client = ClientId::parse("99999999-0000-4000-8000-000000000000").unwrap();
    for (realm, client_id) in [(Realm::Real, other_client), (sandbox(), client())] {
        let claims = store.claim_due(realm, &client_id, at(DUE + 1), 10, LEASE);
        assert!(claims.await.unwrap().is_empty(), "{realm:?}");
    }
    assert_eq!(claimed_keys(&store, DUE + 1).await, [key(1)]);
}

/// A clock that is this much ahead is wrong.
const AHEAD: u64 = 100 * 86_400;

/// A grant that was refreshed by a machine whose clock is far ahead is claimed by the others,
/// until one of them has settled it or written it.
pub async fn a_pair_of_a_clock_that_was_ahead_is_claimed<
    F: StoreFixture<Store: GrantStore + DueGrants>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let due = async |now| -> Vec<GrantKey> {
        let claims = claim(&store, now, Duration::ZERO).await;
        claims.iter().map(|claim| claim.key).collect()
    };
    for (user, server_time) in [(1, None), (2, Some(at(0)))] {
        let mut pair = pair(AHEAD);
        pair.server_time = server_time;
        let moved = Grant::consent(None, key(user), host(), None, pair);
        store.write(None, &moved, at(AHEAD)).await.unwrap();
    }
    // The second one is due by the server's own time.
    assert_eq!(due(10).await, [key(1)]);
    assert_eq!(due(10).await, [key(1)]);
    assert!(due(AHEAD).await.contains(&key(2)));
    // Two clocks may differ by five minutes.
    assert!(!due(AHEAD - 300).await.contains(&key(1)));
    assert!(due(AHEAD - 301).await.contains(&key(1)));
    // A hold that a right clock writes does not hide it.
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let hold = Hold::new(HoldKind::PaymentRequired, HoldScope::Grant, at(20), HOUR);
    store.write(None, &grant.hold(hold), at(20)).await.unwrap();
    assert_eq!(due(30).await, [key(1)]);
    // Deferred by a right clock, it is due when that one named.
    let claims = claim(&store, 40, LEASE).await;
    let again_at = Some(at(90));
    store.settle_due(&[(claims[0], again_at)]).await.unwrap();
    assert!(due(89).await.is_empty());
    assert_eq!(due(90).await, [key(1)]);
    // A pair of a right clock replaces it.
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let moved = consented_again(grant, 100);
    store.write(None, &moved, at(100)).await.unwrap();
    assert!(due(110).await.is_empty());
}

/// Attempts, doubts and holds of a machine whose clock is far ahead, too.
pub async fn what_a_clock_that_was_ahead_wrote_is_claimed<
    F: StoreFixture<Store: GrantStore + DueGrants>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
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
                let reason = DoubtReason::AnswerLost;
                let begun = begun(grant).grant;
                let doubt = begun.doubt(attempt, reason, at(AHEAD), |_| at(AHEAD + 600));
                doubt.unwrap()
            }
            _ => {
                let kind = HoldKind::PaymentRequired;
                grant.hold(Hold::new(kind, HoldScope::Grant, at(AHEAD), HOUR))
            }
        };
        store.write(None, &moved, at(AHEAD)).await.unwrap();
    }
    let mut keys = claimed_keys(&store, 10).await;
    keys.sort();
    assert_eq!(keys, [key(1), key(2), key(3)]);
}

/// A worker whose clock is far ahead does not hide a grant by settling its claim.
pub async fn a_claim_that_a_clock_ahead_deferred_is_claimed<
    F: StoreFixture<Store: GrantStore + DueGrants>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let claims = claim(&store, DUE + AHEAD, LEASE).await;
    let again_at = at(DUE + AHEAD).plus(HOUR);
    let settled = [(claims[0], Some(again_at))];
    store.settle_due(&settled).await.unwrap();
    assert_eq!(claimed_keys(&store, DUE + 1).await, [key(1)]);
}

/// Six workers, sixty grants: each is claimed once.
pub async fn workers_never_share_a_grant<F: StoreFixture<Store: GrantStore + DueGrants>>() {
    let fixture = Arc::new(fixture!(F));
    let store = fixture.open().await;
    for user in 1..=60 {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    let mut workers = JoinSet::new();
    for _ in 0..6 {
        let store = fixture.open().await;
        workers.spawn(async move {
            let mut own = Vec::new();
            loop {
                let client = client();
                let claims = store.claim_due(Realm::Real, &client, at(DUE + 100), 7, LEASE);
                let claims = claims.await.unwrap();
                if claims.is_empty() {
                    return own;
                }
                let later = claims.iter().map(|claim| (*claim, Some(at(DUE * 2))));
                let later: Vec<_> = later.collect();
                store.settle_due(&later).await.unwrap();
                own.extend(claims.into_iter().map(|claim| claim.key));
            }
        });
    }
    let mut all = Vec::new();
    while let Some(own) = workers.join_next().await {
        all.extend(own.unwrap());
    }
    let different: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!((all.len(), different.len()), (60, 60));
}
