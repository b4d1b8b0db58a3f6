//! A 401 that a refresh does not cure.

use core::time::Duration;

use kommo_keeper::{Counter, KeeperError};
use kommo_oauth::grant::HoldKind;
use kommo_oauth::refresh::Unmet;

use crate::scene::{DAY, Handle, NO_LIFEBOAT, SECRET, Scene, key};

/// One call of the API: a token, 401, another token if there is one, 401 again. Returns whether it
/// ended with an error of the keeper.
async fn call(handle: &Handle) -> Option<KeeperError> {
    let token = match handle.token().await {
        Ok(token) => token,
        Err(error) => return Some(error),
    };
    handle.token_after_401(token.generation).await.err()
}

fn is_suspect(error: &KeeperError) -> bool {
    let suspect = Unmet::Held(HoldKind::Suspect);
    matches!(error, KeeperError::NoToken { why, again_at: Some(_), .. } if *why == suspect)
}

fn refuse_everything(scene: &Scene) {
    scene.wire.with(|platform| {
        platform.refused_access = (0..1_000)
            .map(|number| format!("access-{number}"))
            .collect();
    });
}

// Rule M5.
#[tokio::test(start_paused = true)]
async fn fifty_calls_that_get_401_cost_one_refresh_and_two_probes() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    refuse_everything(&scene);
    assert!(call(&handle).await.is_none(), "the first 401 is replaced");
    for _ in 0..49 {
        let error = call(&handle).await.unwrap();
        assert!(is_suspect(&error), "{error}");
        assert!(error.is_passing());
    }
    assert_eq!(scene.wire.sent().len(), 1);
    assert_eq!(scene.count(Counter::Probes), 2);
    assert_eq!(scene.alarm_names(), ["suspect"]);
    assert_eq!(scene.state(), "active", "it ends nothing");

    // A day of such calls: one refresh for each hold.
    for _ in 0..DAY / 600 {
        tokio::time::advance(Duration::from_secs(600)).await;
        for _ in 0..20 {
            call(&handle).await;
        }
    }
    let sent = scene.wire.sent().len();
    assert!(sent <= 1 + 144, "{sent} refreshes in a day");
    assert_eq!(scene.state(), "active");
}

#[tokio::test(start_paused = true)]
async fn other_processes_find_the_hold_and_refresh_nothing() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    refuse_everything(&scene);
    call(&handle).await;
    call(&handle).await;
    let other = Scene::beside(
        scene.store.clone(),
        scene.wire.clone(),
        scene.clock.clone(),
        NO_LIFEBOAT,
        "elsewhere",
        SECRET,
    );
    let handle = other.keeper.grant(&key()).unwrap();
    for _ in 0..10 {
        assert!(is_suspect(&call(&handle).await.unwrap()));
    }
    assert_eq!(scene.wire.sent().len(), 1);
    assert_eq!(other.count(Counter::Probes), 1);
    assert!(other.alarm_names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn when_the_platform_takes_the_token_again_it_is_there() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    refuse_everything(&scene);
    call(&handle).await;
    call(&handle).await;
    let token = handle.token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
    // After the hold a 401 is probed again, and this one was about the call.
    scene.wire.with(|platform| platform.refused_access.clear());
    tokio::time::advance(Duration::from_secs(601)).await;
    let another = handle.token_after_401(token.generation).await.unwrap();
    assert_eq!(another, None);
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_401_to_a_pair_that_no_401_brought_is_cured_at_once() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    let than = handle.token().await.unwrap().generation;
    // Refreshed just before, at the operator's request.
    let token = handle.token_newer_than(than).await.unwrap();
    refuse_everything(&scene);
    let another = handle.token_after_401(token.generation).await.unwrap();
    assert!(another.unwrap().generation > token.generation);
    assert!(scene.alarm_names().is_empty());
}
