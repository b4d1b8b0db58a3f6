//! A store that cannot be read, or a lock of another worker: the token in memory stays in use.

use core::time::Duration;

use kommo_keeper::{Clock, GrantStore, KeeperError, StoreErrorKind};
use kommo_oauth::UnixSeconds;
use kommo_oauth::refresh::Unmet;

use crate::scene::{DAY, HOUR, Handle, START, Scene, key};

/// A token in memory with fifty minutes left, which is due.
async fn due(scene: &Scene) -> Handle {
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    tokio::time::advance(Duration::from_secs(DAY - HOUR + 600)).await;
    handle
}

fn access(token: &kommo_oauth::grant::UsableToken) -> &str {
    token.access_token.expose()
}

// Invariant I6.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_costs_no_token_that_is_valid() {
    let scene = Scene::new();
    let handle = due(&scene).await;
    scene
        .store
        .with(|kept| kept.faults.error = Some(StoreErrorKind::Unavailable));
    for second in 0..20 {
        let before = scene.clock.monotonic();
        let token = handle.token().await.unwrap();
        assert_eq!(access(&token), "access-0", "after {second} seconds");
        assert_eq!(scene.clock.monotonic(), before, "a caller waited");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    scene.store.with(|kept| kept.faults.error = None);
    tokio::time::sleep(Duration::from_secs(3)).await;
    handle.token().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(access(&handle.token().await.unwrap()), "access-2");
    assert_eq!(scene.wire.sent(), ["refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_away_while_the_lock_is_taken_costs_no_token_either() {
    let scene = Scene::new();
    let handle = due(&scene).await;
    // A sweep begins with the lock, and cannot read a record.
    scene
        .store
        .with(|kept| kept.faults.lock_error = Some(StoreErrorKind::Unavailable));
    assert_eq!(scene.keeper.sweep_once(10).await.unwrap().later, 1);
    let loads = scene.store.with(|kept| kept.loads);
    assert_eq!(access(&handle.token().await.unwrap()), "access-0");
    assert_eq!(
        scene.store.with(|kept| kept.loads),
        loads,
        "the token was not in memory any more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_finds_the_lock_busy_costs_no_token() {
    let scene = Scene::new();
    let handle = due(&scene).await;
    let lock = scene.store.try_lock(&key()).await.unwrap();
    assert!(lock.is_some());
    assert_eq!(scene.keeper.sweep_once(10).await.unwrap().later, 1);
    let loads = scene.store.with(|kept| kept.loads);
    assert_eq!(access(&handle.token().await.unwrap()), "access-0");
    assert_eq!(
        scene.store.with(|kept| kept.loads),
        loads,
        "the token was not in memory any more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_record_that_says_that_there_is_no_token_takes_it_out_of_memory() {
    let scene = Scene::new();
    let handle = due(&scene).await;
    scene.store.with(|kept| kept.grants.clear());
    handle.token().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let error = handle.token().await.unwrap_err();
    assert!(matches!(
        error,
        KeeperError::NoToken {
            why: Unmet::NoGrant,
            ..
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn whose_turn_it_is_when_a_store_fails_is_told() {
    for (trouble, name) in [
        (StoreErrorKind::Damaged, "store-damaged"),
        (StoreErrorKind::NewerVersion, "store-newer"),
        (StoreErrorKind::WrongKey, "store-key-wrong"),
        (StoreErrorKind::Erased, "store-erased"),
        (StoreErrorKind::Taken, "store-taken"),
        (StoreErrorKind::Misconfigured, "store-misconfigured"),
    ] {
        let scene = Scene::new();
        let handle = scene.grant(10);
        scene.store.with(|kept| kept.faults.error = Some(trouble));
        let before = scene.clock.monotonic();
        let error = handle.token().await.unwrap_err();
        assert_eq!(
            scene.clock.monotonic(),
            before,
            "{name}: a caller waited for what does not pass"
        );
        let KeeperError::NoToken { why, again_at, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*why, Unmet::StoreFailed(trouble));
        assert_eq!(*again_at, None, "{name}");
        assert!(!error.is_passing(), "{name}");
        assert!(error.to_string().ends_with(name), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_does_not_come_back_with_every_sweep() {
    let scene = Scene::new();
    scene.grant(10);
    tokio::time::advance(Duration::from_secs(20)).await;
    scene
        .store
        .with(|kept| kept.faults.lock_error = Some(StoreErrorKind::WrongKey));
    let report = scene.keeper.sweep_once(10).await.unwrap();
    assert_eq!((report.ended, report.later), (1, 0));
    let settled = scene.store.with(|kept| kept.settled.clone());
    let again = UnixSeconds::new(START + 20 + 900);
    assert_eq!(settled, [(key(), Some(again))]);
}
