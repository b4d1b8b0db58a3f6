//! A long-lived token that the platform revokes.

use kommo_account::Endpoints;
use kommo_keeper::{Counter, DisconnectVerdict, Keeper, KeeperError};
use kommo_oauth::grant::{DisconnectReason, Grant, LongLived};
use kommo_oauth::refresh::Unmet;
use kommo_oauth::token::AccessToken;

use crate::scene::{DAY, Handle, NO_LIFEBOAT, SECRET, Scene, host, key};

fn imported(scene: &Scene) -> Handle {
    let token = LongLived::new(AccessToken::new("long-lived").unwrap(), None);
    let moved = Grant::import_long_lived(None, key(), host(), token);
    let mut grant = moved.unwrap().grant;
    grant.revision = grant.revision.next();
    scene.store.with(|kept| kept.grants.insert(key(), grant));
    scene.keeper.grant(&key()).unwrap()
}

fn revoke(scene: &Scene) {
    scene
        .wire
        .with(|platform| platform.refused_access.insert("long-lived".to_owned()));
}

fn why(error: &KeeperError) -> Unmet {
    match error {
        KeeperError::NoToken { why, .. } => *why,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_401_that_a_probe_confirms_is_told_once() {
    let scene = Scene::new();
    let handle = imported(&scene);
    let token = handle.token().await.unwrap();
    revoke(&scene);
    for _ in 0..5 {
        let error = handle.token_after_401(token.generation).await.unwrap_err();
        assert_eq!(why(&error), Unmet::Revoked);
        assert!(!error.is_passing());
        handle.token().await.unwrap_err();
    }
    scene.keeper.sweep_once(10).await.unwrap();
    assert_eq!(scene.alarm_names(), ["revoked"]);
    assert_eq!(scene.count(Counter::Ends), 1);
    assert_eq!(scene.count(Counter::Probes), 1);
    // Nor by another process that finds it revoked.
    let other = Scene::beside(
        scene.store.clone(),
        scene.wire.clone(),
        scene.clock.clone(),
        NO_LIFEBOAT,
        "default",
        SECRET,
    );
    other
        .keeper
        .grant(&key())
        .unwrap()
        .token()
        .await
        .unwrap_err();
    assert!(other.alarm_names().is_empty());
}

// Rule M6.
#[tokio::test(start_paused = true)]
async fn a_disconnect_hook_that_a_probe_confirms_is_told_once() {
    let scene = Scene::new();
    let handle = imported(&scene);
    handle.token().await.unwrap();
    revoke(&scene);
    for round in 0..3_u64 {
        let verdicts = scene.keeper.disconnect_reported(key().account_id).await;
        assert_eq!(
            verdicts.unwrap(),
            [DisconnectVerdict::Disconnected(key())],
            "round {round}"
        );
        tokio::time::advance(core::time::Duration::from_secs(601)).await;
    }
    assert_eq!(scene.alarm_names(), ["revoked"]);
    assert_eq!(scene.state(), "long-lived");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_logged_out_is_over_and_not_revoked() {
    let scene = Scene::new();
    let handle = imported(&scene);
    handle.token().await.unwrap();
    let reason = DisconnectReason::LoggedOut;
    assert_eq!(scene.keeper.disconnect(&key(), reason).await, Ok(true));
    assert_eq!(scene.keeper.disconnect(&key(), reason).await, Ok(false));
    let error = handle.token().await.unwrap_err();
    assert_eq!(why(&error), Unmet::Disconnected(reason));
    assert_eq!(scene.state(), "disconnected");
    assert!(scene.alarm_names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_keeper_without_credentials_hands_out_what_is_valid_and_sends_nothing() {
    let scene = Scene::new();
    imported(&scene);
    let keeper = Keeper::builder(scene.store.clone(), scene.wire.clone(), Endpoints::real())
        .clock(scene.clock.clone())
        .build();
    let handle = keeper.grant(&key()).unwrap();
    let token = handle.token().await.unwrap();
    assert_eq!(token.access_token.expose(), "long-lived");

    scene.grant(10);
    tokio::time::advance(core::time::Duration::from_secs(DAY)).await;
    let handle = keeper.grant(&key()).unwrap();
    for _ in 0..2 {
        let error = handle.token_newer_than(token.generation).await.unwrap_err();
        assert_eq!(error, KeeperError::NoCredentials { key: key() });
        assert!(!error.is_passing());
    }
    assert_eq!(keeper.sweep_once(10).await.unwrap().claimed, 0);
    assert!(keeper.exchange_codes(10).await.unwrap().is_empty());
    assert!(scene.wire.sent().is_empty());
}
