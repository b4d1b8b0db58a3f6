//! Codes: durable before their exchange, claimed by one worker, and gone when they are done.

use core::time::Duration;

use kommo_account::{AccountHost, AccountId, Realm};

use super::{Promise, StoreFixture, fixture};
use crate::ports::grant_store::{StoreError as _, StoreErrorKind};
use crate::ports::pending_codes::{ClaimedCode, CodeEnd, CodePut, PendingCode, PendingCodes};
use crate::testing::samples::{
    HOUR, LEASE, MARKER, at, client, hook_code, pair, redirected_code, sandbox, unbound_code,
};

/// How long a code is valid.
const LIFETIME: Duration = Duration::from_secs(20 * 60);

/// A lease that ends after the code does.
const LONG_LEASE: Duration = HOUR;

/// The promises of this group.
#[must_use]
pub fn promises<F: StoreFixture<Store: PendingCodes>>() -> Vec<Promise> {
    crate::__promises!(codes, list F)
}

async fn claim(store: &impl PendingCodes, limit: u32, lease: Duration) -> Vec<ClaimedCode> {
    let client = client();
    let claims = store.claim_codes(Realm::Real, &client, at(2), limit, lease);
    claims.await.unwrap()
}

async fn expire(store: &impl PendingCodes) -> u64 {
    let expired = store.expire_codes(Realm::Real, &client(), at(2)).await;
    expired.unwrap()
}

/// The texts of the samples.
fn texts(claims: &[ClaimedCode]) -> Vec<String> {
    let codes = claims.iter().map(|claim| claim.pending.code.expose());
    codes.map(|code| code.replace(MARKER, "")).collect()
}

/// A claim of which the lease has passed to another worker.
fn stale(claimed: &ClaimedCode) -> ClaimedCode {
    let mut stale = claimed.clone();
    stale.token ^= 1;
    stale
}

async fn settle(store: &impl PendingCodes, claimed: &ClaimedCode, end: CodeEnd) {
    store.settle_code(claimed, end).await.unwrap();
}

async fn put(store: &impl PendingCodes, pending: &PendingCode) -> CodePut {
    store.put_code(pending).await.unwrap()
}

/// What was stored with a code comes back with its claim, at another store too.
pub async fn a_code_is_stored_and_claimed_once_and_its_second_delivery_is_a_duplicate<
    F: StoreFixture<Store: PendingCodes>,
>() {
    let fixture = fixture!(F);
    let (store, other) = (fixture.open().await, fixture.open().await);
    let pending = hook_code("a", 1)
        .with_carried(Some("tenant-5".to_owned()))
        .with_expected_account(Some(AccountId::from_number(7).unwrap()));
    assert_eq!(put(&store, &pending).await, CodePut::Stored);
    assert_eq!(put(&store, &pending).await, CodePut::Duplicate);

    let claims = claim(&other, 5, LEASE).await;
    assert_eq!(claims.len(), 1);
    let claimed = &claims[0];
    assert_eq!(claimed.pending.realm, pending.realm);
    assert_eq!(claimed.pending.client_id, pending.client_id);
    assert_eq!(claimed.pending.code, pending.code);
    assert_eq!(claimed.pending.host, pending.host);
    assert_eq!(claimed.pending.origin, pending.origin);
    assert_eq!(claimed.pending.carried, pending.carried);
    assert_eq!(claimed.pending.expected_account, pending.expected_account);
    assert_eq!(claimed.pending.received_at, at(1));
    assert_eq!((claimed.earlier_claims, &claimed.answer), (0, &None));
    assert!(claim(&store, 5, LEASE).await.is_empty());
}

/// It is not spent. An old claim does not forget it.
pub async fn a_code_for_the_wrong_account_may_be_stored_again<
    F: StoreFixture<Store: PendingCodes>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    put(&store, &hook_code("a", 1)).await;
    let claims = claim(&store, 5, LEASE).await;
    settle(&store, &stale(&claims[0]), CodeEnd::WrongAccount).await;
    assert_eq!(put(&store, &hook_code("a", 3)).await, CodePut::Duplicate);

    settle(&store, &claims[0], CodeEnd::WrongAccount).await;
    assert!(claim(&store, 5, LEASE).await.is_empty());
    assert_eq!(put(&store, &hook_code("a", 3)).await, CodePut::Stored);
    assert_eq!(claim(&store, 5, LEASE).await.len(), 1);
}

/// Until then a second delivery is a duplicate.
pub async fn a_code_that_is_done_is_not_claimed_and_is_forgotten_after_twenty_minutes<
    F: StoreFixture<Store: PendingCodes>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    for (text, end) in [("a", CodeEnd::Exchanged), ("b", CodeEnd::Refused)] {
        put(&store, &hook_code(text, 1)).await;
        let claims = claim(&store, 5, Duration::ZERO).await;
        settle(&store, &claims[0], end).await;
        assert!(claim(&store, 5, LEASE).await.is_empty());
        assert_eq!(put(&store, &hook_code(text, 5)).await, CodePut::Duplicate);
    }
    fixture.pass_time(LIFETIME).await;
    for text in ["c", "a", "b"] {
        assert_eq!(put(&store, &hook_code(text, 1)).await, CodePut::Stored);
    }
}

/// Each claim counts, and a late worker does not settle the claim of the next one.
pub async fn a_code_that_was_not_settled_is_claimed_again_and_counted<
    F: StoreFixture<Store: PendingCodes>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    put(&store, &hook_code("a", 1)).await;
    for earlier in 0..3 {
        let claims = claim(&store, 5, LEASE).await;
        assert_eq!(claims[0].earlier_claims, earlier);
        settle(&store, &claims[0], CodeEnd::TryAgain).await;
        // The lease decides when it is claimed again.
        assert!(claim(&store, 5, LEASE).await.is_empty());
        fixture.pass_time(LEASE + LEASE / 2).await;
    }
    let claims = claim(&store, 5, Duration::ZERO).await;
    assert_eq!(claims.len(), 1);
    settle(&store, &stale(&claims[0]), CodeEnd::Refused).await;
    let claims = claim(&store, 5, LEASE).await;
    assert_eq!(claims.len(), 1, "another worker's settling ended it");
    settle(&store, &claims[0], CodeEnd::Refused).await;
    fixture.pass_time(2 * LEASE).await;
    assert!(claim(&store, 5, LEASE).await.is_empty());
}

/// Nothing was sent: it costs none of the tries that a code has.
pub async fn a_claim_without_an_exchange_does_not_count<F: StoreFixture<Store: PendingCodes>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    put(&store, &hook_code("a", 1)).await;
    for end in [CodeEnd::NoEffect, CodeEnd::NoEffect, CodeEnd::TryAgain] {
        let claims = claim(&store, 5, Duration::ZERO).await;
        assert_eq!(claims[0].earlier_claims, 0);
        settle(&store, &claims[0], end).await;
        settle(&store, &stale(&claims[0]), CodeEnd::NoEffect).await;
    }
    let claims = claim(&store, 5, LEASE).await;
    assert_eq!(claims[0].earlier_claims, 1);
}

/// However long or short its lease was. Settling ends the claim.
pub async fn a_deferred_code_is_not_claimed_before_its_pause_is_over<
    F: StoreFixture<Store: PendingCodes>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    put(&store, &hook_code("a", 1)).await;
    let pause = 4 * LEASE;
    for (counts, expected) in [(false, 0), (true, 0), (true, 1), (false, 2)] {
        let claims = claim(&store, 5, LEASE).await;
        assert_eq!(claims[0].earlier_claims, expected);
        let end = CodeEnd::Later { pause, counts };
        settle(&store, &stale(&claims[0]), end).await;
        settle(&store, &claims[0], end).await;
        settle(&store, &claims[0], CodeEnd::Refused).await;
        fixture.pass_time(2 * LEASE).await;
        assert!(claim(&store, 5, LEASE).await.is_empty());
        fixture.pass_time(2 * LEASE).await;
    }
    assert_eq!(claim(&store, 5, LEASE).await[0].earlier_claims, 2);
}

/// A claimed code stays with its worker, a code that is done stays so, and no pause of another host
/// or realm ends.
pub async fn a_person_ends_the_pauses_of_codes_and_takes_none_from_a_worker<
    F: StoreFixture<Store: PendingCodes>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let client = client();
    let pause = CodeEnd::Later {
        pause: 4 * LEASE,
        counts: true,
    };
    for (text, end) in [("paused", pause), ("done", CodeEnd::Refused)] {
        put(&store, &redirected_code(text, 1)).await;
        let claims = claim(&store, 5, LEASE).await;
        settle(&store, &claims[0], end).await;
    }
    put(&store, &redirected_code("claimed", 1)).await;
    let claimed = claim(&store, 5, LEASE).await;
    let lift = async |realm, host| {
        let lifted = store.lift_code_pauses(realm, &client, host).await;
        lifted.unwrap()
    };
    let host = claimed[0].pending.host;
    let other = AccountHost::parse("another-account.kommo.com").unwrap();
    assert_eq!(lift(sandbox(), None).await, 0, "of another realm");
    assert_eq!(lift(Realm::Real, Some(other)).await, 0, "of another host");
    assert!(claim(&store, 5, LEASE).await.is_empty());

    assert_eq!(lift(Realm::Real, Some(host)).await, 1);
    assert_eq!(lift(Realm::Real, None).await, 0, "it is not paused now");
    let claims = claim(&store, 5, LEASE).await;
    assert_eq!(texts(&claims), ["-paused"]);
    assert_eq!(claims[0].earlier_claims, 1, "the exchange still counts");
    settle(&store, &claims[0], pause).await;
    assert_eq!(lift(Realm::Real, None).await, 1);
    assert_eq!(texts(&claim(&store, 5, LEASE).await), ["-paused"]);
}

/// The platform would refuse it.
pub async fn a_code_that_is_too_old_is_not_claimed<F: StoreFixture<Store: PendingCodes>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    put(&store, &hook_code("old", 1)).await;
    put(&store, &redirected_code("old-too", 1)).await;
    fixture.pass_time(LIFETIME).await;
    put(&store, &hook_code("young", 1)).await;
    assert_eq!(texts(&claim(&store, 5, LEASE).await), ["-young"]);
}

/// Codes that wait, deferred ones among them; not one that is claimed or has a pair, and none of
/// another realm.
pub async fn codes_that_grew_too_old_are_ended_and_counted_once<
    F: StoreFixture<Store: PendingCodes>,
>() {
    let fixture = fixture!(F);
    let (store, other) = (fixture.open().await, fixture.open().await);
    let client = client();
    for text in ["answered", "refused", "claimed", "deferred", "waiting"] {
        put(&store, &redirected_code(text, 1)).await;
    }
    let claims = claim(&store, 5, LONG_LEASE).await;
    let [waiting, deferred, _, refused, answered] = claims.as_slice() else {
        panic!("{:?}", texts(&claims));
    };
    let later = |pause| CodeEnd::Later {
        pause,
        counts: false,
    };
    settle(&store, deferred, later(9 * HOUR)).await;
    settle(&store, waiting, later(Duration::ZERO)).await;
    settle(&store, refused, CodeEnd::Refused).await;
    store.keep_answer(answered, &pair(3)).await.unwrap();
    assert_eq!(expire(&store).await, 0, "not too old yet");
    fixture.pass_time(LIFETIME).await;
    // A new code does not remove what was not counted.
    let young = redirected_code("young", 2);
    assert_eq!(put(&store, &young).await, CodePut::Stored);
    let of_sandbox = store.expire_codes(sandbox(), &client, at(2)).await;
    assert_eq!(of_sandbox.unwrap(), 0, "of another realm");
    assert_eq!(expire(&store).await, 2);
    assert_eq!(expire(&other).await, 0, "counted once");
    fixture.pass_time(LONG_LEASE).await;
    // The claimed one, and the young one that is old now.
    assert_eq!(expire(&store).await, 2);
    let claims = claim(&store, 9, LEASE).await;
    assert_eq!(texts(&claims), ["-answered"]);
    assert_eq!(claims[0].answer, Some(pair(3)));
}

/// The pair outlives the twenty minutes of its code; a refusal does not end it.
pub async fn the_pair_of_a_code_is_returned_to_the_next_claim_until_it_is_a_grant<
    F: StoreFixture<Store: PendingCodes>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    put(&store, &hook_code("a", 1)).await;
    let claims = claim(&store, 5, LEASE).await;
    for _ in 0..2 {
        store.keep_answer(&claims[0], &pair(3)).await.unwrap();
    }
    fixture.pass_time(2 * LIFETIME).await;
    for end in [CodeEnd::TryAgain, CodeEnd::Refused] {
        let claims = claim(&store, 5, LEASE).await;
        assert_eq!(claims[0].answer, Some(pair(3)));
        settle(&store, &claims[0], end).await;
        fixture.pass_time(2 * LEASE).await;
    }
    let claims = claim(&store, 5, LEASE).await;
    assert_eq!(claims[0].answer, Some(pair(3)));
    settle(&store, &claims[0], CodeEnd::Exchanged).await;
    fixture.pass_time(2 * LEASE).await;
    assert!(claim(&store, 5, LEASE).await.is_empty());
}

/// [`StoreErrorKind::Taken`], without the secrets in the error.
pub async fn a_second_pair_does_not_replace_the_first<F: StoreFixture<Store: PendingCodes>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    put(&store, &hook_code("a", 1)).await;
    let claims = claim(&store, 5, Duration::ZERO).await;
    store.keep_answer(&claims[0], &pair(3)).await.unwrap();
    let error = store.keep_answer(&claims[0], &pair(4)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Taken);
    assert!(!format!("{error} {error:?}").contains(MARKER));
    let claims = claim(&store, 5, LEASE).await;
    assert_eq!(claims[0].answer, Some(pair(3)));
}

/// Its user is the one that still waits.
pub async fn the_newest_code_is_claimed_first<F: StoreFixture<Store: PendingCodes>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    for text in ["hook-1", "hook-2"] {
        put(&store, &hook_code(text, 1)).await;
    }
    put(&store, &redirected_code("person", 2)).await;
    for expected in [&["-person", "-hook-2"][..], &["-hook-1"]] {
        assert_eq!(texts(&claim(&store, 2, LEASE).await), expected);
    }
}

/// A flood of hooks, or of consents that any program began, does not delay a consent of a user whom
/// the application knows; one code can be claimed alone.
pub async fn consents_are_claimed_before_hooks_and_without_them<
    F: StoreFixture<Store: PendingCodes>,
>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let client = client();
    for text in ["first", "second"] {
        put(&store, &redirected_code(text, 1)).await;
    }
    put(&store, &unbound_code("unbound", 1)).await;
    for hook in 0..5 {
        put(&store, &hook_code(&format!("hook-{hook}"), 1)).await;
    }
    let claims = claim(&store, 4, Duration::ZERO).await;
    assert_eq!(texts(&claims), ["-second", "-first", "-unbound", "-hook-4"]);
    for expected in [&["-second", "-first"][..], &[]] {
        let claims = store.claim_consents(Realm::Real, &client, at(2), 9, LEASE);
        assert_eq!(texts(&claims.await.unwrap()), expected);
    }
    let one = hook_code("hook-2", 1);
    let claimed = store.claim_code(&one, at(2), LEASE).await.unwrap();
    assert_eq!(claimed.unwrap().pending.code, one.code);
    for taken in [one, hook_code("unknown", 1), redirected_code("first", 1)] {
        let claimed = store.claim_code(&taken, at(2), LEASE).await.unwrap();
        assert!(claimed.is_none());
    }
}

/// Whatever became of it; and a note changes nothing about that.
pub async fn every_claim_is_a_try<F: StoreFixture<Store: PendingCodes>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    put(&store, &redirected_code("a", 1)).await;
    let later = CodeEnd::Later {
        pause: Duration::ZERO,
        counts: false,
    };
    for (tries, end) in [
        (0, CodeEnd::NoEffect),
        (1, CodeEnd::TryAgain),
        (2, later),
        (3, CodeEnd::NoEffect),
    ] {
        let claims = claim(&store, 5, Duration::ZERO).await;
        assert_eq!(claims[0].earlier_tries, tries);
        store.note_code(&claims[0], "unreachable").await.unwrap();
        settle(&store, &claims[0], end).await;
    }
}

/// No claim crosses the border between two realms.
pub async fn codes_of_a_sandbox_and_real_ones_are_apart<F: StoreFixture<Store: PendingCodes>>() {
    let fixture = fixture!(F);
    let store = fixture.open().await;
    let client = client();
    put(&store, &hook_code("real", 1)).await;
    // The clock of a sandbox may be anywhere.
    let later = 1_000 * LIFETIME.as_secs();
    let mut other = hook_code("sandbox", later);
    other.realm = sandbox();
    assert_eq!(put(&store, &other).await, CodePut::Stored);
    assert_eq!(texts(&claim(&store, 5, LEASE).await), ["-real"]);
    let claims = store.claim_codes(sandbox(), &client, at(later), 5, LEASE);
    let claims = claims.await.unwrap();
    assert_eq!(texts(&claims), ["-sandbox"]);
    assert_eq!(claims[0].pending.realm, sandbox());
}

/// The age of a code is measured by the store's own clock.
pub async fn a_clock_that_is_ahead_ends_no_code<F: StoreFixture<Store: PendingCodes>>() {
    let fixture = fixture!(F);
    let (store, other) = (fixture.open().await, fixture.open().await);
    let client = client();
    let ahead = at(2).plus(LIFETIME + LEASE);
    put(&store, &redirected_code("ours", 1)).await;
    let expired = other.expire_codes(Realm::Real, &client, ahead).await;
    assert_eq!(expired.unwrap(), 0);
    let theirs = redirected_code("theirs", ahead.get() - at(0).get());
    assert_eq!(put(&other, &theirs).await, CodePut::Stored);
    let claims = other.claim_codes(Realm::Real, &client, ahead, 5, Duration::ZERO);
    assert_eq!(claims.await.unwrap().len(), 2);
    assert_eq!(claim(&store, 5, LEASE).await.len(), 2);
}
