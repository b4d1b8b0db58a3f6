//! Grants without callers.

use core::time::Duration;

use kommo_keeper::testing::Reply;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, LongLived};
use kommo_oauth::token::AccessToken;

use crate::scene::{DAY, START, Scene, host, key, pair};

/// A grant whose token has ten seconds left of thirty.
async fn due(scene: &Scene) {
    scene.grant(30);
    tokio::time::advance(Duration::from_secs(20)).await;
}

#[tokio::test(start_paused = true)]
async fn a_sweep_refreshes_what_is_due_and_leaves_the_rest() {
    let scene = Scene::new();
    for number in 1..=20_u64 {
        let key = kommo_oauth::grant::GrantKey {
            account_id: kommo_account::AccountId::from_number(number).unwrap(),
            ..key()
        };
        let refresh = scene.wire.consent();
        let left = if number <= 5 { 30 } else { DAY };
        let pair = pair(&refresh, &format!("access-of-{number}"), left);
        let mut grant = Grant::consent(None, key, host(), None, pair).grant;
        grant.revision = grant.revision.next();
        scene.store.with(|kept| kept.grants.insert(key, grant));
    }
    tokio::time::advance(Duration::from_secs(20)).await;
    let report = scene.keeper.sweep_once(100).await.unwrap();
    assert_eq!((report.claimed, report.refreshed), (5, 5));
    assert_eq!(scene.wire.sent().len(), 5);
    let again = scene.keeper.sweep_once(100).await.unwrap();
    assert_eq!(again.claimed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_given_back_unless_its_grant_is_fresh_for_longer_than_the_lease() {
    let scene = Scene::new();
    due(&scene).await;
    // Refreshed for a day: the claim expires by itself, which saves a write.
    assert_eq!(scene.keeper.sweep_once(10).await.unwrap().refreshed, 1);
    assert!(scene.store.with(|kept| kept.settled.is_empty()));
    // Due again before the lease ends, and so settled.
    scene.clock.advance(Duration::from_secs(DAY));
    scene.wire.with(|platform| platform.expires_in = 200);
    assert_eq!(scene.keeper.sweep_once(10).await.unwrap().refreshed, 1);
    assert_eq!(scene.store.with(|kept| kept.settled.len()), 1);
    // Deferred: settled with the instant of the next claim.
    scene.clock.advance(Duration::from_secs(DAY));
    scene.wire.with(|platform| {
        platform.replies.push_back(Reply::NotSent);
        platform.expires_in = DAY;
    });
    assert_eq!(scene.keeper.sweep_once(10).await.unwrap().later, 1);
    let last = scene.store.with(|kept| kept.settled.last().copied());
    assert!(matches!(last, Some((_, Some(_)))), "{last:?}");
}

// Invariant I6.
#[tokio::test(start_paused = true)]
async fn a_sweep_that_is_dropped_finishes_what_it_began_and_a_drain_waits_for_it() {
    let scene = Scene::new();
    due(&scene).await;
    scene.wire.with(|platform| {
        platform
            .replies
            .push_back(Reply::Slow(Duration::from_secs(5)));
    });
    let sweep = scene.keeper.sweep_once(10);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), sweep)
            .await
            .is_err()
    );
    assert_eq!(scene.state(), "refreshing");
    scene.keeper.drain().await;
    assert_eq!(scene.state(), "active");
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_cannot_be_saved_does_not_keep_a_sweep_from_the_others() {
    let scene = Scene::new();
    due(&scene).await;
    scene.store.with(|kept| kept.faults.failing_saves = 1_000);
    let report = scene.keeper.sweep_once(10).await.unwrap();
    assert_eq!((report.claimed, report.refreshed, report.later), (1, 0, 1));
    scene.store.with(|kept| kept.faults.failing_saves = 0);
    scene.keeper.drain().await;
    assert_eq!(scene.state(), "active");
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hold_of_this_machine_puts_the_grant_off_for_nobody_else() {
    for (status, body, is_put_off) in [
        (403, "<html>", false),
        (401, r#"{"title":"x"}"#, false),
        (429, r#"{"retry_after":120}"#, true),
    ] {
        let scene = Scene::new();
        due(&scene).await;
        scene
            .wire
            .with(|platform| platform.replies.push_back(Reply::Answer(status, body)));
        scene.keeper.sweep_once(10).await.unwrap();
        let settled = scene.store.with(|kept| kept.settled.clone());
        assert_eq!(settled.len(), 1);
        assert_eq!(settled[0].1.is_some(), is_put_off, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_shortly_is_not_due_from_its_first_moment() {
    let scene = Scene::new();
    due(&scene).await;
    scene.wire.with(|platform| platform.expires_in = 1_800);
    assert_eq!(scene.keeper.sweep_once(10).await.unwrap().refreshed, 1);
    let again = scene.keeper.sweep_once(10).await.unwrap();
    assert_eq!(again.refreshed, 0, "{again:?}");
    tokio::time::advance(Duration::from_secs(901)).await;
    assert_eq!(scene.keeper.sweep_once(10).await.unwrap().refreshed, 1);
}

// Rule M7.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_long_lived_token_is_told_at_each_stage_once() {
    let scene = Scene::new();
    let token = AccessToken::new("long-lived").unwrap();
    let token = LongLived::new(token, Some(UnixSeconds::new(START + 40 * DAY)));
    let moved = Grant::import_long_lived(None, key(), host(), token);
    let mut grant = moved.unwrap().grant;
    grant.revision = grant.revision.next();
    scene.store.with(|kept| kept.grants.insert(key(), grant));
    let handle = scene.keeper.grant(&key()).unwrap();
    let mut told = Vec::new();
    for day in 0..42 {
        let before = scene.alarm_names().len();
        scene.keeper.sweep_once(100).await.unwrap();
        if scene.alarm_names().len() > before {
            told.push(day);
        }
        tokio::time::advance(Duration::from_secs(DAY)).await;
    }
    assert_eq!(told, [10, 33, 39, 40]);
    assert!(scene.wire.sent().is_empty(), "nothing refreshes it");
    assert!(handle.token().await.is_err());
}
