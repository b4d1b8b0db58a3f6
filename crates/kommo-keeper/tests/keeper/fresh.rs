//! How a token comes to its caller.

use core::time::Duration;
use std::sync::Arc;

use kommo_keeper::testing::Reply;
use kommo_keeper::{Counter, KeeperError};
use kommo_oauth::grant::{Generation, GrantKey};
use kommo_oauth::refresh::{TokenRequirement, Unmet};
use tokio::task::JoinSet;

use crate::scene::{DAY, HOUR, NO_LIFEBOAT, START, Scene, key};

#[tokio::test(start_paused = true)]
async fn a_fresh_token_comes_from_memory_without_the_store() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    assert!(handle.fresh().is_none(), "nothing is in memory yet");
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-0"
    );
    let loads = scene.store.with(|kept| kept.loads);
    for _ in 0..100 {
        assert_eq!(handle.fresh().unwrap().access_token.expose(), "access-0");
        assert_eq!(
            handle.token().await.unwrap().access_token.expose(),
            "access-0"
        );
    }
    assert_eq!(scene.store.with(|kept| kept.loads), loads);
    assert!(scene.wire.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_due_token_is_given_at_once_and_refreshed_beside() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    tokio::time::advance(Duration::from_secs(DAY - HOUR + 1)).await;
    scene.wire.with(|platform| {
        platform
            .replies
            .push_back(Reply::Slow(Duration::from_secs(10)))
    });
    // The answer takes ten seconds; no caller waits for it.
    for _ in 0..50 {
        assert_eq!(
            handle.token().await.unwrap().access_token.expose(),
            "access-0"
        );
    }
    scene.keeper.drain().await;
    assert_eq!(scene.wire.sent(), ["refresh-1"]);
    assert_eq!(handle.fresh().unwrap().access_token.expose(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_without_a_token_make_one_refresh() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(60)).await;
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let handle = handle.clone();
        callers.spawn(async move { handle.token().await.unwrap() });
    }
    while let Some(token) = callers.join_next().await {
        assert_eq!(token.unwrap().access_token.expose(), "access-2");
    }
    assert_eq!(scene.wire.sent(), ["refresh-1"]);
    assert_eq!(scene.count(Counter::Refreshes), 1);
}

#[tokio::test(start_paused = true)]
async fn two_processes_make_one_refresh_and_the_loser_adopts_the_pair() {
    let one = Scene::new();
    let handle = one.grant(10);
    let two = Scene::beside(
        one.store.clone(),
        one.wire.clone(),
        one.clock.clone(),
        NO_LIFEBOAT,
        "default",
        crate::scene::SECRET,
    );
    let other = two.keeper.grant(&key()).unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    one.wire.with(|platform| {
        platform
            .replies
            .push_back(Reply::Slow(Duration::from_secs(5)))
    });
    let (mine, theirs) = tokio::join!(handle.token(), other.token());
    assert_eq!(mine.unwrap().access_token.expose(), "access-2");
    assert_eq!(theirs.unwrap().access_token.expose(), "access-2");
    assert_eq!(one.wire.sent(), ["refresh-1"]);
    assert_eq!(
        one.count(Counter::Refreshes) + two.count(Counter::Refreshes),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_does_not_end_the_refresh() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(60)).await;
    scene.wire.with(|platform| {
        platform
            .replies
            .push_back(Reply::Slow(Duration::from_secs(5)))
    });
    let impatient = tokio::time::timeout(Duration::from_secs(1), handle.token()).await;
    assert!(impatient.is_err(), "the caller went away");
    scene.keeper.drain().await;
    assert_eq!(scene.state(), "active");
    assert_eq!(handle.fresh().unwrap().access_token.expose(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn a_draining_keeper_begins_nothing_new() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    scene.keeper.drain().await;
    assert_eq!(handle.token().await.unwrap_err(), KeeperError::ShuttingDown);
    assert!(scene.wire.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wish_for_a_later_generation_refreshes_once() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    let token = handle.token_newer_than(Generation::FIRST).await.unwrap();
    assert_eq!(token.generation, Generation::new(2));
    let again = handle.token_newer_than(Generation::FIRST).await.unwrap();
    assert_eq!(again.generation, Generation::new(2));
    assert_eq!(scene.wire.sent(), ["refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_wish_for_more_validity_than_a_new_token_has_ends_with_the_new_token() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    let token = handle
        .token_valid_for(Duration::from_secs(90 * DAY))
        .await
        .unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
    assert_eq!(scene.wire.sent().len(), 1);
    // The same requirement again: the new token is the longest there is, and no refresh is spent.
    let again = handle.token_valid_for(Duration::from_secs(90 * DAY)).await;
    assert_eq!(again.unwrap().access_token.expose(), "access-2");
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_grant_is_said_to_be_none_at_once() {
    let scene = Scene::new();
    let unknown = GrantKey::parse(&key().to_string().replace("12345678", "9")).unwrap();
    let error = scene
        .keeper
        .grant(&unknown)
        .unwrap()
        .token()
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        KeeperError::NoToken {
            why: Unmet::NoGrant,
            again_at: None,
            ..
        }
    ));
    assert!(!error.is_passing());
}

// Invariant I3.
#[tokio::test(start_paused = true)]
async fn a_grant_of_another_realm_or_client_is_refused_before_anything_is_read() {
    let scene = Scene::new();
    let text = key().to_string();
    let sandboxed = GrantKey::parse(&text.replace("real", "sandbox@127.0.0.1:8080")).unwrap();
    let error = scene.keeper.grant(&sandboxed).unwrap_err();
    assert!(matches!(error, KeeperError::OtherRealm { .. }));
    let other = GrantKey::parse(&text.replace("11111111", "99999999")).unwrap();
    let error = scene.keeper.grant(&other).unwrap_err();
    assert!(matches!(error, KeeperError::OtherClient { .. }));
    assert_eq!(scene.store.with(|kept| kept.loads), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_ahead_costs_no_fresh_token() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    scene.clock.jump(10 * DAY);
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-0"
    );
    assert!(scene.wire.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_lay_idle_is_kept_alive() {
    let scene = Scene::new();
    let handle = scene.grant(30 * DAY);
    let since = kommo_oauth::UnixSeconds::new(START + 1);
    assert!(
        TokenRequirement::obtained_since(since)
            .obtained_since
            .is_some()
    );
    tokio::time::advance(Duration::from_secs(8 * DAY)).await;
    let token: Arc<_> = handle.token_obtained_since(since).await.unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
    let again = handle.token_obtained_since(since).await.unwrap();
    assert_eq!(again.generation, token.generation);
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_a_token_is_due_is_spread_by_chance_over_twenty_minutes() {
    const MINUTE: u64 = 60;
    for (chance, minutes) in [
        (0, 60),
        (10 * 60_000, 70),
        (20 * 60_000, 80),
        (20 * 60_000 + 1, 60),
    ] {
        let scene = Scene::new();
        let spread = Scene::beside_with(
            scene.store.clone(),
            scene.wire.clone(),
            scene.clock.clone(),
            NO_LIFEBOAT,
            crate::scene::SECRET,
            |settings| settings.policy.jitter = Duration::from_secs(20 * MINUTE),
        );
        scene.grant(DAY);
        scene.clock.set_random(chance);
        let handle = spread.keeper.grant(&key()).unwrap();
        handle.token().await.unwrap();
        tokio::time::advance(Duration::from_secs(DAY - minutes * MINUTE - 1)).await;
        assert!(handle.fresh().is_some(), "{minutes} minutes before the end");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(handle.fresh().is_none(), "{minutes} minutes before the end");
        handle.token().await.unwrap();
        spread.keeper.drain().await;
        assert_eq!(
            scene.wire.sent(),
            ["refresh-1"],
            "{minutes} minutes before the end"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_looks_of_those_who_wait_are_spread_by_chance() {
    let mut waited = Vec::new();
    for chance in [0, 50, 100] {
        let scene = Scene::new();
        let handle = scene.grant(10);
        tokio::time::advance(Duration::from_secs(60)).await;
        scene.clock.set_random(chance);
        let lock = kommo_keeper::GrantStore::try_lock(&scene.store, &key()).await;
        let freed = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            drop(lock);
        });
        let before = tokio::time::Instant::now();
        handle.token().await.unwrap();
        waited.push(before.elapsed().as_millis());
        freed.await.unwrap();
    }
    assert_eq!(waited, [100, 150, 200]);
}

#[tokio::test(start_paused = true)]
async fn in_its_last_minute_a_token_is_replaced_before_it_is_given() {
    for (left, given, waited) in [(61, "access-0", 0), (59, "access-2", 5), (1, "access-2", 5)] {
        let scene = Scene::new();
        let handle = scene.grant(DAY);
        handle.token().await.unwrap();
        tokio::time::advance(Duration::from_secs(DAY - left)).await;
        scene.wire.with(|platform| {
            platform
                .replies
                .push_back(Reply::Slow(Duration::from_secs(5)))
        });
        let before = tokio::time::Instant::now();
        let token = handle.token().await.unwrap();
        assert_eq!(token.access_token.expose(), given, "{left} seconds left");
        assert_eq!(before.elapsed().as_secs(), waited, "{left} seconds left");
    }
}
