//! Pauses: those that a peer asks for have a floor and a cap and grow; those of a doubt end before
//! the token does.

use core::time::Duration;

use kommo_keeper::Clock;
use kommo_oauth::grant::Generation;

use crate::scene::{DAY, HOUR, Handle, Scene};

/// Callers that ask once a second; returns for how many seconds they had no token.
async fn ask_for(scene: &Scene, handle: &Handle, seconds: u64) -> u64 {
    let (start, mut without) = (scene.clock.monotonic(), 0);
    let mut last = start;
    while scene.clock.monotonic() - start < Duration::from_secs(seconds) {
        let got = handle.token().await.is_ok();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = scene.clock.monotonic();
        without += if got { 0 } else { (now - last).as_secs() };
        last = now;
    }
    without
}

// Rule L5.
#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_names_no_time_is_asked_seldom_and_at_last_once_an_hour() {
    for body in [r#"{"retry_after":0}"#, r#"{"retry_after":1}"#, "{}"] {
        let scene = Scene::new();
        let handle = scene.grant(10);
        tokio::time::advance(Duration::from_secs(60)).await;
        scene
            .wire
            .with(|platform| platform.refuses = Some(("", 429, body)));
        // A caller without a token waits for up to half a minute, so this may take a minute.
        ask_for(&scene, &handle, 30).await;
        assert!(scene.wire.sent().len() <= 4, "{body}");
        ask_for(&scene, &handle, 3 * HOUR).await;
        let sent = scene.wire.sent().len();
        assert!(sent <= 13, "{body} {sent}");
        ask_for(&scene, &handle, 3 * HOUR).await;
        assert!(scene.wire.sent().len() <= sent + 4, "{body}");
        // A success ends it: the next 429 begins at the floor again.
        scene.wire.with(|platform| platform.refuses = None);
        ask_for(&scene, &handle, HOUR).await;
        assert!(handle.token().await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_fourteen_minutes_costs_no_caller_a_token() {
    // What is left of the token when the outage begins.
    for left in [20 * 60, 50 * 60, 60 * 60] {
        let scene = Scene::new();
        let handle = scene.grant(DAY);
        handle.token().await.unwrap();
        tokio::time::advance(Duration::from_secs(DAY - left)).await;
        scene
            .wire
            .with(|platform| platform.refuses = Some(("", 502, "<html>")));
        let during = ask_for(&scene, &handle, 14 * 60).await;
        scene.wire.with(|platform| platform.refuses = None);
        let after = ask_for(&scene, &handle, 2 * HOUR).await;
        assert_eq!((during, after), (0, 0), "{left}");
        assert!(handle.fresh().is_some());
        assert!(scene.wire.sent().len() < 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_in_an_outage_is_there_a_minute_after_it() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    tokio::time::advance(Duration::from_secs(DAY - 300)).await;
    scene
        .wire
        .with(|platform| platform.refuses = Some(("", 502, "<html>")));
    ask_for(&scene, &handle, HOUR).await;
    scene.wire.with(|platform| platform.refuses = None);
    assert!(ask_for(&scene, &handle, 300).await <= 60);
    assert!(handle.token().await.unwrap().generation > Generation::FIRST);
    assert!(scene.wire.sent().len() < 100, "{}", scene.wire.sent().len());
}
