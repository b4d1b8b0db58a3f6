//! A holder that lost its lock, and one that died: later holders cannot tell which it was.

use core::time::Duration;

use kommo_keeper::KeeperError;
use kommo_keeper::testing::Reply;
use kommo_oauth::grant::{Attempt, AttemptId, DoubtReason, Generation, ReauthReason};
use kommo_oauth::refresh::Unmet;

use crate::scene::{DAY, NO_LIFEBOAT, SECRET, Scene, key};

fn another(scene: &Scene) -> Scene {
    Scene::beside(
        scene.store.clone(),
        scene.wire.clone(),
        scene.clock.clone(),
        NO_LIFEBOAT,
        "default",
        SECRET,
    )
}

fn why(error: &KeeperError) -> Unmet {
    let KeeperError::NoToken { why, .. } = error else {
        panic!("{error}");
    };
    *why
}

// Invariants I5, I6. The platform is strict: it has one valid pair, which the first holder is about
// to receive.
#[tokio::test(start_paused = true)]
async fn a_lock_that_is_lost_during_a_refresh_makes_nobody_say_that_the_grant_is_dead() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(60)).await;
    scene.wire.with(|platform| {
        platform
            .replies
            .push_back(Reply::Slow(Duration::from_secs(15)));
    });
    let holder = tokio::spawn(async move { handle.token().await });
    while scene.wire.sent().is_empty() {
        tokio::task::yield_now().await;
    }
    scene.store.with(|kept| kept.locks.clear());
    let other = another(&scene);
    let handle = other.keeper.grant(&key()).unwrap();
    let waiting = tokio::spawn(async move { handle.token().await });
    while scene.wire.sent().len() < 2 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(scene.state(), "in-doubt");
    assert_eq!(holder.await.unwrap().unwrap().generation.get(), 2);
    drop(waiting.await.unwrap());
    assert_eq!(scene.state(), "active");
    for process in [&scene, &other] {
        assert!(!process.alarm_names().contains(&"reauth-required"));
    }
    let handle = other.keeper.grant(&key()).unwrap();
    assert_eq!(handle.token().await.unwrap().generation.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_died_leaves_a_doubt_for_minutes_and_then_the_end() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(60)).await;
    scene.store.with(|kept| {
        let grant = kept.grants[&key()].clone();
        let revision = grant.revision;
        let used = grant.state.pairs().unwrap().newest().number;
        let attempt = Attempt::new(
            AttemptId::new([9; 16]),
            used,
            kommo_oauth::UnixSeconds::new(0),
        );
        let mut begun = grant.begin(attempt).unwrap().grant;
        begun.revision = revision.next();
        kept.grants.insert(key(), begun);
    });
    scene.wire.revoke_all();
    let error = handle.token().await.unwrap_err();
    assert_eq!(why(&error), Unmet::InDoubt(DoubtReason::HolderDied));
    assert!(error.is_passing());
    assert_eq!(scene.wire.sent().len(), 1, "it is asked once");
    tokio::time::advance(Duration::from_secs(300)).await;
    let error = handle.token().await.unwrap_err();
    assert_eq!(why(&error), Unmet::InDoubt(DoubtReason::HolderDied));
    // A person who asks in that time gets one request, and the same answer.
    let error = handle
        .refresh_for_person(Generation::FIRST)
        .await
        .unwrap_err();
    assert_eq!(why(&error), Unmet::InDoubt(DoubtReason::HolderDied));
    assert_eq!(scene.wire.sent().len(), 2);
    tokio::time::advance(Duration::from_secs(60)).await;
    let error = handle.token().await.unwrap_err();
    assert_eq!(why(&error), Unmet::ReauthRequired(ReauthReason::Revoked));
    assert_eq!(scene.wire.sent().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_learns_that_its_lock_is_gone_sends_nothing() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    scene.store.with(|kept| kept.faults.is_lock_lost = true);
    handle
        .token_newer_than(Generation::FIRST)
        .await
        .unwrap_err();
    assert!(scene.wire.sent().is_empty());
    assert_eq!(scene.state(), "active");
    scene.store.with(|kept| kept.faults.is_lock_lost = false);
    handle.token_newer_than(Generation::FIRST).await.unwrap();
}
