//! Lost answers, failing stores, programs that end at the wrong moment.

use core::sync::atomic::Ordering;
use core::time::Duration;

use kommo_account::Endpoints;
use kommo_keeper::testing::{MemoryStore, Reply};
use kommo_keeper::{Counter, Keeper, KeeperError, KeeperSettings, StoreErrorKind};
use kommo_oauth::grant::{GrantState, Orphan, ReauthReason};
use kommo_oauth::refresh::Unmet;

use crate::scene::{
    DAY, HOUR, MemoryLifeboat, NO_LIFEBOAT, SECRET, START, Scene, credentials, key,
};

async fn expire() {
    tokio::time::advance(Duration::from_secs(DAY)).await;
}

// Rules K11, M1.
#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_the_old_token_serves_and_the_same_refresh_token_is_sent_again() {
    let scene = Scene::new();
    scene.wire.with(|platform| platform.is_lenient = true);
    let handle = scene.grant(DAY);
    handle.token().await.unwrap();
    tokio::time::advance(Duration::from_secs(DAY - HOUR + 1)).await;
    scene
        .wire
        .with(|platform| platform.replies.push_back(Reply::LoseAnswer));
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-0"
    );
    while scene.state() != "in-doubt" {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-0"
    );
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-0"
    );
    scene.keeper.drain().await;
    assert_eq!(scene.wire.sent(), ["refresh-1", "refresh-1"]);
    assert_eq!(scene.state(), "active");
    assert_eq!(scene.alarm_names(), ["in-doubt"]);
    assert_eq!(handle.fresh().unwrap().access_token.expose(), "access-3");
}

#[tokio::test(start_paused = true)]
async fn without_any_token_a_caller_waits_for_the_retry_of_a_doubt() {
    let scene = Scene::new();
    scene.wire.with(|platform| platform.is_lenient = true);
    let handle = scene.grant(10);
    expire().await;
    scene.wire.with(|platform| {
        platform.replies.push_back(Reply::LoseAnswer);
        platform.replies.push_back(Reply::Answer(502, "<html>"));
    });
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-3"
    );
    assert_eq!(scene.wire.sent(), ["refresh-1", "refresh-1", "refresh-1"]);
    assert_eq!(scene.count(Counter::Doubts), 2);
}

#[tokio::test(start_paused = true)]
async fn a_strict_platform_that_lost_the_answer_needs_a_new_consent_and_says_so() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    expire().await;
    scene
        .wire
        .with(|platform| platform.replies.push_back(Reply::LoseAnswer));
    let error = handle.token().await.unwrap_err();
    let expected = Unmet::ReauthRequired(ReauthReason::Revoked);
    assert!(matches!(error, KeeperError::NoToken { why, .. } if why == expected));
    assert!(!error.is_passing());
    assert_eq!(scene.state(), "reauth-required");
    let sealed = scene.store.with(|kept| match &kept.grants[&key()].state {
        GrantState::ReauthRequired(ended) => ended.pairs.clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        sealed.newest().pair.refresh_token.expose(),
        "refresh-1",
        "sealed, not erased"
    );
    // Asking again sends nothing.
    let sent = scene.wire.sent().len();
    handle.token().await.unwrap_err();
    assert_eq!(scene.wire.sent().len(), sent);
}

// Invariant I4.
// Rule M2.
#[tokio::test(start_paused = true)]
async fn a_pair_that_cannot_be_saved_is_not_handed_out_until_it_is() {
    let lifeboat = MemoryLifeboat::default();
    let scene = Scene::with_lifeboat(lifeboat.clone());
    let handle = scene.grant(10);
    expire().await;
    scene.store.with(|kept| kept.faults.failing_saves = 3);
    let token = handle.token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
    assert_eq!(
        scene.wire.sent().len(),
        1,
        "the pair was kept, not asked for again"
    );
    assert_eq!(scene.state(), "active");
    assert!(
        lifeboat.files.lock().unwrap().is_empty(),
        "the file is gone after the save"
    );
    assert_eq!(scene.count(Counter::Unsaved), 1);
    assert!(scene.alarm_names().contains(&"unsaved"));
    let stored = scene.store.with(|kept| kept.grants[&key()].clone());
    assert_eq!(stored.generation, token.generation);
}

#[tokio::test(start_paused = true)]
async fn a_pair_in_the_lifeboat_is_saved_by_the_next_program() {
    let lifeboat = MemoryLifeboat::default();
    let one = Scene::with_lifeboat(lifeboat.clone());
    let handle = one.grant(10);
    expire().await;
    one.store.with(|kept| kept.faults.failing_saves = u32::MAX);
    let ended = tokio::time::timeout(Duration::from_secs(1), handle.token()).await;
    assert!(ended.is_err(), "no token is handed out");
    assert_eq!(lifeboat.files.lock().unwrap().len(), 1);
    assert_eq!(one.state(), "refreshing");

    // The first program is gone for good; its store is back.
    let store = one.store.clone();
    let copy = MemoryStore::default();
    let grant = store.with(|kept| kept.grants[&key()].clone());
    copy.with(|kept| kept.grants.insert(key(), grant));
    let two = Scene::beside(
        copy,
        one.wire.clone(),
        one.clock.clone(),
        lifeboat.clone(),
        "default",
        SECRET,
    );
    let token = two.keeper.grant(&key()).unwrap().token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
    assert_eq!(one.wire.sent(), ["refresh-1"], "nothing was sent for it");
    assert!(lifeboat.files.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_of_a_program_that_died_is_taken_over() {
    let scene = Scene::new();
    scene.wire.with(|platform| platform.is_lenient = true);
    let handle = scene.grant(10);
    expire().await;
    // The record of an attempt without its worker: what SIGKILL leaves.
    scene.store.with(|kept| {
        let grant = kept.grants[&key()].clone();
        let used = grant.state.pairs().unwrap().newest().number;
        let id = kommo_oauth::grant::AttemptId::new([7; 16]);
        let now = kommo_oauth::UnixSeconds::new(START);
        let moved = grant
            .begin(kommo_oauth::grant::Attempt::new(id, used, now))
            .unwrap();
        kept.grants.insert(key(), moved.grant);
    });
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-2"
    );
    assert_eq!(scene.wire.sent(), ["refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_out_of_reach_is_a_passing_error_and_nothing_is_sent() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    expire().await;
    scene
        .store
        .with(|kept| kept.faults.error = Some(StoreErrorKind::Unavailable));
    let error = handle.token().await.unwrap_err();
    assert!(matches!(
        error,
        KeeperError::NoToken {
            why: Unmet::StoreFailed(StoreErrorKind::Unavailable),
            ..
        }
    ));
    assert!(error.is_passing());
    assert!(scene.wire.sent().is_empty());
    assert!(scene.alarm_names().contains(&"store-failed"));
    scene.store.with(|kept| kept.faults.error = None);
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-2"
    );
}

#[tokio::test(start_paused = true)]
async fn what_did_not_leave_is_no_doubt() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    expire().await;
    scene.wire.with(|platform| {
        platform.replies.push_back(Reply::NotSent);
        platform.replies.push_back(Reply::NotSent);
    });
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-2"
    );
    assert_eq!(scene.count(Counter::Doubts), 0);
    assert_eq!(scene.count(Counter::Unreachable), 2);
    let names: Vec<_> = scene
        .store
        .with(|kept| kept.history.iter().map(|(_, name)| *name).collect());
    assert_eq!(
        names,
        [
            "attempt-begun",
            "without-effect",
            "attempt-begun",
            "without-effect",
            "attempt-begun",
            "refreshed"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_are_told() {
    let scene = Scene::new();
    scene
        .wire
        .with(|platform| platform.server_time = Some(START));
    let handle = scene.grant(10);
    expire().await;
    handle.token().await.unwrap();
    assert_eq!(scene.alarm_names(), ["clock-differs"]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_leaves_in_the_lifeboat_what_the_store_will_not_take() {
    let lifeboat = MemoryLifeboat::default();
    let scene = Scene::with_lifeboat(lifeboat.clone());
    let handle = scene.grant(10);
    expire().await;
    scene
        .store
        .with(|kept| kept.faults.failing_saves = u32::MAX);
    let ended = tokio::time::timeout(Duration::from_secs(1), handle.token()).await;
    assert!(ended.is_err());
    let drained = tokio::time::timeout(Duration::from_secs(60), scene.keeper.drain()).await;
    assert!(drained.is_ok(), "the drain waits for ever");
    assert_eq!(lifeboat.files.lock().unwrap().len(), 1);
    let alarms = scene.alarm_names();
    let told = alarms
        .iter()
        .filter(|name| **name == "store-failed")
        .count();
    assert!(told < 10, "{told} alarms");

    // The next program finds it there.
    scene.store.with(|kept| kept.faults.failing_saves = 0);
    let two = Scene::beside(
        scene.store.clone(),
        scene.wire.clone(),
        scene.clock.clone(),
        lifeboat.clone(),
        "default",
        SECRET,
    );
    assert_eq!(two.keeper.recover_unsaved().await, Ok(1));
    assert_eq!(two.state(), "active");
    assert!(lifeboat.files.lock().unwrap().is_empty());
    assert_eq!(scene.wire.sent(), ["refresh-1"]);
}

// Invariant I6.
#[tokio::test(start_paused = true)]
async fn a_rescue_brings_back_a_grant_that_was_given_up() {
    let lifeboat = MemoryLifeboat::default();
    let one = Scene::with_lifeboat(lifeboat.clone());
    let handle = one.grant(10);
    expire().await;
    one.store.with(|kept| kept.faults.failing_saves = u32::MAX);
    let ended = tokio::time::timeout(Duration::from_secs(1), handle.token()).await;
    assert!(ended.is_err());
    one.keeper.drain().await;
    one.store.with(|kept| kept.faults.failing_saves = 0);
    // A machine without that lifeboat gives up the grant.
    let other = Scene::beside(
        one.store.clone(),
        one.wire.clone(),
        one.clock.clone(),
        NO_LIFEBOAT,
        "elsewhere",
        SECRET,
    );
    let handle = other.keeper.grant(&key()).unwrap();
    handle.token().await.unwrap_err();
    assert_eq!(one.state(), "in-doubt", "the first machine may be alive");
    tokio::time::advance(Orphan::DEFAULT_LIMIT).await;
    handle.token().await.unwrap_err();
    assert_eq!(one.state(), "reauth-required");
    let two = Scene::beside(
        one.store.clone(),
        one.wire.clone(),
        one.clock.clone(),
        lifeboat,
        "default",
        SECRET,
    );
    assert_eq!(two.keeper.recover_unsaved().await, Ok(1));
    assert_eq!(one.state(), "active");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_while_a_lifeboat_cannot_be_read_that_may_hold_the_newest_pair() {
    let lifeboat = MemoryLifeboat::default();
    let scene = Scene::with_lifeboat(lifeboat.clone());
    let handle = scene.grant(10);
    expire().await;
    scene
        .store
        .with(|kept| kept.faults.failing_saves = u32::MAX);
    let ended = tokio::time::timeout(Duration::from_secs(1), handle.token()).await;
    assert!(ended.is_err());
    scene.keeper.drain().await;
    scene.store.with(|kept| kept.faults.failing_saves = 0);
    let two = Scene::beside(
        scene.store.clone(),
        scene.wire.clone(),
        scene.clock.clone(),
        lifeboat.clone(),
        "default",
        SECRET,
    );
    lifeboat.is_unreadable.store(true, Ordering::Relaxed);
    let handle = two.keeper.grant(&key()).unwrap();
    let error = handle.token().await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    assert!(two.alarm_names().contains(&"lifeboat-failed"));
    assert_eq!(
        scene.wire.sent(),
        ["refresh-1"],
        "the old token was sent again"
    );
    lifeboat.is_unreadable.store(false, Ordering::Relaxed);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-2"
    );
    assert_eq!(scene.wire.sent(), ["refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_costs_no_pair() {
    let scene = Scene::new();
    scene.grant(10);
    let mut settings = KeeperSettings::new(Endpoints::real());
    settings.policy.jitter = Duration::ZERO;
    let keeper = Keeper::builder(scene.store.clone(), scene.wire.clone(), settings)
        .clock(scene.clock.clone())
        .credentials(credentials(SECRET))
        .on_alarm(|_| panic!("a listener"))
        .build();
    let handle = keeper.grant(&key()).unwrap();
    expire().await;
    scene.wire.with(|platform| platform.server_time = Some(1));
    scene.store.with(|kept| kept.faults.failing_saves = 2);
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-2"
    );
    assert_eq!(scene.wire.sent(), ["refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_is_not_saved_is_told_and_counted_once_with_and_without_a_lifeboat() {
    for has_lifeboat in [false, true] {
        let told = match has_lifeboat {
            false => unsaved(&Scene::new()).await,
            true => unsaved(&Scene::with_lifeboat(MemoryLifeboat::default())).await,
        };
        assert_eq!(told, [has_lifeboat]);
    }
}

/// The alarms of a pair that the store saves only at the fourth try.
async fn unsaved(scene: &Scene) -> Vec<bool> {
    let handle = scene.grant(10);
    expire().await;
    scene.store.with(|kept| kept.faults.failing_saves = 3);
    handle.token().await.unwrap();
    assert_eq!(scene.count(Counter::Unsaved), 1);
    let alarms = scene.alarms.lock().unwrap();
    let told = alarms.iter().filter_map(|alarm| match alarm.kind {
        kommo_keeper::AlarmKind::Unsaved { in_lifeboat } => Some(in_lifeboat),
        _ => None,
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn a_rescue_and_a_disconnect_hook_wait_no_longer_than_a_lease_for_a_store_that_hangs() {
    let lifeboat = MemoryLifeboat::default();
    let scene = Scene::with_lifeboat(lifeboat.clone());
    let handle = scene.grant(10);
    expire().await;
    scene
        .store
        .with(|kept| kept.faults.failing_saves = u32::MAX);
    let ended = tokio::time::timeout(Duration::from_secs(1), handle.token()).await;
    assert!(ended.is_err());
    scene.keeper.drain().await;
    let next = Scene::beside(
        scene.store.clone(),
        scene.wire.clone(),
        scene.clock.clone(),
        lifeboat,
        "default",
        SECRET,
    );
    next.store.with(|kept| kept.faults.hanging_loads = 1);
    let limit = Duration::from_secs(300);
    let recovered = tokio::time::timeout(limit, next.keeper.recover_unsaved()).await;
    assert_eq!(recovered.unwrap(), Ok(0));
    next.store.with(|kept| kept.faults.hanging_loads = 1);
    let account = key().account_id;
    let verdicts = tokio::time::timeout(limit, next.keeper.disconnect_reported(account)).await;
    assert_eq!(
        verdicts.unwrap().unwrap(),
        [kommo_keeper::DisconnectVerdict::Unknown(key())]
    );
}
