//! 402 to a call: the grant is held, not ended, and one alarm is raised.

use core::time::Duration;

use kommo_keeper::{AccessTokens, AlarmKind, Counter, KeeperError};
use kommo_oauth::grant::{DisconnectReason, HoldKind, HoldScope};
use kommo_oauth::refresh::Unmet;

use crate::scene::{DAY, HOUR, Scene, key};

// Rule M9.
#[tokio::test(start_paused = true)]
async fn a_402_on_a_call_holds_the_grant_and_tells_once() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    for _ in 0..3 {
        handle.payment_required();
    }
    scene.keeper.drain().await;
    let grant = scene.store.with(|kept| kept.grants[&key()].clone());
    let [hold] = grant.holds.as_slice() else {
        panic!("{:?}", grant.holds);
    };
    assert_eq!(
        (hold.kind, hold.scope),
        (HoldKind::PaymentRequired, HoldScope::Grant)
    );
    let alarms = scene.alarms.lock().unwrap().clone();
    let [alarm] = alarms.as_slice() else {
        panic!("{alarms:?}");
    };
    assert_eq!(alarm.key, Some(key()));
    let (kind, until) = (HoldKind::PaymentRequired, Some(hold.until));
    assert_eq!(alarm.kind, AlarmKind::Held { kind, until });
    assert_eq!(scene.count(Counter::Holds), 1);
    assert_eq!(scene.state(), "active");
    assert!(scene.wire.sent().is_empty());
}

// Rule M9.
#[tokio::test(start_paused = true)]
async fn while_it_holds_the_token_serves_and_afterwards_a_refresh_lifts_it() {
    let scene = Scene::new();
    // Due in ten minutes, while the hold lasts an hour.
    let handle = scene.grant(HOUR + 600);
    handle.payment_required();
    while scene.alarm_names().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(Duration::from_secs(1_200)).await;
    let hour = Duration::from_secs(HOUR);
    let KeeperError::NoToken { why, .. } = handle.token_valid_for(hour).await.unwrap_err() else {
        panic!("another reason");
    };
    assert_eq!(why, Unmet::Held(HoldKind::PaymentRequired));
    let token = handle.token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-0");
    assert!(
        scene.wire.sent().is_empty(),
        "nothing is refreshed meanwhile"
    );
    tokio::time::advance(Duration::from_secs(HOUR)).await;
    let token = handle.token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
    let grant = scene.store.with(|kept| kept.grants[&key()].clone());
    assert!(grant.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_402_meets_a_record_that_moves_and_leaves_one_that_is_over() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    scene.store.with(|kept| {
        let mut other = kept.grants[&key()].clone();
        other.revision = other.revision.next();
        kept.faults.before_write = Some(other);
    });
    handle.payment_required();
    while scene.alarm_names().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.alarm_names(), ["payment-required"]);

    let scene = Scene::new();
    let handle = scene.grant(DAY);
    scene
        .keeper
        .disconnect(&key(), DisconnectReason::LoggedOut)
        .await
        .unwrap();
    handle.payment_required();
    scene.keeper.drain().await;
    assert!(scene.alarm_names().is_empty());
    assert_eq!(scene.state(), "disconnected");
}
