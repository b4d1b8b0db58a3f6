//! Disconnect hooks and logouts.

use core::time::Duration;

use kommo_account::AccountId;
use kommo_keeper::{Counter, DisconnectVerdict};
use kommo_oauth::grant::{DisconnectReason, Grant};

use crate::scene::{DAY, Scene, host, key, pair};

// Rules M6, X7.
#[tokio::test(start_paused = true)]
async fn a_hook_for_a_grant_that_works_ends_nothing_and_a_replay_costs_nothing() {
    let scene = Scene::new();
    scene.grant(DAY);
    let account = key().account_id;
    let verdicts = scene.keeper.disconnect_reported(account).await.unwrap();
    assert_eq!(verdicts, [DisconnectVerdict::StillConnected(key())]);
    for _ in 0..100 {
        let verdicts = scene.keeper.disconnect_reported(account).await.unwrap();
        assert_eq!(verdicts, [DisconnectVerdict::AskedBefore]);
    }
    assert_eq!(scene.count(Counter::Probes), 1);
    assert_eq!(scene.state(), "active");
    tokio::time::advance(Duration::from_secs(601)).await;
    scene.keeper.disconnect_reported(account).await.unwrap();
    assert_eq!(scene.count(Counter::Probes), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_probe_and_refresh_confirm_ends_the_grant() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    scene
        .wire
        .with(|platform| platform.refused_access.insert("access-0".to_owned()));
    scene.wire.revoke_all();
    let verdicts = scene
        .keeper
        .disconnect_reported(key().account_id)
        .await
        .unwrap();
    assert_eq!(verdicts, [DisconnectVerdict::Disconnected(key())]);
    assert_eq!(scene.state(), "disconnected");
    assert!(handle.token().await.is_err());
    assert!(scene.alarm_names().contains(&"disconnected"));
    let sealed = scene
        .store
        .with(|kept| kept.grants[&key()].state.pairs().cloned());
    assert_eq!(
        sealed.unwrap().newest().pair.refresh_token.expose(),
        "refresh-1"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_cannot_be_confirmed_leaves_the_grant_serving() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    scene
        .wire
        .with(|platform| platform.probe_is_inconclusive = true);
    let verdicts = scene
        .keeper
        .disconnect_reported(key().account_id)
        .await
        .unwrap();
    assert_eq!(verdicts, [DisconnectVerdict::Unknown(key())]);
    assert_eq!(scene.state(), "active");
    assert!(handle.token().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_hook_for_an_unknown_account_is_no_error() {
    let scene = Scene::new();
    let unknown = AccountId::from_number(9).unwrap();
    assert!(
        scene
            .keeper
            .disconnect_reported(unknown)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(scene.count(Counter::Probes), 0);
}

#[tokio::test(start_paused = true)]
async fn a_logout_raises_the_fence_and_is_told_once() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    let before = scene.store.with(|kept| kept.grants[&key()].generation);
    assert_eq!(
        scene
            .keeper
            .disconnect(&key(), DisconnectReason::LoggedOut)
            .await,
        Ok(true)
    );
    assert_eq!(
        scene
            .keeper
            .disconnect(&key(), DisconnectReason::LoggedOut)
            .await,
        Ok(false)
    );
    let after = scene.store.with(|kept| kept.grants[&key()].generation);
    assert!(after > before);
    assert!(handle.token().await.is_err(), "a handle that was in use");
    assert!(scene.keeper.grant(&key()).unwrap().token().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_consent_that_comes_before_the_end_is_written_is_not_ended() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    scene
        .wire
        .with(|platform| platform.refused_access.insert("access-0".to_owned()));
    scene.wire.revoke_all();
    // The refusal is written first; the new consent comes before the end is written.
    handle
        .token_after_401(handle.fresh().unwrap().generation)
        .await
        .unwrap_err();
    assert_eq!(scene.state(), "reauth-required");
    let refresh = scene.wire.consent();
    let earlier = scene.store.with(|kept| kept.grants[&key()].clone());
    let revision = earlier.revision;
    let mut consented = Grant::consent(
        Some(earlier),
        key(),
        host(),
        None,
        pair(&refresh, "access-9", DAY),
    )
    .grant;
    consented.revision = revision.next();
    scene
        .store
        .with(|kept| kept.faults.before_write = Some(consented));
    let verdicts = scene
        .keeper
        .disconnect_reported(key().account_id)
        .await
        .unwrap();
    assert_eq!(verdicts, [DisconnectVerdict::StillConnected(key())]);
    assert_eq!(scene.state(), "active");
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-9"
    );
}
