//! A flight that does not end.

use core::time::Duration;

use kommo_keeper::KeeperError;
use kommo_keeper::testing::Reply;
use kommo_oauth::grant::Generation;
use kommo_oauth::refresh::Unmet;

use crate::scene::{DAY, Scene};

fn why(error: &KeeperError) -> Unmet {
    let KeeperError::NoToken { why, .. } = error else {
        panic!("{error}");
    };
    *why
}

#[tokio::test(start_paused = true)]
async fn our_own_flight_is_not_called_another_worker_and_after_its_limit_the_next_one_goes() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(60)).await;
    scene.store.with(|kept| kept.faults.hanging_loads = 1);
    for _ in 0..3 {
        let error = handle.token().await.unwrap_err();
        assert_eq!(why(&error), Unmet::StillRunning);
        assert!(error.is_passing());
    }
    assert!(scene.wire.sent().is_empty());
    tokio::time::advance(Duration::from_secs(60)).await;
    let token = handle.token().await.unwrap();
    assert!(token.generation > Generation::FIRST);
    assert_eq!(scene.wire.sent().len(), 1);
    // It keeps its task, so a drain waits for it, within its limit.
    assert!(!scene.keeper.drain_within(Duration::from_secs(5)).await);
}

#[tokio::test(start_paused = true)]
async fn a_flight_that_has_the_newest_pair_is_waited_for_as_long_as_it_takes() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(60)).await;
    scene.store.with(|kept| kept.faults.failing_saves = 60);
    for _ in 0..8 {
        drop(handle.token().await);
    }
    assert_eq!(
        scene.wire.sent().len(),
        1,
        "no other flight spends the token"
    );
    scene.store.with(|kept| kept.faults.failing_saves = 0);
    assert_eq!(handle.token().await.unwrap().generation.get(), 2);
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flight_that_comes_to_its_end_late_puts_nothing_old_over_what_is_new() {
    let scene = Scene::new();
    scene.wire.with(|platform| {
        platform.is_lenient = true;
        platform
            .replies
            .push_back(Reply::Slow(Duration::from_secs(200)));
    });
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    let slow = handle.clone();
    let slow = tokio::spawn(async move {
        drop(slow.token_newer_than(Generation::FIRST).await);
    });
    slow.await.unwrap();
    // The lock belongs to the process: here it is treated as lost.
    scene.store.with(|kept| kept.locks.clear());
    tokio::time::sleep(Duration::from_secs(100)).await;
    let newer = handle.token_newer_than(Generation::FIRST).await.unwrap();
    tokio::time::sleep(Duration::from_secs(200)).await;
    scene.keeper.drain().await;
    assert_eq!(handle.fresh().unwrap().generation, newer.generation);
}
