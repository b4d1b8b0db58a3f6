//! The primary grant of an account, and its erasure.

use core::time::Duration;

use kommo_account::Realm;
use kommo_keeper::{CodeEnd, CodePut, GrantStore as _, PendingCodes as _, Written};
use kommo_oauth::grant::{DisconnectReason, Generation, Grant, GrantKey};
use kommo_oauth::integration::ClientSecret;
use kommo_store::StoreFault;

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{
    CLIENT, LEASE, MARKER, account, at, client, code, consented, encrypted_with, host, key, pair,
};

on_both! {
    the_first_living_administrator_speaks_for_an_account_until_another_is_chosen
    an_account_is_erased_and_no_other
    an_exchange_on_its_way_brings_no_erased_account_back
    the_secret_of_an_integration_goes_with_its_only_account
    a_list_tells_what_there_is_and_no_token
}

fn ordinary(user: u64) -> kommo_oauth::grant::Transition {
    Grant::consent(None, key(user), host(), Some(false), pair(user))
}

async fn the_first_living_administrator_speaks_for_an_account_until_another_is_chosen<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let primary = async || {
        store
            .primary(Realm::Real, &client(), account())
            .await
            .unwrap()
    };
    assert_eq!(primary().await, None);
    store.write(None, &ordinary(5), at(1)).await.unwrap();
    assert_eq!(primary().await, Some(key(5)), "the only one");
    store.write(None, &ordinary(3), at(2)).await.unwrap();
    assert_eq!(
        primary().await,
        None,
        "two, and neither is an administrator"
    );
    store.write(None, &consented(9), at(3)).await.unwrap();
    store.write(None, &consented(2), at(4)).await.unwrap();
    assert_eq!(primary().await, Some(key(9)), "the first administrator");

    let grant = store.load(&key(9)).await.unwrap().unwrap();
    let over = grant
        .disconnect(DisconnectReason::LoggedOut, at(5))
        .unwrap();
    store.write(None, &over, at(5)).await.unwrap();
    assert_eq!(
        primary().await,
        Some(key(2)),
        "the first living administrator"
    );

    store.choose_primary(&key(3)).await.unwrap();
    assert_eq!(primary().await, Some(key(3)), "the chosen one");
    store.choose_primary(&key(5)).await.unwrap();
    assert_eq!(primary().await, Some(key(5)), "another chosen one");
    let error = store.choose_primary(&key(77)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("no grant {}", key(77)));
}

async fn an_account_is_erased_and_no_other<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let other = GrantKey::parse(&format!("real/{CLIENT}/99/1")).unwrap();
    let other_host = "other.kommo.com".parse().unwrap();
    let of_other = Grant::consent(None, other, other_host, Some(true), pair(1));
    store.write(None, &of_other, at(1)).await.unwrap();
    for user in [1, 2] {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    store.choose_primary(&key(2)).await.unwrap();
    store.put_code(&code("waiting", 1)).await.unwrap();
    let mut code_of_other = code("other", 1);
    code_of_other.host = other_host;
    store.put_code(&code_of_other).await.unwrap();
    // A refresh that is on its way during the erasure.
    let running = store.load(&key(1)).await.unwrap().unwrap();
    let late = crate::samples::consented_again(running, 5);

    let erased = store
        .erase_account(Realm::Real, &client(), account())
        .await
        .unwrap();
    assert_eq!(
        (erased.grants, erased.history_lines, erased.codes),
        (2, 2, 1)
    );
    assert_eq!(store.load(&key(1)).await.unwrap(), None);
    assert!(store.history(&key(1), 5).await.unwrap().is_empty());
    let written = store.write(None, &late, at(2)).await.unwrap();
    assert_eq!(written, Written::Conflict);
    assert!(store.load(&other).await.unwrap().is_some());
    let codes = store
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    assert_eq!(codes.len(), 1);
    // The choice went too.
    for user in [1, 2] {
        store.write(None, &ordinary(user), at(3)).await.unwrap();
    }
    assert_eq!(
        store
            .primary(Realm::Real, &client(), account())
            .await
            .unwrap(),
        None
    );
}

async fn an_exchange_on_its_way_brings_no_erased_account_back<P: Place>() {
    let place = place!(P);
    let client = client();
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    for text in ["sent", "answered"] {
        store.put_code(&code(text, 1)).await.unwrap();
    }
    let claims = store.claim_codes(Realm::Real, &client, at(2), 5, Duration::ZERO);
    let claims = claims.await.unwrap();
    let (answered, sent) = (&claims[0], &claims[1]);
    assert_eq!(answered.pending.code, code("answered", 1).code);
    store.keep_answer(answered, &pair(7)).await.unwrap();
    let erased = store.erase_account(Realm::Real, &client, account());
    assert_eq!(erased.await.unwrap().codes, 2);

    // Until no exchange of the code can be on its way any more.
    for aged in [
        "SELECT 1",
        "UPDATE kommo_codes SET kept_at = kept_at - 1200000 WHERE is_erased",
        "UPDATE kommo_codes SET kept_at = kept_at - 1080000 WHERE is_erased",
    ] {
        place.sql(aged).await;
        store.put_code(&code("elsewhere", 2)).await.unwrap();
        let error = store.keep_answer(sent, &pair(8)).await.unwrap_err();
        assert!(matches!(error, StoreFault::Erased { .. }), "{error:?}");
        assert_eq!(
            store.put_code(&code("sent", 2)).await.unwrap(),
            CodePut::Duplicate
        );
    }
    // The other one was asking whose its pair is.
    let mut late = Grant::consent(None, key(2), host(), None, pair(7));
    let last = Generation::new(1_000_000);
    let written = store.write(None, &late, at(3)).await.unwrap();
    assert_eq!(written, Written::BeginAfter(last));
    late.grant = late.grant.begin_after(last);
    let written = store.write(None, &late, at(3)).await.unwrap();
    assert_eq!(written, Written::Conflict);
    assert_eq!(store.load(&key(2)).await.unwrap(), None);
    store
        .settle_code(answered, CodeEnd::TryAgain)
        .await
        .unwrap();
    let claims = store.claim_codes(Realm::Real, &client, at(3), 5, LEASE);
    let claims = claims.await.unwrap();
    let left: Vec<_> = claims.iter().map(|claim| &claim.pending.code).collect();
    assert_eq!(left, [&code("elsewhere", 2).code]);

    // A consent after the erasure is another pair.
    let mut another = consented(2);
    another.grant = another.grant.begin_after(last);
    let written = store.write(None, &another, at(4)).await.unwrap();
    assert!(matches!(written, Written::Confirmed(_)));
    // In the end the hash goes too.
    place
        .sql("UPDATE kommo_codes SET kept_at = kept_at - 120000 WHERE is_erased")
        .await;
    store.put_code(&code("much-later", 2)).await.unwrap();
    let put = store.put_code(&code("sent", 2)).await.unwrap();
    assert_eq!(put, CodePut::Stored);
}

async fn the_secret_of_an_integration_goes_with_its_only_account<P: Place>() {
    let place = place!(P);
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    let client = client();
    let secret = ClientSecret::new(format!("{MARKER}-secret")).unwrap();
    let put = store.put_integration_secret("s", &client, &secret, at(1));
    assert!(put.await.unwrap());
    let erase = async |account| {
        let erased = store.erase_account(Realm::Real, &client, account);
        let erased = erased.await.unwrap();
        (erased.grants, erased.secrets)
    };
    // No grant says whose it is.
    assert_eq!(erase(account()).await, (0, 0));
    let other = GrantKey::parse(&format!("real/{CLIENT}/99/1")).unwrap();
    let of_other = Grant::consent(None, other, host(), Some(true), pair(1));
    store.write(None, &of_other, at(1)).await.unwrap();
    store.write(None, &consented(1), at(1)).await.unwrap();
    // Another account has it too, so it was not made for this one.
    assert_eq!(erase(account()).await, (1, 0));
    assert!(store.integration_secret(&client).await.unwrap().is_some());
    assert_eq!(erase(other.account_id).await, (1, 1));
    assert!(store.integration_secret(&client).await.unwrap().is_none());
    assert_eq!(store.integration_of_state("s").await.unwrap(), None);
}

async fn a_list_tells_what_there_is_and_no_token<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(7)).await.unwrap();
    let lines = store.list(None, 10).await.unwrap();
    let line = &lines[0];
    assert_eq!(
        (line.key, line.host, &*line.state),
        (key(1), host(), "active")
    );
    assert_eq!(line.expires_at, Some(at(86_401)));
    assert_eq!(line.due_at, Some(at(86_401 - 3_600)));
    assert_eq!((line.updated_at, line.is_admin), (at(7), Some(true)));
    assert!(!format!("{lines:?}").contains(MARKER));
    assert!(store.list(Some(&key(1)), 10).await.unwrap().is_empty());
}
