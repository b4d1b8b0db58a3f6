//! Moving a grant between stores: the source is sealed first, and one token has one home.

use kommo_keeper::{GrantStore as _, LifeboatPort as _, StoreError as _, StoreErrorKind};
use kommo_oauth::grant::{
    Attempt, AttemptId, DisconnectReason, DoubtReason, Generation, Grant, GrantState, LongLived,
    PairNumber, UnsavedPair,
};
use kommo_oauth::token::AccessToken;
use kommo_store::{Lifeboat, StoreFault};

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{MARKER, at, consented, consented_again, encrypted_with, host, key, pair};

on_both! {
    a_grant_moves_and_its_source_is_sealed
    a_grant_comes_back_with_a_later_generation
    a_lost_export_is_given_once_more_with_its_spares
    an_exported_long_lived_token_is_over_and_is_given_once_more
    an_attempt_on_its_way_moves_as_a_doubt
    an_export_waits_for_no_refresh
    a_living_grant_is_not_replaced_by_an_import
    an_export_is_read_with_its_key_only
    what_is_no_export_is_refused
    an_export_is_imported_once_whatever_became_of_the_grant
    a_pair_in_the_lifeboat_is_not_left_behind
}

async fn an_export_is_imported_once_whatever_became_of_the_grant<P: Place>() {
    let (from, to) = (place!(P), place!(P));
    let (from, to) = (from.open().await, to.open().await);
    from.write(None, &consented(1), at(1)).await.unwrap();
    let text = from.export_sealed(&key(1), at(2), &[]).await.unwrap();
    let again = from.export_again(&key(1), at(3)).await.unwrap();
    to.import(&text, at(4)).await.unwrap();
    // Used there, and over.
    let grant = to.load(&key(1)).await.unwrap().unwrap();
    to.write(None, &consented_again(grant, 8), at(5))
        .await
        .unwrap();
    let grant = to.load(&key(1)).await.unwrap().unwrap();
    let over = grant
        .disconnect(DisconnectReason::LoggedOut, at(6))
        .unwrap();
    to.write(None, &over, at(6)).await.unwrap();
    for late in [&text, &again] {
        let error = to.import(late, at(7)).await.unwrap_err();
        assert!(
            matches!(error, StoreFault::ImportedBefore { .. }),
            "{error:?}"
        );
    }
    // To another store, which cannot know of it, it goes.
    let third = place!(P);
    third.open().await.import(&again, at(8)).await.unwrap();
}

async fn a_pair_in_the_lifeboat_is_not_left_behind<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let boat = Lifeboat::in_directory(directory.path(), None).unwrap();
    let newest = UnsavedPair::new(
        key(1),
        AttemptId::new([7; 16]),
        Generation::new(1),
        PairNumber::FIRST,
        pair(9),
    );
    boat.write(&newest).await.unwrap();
    let before = store.load(&key(1)).await.unwrap();
    let error = store
        .export_sealed(&key(1), at(2), core::slice::from_ref(&boat))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreFault::UnsavedPair { .. }), "{error:?}");
    assert_eq!(store.load(&key(1)).await.unwrap(), before);
    assert!(
        store.try_lock(&key(1)).await.unwrap().is_some(),
        "the lock was given back"
    );
    // It was saved.
    boat.delete(&newest).await.unwrap();
    store
        .export_sealed(&key(1), at(3), core::slice::from_ref(&boat))
        .await
        .unwrap();
}

async fn a_grant_moves_and_its_source_is_sealed<P: Place>() {
    let (from, to) = (place!(P), place!(P));
    let (from, to) = (from.open().await, to.open().await);
    from.write(None, &consented(1), at(1)).await.unwrap();
    let before = from.load(&key(1)).await.unwrap().unwrap();
    let text = from.export_sealed(&key(1), at(2), &[]).await.unwrap();

    let source = from.load(&key(1)).await.unwrap().unwrap();
    assert!(matches!(source.state, GrantState::Disconnected(_)));
    assert!(source.usable(at(3)).is_none());
    assert!(source.generation > before.generation);
    assert!(
        from.try_lock(&key(1)).await.unwrap().is_some(),
        "the lock was given back"
    );

    assert_eq!(to.import(&text, at(3)).await.unwrap(), key(1));
    let moved = to.load(&key(1)).await.unwrap().unwrap();
    assert_eq!(moved.state, before.state);
    assert_eq!((moved.host, moved.is_admin), (before.host, before.is_admin));
    assert!(moved.usable(at(3)).is_some());
    let error = from.export_sealed(&key(1), at(4), &[]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("grant {} is disconnected", key(1))
    );
}

async fn a_grant_comes_back_with_a_later_generation<P: Place>() {
    let (from, to) = (place!(P), place!(P));
    let (from, to) = (from.open().await, to.open().await);
    from.write(None, &consented(1), at(1)).await.unwrap();
    let there = from.export_sealed(&key(1), at(2), &[]).await.unwrap();
    to.import(&there, at(3)).await.unwrap();
    let back = to.export_sealed(&key(1), at(4), &[]).await.unwrap();
    let sealed = from.load(&key(1)).await.unwrap().unwrap();
    from.import(&back, at(5)).await.unwrap();
    let home = from.load(&key(1)).await.unwrap().unwrap();
    assert!(home.generation > sealed.generation);
    assert_eq!(home.state, consented(1).grant.state);
}

async fn a_lost_export_is_given_once_more_with_its_spares<P: Place>() {
    let (from, to) = (place!(P), place!(P));
    let (from, to) = (from.open().await, to.open().await);
    from.write(None, &consented(1), at(1)).await.unwrap();
    let error = from.export_again(&key(1), at(2)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("grant {} is active", key(1)));
    let grant = from.load(&key(1)).await.unwrap().unwrap();
    from.write(None, &consented_again(grant, 8), at(1))
        .await
        .unwrap();
    from.export_sealed(&key(1), at(2), &[]).await.unwrap();

    let again = from.export_again(&key(1), at(3)).await.unwrap();
    to.import(&again, at(4)).await.unwrap();
    let moved = to.load(&key(1)).await.unwrap().unwrap();
    let pairs = moved.state.pairs().unwrap();
    assert_eq!(pairs.newest().pair, pair(8));
    assert_eq!(pairs.spares()[0].pair, pair(1));
    assert!(moved.usable(at(9)).is_some());
}

async fn an_exported_long_lived_token_is_over_and_is_given_once_more<P: Place>() {
    let (from, to) = (place!(P), place!(P));
    let (from, to) = (from.open().await, to.open().await);
    let token = LongLived::new(AccessToken::new("long-lived").unwrap(), None);
    let moved = Grant::import_long_lived(None, key(1), host(), token).unwrap();
    from.write(None, &moved, at(1)).await.unwrap();
    from.export_sealed(&key(1), at(2), &[]).await.unwrap();
    let source = from.load(&key(1)).await.unwrap().unwrap();
    assert_eq!(source.state.name(), "disconnected");
    assert!(source.usable(at(3)).is_none());
    let error = from.export_sealed(&key(1), at(3), &[]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("grant {} is disconnected", key(1))
    );

    let again = from.export_again(&key(1), at(3)).await.unwrap();
    to.import(&again, at(4)).await.unwrap();
    let there = to.load(&key(1)).await.unwrap().unwrap();
    assert_eq!(there.state, moved.grant.state);
    assert!(there.usable(at(5)).is_some());
    // And back, over the one that has ended.
    let back = to.export_sealed(&key(1), at(6), &[]).await.unwrap();
    from.import(&back, at(7)).await.unwrap();
    let home = from.load(&key(1)).await.unwrap().unwrap();
    assert!(home.usable(at(8)).is_some());
    // What was logged out was not exported.
    let out = home.disconnect(DisconnectReason::LoggedOut, at(8)).unwrap();
    from.write(None, &out, at(8)).await.unwrap();
    assert!(from.export_again(&key(1), at(9)).await.is_err());
}

async fn an_attempt_on_its_way_moves_as_a_doubt<P: Place>() {
    let (from, to) = (place!(P), place!(P));
    let (from, to) = (from.open().await, to.open().await);
    from.write(None, &consented(1), at(1)).await.unwrap();
    let grant: Grant = from.load(&key(1)).await.unwrap().unwrap();
    let used = grant.state.pairs().unwrap().newest().number;
    let begun = grant
        .begin(Attempt::new(AttemptId::new([1; 16]), used, at(2)))
        .unwrap();
    from.write(None, &begun, at(2)).await.unwrap();
    let text = from.export_sealed(&key(1), at(3), &[]).await.unwrap();
    to.import(&text, at(4)).await.unwrap();
    let moved = to.load(&key(1)).await.unwrap().unwrap();
    let GrantState::InDoubt(doubt) = &moved.state else {
        panic!("{}", moved.state.name());
    };
    assert_eq!(doubt.doubt.reason, DoubtReason::HolderDied);
}

async fn an_export_waits_for_no_refresh<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let refreshing = store.try_lock(&key(1)).await.unwrap().unwrap();
    let error = store.export_sealed(&key(1), at(2), &[]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(
        store
            .load(&key(1))
            .await
            .unwrap()
            .unwrap()
            .usable(at(2))
            .is_some()
    );
    store.unlock(refreshing).await.unwrap();
    let error = store.export_sealed(&key(2), at(2), &[]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("no grant {}", key(2)));
}

async fn a_living_grant_is_not_replaced_by_an_import<P: Place>() {
    let (from, to) = (place!(P), place!(P));
    let (from, to) = (from.open().await, to.open().await);
    from.write(None, &consented(1), at(1)).await.unwrap();
    to.write(None, &consented(1), at(1)).await.unwrap();
    let before = to.load(&key(1)).await.unwrap();
    let text = from.export_sealed(&key(1), at(2), &[]).await.unwrap();
    let error = to.import(&text, at(3)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("grant {} is active", key(1)));
    assert_eq!(to.load(&key(1)).await.unwrap(), before);
}

async fn an_export_is_read_with_its_key_only<P: Place>() {
    let (from, to) = (place!(P), place!(P));
    let from = from.open_with(encrypted_with(1)).await.unwrap();
    from.write(None, &consented(1), at(1)).await.unwrap();
    let text = from.export_sealed(&key(1), at(2), &[]).await.unwrap();
    assert!(!text.contains(MARKER));
    let other = to.open_with(encrypted_with(2)).await.unwrap();
    let error = other.import(&text, at(3)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);
    let same = to.open_with(encrypted_with(1)).await.unwrap();
    let changed = text.replace("\"generation\":1", "\"generation\":2");
    assert_eq!(
        same.import(&changed, at(3)).await.unwrap_err().kind(),
        StoreErrorKind::Damaged
    );
    same.import(&text, at(3)).await.unwrap();
}

async fn what_is_no_export_is_refused<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    for (text, trouble) in [
        ("", StoreErrorKind::Damaged),
        ("{}", StoreErrorKind::Damaged),
        (
            r#"{"kind":"x","v":1,"key":"","generation":1,"record":""}"#,
            StoreErrorKind::Damaged,
        ),
        (
            r#"{"kind":"kommo-grant","v":9,"key":"","generation":1,"record":""}"#,
            StoreErrorKind::NewerVersion,
        ),
        (
            r#"{"kind":"kommo-grant","v":1,"key":"real/1","generation":1,"record":""}"#,
            StoreErrorKind::Damaged,
        ),
        (
            r#"{"kind":"kommo-grant","v":1,"key":"real/11111111-2222-3333-4444-555555555555/1/1","generation":1,"record":"0g"}"#,
            StoreErrorKind::Damaged,
        ),
        (
            r#"{"kind":"kommo-grant","v":1,"key":"real/11111111-2222-3333-4444-555555555555/1/1","generation":1,"record":"007b"}"#,
            StoreErrorKind::Damaged,
        ),
    ] {
        let error = store.import(text, at(1)).await.unwrap_err();
        assert_eq!(error.kind(), trouble, "{text}");
    }
    assert!(store.keys(None, 5).await.unwrap().is_empty());
}
