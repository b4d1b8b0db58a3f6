//! Machines whose clocks differ by a day, and a clock that is set back.

use core::time::Duration;

use kommo_keeper::testing::{MemoryStore, Reply, ScriptedEndpoint, VirtualClock};
use kommo_keeper::{Keeper, KeeperError, KeeperSettings};
use kommo_oauth::grant::Generation;

use crate::scene::{DAY, NO_LIFEBOAT, SECRET, Scene, credentials, key};

/// A grant whose hold or doubt was written by a machine that is a day ahead; then another machine,
/// whose clock is right.
async fn a_day_behind(turn: Reply) -> (Scene, Scene) {
    let right = VirtualClock::new();
    let ahead = right.ahead_by(DAY);
    let wire = ScriptedEndpoint::new(right.clone());
    let scene = Scene::beside(
        MemoryStore::new(right.clone()),
        wire.clone(),
        ahead,
        NO_LIFEBOAT,
        "elsewhere",
        SECRET,
    );
    let handle = scene.grant(10);
    wire.with(|platform| {
        platform.is_lenient = true;
        platform.replies.push_back(turn);
    });
    let than = Generation::FIRST;
    let asked = tokio::time::timeout(Duration::from_millis(500), handle.token_newer_than(than));
    assert!(!matches!(asked.await, Ok(Ok(_))));
    let other = Scene::beside(
        scene.store.clone(),
        wire,
        right,
        NO_LIFEBOAT,
        "default",
        SECRET,
    );
    (scene, other)
}

#[tokio::test(start_paused = true)]
async fn a_hold_of_a_machine_that_is_a_day_ahead_stops_nobody_for_a_day() {
    for (status, body) in [
        (429, r#"{"retry_after":120}"#),
        (402, "{}"),
        (404, "{}"),
        (418, "{}"),
    ] {
        let (_ahead, right) = a_day_behind(Reply::Answer(status, body)).await;
        tokio::time::advance(Duration::from_secs(60)).await;
        let handle = right.keeper.grant(&key()).unwrap();
        handle.token().await.unwrap();
        assert_eq!(right.wire.sent().len(), 2, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubt_of_a_machine_that_is_a_day_ahead_is_tried_again() {
    for turn in [Reply::LoseAnswer, Reply::Answer(502, "<html>")] {
        let (ahead, right) = a_day_behind(turn).await;
        assert_eq!(ahead.state(), "in-doubt");
        tokio::time::advance(Duration::from_secs(60)).await;
        right.keeper.grant(&key()).unwrap().token().await.unwrap();
        assert_eq!(right.wire.sent().len(), 2);
        assert_eq!(right.state(), "active");
    }
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_a_little_keep_a_hold() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(60)).await;
    scene
        .wire
        .with(|platform| platform.replies.push_back(Reply::Answer(402, "{}")));
    handle.token().await.unwrap_err();
    let behind = VirtualClock::new();
    let mut settings = KeeperSettings::new(kommo_account::Endpoints::real());
    settings.policy.jitter = Duration::ZERO;
    let other = Keeper::builder(scene.store.clone(), scene.wire.clone(), settings)
        // It was made just now, and so is a minute behind.
        .clock(behind)
        .credentials(credentials(SECRET))
        .build();
    let wish = other
        .grant(&key())
        .unwrap()
        .token_newer_than(Generation::FIRST)
        .await;
    assert!(matches!(wish, Err(KeeperError::NoToken { .. })));
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_leaves_no_hold_and_no_doubt_for_a_day() {
    for turn in [
        Reply::Answer(402, "{}"),
        Reply::Answer(429, r#"{"retry_after":120}"#),
        Reply::Answer(502, "<html>"),
    ] {
        let scene = Scene::new();
        scene.clock.jump(DAY);
        let handle = scene.grant(10);
        scene.wire.with(|platform| platform.replies.push_back(turn));
        let than = Generation::FIRST;
        let asked = tokio::time::timeout(Duration::from_millis(500), handle.token_newer_than(than));
        assert!(!matches!(asked.await, Ok(Ok(_))));
        scene.keeper.drain().await;
        let again = Scene::beside(
            scene.store.clone(),
            scene.wire.clone(),
            scene.clock.clone(),
            NO_LIFEBOAT,
            "default",
            SECRET,
        );
        scene.clock.jump_back(DAY);
        let handle = again.keeper.grant(&key()).unwrap();
        handle.token_newer_than(than).await.unwrap();
        assert_eq!(scene.wire.sent().len(), 2);
    }
}
