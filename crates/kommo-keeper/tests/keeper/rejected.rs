//! A 401 on a call.

use core::time::Duration;

use kommo_keeper::{AccessTokens, Counter};
use kommo_oauth::grant::Generation;

use crate::scene::{DAY, Scene};

// Rule M5.
#[tokio::test(start_paused = true)]
async fn a_401_that_a_probe_confirms_refreshes_once_for_all_callers() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    let token = handle.token().await.unwrap();
    scene
        .wire
        .with(|platform| platform.refused_access.insert("access-0".to_owned()));
    let (one, two) = tokio::join!(
        handle.token_after_401(token.generation),
        handle.access_token_after_401(token.generation)
    );
    assert_eq!(one.unwrap().unwrap().access_token.expose(), "access-2");
    assert_eq!(two.unwrap().unwrap().access_token.expose(), "access-2");
    assert_eq!(scene.wire.sent(), ["refresh-1"]);
    assert_eq!(scene.count(Counter::Probes), 1);
}

#[tokio::test(start_paused = true)]
async fn a_401_that_the_probe_does_not_confirm_was_about_the_call() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    let token = handle.token().await.unwrap();
    assert_eq!(
        handle.token_after_401(token.generation).await.unwrap(),
        None
    );
    scene
        .wire
        .with(|platform| platform.probe_is_inconclusive = true);
    assert_eq!(
        handle.token_after_401(token.generation).await.unwrap(),
        None
    );
    assert!(scene.wire.sent().is_empty());
    assert_eq!(scene.state(), "active");
}

// Rule M5.
#[tokio::test(start_paused = true)]
async fn a_401_of_an_older_generation_starts_nothing() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    handle.token_newer_than(Generation::FIRST).await.unwrap();
    let sent = scene.wire.sent().len();
    let token = handle
        .token_after_401(Generation::FIRST)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(token.generation, Generation::new(2));
    assert_eq!(scene.wire.sent().len(), sent);
    assert_eq!(scene.count(Counter::Probes), 0);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_not_handed_out_again_even_if_the_refresh_is_refused() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    let token = handle.token().await.unwrap();
    scene
        .wire
        .with(|platform| platform.refused_access.insert("access-0".to_owned()));
    scene.wire.revoke_all();
    let error = handle.token_after_401(token.generation).await.unwrap_err();
    assert!(!error.is_passing());
    assert!(handle.fresh().is_none());
    assert!(handle.token().await.is_err());
    assert_eq!(scene.state(), "reauth-required");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(handle.token().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn while_a_new_consent_is_awaited_the_token_that_lives_goes_on_serving() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    scene.wire.revoke_all();
    assert!(handle.token_newer_than(Generation::FIRST).await.is_err());
    assert_eq!(scene.state(), "reauth-required");
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-0"
    );
}

#[tokio::test(start_paused = true)]
async fn it_serves_in_its_last_minute_too_and_not_a_moment_longer() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    scene.wire.revoke_all();
    assert!(handle.token_newer_than(Generation::FIRST).await.is_err());
    tokio::time::advance(Duration::from_secs(DAY - 30)).await;
    let token = handle.token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-0");
    tokio::time::advance(Duration::from_secs(31)).await;
    assert!(handle.token().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_ended_is_told_once_however_often_it_is_asked_for() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    scene.wire.revoke_all();
    tokio::time::advance(Duration::from_secs(DAY)).await;
    for _ in 0..5 {
        handle.token().await.unwrap_err();
    }
    assert_eq!(scene.alarm_names(), ["reauth-required"]);
    assert_eq!(scene.count(Counter::Ends), 1);
}

#[tokio::test(start_paused = true)]
async fn a_401_that_joins_another_flight_is_probed_all_the_same() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    let token = handle.token().await.unwrap();
    scene
        .wire
        .with(|platform| platform.refused_access.insert("access-0".to_owned()));
    // A flight that only looks into the store is up when the 401 comes.
    let looking = tokio::spawn({
        let handle = handle.clone();
        async move { handle.token_valid_for(Duration::from_secs(5)).await }
    });
    let replaced = handle.token_after_401(token.generation).await.unwrap();
    assert_eq!(replaced.unwrap().access_token.expose(), "access-2");
    looking.await.unwrap().unwrap();
}
