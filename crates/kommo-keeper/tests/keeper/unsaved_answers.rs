//! The pair of an exchange that the store cannot save, and the lifeboat.

use core::sync::atomic::Ordering;
use core::time::Duration;

use kommo_keeper::testing::Reply;
use kommo_keeper::{AlarmKind, CodeOutcome};

use crate::codes::pending;
use crate::scene::{LEASE, MemoryLifeboat, SECRET, Scene, key};

/// More failures than any test waits for.
const FOR_EVER: u32 = u32::MAX;

async fn accepted(scene: &Scene) -> String {
    let code = scene.wire.consent();
    scene.keeper.accept_code(&pending(&code)).await.unwrap();
    code
}

fn another_process(first: &Scene, lifeboat: &MemoryLifeboat) -> Scene {
    let (store, wire, clock) = (first.store.clone(), first.wire.clone(), first.clock.clone());
    Scene::beside(store, wire, clock, lifeboat.clone(), "default", SECRET)
}

fn in_lifeboat(scene: &Scene) -> Vec<bool> {
    let alarms = scene.alarms.lock().unwrap();
    let unsaved = alarms.iter().filter_map(|alarm| match alarm.kind {
        AlarmKind::Unsaved { in_lifeboat } => Some(in_lifeboat),
        _ => None,
    });
    unsaved.collect()
}

#[track_caller]
fn granted(outcomes: &[CodeOutcome]) {
    let [CodeOutcome::Granted(grant)] = outcomes else {
        panic!("{outcomes:?}");
    };
    assert_eq!(grant.key, key());
}

// Invariant I6.
#[tokio::test(start_paused = true)]
async fn without_room_for_its_pair_no_code_is_sent() {
    let lifeboat = MemoryLifeboat::default();
    let scene = Scene::with_lifeboat(lifeboat.clone());
    accepted(&scene).await;
    lifeboat.is_full.store(true, Ordering::Relaxed);
    let outcomes = scene.keeper.exchange_codes(5).await.unwrap();
    assert_eq!(outcomes, [CodeOutcome::NotYet]);
    assert!(scene.wire.sent().is_empty());
    assert_eq!(scene.alarm_names(), ["lifeboat-failed"]);
    let why = scene.store.with(|kept| kept.codes[0].why.clone());
    assert_eq!(why, "no-room-for-answer");

    lifeboat.is_full.store(false, Ordering::Relaxed);
    scene.clock.advance(LEASE);
    granted(&scene.keeper.exchange_codes(5).await.unwrap());
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_room_is_there_during_the_request_and_given_back_whatever_comes_of_it() {
    let turns = [
        None,
        Some(Reply::LoseAnswer),
        Some(Reply::NotSent),
        Some(Reply::Answer(402, "{}")),
        Some(Reply::Answer(
            400,
            r#"{"hint":"Authorization code has expired"}"#,
        )),
    ];
    for turn in turns {
        let lifeboat = MemoryLifeboat::default();
        let scene = Scene::with_lifeboat(lifeboat.clone());
        accepted(&scene).await;
        scene.wire.with(|platform| {
            platform.replies.extend(turn);
            platform.latency = Duration::from_millis(50);
        });
        let keeper = scene.keeper.clone();
        let exchanging = tokio::spawn(async move { keeper.exchange_codes(5).await });
        while scene.wire.sent().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(lifeboat.reserved_codes.lock().unwrap().len(), 1);
        exchanging.await.unwrap().unwrap();
        assert_eq!(lifeboat.reserved_codes.lock().unwrap().len(), 0);
        assert!(lifeboat.answers.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_the_store_takes_late_leaves_nothing_in_the_lifeboat() {
    let lifeboat = MemoryLifeboat::default();
    let scene = Scene::with_lifeboat(lifeboat.clone());
    accepted(&scene).await;
    scene.store.with(|kept| kept.faults.failing_answers = 3);
    granted(&scene.keeper.exchange_codes(5).await.unwrap());
    assert_eq!(in_lifeboat(&scene), [true, true, true]);
    assert!(lifeboat.answers.lock().unwrap().is_empty());
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_leaves_the_pair_and_the_next_one_makes_the_grant() {
    let lifeboat = MemoryLifeboat::default();
    let first = Scene::with_lifeboat(lifeboat.clone());
    accepted(&first).await;
    first
        .store
        .with(|kept| kept.faults.failing_answers = FOR_EVER);
    let keeper = first.keeper.clone();
    let exchanging = tokio::spawn(async move { keeper.exchange_codes(5).await });
    while lifeboat.answers.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    // It does not wait for a pair that is safe.
    first.keeper.drain().await;
    assert_eq!(exchanging.await.unwrap().unwrap(), [CodeOutcome::NotYet]);
    assert_eq!(lifeboat.answers.lock().unwrap().len(), 1);

    first.store.with(|kept| kept.faults.failing_answers = 0);
    let next = another_process(&first, &lifeboat);
    granted(&next.keeper.exchange_codes(5).await.unwrap());
    assert_eq!(
        next.grants.lock().unwrap().len(),
        1,
        "the application is told"
    );
    assert!(lifeboat.answers.lock().unwrap().is_empty());
    assert!(next.keeper.exchange_codes(5).await.unwrap().is_empty());
    assert_eq!(next.wire.sent().len(), 1, "the code was sent once");
}

/// It comes back after the code's twenty minutes: the pair is valid for longer.
#[tokio::test(start_paused = true)]
async fn a_pair_that_was_left_is_a_grant_although_its_code_has_expired() {
    let lifeboat = MemoryLifeboat::default();
    let first = Scene::with_lifeboat(lifeboat.clone());
    accepted(&first).await;
    first
        .store
        .with(|kept| kept.faults.failing_answers = FOR_EVER);
    let keeper = first.keeper.clone();
    let exchanging = tokio::spawn(async move { keeper.exchange_codes(5).await });
    while lifeboat.answers.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    first.keeper.drain().await;
    exchanging.await.unwrap().unwrap();

    first.clock.jump(2 * 60 * 60);
    first.store.with(|kept| kept.faults.failing_answers = 0);
    let next = another_process(&first, &lifeboat);
    granted(&next.keeper.exchange_codes(5).await.unwrap());
    assert!(lifeboat.answers.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_code_that_was_tried_before_is_not_sent_while_its_pair_may_lie_in_the_lifeboat() {
    let lifeboat = MemoryLifeboat::default();
    let first = Scene::with_lifeboat(lifeboat.clone());
    accepted(&first).await;
    first
        .wire
        .with(|platform| platform.replies.push_back(Reply::LoseAnswer));
    let outcomes = first.keeper.exchange_codes(5).await.unwrap();
    assert_eq!(outcomes, [CodeOutcome::NotYet]);
    lifeboat.is_unreadable.store(true, Ordering::Relaxed);
    first.clock.advance(LEASE);
    let outcomes = first.keeper.exchange_codes(5).await.unwrap();
    assert_eq!(outcomes, [CodeOutcome::NotYet]);
    assert_eq!(first.wire.sent().len(), 1);
    assert_eq!(first.alarm_names(), ["lifeboat-failed"]);
    lifeboat.is_unreadable.store(false, Ordering::Relaxed);
    first.clock.advance(LEASE);
    first.keeper.exchange_codes(5).await.unwrap();
    assert_eq!(first.wire.sent().len(), 2);
}

/// Another process claims the code after the first one has ended with the pair in its memory.
#[tokio::test(start_paused = true)]
async fn a_code_that_is_claimed_again_finds_its_pair_in_the_lifeboat() {
    let lifeboat = MemoryLifeboat::default();
    let first = Scene::with_lifeboat(lifeboat.clone());
    let second = another_process(&first, &lifeboat);
    // The lifeboat was read before.
    assert!(second.keeper.exchange_codes(5).await.unwrap().is_empty());
    accepted(&first).await;
    first
        .store
        .with(|kept| kept.faults.failing_answers = FOR_EVER);
    let keeper = first.keeper.clone();
    let exchanging = tokio::spawn(async move { keeper.exchange_codes(5).await });
    while lifeboat.answers.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    first.keeper.drain().await;
    exchanging.await.unwrap().unwrap();
    first.store.with(|kept| kept.faults.failing_answers = 0);
    first.clock.advance(LEASE);
    granted(&second.keeper.exchange_codes(5).await.unwrap());
    assert_eq!(second.wire.sent().len(), 1, "the code was sent once");
    assert!(lifeboat.answers.lock().unwrap().is_empty());
}
