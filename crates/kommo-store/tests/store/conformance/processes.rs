//! Several processes with one store.

use kommo_keeper::GrantStore as _;

use crate::child::{OtherProcess, until_some};
use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{at, consented, key};

on_both! {
    a_lock_dies_with_its_process
    a_process_that_is_killed_leaves_what_was_confirmed
    three_processes_write_one_grant_and_lose_nothing
}

async fn a_lock_dies_with_its_process<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let mut other = OtherProcess::start(&place.address());
    assert_eq!(other.ask("lock"), "locked");
    assert!(store.try_lock(&key(1)).await.unwrap().is_none());
    other.kill();
    let lock = until_some(async || store.try_lock(&key(1)).await.unwrap()).await;
    store.unlock(lock).await.unwrap();
}

async fn a_process_that_is_killed_leaves_what_was_confirmed<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let mut other = OtherProcess::start(&place.address());
    assert_eq!(other.ask("lock"), "locked");
    assert_eq!(other.ask("write"), "confirmed");
    other.kill();
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!(
        grant.state.pairs().unwrap().newest().pair,
        crate::samples::pair(500)
    );
    let reopened = place.open().await;
    assert_eq!(reopened.load(&key(1)).await.unwrap(), Some(grant));
}

async fn three_processes_write_one_grant_and_lose_nothing<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    store.write(None, &consented(1), at(1)).await.unwrap();
    let mut others: Vec<_> = (0..3)
        .map(|_| OtherProcess::start(&place.address()))
        .collect();
    for other in &mut others {
        other.tell("write twenty");
    }
    for other in &mut others {
        other.answer();
    }
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!(grant.revision.get(), 61);
    assert_eq!(store.history(&key(1), 1_000).await.unwrap().len(), 61);
}
