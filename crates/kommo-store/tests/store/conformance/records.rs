//! Records that cannot be read: an error with the grant's key, never "no tokens", and never a token
//! in its text.

use kommo_account::{ClientId, Realm};
use kommo_keeper::{GrantStore as _, PendingCodes as _, StoreError as _, StoreErrorKind};
use kommo_oauth::grant::DisconnectReason;
use kommo_oauth::integration::ClientSecret;
use kommo_store::{EncryptionKeys, StoreFault, StoreSettings};

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{
    LEASE, MARKER, at, client, code, consented, encrypted_with, encryption_key, key,
};

on_both! {
    an_encrypted_store_is_read_with_its_key_only
    a_damaged_record_is_an_error_with_its_key
    a_column_that_says_something_else_is_damage
    a_claim_may_put_a_due_grant_off
    a_record_copied_over_another_does_not_open
    a_record_of_a_newer_program_says_so
    a_store_of_a_newer_program_is_refused_only_if_it_says_so
    an_older_program_writes_beside_a_newer_one
    rotation_reseals_everything_and_loses_nothing
    encryption_can_be_turned_on_later
    integration_secrets_need_encryption_and_a_state_counts_once
    the_first_secret_of_an_integration_stays
    every_state_that_brought_the_secret_names_its_integration
    a_forged_secret_is_removed_and_does_not_come_back
    secrets_that_never_became_a_grant_are_bounded_and_expire
    the_latest_use_of_a_key_is_kept
}

async fn secrets_that_never_became_a_grant_are_bounded_and_expire<P: Place>() {
    let place = place!(P);
    let mut settings = encrypted_with(1);
    settings.max_unclaimed_secrets = 2;
    let store = place.open_with(settings).await.unwrap();
    let secret = ClientSecret::new(format!("{MARKER}-secret")).unwrap();
    let integration =
        |number| ClientId::parse(&format!("{number}9999999-2222-3333-4444-555555555555")).unwrap();
    let put = async |state: &str, client: ClientId| {
        let put = store.put_integration_secret(state, &client, &secret, at(1));
        put.await
    };
    // The one of a grant does not count.
    assert!(put("own", client()).await.unwrap());
    store.write(None, &consented(1), at(1)).await.unwrap();
    for number in 1..=2 {
        let state = format!("state-{number}");
        assert!(put(&state, integration(number)).await.unwrap());
    }
    assert_eq!(store.unclaimed_secrets().await.unwrap(), 2);
    let error = put("state-3", integration(3)).await.unwrap_err();
    assert!(
        matches!(error, StoreFault::SecretsFull { most: 2 }),
        "{error:?}"
    );
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    // The others are still found.
    assert!(put("state-2", integration(2)).await.unwrap());
    // A day of the database's clock.
    place
        .sql("UPDATE kommo_secrets SET kept_at = kept_at - 86400000")
        .await;
    assert!(put("state-3", integration(3)).await.unwrap());
    for number in 1..=2 {
        let kept = store.integration_secret(&integration(number)).await;
        assert!(kept.unwrap().is_none(), "{number}");
    }
    assert!(store.integration_secret(&client()).await.unwrap().is_some());
    place
        .sql("UPDATE kommo_secrets SET kept_at = kept_at - 86400000")
        .await;
    assert_eq!(store.expire_secrets().await.unwrap(), 1);
    assert_eq!(store.unclaimed_secrets().await.unwrap(), 0);
    assert!(store.integration_secret(&client()).await.unwrap().is_some());
}

#[track_caller]
fn check(error: &StoreFault, trouble: StoreErrorKind) {
    assert_eq!(error.kind(), trouble, "{error}");
    let text = format!("{error} {error:?}");
    assert!(text.contains(&key(1).to_string()), "no key in: {text}");
    assert!(!text.contains(MARKER), "a token in: {text}");
}

async fn an_encrypted_store_is_read_with_its_key_only<P: Place>() {
    let place = place!(P);
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    assert!(store.encrypts());
    store.write(None, &consented(1), at(1)).await.unwrap();
    assert!(store.load(&key(1)).await.unwrap().is_some());

    let other = place.open_with(encrypted_with(2)).await.unwrap();
    let error = other.load(&key(1)).await.unwrap_err();
    check(&error, StoreErrorKind::WrongKey);
    assert!(
        error
            .to_string()
            .contains(&encryption_key(1).id().to_string())
    );
    check(
        &place.open().await.load(&key(1)).await.unwrap_err(),
        StoreErrorKind::WrongKey,
    );

    let keys = EncryptionKeys::new(encryption_key(2));
    let both = keys.and_reading(encryption_key(1)).unwrap();
    let ring = place
        .open_with(StoreSettings::new().encrypted(both))
        .await
        .unwrap();
    assert!(ring.load(&key(1)).await.unwrap().is_some());
    // A list opens nothing, so it works with any key.
    assert_eq!(other.list(None, 10).await.unwrap().len(), 1);
}

async fn a_damaged_record_is_an_error_with_its_key<P: Place>() {
    let place = place!(P);
    let settings = [StoreSettings::new(), encrypted_with(1)];
    for settings in settings {
        let store = place.open_with(settings.clone()).await.unwrap();
        for damage in [
            // The end is cut off; nothing is left; parts of the head are left.
            "UPDATE kommo_grants SET record = substr(record, 1, length(record) - 5)",
            "UPDATE kommo_grants SET record = substr(record, 1, 0)",
            "UPDATE kommo_grants SET record = substr(record, 1, 1)",
            "UPDATE kommo_grants SET record = substr(record, 1, 12)",
        ] {
            place.sql("DELETE FROM kommo_grants").await;
            store.write(None, &consented(1), at(1)).await.unwrap();
            place.sql(damage).await;
            check(
                &store.load(&key(1)).await.unwrap_err(),
                StoreErrorKind::Damaged,
            );
        }
        place.sql("DELETE FROM kommo_grants").await;
    }
}

async fn a_column_that_says_something_else_is_damage<P: Place>() {
    let place = place!(P);
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    for damage in [
        "UPDATE kommo_grants SET generation = generation + 1",
        "UPDATE kommo_grants SET generation = -1",
        "UPDATE kommo_grants SET revision = revision + 1",
        "UPDATE kommo_grants SET host = 'other.kommo.com'",
        "UPDATE kommo_grants SET state = 'disconnected'",
        "UPDATE kommo_grants SET is_admin = NULL",
        "UPDATE kommo_grants SET is_admin = NOT is_admin",
        "UPDATE kommo_grants SET expires_at = expires_at + 1",
        "UPDATE kommo_grants SET expires_at = NULL",
        "UPDATE kommo_grants SET due_at = NULL",
        "UPDATE kommo_grants SET realm = 'sandbox'",
        "UPDATE kommo_grants SET client_id = '99999999-2222-3333-4444-555555555555'",
        "UPDATE kommo_grants SET account_id = '7'",
        "UPDATE kommo_grants SET user_id = '7'",
    ] {
        place.sql("DELETE FROM kommo_grants").await;
        store.write(None, &consented(1), at(1)).await.unwrap();
        place.sql(damage).await;
        check(
            &store.load(&key(1)).await.unwrap_err(),
            StoreErrorKind::Damaged,
        );
    }
}

async fn a_claim_may_put_a_due_grant_off<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    for moved in [
        "UPDATE kommo_grants SET due_at = due_at + 100",
        "UPDATE kommo_grants SET due_at = 0",
    ] {
        place.sql(moved).await;
        assert!(store.load(&key(1)).await.unwrap().is_some());
    }
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let over = grant
        .disconnect(DisconnectReason::LoggedOut, at(2))
        .unwrap();
    store.write(None, &over, at(2)).await.unwrap();
    // A claim that was settled late.
    place.sql("UPDATE kommo_grants SET due_at = 5").await;
    assert!(store.load(&key(1)).await.unwrap().is_some());
}

async fn a_record_copied_over_another_does_not_open<P: Place>() {
    let place = place!(P);
    for settings in [StoreSettings::new(), encrypted_with(1)] {
        let store = place.open_with(settings).await.unwrap();
        place.sql("DELETE FROM kommo_grants").await;
        store.write(None, &consented(1), at(1)).await.unwrap();
        store.write(None, &consented(2), at(1)).await.unwrap();
        place
            .sql(
                "UPDATE kommo_grants SET record = \
                 (SELECT record FROM kommo_grants AS other WHERE other.user_id = '2') WHERE user_id = '1'",
            )
            .await;
        check(
            &store.load(&key(1)).await.unwrap_err(),
            StoreErrorKind::Damaged,
        );
        assert!(store.load(&key(2)).await.unwrap().is_some());
    }
}

async fn a_record_of_a_newer_program_says_so<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    // In both databases: form 0 (plain), then JSON.
    place
        .sql(match place.address().starts_with("sqlite:") {
            true => {
                "UPDATE kommo_grants SET record = CAST(X'00' || '{\"v\":2,\"new\":[]}' AS BLOB)"
            }
            false => {
                "UPDATE kommo_grants SET record = '\\x00'::bytea || '{\"v\":2,\"new\":[]}'::bytea"
            }
        })
        .await;
    check(
        &store.load(&key(1)).await.unwrap_err(),
        StoreErrorKind::NewerVersion,
    );
    place
        .sql(match place.address().starts_with("sqlite:") {
            true => "UPDATE kommo_grants SET record = X'07AA'",
            false => "UPDATE kommo_grants SET record = '\\x07aa'::bytea",
        })
        .await;
    check(
        &store.load(&key(1)).await.unwrap_err(),
        StoreErrorKind::NewerVersion,
    );
}

async fn a_store_of_a_newer_program_is_refused_only_if_it_says_so<P: Place>() {
    let place = place!(P);
    place
        .open()
        .await
        .write(None, &consented(1), at(1))
        .await
        .unwrap();
    place
        .sql("UPDATE kommo_meta SET value = 7 WHERE name = 'version'")
        .await;
    assert!(place.open().await.load(&key(1)).await.unwrap().is_some());
    place
        .sql("UPDATE kommo_meta SET value = 7 WHERE name = 'oldest_program'")
        .await;
    let error = place.open_with(StoreSettings::new()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NewerVersion);
    assert!(error.to_string().contains("schema version 7"), "{error}");
}

async fn an_older_program_writes_beside_a_newer_one<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    // What a later version may do: it only adds.
    place
        .sql(
            "ALTER TABLE kommo_grants ADD COLUMN later TEXT; \
             ALTER TABLE kommo_codes ADD COLUMN later TEXT; \
             CREATE TABLE kommo_later (id BIGINT PRIMARY KEY); \
             UPDATE kommo_meta SET value = 9 WHERE name = 'version'",
        )
        .await;
    for store in [store, place.open().await] {
        let grant = store.load(&key(1)).await.unwrap().unwrap();
        let moved = crate::samples::consented_again(grant, 5);
        store.write(None, &moved, at(2)).await.unwrap();
        store.put_code(&code("beside", 1)).await.unwrap();
    }
    let kept = place.open().await;
    assert_eq!(kept.load(&key(1)).await.unwrap().unwrap().revision.get(), 3);
}

async fn rotation_reseals_everything_and_loses_nothing<P: Place>() {
    let place = place!(P);
    let old = place.open_with(encrypted_with(1)).await.unwrap();
    for user in 1..=5 {
        old.write(None, &consented(user), at(1)).await.unwrap();
    }
    old.put_code(&code("waiting", 1)).await.unwrap();
    let claimed = old
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    old.keep_answer(&claimed[0], &crate::samples::pair(9))
        .await
        .unwrap();
    let secret = ClientSecret::new(format!("{MARKER}-client-secret")).unwrap();
    old.put_integration_secret("state", &client(), &secret, at(1))
        .await
        .unwrap();

    let ring = EncryptionKeys::new(encryption_key(2));
    let ring = ring.and_reading(encryption_key(1)).unwrap();
    let rotating = place
        .open_with(StoreSettings::new().encrypted(ring))
        .await
        .unwrap();
    let rotated = rotating.rotate_encryption().await.unwrap();
    assert_eq!((rotated.resealed, rotated.current), (8, 0));
    let again = rotating.rotate_encryption().await.unwrap();
    assert_eq!((again.resealed, again.current), (0, 8));

    let new = place.open_with(encrypted_with(2)).await.unwrap();
    for user in 1..=5 {
        let grant = new.load(&key(user)).await.unwrap().unwrap();
        assert_eq!(grant.state, consented(user).grant.state);
    }
    place.sql("UPDATE kommo_codes SET lease_until = NULL").await;
    let claimed = new
        .claim_codes(Realm::Real, &client(), at(2), 5, LEASE)
        .await
        .unwrap();
    assert_eq!(claimed[0].answer, Some(crate::samples::pair(9)));
    let kept = new.integration_secret(&client()).await.unwrap().unwrap();
    assert_eq!(kept.expose_secret(), secret.expose_secret());
    check(
        &old.load(&key(1)).await.unwrap_err(),
        StoreErrorKind::WrongKey,
    );
}

async fn encryption_can_be_turned_on_later<P: Place>() {
    let place = place!(P);
    place
        .open()
        .await
        .write(None, &consented(1), at(1))
        .await
        .unwrap();
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    assert!(store.load(&key(1)).await.unwrap().is_some());
    assert_eq!(store.rotate_encryption().await.unwrap().resealed, 1);
    check(
        &place.open().await.load(&key(1)).await.unwrap_err(),
        StoreErrorKind::WrongKey,
    );
}

async fn integration_secrets_need_encryption_and_a_state_counts_once<P: Place>() {
    let place = place!(P);
    let secret = ClientSecret::new(format!("{MARKER}-one")).unwrap();
    let plain = place.open().await;
    let error = plain
        .put_integration_secret("s", &client(), &secret, at(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured);

    let store = place.open_with(encrypted_with(1)).await.unwrap();
    assert!(store.integration_secret(&client()).await.unwrap().is_none());
    assert!(
        store
            .put_integration_secret("s", &client(), &secret, at(1))
            .await
            .unwrap()
    );
    let forged = ClientSecret::new("of somebody who saw the state").unwrap();
    let other = ClientId::parse("99999999-2222-3333-4444-555555555555").unwrap();
    assert!(
        !store
            .put_integration_secret("s", &client(), &forged, at(2))
            .await
            .unwrap()
    );
    assert!(
        !store
            .put_integration_secret("s", &other, &forged, at(2))
            .await
            .unwrap()
    );
    let kept = store.integration_secret(&client()).await.unwrap().unwrap();
    assert_eq!(kept.expose_secret(), secret.expose_secret());
    assert!(store.integration_secret(&other).await.unwrap().is_none());
}

async fn the_first_secret_of_an_integration_stays<P: Place>() {
    let place = place!(P);
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    let first = ClientSecret::new(format!("{MARKER}-one")).unwrap();
    let client = client();
    let put = store.put_integration_secret("s", &client, &first, at(1));
    assert!(put.await.unwrap());
    // A valid state of another user.
    let forged = ClientSecret::new(format!("{MARKER}-two")).unwrap();
    let put = store.put_integration_secret("t", &client, &forged, at(2));
    let error = put.await.unwrap_err();
    assert!(
        matches!(&error, StoreFault::SecretThere { client_id } if client_id == client.as_str())
    );
    assert!(!format!("{error} {error:?}").contains(MARKER));
    let kept = store.integration_secret(&client).await.unwrap().unwrap();
    assert_eq!(kept.expose_secret(), first.expose_secret());
    // The same secret once more, by the same attempt or another.
    for state in ["s", "u"] {
        let put = store.put_integration_secret(state, &client, &first, at(3));
        assert!(put.await.unwrap(), "{state}");
    }
    // The refused state was not used up.
    let other = ClientId::parse("99999999-2222-3333-4444-555555555555").unwrap();
    let put = store.put_integration_secret("t", &other, &forged, at(4));
    assert!(put.await.unwrap());
}

async fn every_state_that_brought_the_secret_names_its_integration<P: Place>() {
    let place = place!(P);
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    let secret = ClientSecret::new(format!("{MARKER}-one")).unwrap();
    let client = client();
    let other = ClientId::parse("99999999-2222-3333-4444-555555555555").unwrap();
    assert_eq!(store.integration_of_state("s").await.unwrap(), None);
    for state in ["s", "t", "t"] {
        let put = store.put_integration_secret(state, &client, &secret, at(1));
        assert!(put.await.unwrap(), "{state}");
        let found = store.integration_of_state(state).await.unwrap();
        assert_eq!(found, Some(client), "{state}");
    }
    let forged = ClientSecret::new(format!("{MARKER}-two")).unwrap();
    for state in ["s", "t"] {
        let put = store.put_integration_secret(state, &other, &forged, at(2));
        assert!(!put.await.unwrap(), "{state} was used");
    }
    assert!(store.integration_secret(&other).await.unwrap().is_none());
    // No attempt lasts so long; the state that came first stays with its secret.
    let later = at(2);
    place
        .sql("UPDATE kommo_secret_states SET stored_at = stored_at - 2400")
        .await;
    let put = store.put_integration_secret("u", &client, &secret, later);
    assert!(put.await.unwrap());
    assert_eq!(store.integration_of_state("t").await.unwrap(), None);
    assert_eq!(store.integration_of_state("s").await.unwrap(), Some(client));
}

async fn a_forged_secret_is_removed_and_does_not_come_back<P: Place>() {
    let place = place!(P);
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    let client = client();
    let forged = ClientSecret::new(format!("{MARKER}-forged")).unwrap();
    let real = ClientSecret::new(format!("{MARKER}-real")).unwrap();
    assert!(!store.forget_integration_secret(&client).await.unwrap());
    for state in ["of-the-forger", "of-the-forger-too"] {
        let put = store.put_integration_secret(state, &client, &forged, at(1));
        assert!(put.await.unwrap());
    }
    let put = store.put_integration_secret("of-the-user", &client, &real, at(2));
    assert!(matches!(
        put.await.unwrap_err(),
        StoreFault::SecretThere { .. }
    ));
    assert!(store.forget_integration_secret(&client).await.unwrap());
    assert!(store.integration_secret(&client).await.unwrap().is_none());
    for state in ["of-the-forger", "of-the-forger-too"] {
        assert_eq!(store.integration_of_state(state).await.unwrap(), None);
        let put = store.put_integration_secret(state, &client, &forged, at(3));
        assert!(!put.await.unwrap(), "{state}");
    }
    let put = store.put_integration_secret("of-the-user", &client, &real, at(4));
    assert!(put.await.unwrap());
    let kept = store.integration_secret(&client).await.unwrap().unwrap();
    assert_eq!(kept.expose_secret(), real.expose_secret());
}

async fn the_latest_use_of_a_key_is_kept<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    for (key_id, seconds) in [("old", 1), ("new", 5), ("new", 3), ("old", 2)] {
        store
            .note_key_use("chat-hook", key_id, at(seconds))
            .await
            .unwrap();
    }
    let uses = store.key_uses().await.unwrap();
    let told: Vec<_> = uses.iter().map(|one| (&*one.key_id, one.used_at)).collect();
    assert_eq!(told, [("new", at(5)), ("old", at(2))]);
}
