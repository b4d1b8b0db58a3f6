//! A person asks for a refresh: it does not wait for the pause of a doubt.

use core::time::Duration;

use kommo_keeper::KeeperError;
use kommo_keeper::testing::Reply;
use kommo_oauth::grant::Generation;
use kommo_oauth::refresh::Unmet;

use crate::scene::{DAY, HOUR, Handle, Scene};

/// A grant in doubt, after an outage of twelve minutes: its next try is ten minutes away.
async fn long_doubt(scene: &Scene) -> Handle {
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    scene
        .wire
        .with(|platform| platform.refuses = Some(("", 502, "<html>")));
    while scene.wire.sent().len() < 5 {
        drop(handle.token_newer_than(Generation::FIRST).await);
        tokio::time::advance(Duration::from_secs(10)).await;
    }
    scene.wire.with(|platform| platform.refuses = None);
    assert_eq!(scene.state(), "in-doubt");
    handle
}

#[tokio::test(start_paused = true)]
async fn a_person_does_not_wait_for_the_pause_of_a_doubt() {
    let scene = Scene::new();
    let handle = long_doubt(&scene).await;
    let error = handle
        .token_newer_than(Generation::FIRST)
        .await
        .unwrap_err();
    let KeeperError::NoToken {
        why: Unmet::InDoubt(_),
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(scene.wire.sent().len(), 5, "a program waits for the pause");
    let token = handle.refresh_for_person(Generation::FIRST).await.unwrap();
    assert!(token.generation > Generation::FIRST);
    assert_eq!(scene.wire.sent().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_joins_the_flight_of_a_program_still_gets_a_request_of_their_own() {
    let scene = Scene::new();
    let handle = long_doubt(&scene).await;
    let sent = scene.wire.sent().len();
    let program = handle.clone();
    let program = tokio::spawn(async move {
        drop(program.token_newer_than(Generation::FIRST).await);
    });
    tokio::task::yield_now().await;
    handle.refresh_for_person(Generation::FIRST).await.unwrap();
    assert_eq!(scene.wire.sent().len(), sent + 1);
    program.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_person_waits_for_a_hold_all_the_same() {
    let scene = Scene::new();
    let handle = scene.grant(HOUR);
    scene
        .wire
        .with(|platform| platform.replies.push_back(Reply::Answer(402, "{}")));
    for _ in 0..3 {
        handle
            .refresh_for_person(Generation::FIRST)
            .await
            .unwrap_err();
    }
    assert_eq!(scene.wire.sent().len(), 1);
}
