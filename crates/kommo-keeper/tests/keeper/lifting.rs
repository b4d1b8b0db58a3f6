//! A person lifts a hold after its cause was fixed.

use kommo_keeper::StoreErrorKind;
use kommo_keeper::testing::Reply;
use kommo_oauth::grant::{Generation, HoldKind};

use crate::scene::{DAY, SECRET, Scene, key};

#[tokio::test(start_paused = true)]
async fn a_lifted_hold_lets_the_next_refresh_go() {
    for (status, body, kind) in [
        (402, "{}", HoldKind::PaymentRequired),
        (
            401,
            r#"{"error":"invalid_client"}"#,
            HoldKind::ClientMisconfigured,
        ),
        (404, "{}", HoldKind::MovedHost),
        (418, "{}", HoldKind::Suspect),
    ] {
        let scene = Scene::new();
        let handle = scene.grant(DAY);
        scene
            .wire
            .with(|platform| platform.replies.push_back(Reply::Answer(status, body)));
        for _ in 0..2 {
            handle
                .token_newer_than(Generation::FIRST)
                .await
                .unwrap_err();
        }
        assert_eq!(scene.wire.sent().len(), 1, "{kind:?} holds");
        assert_eq!(scene.keeper.lift_holds(&key()).await, Ok(vec![kind]));
        let grant = scene.store.with(|kept| kept.grants[&key()].clone());
        assert!(grant.holds.is_empty(), "{kind:?}");
        handle.refresh_for_person(Generation::FIRST).await.unwrap();
        assert_eq!(scene.wire.sent().len(), 2, "{kind:?}");
        assert_eq!(scene.keeper.lift_holds(&key()).await, Ok(vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn the_hold_of_the_process_goes_with_it_so_that_the_other_grants_follow() {
    let scene = Scene::new();
    let (one, other) = (scene.grant(10), scene.grant_of(7, 10));
    tokio::time::advance(core::time::Duration::from_secs(60)).await;
    let refusal = (SECRET, 401, r#"{"error":"invalid_client"}"#);
    scene.wire.with(|platform| platform.refuses = Some(refusal));
    one.token().await.unwrap_err();
    other.token().await.unwrap_err();
    assert_eq!(scene.wire.sent().len(), 1);
    scene.wire.with(|platform| platform.refuses = None);
    scene.keeper.lift_holds(&key()).await.unwrap();
    other.token().await.unwrap();
    one.token().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_lifts_nothing_and_says_so() {
    let scene = Scene::new();
    scene.grant(DAY);
    scene
        .store
        .with(|kept| kept.faults.error = Some(StoreErrorKind::Unavailable));
    let failed = scene.keeper.lift_holds(&key()).await;
    assert_eq!(failed, Err(StoreErrorKind::Unavailable));
}
