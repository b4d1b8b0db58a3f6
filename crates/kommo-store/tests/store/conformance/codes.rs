//! Codes between their arrival and their exchange.

use alloc::sync::Arc;
use core::time::Duration;

use kommo_account::Realm;
use kommo_keeper::{CodeEnd, CodePut, PendingCodes as _, StoreError as _, StoreErrorKind};
use kommo_store::StoreSettings;
use tokio::sync::Barrier;

use crate::conformance::{on_both, place};
use crate::log_lines::LogLines;
use crate::place::Place;
use crate::samples::{LEASE, MARKER, at, client, code, encrypted_with, pair, redirected, unbound};

const LIFE: u64 = 20 * 60;

/// All codes become 20 minutes older, by the database's clock.
const AGED: &str = "UPDATE kommo_codes SET kept_at = kept_at - 1200000";

on_both! {
    the_table_is_bounded_and_old_codes_make_room
    a_flood_of_hooks_leaves_half_of_the_room_to_consents
    a_flood_of_unbound_consents_and_hooks_leaves_a_quarter_to_known_users
    codes_that_have_ended_take_no_room_and_the_longest_remembered_goes_first
    codes_that_come_at_once_never_overshoot_the_bound
    an_answer_is_given_back_to_the_next_claim_and_outlives_the_code
    codes_of_a_clock_that_was_far_ahead_do_not_stay_for_ever
    one_host_takes_no_room_from_the_others
    every_claim_is_a_try_and_a_list_says_why_a_code_waits
    a_code_of_a_newer_program_is_newer_and_not_damaged
    a_damaged_code_is_an_error_without_the_code
    a_damaged_code_keeps_no_other_from_its_exchange_and_is_logged
}

async fn the_table_is_bounded_and_old_codes_make_room<P: Place>() {
    let place = place!(P);
    let mut settings = StoreSettings::new();
    settings.max_codes = 2;
    let store = place.open_with(settings).await.unwrap();
    assert_eq!(
        store.put_code(&redirected("a", 1)).await.unwrap(),
        CodePut::Stored
    );
    assert_eq!(
        store.put_code(&redirected("b", 2)).await.unwrap(),
        CodePut::Stored
    );
    assert_eq!(
        store.put_code(&redirected("c", 3)).await.unwrap(),
        CodePut::Full
    );
    assert_eq!(
        store.put_code(&redirected("b", 3)).await.unwrap(),
        CodePut::Duplicate
    );
    place.sql(AGED).await;
    assert_eq!(
        store.put_code(&redirected("c", 3)).await.unwrap(),
        CodePut::Stored
    );
}

async fn a_flood_of_hooks_leaves_half_of_the_room_to_consents<P: Place>() {
    let place = place!(P);
    let mut settings = StoreSettings::new();
    settings.max_codes = 5;
    assert_eq!(settings.max_hook_codes(), 2);
    let store = place.open_with(settings).await.unwrap();
    let hooks = [
        ("a", CodePut::Stored),
        ("b", CodePut::Stored),
        ("c", CodePut::Full),
    ];
    for (text, expected) in hooks {
        assert_eq!(store.put_code(&code(text, 1)).await.unwrap(), expected);
    }
    for text in ["d", "e", "f"] {
        let put = store.put_code(&redirected(text, 1)).await.unwrap();
        assert_eq!(put, CodePut::Stored, "{text}");
    }
    let put = store.put_code(&redirected("g", 1)).await.unwrap();
    assert_eq!(put, CodePut::Full);
    // What hooks left behind makes room for hooks.
    place.sql(AGED).await;
    let put = store.put_code(&code("c", 1)).await.unwrap();
    assert_eq!(put, CodePut::Stored);
}

async fn a_flood_of_unbound_consents_and_hooks_leaves_a_quarter_to_known_users<P: Place>() {
    let place = place!(P);
    let mut settings = StoreSettings::new();
    settings.max_codes = 8;
    assert_eq!(settings.max_unbound_codes(), 2);
    let store = place.open_with(settings).await.unwrap();
    let flood = |number: u32| {
        let texts = (format!("unbound-{number}"), format!("hook-{number}"));
        [unbound(&texts.0, 1), code(&texts.1, 1)]
    };
    let mut stored = 0;
    for pending in (0..20).flat_map(flood) {
        stored += u32::from(store.put_code(&pending).await.unwrap() == CodePut::Stored);
    }
    assert_eq!(stored, 2 + 4);
    for (text, expected) in [
        ("a", CodePut::Stored),
        ("b", CodePut::Stored),
        ("c", CodePut::Full),
    ] {
        assert_eq!(
            store.put_code(&redirected(text, 1)).await.unwrap(),
            expected
        );
    }
}

async fn codes_that_have_ended_take_no_room_and_the_longest_remembered_goes_first<P: Place>() {
    let place = place!(P);
    let mut settings = StoreSettings::new();
    settings.max_codes = 4;
    let store = place.open_with(settings).await.unwrap();
    let ended = async |pending: &kommo_keeper::PendingCode, end: CodeEnd| {
        assert_eq!(store.put_code(pending).await.unwrap(), CodePut::Stored);
        let client = client();
        let claims = store.claim_codes(Realm::Real, &client, at(2), 1, LEASE);
        let claims = claims.await.unwrap();
        assert_eq!(claims[0].pending.code, pending.code);
        store.settle_code(&claims[0], end).await.unwrap();
    };
    ended(&redirected("consent", 1), CodeEnd::Exchanged).await;
    // Junk that the platform has refused keeps no hook out, and no consent.
    for junk in 0..7 {
        ended(&code(&format!("junk-{junk}"), 1), CodeEnd::Refused).await;
    }
    for (pending, expected) in [
        (code("junk-6", 1), CodePut::Duplicate),
        (code("junk-5", 1), CodePut::Duplicate),
        (redirected("consent", 1), CodePut::Duplicate),
        (code("junk-0", 1), CodePut::Stored),
        (code("real", 1), CodePut::Stored),
        (code("one-too-many", 1), CodePut::Full),
        (redirected("a", 1), CodePut::Stored),
        (redirected("b", 1), CodePut::Stored),
        (redirected("c", 1), CodePut::Full),
    ] {
        let put = store.put_code(&pending).await.unwrap();
        assert_eq!(put, expected, "{:?}", pending.code.expose());
    }
}

async fn codes_that_come_at_once_never_overshoot_the_bound<P: Place>() {
    const PROCESSES: usize = 8;
    let place = place!(P);
    let client = client();
    let mut settings = StoreSettings::new();
    settings.max_codes = 9;
    settings.connections = 3;
    let start = Arc::new(Barrier::new(PROCESSES));
    let mut putting = tokio::task::JoinSet::new();
    for process in 0..PROCESSES {
        let store = place.open_with(settings.clone()).await.unwrap();
        let start = Arc::clone(&start);
        putting.spawn(async move {
            start.wait().await;
            let mut stored = 0;
            for number in 0..6 {
                let pending = redirected(&format!("{process}-{number}"), 1);
                stored += usize::from(store.put_code(&pending).await.unwrap() == CodePut::Stored);
            }
            stored
        });
    }
    let stored: usize = putting.join_all().await.into_iter().sum();
    assert_eq!(stored, 9);
    let kept = place.open().await;
    let claims = kept.claim_codes(Realm::Real, &client, at(2), 99, LEASE);
    assert_eq!(claims.await.unwrap().len(), 9);
}

async fn an_answer_is_given_back_to_the_next_claim_and_outlives_the_code<P: Place>() {
    let place = place!(P);
    let client = client();
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    store.put_code(&code("a", 1)).await.unwrap();
    let claims = store
        .claim_codes(Realm::Real, &client, at(2), 5, Duration::ZERO)
        .await
        .unwrap();
    // The row went while the exchange was on its way; the pair must not.
    place.sql("DELETE FROM kommo_codes").await;
    store.keep_answer(&claims[0], &pair(3)).await.unwrap();
    place.sql("UPDATE kommo_codes SET lease_until = 0").await;
    place.sql(AGED).await;
    store
        .put_code(&code("much-later", 10 * LIFE))
        .await
        .unwrap();
    let newest = store.claim_codes(Realm::Real, &client, at(10 * LIFE), 1, LEASE);
    assert_eq!(newest.await.unwrap()[0].answer, None);
    let again = store
        .claim_codes(Realm::Real, &client, at(10 * LIFE), 1, LEASE)
        .await
        .unwrap();
    assert_eq!(again[0].answer, Some(pair(3)));
    // Nothing but a grant ends it.
    store
        .settle_code(&again[0], CodeEnd::Refused)
        .await
        .unwrap();
    place
        .sql("UPDATE kommo_codes SET lease_until = 0 WHERE answer IS NOT NULL")
        .await;
    let again = store
        .claim_codes(Realm::Real, &client, at(10 * LIFE), 1, LEASE)
        .await
        .unwrap();
    assert_eq!(again[0].answer, Some(pair(3)));
    store
        .settle_code(&again[0], CodeEnd::Exchanged)
        .await
        .unwrap();
    place.sql("UPDATE kommo_codes SET lease_until = 0").await;
    let rest = store
        .claim_codes(Realm::Real, &client, at(10 * LIFE), 5, LEASE)
        .await
        .unwrap();
    assert!(rest.iter().all(|claim| claim.answer.is_none()));
}

async fn codes_of_a_clock_that_was_far_ahead_do_not_stay_for_ever<P: Place>() {
    let place = place!(P);
    let client = client();
    let store = place.open().await;
    store.put_code(&redirected("a", 1)).await.unwrap();
    // A year ahead, and claimed then.
    place
        .sql(
            "UPDATE kommo_codes SET kept_at = kept_at + 31536000000, lease_token = NULL, lease_until = kept_at + 31536000000",
        )
        .await;
    store.put_code(&redirected("b", 1)).await.unwrap();
    let claims = store.claim_codes(Realm::Real, &client, at(2), 5, Duration::ZERO);
    assert_eq!(claims.await.unwrap().len(), 2);
    place.sql(AGED).await;
    let expired = store.expire_codes(Realm::Real, &client, at(3)).await;
    assert_eq!(expired.unwrap(), 2);
}

async fn one_host_takes_no_room_from_the_others<P: Place>() {
    let place = place!(P);
    let mut settings = StoreSettings::new();
    settings.max_codes_per_host = 2;
    let store = place.open_with(settings).await.unwrap();
    let elsewhere = |text| {
        let mut pending = code(text, 1);
        pending.host = "other.kommo.com".parse().unwrap();
        pending
    };
    for (pending, expected) in [
        (code("a", 1), CodePut::Stored),
        (code("b", 1), CodePut::Stored),
        (code("c", 1), CodePut::HostFull),
        (code("b", 1), CodePut::Duplicate),
        (elsewhere("d"), CodePut::Stored),
        // What anyone can send for a host does not displace the consents of known users.
        (redirected("e", 1), CodePut::Stored),
        (redirected("f", 1), CodePut::Stored),
        (redirected("g", 1), CodePut::HostFull),
        (unbound("h", 1), CodePut::Stored),
        (unbound("i", 1), CodePut::Stored),
        (unbound("j", 1), CodePut::HostFull),
    ] {
        assert_eq!(store.put_code(&pending).await.unwrap(), expected);
    }
    // What has ended makes room.
    let client = client();
    let claims = store.claim_codes(Realm::Real, &client, at(2), 9, LEASE);
    for claimed in claims.await.unwrap() {
        store.settle_code(&claimed, CodeEnd::Refused).await.unwrap();
    }
    let put = store.put_code(&code("c", 1)).await.unwrap();
    assert_eq!(put, CodePut::Stored);
}

async fn every_claim_is_a_try_and_a_list_says_why_a_code_waits<P: Place>() {
    let place = place!(P);
    let client = client();
    let store = place.open_with(encrypted_with(1)).await.unwrap();
    store.put_code(&redirected("a", 1)).await.unwrap();
    for (tries, end) in [
        (0, CodeEnd::NoEffect),
        (1, CodeEnd::TryAgain),
        (
            2,
            CodeEnd::Later {
                pause: Duration::from_secs(600),
                counts: false,
            },
        ),
    ] {
        let claims = store.claim_codes(Realm::Real, &client, at(2), 5, Duration::ZERO);
        let claims = claims.await.unwrap();
        assert_eq!(claims[0].earlier_tries, tries);
        let why = format!("payment-required-{}", "x".repeat(100));
        store.note_code(&claims[0], &why).await.unwrap();
        let mut stale = claims[0].clone();
        stale.token = 1;
        store.note_code(&stale, "stale").await.unwrap();
        store.settle_code(&claims[0], end).await.unwrap();
    }
    // Without the key: no record is opened.
    let looking = place.open().await;
    let lines = looking.waiting_codes(Realm::Real, &client, 5).await;
    let lines = lines.unwrap();
    let [line] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert_eq!(
        (line.tries, line.is_claimed, line.has_answer),
        (3, false, false)
    );
    assert_eq!(
        (&*line.origin, line.host.as_str()),
        ("redirect", "myshop.kommo.com")
    );
    let why = line.why.as_deref().unwrap();
    assert!(why.starts_with("payment-required-x") && why.len() == 64);
    assert!(line.pause > Duration::from_secs(60), "{line:?}");
    assert!(line.age < Duration::from_secs(600), "{line:?}");
    assert!(!format!("{line:?}").contains(MARKER));
}

async fn a_code_of_a_newer_program_is_newer_and_not_damaged<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.put_code(&code("a", 1)).await.unwrap();
    // A plain record is a zero byte and JSON.
    place.sql(P::NEWER_CODES).await;
    let client = client();
    let claims = store.claim_codes(Realm::Real, &client, at(2), 5, LEASE);
    let error = claims.await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NewerVersion, "{error:?}");
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
        assert_eq!(error.kind(), StoreErrorKind::Damaged);
        assert!(!format!("{error} {error:?}").contains(MARKER));
    }
}

async fn a_damaged_code_keeps_no_other_from_its_exchange_and_is_logged<P: Place>() {
    let place = place!(P);
    let client = client();
    let store = place.open().await;
    store.put_code(&code("a", 1)).await.unwrap();
    place
        .sql("UPDATE kommo_codes SET host = 'other.kommo.com'")
        .await;
    let alone = store.claim_codes(Realm::Real, &client, at(2), 5, Duration::ZERO);
    let error = alone.await.unwrap_err();
    store.put_code(&code("b", 1)).await.unwrap();
    let (log, _listening) = LogLines::listen();
    let claims = store
        .claim_codes(Realm::Real, &client, at(2), 5, LEASE)
        .await
        .unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].pending.code, code("b", 1).code);
    let text = log.text();
    assert!(text.contains(&error.to_string()), "{text}");
    assert!(!text.contains(MARKER));
}
