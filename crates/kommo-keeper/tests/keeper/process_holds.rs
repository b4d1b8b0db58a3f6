//! One answer that concerns the whole process, and many grants.

use core::time::Duration;

use kommo_keeper::testing::Reply;
use kommo_keeper::{Counter, KeeperError};
use kommo_oauth::grant::HoldKind;
use kommo_oauth::refresh::Unmet;
use tokio::task::JoinSet;

use crate::scene::{DAY, Handle, NO_LIFEBOAT, SECRET, Scene, credentials};

const GRANTS: u64 = 40;
const BAD_SECRET: (&str, u16, &str) = (SECRET, 401, r#"{"error":"invalid_client"}"#);

fn held(error: &KeeperError) -> Option<HoldKind> {
    match error {
        KeeperError::NoToken {
            why: Unmet::Held(kind),
            ..
        } => Some(*kind),
        _ => None,
    }
}

/// Forty grants without a valid token.
async fn many(scene: &Scene) -> Vec<Handle> {
    let grants = (1..=GRANTS)
        .map(|account| scene.proven_grant_of(account, 10))
        .collect();
    tokio::time::advance(Duration::from_secs(60)).await;
    grants
}

/// All callers at once; returns how many received a token.
async fn all_at_once(grants: &[Handle]) -> usize {
    let mut callers = JoinSet::new();
    for handle in grants {
        let handle = handle.clone();
        callers.spawn(async move { handle.token().await.is_ok() });
    }
    let mut got = 0;
    while let Some(token) = callers.join_next().await {
        got += usize::from(token.unwrap());
    }
    got
}

// Rule M4.
#[tokio::test(start_paused = true)]
async fn a_bad_secret_costs_one_request_for_each_hold_however_many_grants_there_are() {
    for (refusal, kind, length) in [(BAD_SECRET, HoldKind::ClientMisconfigured, 15 * 60)] {
        let scene = Scene::new();
        let grants = many(&scene).await;
        scene.wire.with(|platform| {
            platform.refuses = Some(refusal);
            platform.latency = Duration::from_millis(300);
        });
        for handle in &grants {
            let error = handle.token().await.unwrap_err();
            assert_eq!(held(&error), Some(kind));
        }
        assert_eq!(scene.wire.sent().len(), 1, "{kind:?}");
        assert_eq!(scene.alarm_names(), [kind.name()]);
        assert_eq!(scene.count(Counter::Holds), 1);
        for period in 2..5 {
            tokio::time::advance(Duration::from_secs(length)).await;
            assert_eq!(all_at_once(&grants).await, 0);
            assert_eq!(scene.wire.sent().len(), period, "{kind:?}");
            assert_eq!(scene.alarm_names().len(), period);
        }
        // One tries, and the rest follow.
        scene.wire.with(|platform| platform.refuses = None);
        tokio::time::advance(Duration::from_secs(length)).await;
        assert_eq!(all_at_once(&grants).await, grants.len());
        assert_eq!(scene.wire.sent().len(), 4 + grants.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_begins_nothing_while_the_machine_is_held() {
    let scene = Scene::new();
    many(&scene).await;
    scene
        .wire
        .with(|platform| platform.refuses = Some(BAD_SECRET));
    let first = scene.keeper.sweep_once(1).await.unwrap();
    assert_eq!(first.later, 1);
    let report = scene.keeper.sweep_once(1_000).await.unwrap();
    assert_eq!(report.later, report.claimed);
    assert_eq!(scene.wire.sent().len(), 1);
    scene.wire.with(|platform| platform.refuses = None);
    tokio::time::advance(Duration::from_secs(15 * 60)).await;
    let mut refreshed = 0;
    for _ in 0..5 {
        refreshed += scene.keeper.sweep_once(1_000).await.unwrap().refreshed;
    }
    assert_eq!(refreshed, 40);
}

#[tokio::test(start_paused = true)]
async fn another_configuration_and_another_address_go_on() {
    for (refusal, egress, secret) in [
        (BAD_SECRET, "default", "the right one"),
        (("marker", 403, "<html>"), "elsewhere", "the right one"),
    ] {
        let scene = Scene::new();
        let grants = many(&scene).await;
        scene.wire.with(|platform| platform.refuses = Some(refusal));
        // A block concerns the address when two accounts have met it.
        grants[0].token().await.unwrap_err();
        grants[1].token().await.unwrap_err();
        let other = Scene::beside(
            scene.store.clone(),
            scene.wire.clone(),
            scene.clock.clone(),
            NO_LIFEBOAT,
            egress,
            secret,
        );
        for handle in &grants {
            other
                .keeper
                .grant(handle.key())
                .unwrap()
                .token()
                .await
                .unwrap();
        }
        // So does this one, once it has the right secret. An address stays the same.
        let is_about_secret = egress == "default";
        scene
            .keeper
            .replace_credentials(credentials("another right one"));
        scene.grant_of(GRANTS + 1, 10);
        let handle = scene.grant_of(GRANTS + 1, 10);
        assert_eq!(handle.token().await.is_ok(), is_about_secret);
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_about_one_grant_stops_that_one_alone() {
    for (status, answer) in [
        (401, "{}"),
        (403, r#"{"title":"Forbidden"}"#),
        (402, "{}"),
        (404, "{}"),
        (429, "{}"),
    ] {
        let scene = Scene::new();
        let grants = many(&scene).await;
        scene
            .wire
            .with(|platform| platform.refuses = Some(("refresh-2\"", status, answer)));
        grants[0].token().await.unwrap_err();
        assert_eq!(
            all_at_once(&grants[1..]).await,
            grants.len() - 1,
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_try_that_says_nothing_lets_the_next_one_try() {
    let scene = Scene::new();
    let grants = many(&scene).await;
    scene
        .wire
        .with(|platform| platform.refuses = Some(BAD_SECRET));
    grants[0].token().await.unwrap_err();
    scene.wire.with(|platform| {
        platform.refuses = None;
        platform.replies.push_back(Reply::NotSent);
    });
    tokio::time::advance(Duration::from_secs(15 * 60)).await;
    assert_eq!(all_at_once(&grants).await, grants.len());
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_is_only_found_is_neither_counted_nor_told_again() {
    for (refusal, kind) in [
        (("refresh-1", 402, "{}"), "payment-required"),
        (("refresh-1", 401, "{}"), "client-misconfigured"),
    ] {
        let scene = Scene::new();
        let handle = scene.grant(10);
        tokio::time::advance(Duration::from_secs(60)).await;
        scene.wire.with(|platform| platform.refuses = Some(refusal));
        for _ in 0..100 {
            handle.token().await.unwrap_err();
        }
        assert_eq!(scene.alarm_names(), [kind]);
        assert_eq!(scene.count(Counter::Holds), 1);
        // Renewed by another attempt: reported once more.
        tokio::time::advance(Duration::from_secs(3_600)).await;
        for _ in 0..100 {
            handle.token().await.unwrap_err();
        }
        assert_eq!(scene.alarm_names(), [kind, kind]);
        assert_eq!(scene.count(Counter::Holds), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubt_that_is_only_found_is_neither_counted_nor_told_again() {
    let scene = Scene::new();
    let handle = scene.grant(2 * DAY);
    scene
        .wire
        .with(|platform| platform.refuses = Some(("refresh-1", 502, "<html>")));
    let mut asked = 0;
    for _ in 0..100 {
        let than = kommo_oauth::grant::Generation::FIRST;
        asked += usize::from(handle.token_newer_than(than).await.is_err());
    }
    assert_eq!(asked, 100);
    let sent = scene.wire.sent().len();
    assert!(sent < 60, "{sent}");
    assert_eq!(scene.alarm_names().len(), sent);
    assert_eq!(scene.count(Counter::Doubts), sent as u64);
}
