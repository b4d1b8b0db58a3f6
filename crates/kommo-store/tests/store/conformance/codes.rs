//! Codes between their arrival and their exchange.

use core::time::Duration;

use kommo_account::{AccountId, Endpoints, Realm};
use kommo_keeper::{CodeEnd, CodePut, PendingCodes as _, StoreError as _, StoreTrouble};
use kommo_store::StoreSettings;

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{LEASE, MARKER, at, client, code, encrypted_with, pair};

const LIFE: u64 = 20 * 60;

on_both! {
    a_code_is_kept_claimed_once_and_its_second_delivery_is_a_duplicate
    a_code_that_is_done_is_never_claimed_and_leaves_no_code_behind
    a_code_that_nobody_settled_is_claimed_again_and_counted
    the_table_is_bounded_and_old_codes_make_room
    a_sandbox_neither_sees_nor_ages_real_codes
    an_answer_is_given_back_to_the_next_claim_and_outlives_the_code
    a_second_answer_does_not_replace_the_first
    a_damaged_code_is_an_error_without_the_code
    a_damaged_code_keeps_no_other_from_its_exchange
}

fn sandbox() -> Realm {
    Endpoints::loopback("127.0.0.1:8080".parse().unwrap())
        .unwrap()
        .realm()
}

async fn a_code_is_kept_claimed_once_and_its_second_delivery_is_a_duplicate<P: Place>() {
    let place = place!(P);
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    let pending = code("a", 1)
        .with_carried(Some("tenant-5".to_owned()))
        .with_expected_account(Some(AccountId::from_number(7).unwrap()));
    assert_eq!(store.put_code(&pending).await.unwrap(), CodePut::Stored);
    assert_eq!(store.put_code(&pending).await.unwrap(), CodePut::Duplicate);

    let other = place.open_with(encrypted_with(1)).await.unwrap();
    let claims = other
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    assert_eq!(claims.len(), 1);
    let claimed = &claims[0];
    assert_eq!(claimed.pending.code, pending.code);
    assert_eq!(claimed.pending.host, pending.host);
    assert_eq!(claimed.pending.origin, pending.origin);
    assert_eq!(claimed.pending.carried, pending.carried);
    assert_eq!(claimed.pending.expected_account, pending.expected_account);
    assert_eq!(claimed.pending.received_at, at(1));
    assert_eq!((claimed.earlier_claims, &claimed.answer), (0, &None));
    let again = store
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    assert!(again.is_empty());
}

async fn a_code_that_is_done_is_never_claimed_and_leaves_no_code_behind<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.put_code(&code("a", 1)).await.unwrap();
    let claims = store
        .claim_codes(Realm::Real, &client(), at(2), 5, Duration::ZERO)
        .await
        .unwrap();
    store
        .settle_code(&claims[0], CodeEnd::Exchanged)
        .await
        .unwrap();
    let again = store
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    assert!(again.is_empty());
    assert_eq!(
        store.put_code(&code("a", 5)).await.unwrap(),
        CodePut::Duplicate
    );
    // Twenty minutes after it came the hash goes too.
    assert_eq!(
        store.put_code(&code("b", 1 + LIFE)).await.unwrap(),
        CodePut::Stored
    );
    assert_eq!(
        store.put_code(&code("a", 1 + LIFE)).await.unwrap(),
        CodePut::Stored
    );
}

async fn a_code_that_nobody_settled_is_claimed_again_and_counted<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.put_code(&code("a", 1)).await.unwrap();
    for earlier in 0..3 {
        let claims = store
            .claim_codes(Realm::Real, &client(), at(2), 5, Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(claims[0].earlier_claims, earlier);
        store
            .settle_code(&claims[0], CodeEnd::TryAgain)
            .await
            .unwrap();
    }
    let claims = store
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    let mut stale = claims[0].clone();
    stale.token = 1;
    // A worker whose lease has passed to another ends nothing.
    store.settle_code(&stale, CodeEnd::Refused).await.unwrap();
    store
        .settle_code(&claims[0], CodeEnd::Refused)
        .await
        .unwrap();
    assert!(
        store
            .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
            .await
            .unwrap()
            .is_empty()
    );
    // Too old for the platform.
    store.put_code(&code("old", 3)).await.unwrap();
    let late = store
        .claim_codes(Realm::Real, &client(), at(3 + LIFE), 5, LEASE)
        .await
        .unwrap();
    assert!(late.is_empty());
}

async fn the_table_is_bounded_and_old_codes_make_room<P: Place>() {
    let place = place!(P);
    let mut settings = StoreSettings::new();
    settings.max_codes = 2;
    let store = place.open_with(settings).await.unwrap();
    assert_eq!(
        store.put_code(&code("a", 1)).await.unwrap(),
        CodePut::Stored
    );
    assert_eq!(
        store.put_code(&code("b", 2)).await.unwrap(),
        CodePut::Stored
    );
    assert_eq!(store.put_code(&code("c", 3)).await.unwrap(), CodePut::Full);
    assert_eq!(
        store.put_code(&code("b", 3)).await.unwrap(),
        CodePut::Duplicate
    );
    assert_eq!(
        store.put_code(&code("c", 1 + LIFE)).await.unwrap(),
        CodePut::Stored
    );
}

async fn a_sandbox_neither_sees_nor_ages_real_codes<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.put_code(&code("real", 1)).await.unwrap();
    let mut later = code("sandbox", 1_000 * LIFE);
    later.realm = sandbox();
    assert_eq!(store.put_code(&later).await.unwrap(), CodePut::Stored);
    let real = store
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    assert_eq!(real.len(), 1);
    assert_eq!(real[0].pending.realm, Realm::Real);
    let claims = store
        .claim_codes(sandbox(), &client(), at(1_000 * LIFE), 5, LEASE)
        .await
        .unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].pending.realm, sandbox());
}

async fn an_answer_is_given_back_to_the_next_claim_and_outlives_the_code<P: Place>() {
    let place = place!(P);
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    store.put_code(&code("a", 1)).await.unwrap();
    let claims = store
        .claim_codes(Realm::Real, &client(), at(2), 5, Duration::ZERO)
        .await
        .unwrap();
    // The row went while the exchange was on its way; the pair must not.
    place.sql("DELETE FROM kommo_codes").await;
    store.keep_answer(&claims[0], &pair(3)).await.unwrap();
    place.sql("UPDATE kommo_codes SET lease_until = 0").await;
    store
        .put_code(&code("much-later", 10 * LIFE))
        .await
        .unwrap();
    let again = store
        .claim_codes(Realm::Real, &client(), at(10 * LIFE), 1, LEASE)
        .await
        .unwrap();
    assert_eq!(again[0].answer, Some(pair(3)));
    // Nothing but a grant ends it.
    store
        .settle_code(&again[0], CodeEnd::Refused)
        .await
        .unwrap();
    place.sql("UPDATE kommo_codes SET lease_until = 0").await;
    let again = store
        .claim_codes(Realm::Real, &client(), at(10 * LIFE), 1, LEASE)
        .await
        .unwrap();
    assert_eq!(again[0].answer, Some(pair(3)));
    store
        .settle_code(&again[0], CodeEnd::Exchanged)
        .await
        .unwrap();
    place.sql("UPDATE kommo_codes SET lease_until = 0").await;
    let rest = store
        .claim_codes(Realm::Real, &client(), at(10 * LIFE), 5, LEASE)
        .await
        .unwrap();
    assert!(rest.iter().all(|claim| claim.answer.is_none()));
}

async fn a_second_answer_does_not_replace_the_first<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.put_code(&code("a", 1)).await.unwrap();
    let claims = store
        .claim_codes(Realm::Real, &client(), at(2), 5, Duration::ZERO)
        .await
        .unwrap();
    store.keep_answer(&claims[0], &pair(3)).await.unwrap();
    let error = store.keep_answer(&claims[0], &pair(4)).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(MARKER));
    let again = store
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    assert_eq!(again[0].answer, Some(pair(3)));
}

async fn a_damaged_code_is_an_error_without_the_code<P: Place>() {
    let place = place!(P);
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    for damage in [
        "UPDATE kommo_codes SET host = 'other.kommo.com'",
        "UPDATE kommo_codes SET origin = 'redirect'",
        "UPDATE kommo_codes SET record = substr(record, 1, length(record) - 1)",
    ] {
        place.sql("DELETE FROM kommo_codes").await;
        store.put_code(&code("a", 1)).await.unwrap();
        place.sql(damage).await;
        let error = store
            .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
            .await
            .unwrap_err();
        assert_eq!(error.trouble(), StoreTrouble::Damaged);
        assert!(!format!("{error} {error:?}").contains(MARKER));
    }
}

async fn a_damaged_code_keeps_no_other_from_its_exchange<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.put_code(&code("a", 1)).await.unwrap();
    place
        .sql("UPDATE kommo_codes SET host = 'other.kommo.com'")
        .await;
    store.put_code(&code("b", 1)).await.unwrap();
    let claims = store
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].pending.code, code("b", 1).code);
}
