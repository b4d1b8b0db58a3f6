//! Room for the next pair is made before the refresh token is spent.

use core::sync::atomic::Ordering;
use core::time::Duration;

use kommo_keeper::testing::Reply;
use kommo_keeper::{KeeperError, StoreErrorKind};
use kommo_oauth::grant::Generation;
use kommo_oauth::refresh::Unmet;

use crate::scene::{DAY, MemoryLifeboat, Scene};

// Invariant I6.
#[tokio::test(start_paused = true)]
async fn without_room_for_its_successor_no_token_is_spent() {
    let lifeboat = MemoryLifeboat::default();
    let scene = Scene::with_lifeboat(lifeboat.clone());
    let handle = scene.grant(DAY);
    lifeboat.is_full.store(true, Ordering::Relaxed);
    let error = handle
        .token_newer_than(Generation::FIRST)
        .await
        .unwrap_err();
    let KeeperError::NoToken { why, again_at, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*why, Unmet::StoreFailed(StoreErrorKind::Unavailable));
    assert!(again_at.is_some() && error.is_passing());
    assert!(scene.wire.sent().is_empty(), "nothing is sent");
    assert_eq!(scene.state(), "active", "no attempt is recorded");
    assert!(scene.alarm_names().contains(&"lifeboat-failed"));
    // The old token serves meanwhile, and the refresh comes when there is room.
    handle.token().await.unwrap();
    lifeboat.is_full.store(false, Ordering::Relaxed);
    handle.token_newer_than(Generation::FIRST).await.unwrap();
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_reserved_is_there_during_the_request_and_given_back_at_the_end() {
    let turns = [
        None,
        Some(Reply::LoseAnswer),
        Some(Reply::NotSent),
        Some(Reply::Answer(402, "{}")),
    ];
    for turn in turns {
        let lifeboat = MemoryLifeboat::default();
        let scene = Scene::with_lifeboat(lifeboat.clone());
        let handle = scene.grant(DAY);
        scene.wire.with(|platform| {
            platform.replies.extend(turn);
            platform.latency = Duration::from_millis(50);
        });
        let asked = tokio::spawn(async move {
            drop(handle.token_newer_than(Generation::FIRST).await);
        });
        while scene.wire.sent().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(lifeboat.reserved.lock().unwrap().len(), 1);
        asked.await.unwrap();
        scene.keeper.drain().await;
        assert!(lifeboat.reserved.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_sends_nothing_reserves_nothing() {
    let lifeboat = MemoryLifeboat::default();
    lifeboat.is_full.store(true, Ordering::Relaxed);
    let scene = Scene::with_lifeboat(lifeboat);
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    scene.keeper.sweep_once(10).await.unwrap();
    assert!(scene.alarm_names().is_empty());
}
