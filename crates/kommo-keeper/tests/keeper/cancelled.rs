//! A caller that goes away at any of its awaits: work that has begun is finished, and nothing is
//! lost or done twice.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use kommo_keeper::{Counter, DisconnectVerdict};

use crate::scene::{DAY, MemoryLifeboat, NO_LIFEBOAT, SECRET, Scene, key};

/// Polls a future this many times and drops it; returns its output if it has finished. All other
/// tasks run between two polls.
async fn polled<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let seen = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(output) = seen {
            return Some(output);
        }
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    None
}

async fn landed(scene: &Scene) {
    let drained = tokio::time::timeout(Duration::from_secs(60), scene.keeper.drain()).await;
    assert!(drained.is_ok(), "something never lands");
}

fn slow(scene: &Scene) {
    scene
        .wire
        .with(|platform| platform.latency = Duration::from_millis(50));
}

/// Another process, after this one has ended.
fn next(scene: &Scene, lifeboat: impl Into<Option<MemoryLifeboat>>) -> Scene {
    Scene::beside(
        scene.store.clone(),
        scene.wire.clone(),
        scene.clock.clone(),
        lifeboat,
        "default",
        SECRET,
    )
}

// Invariant I6.
#[tokio::test(start_paused = true)]
async fn a_caller_who_drops_its_wish_for_a_token_anywhere_costs_no_pair() {
    for is_first_save_lost in [false, true] {
        for polls in 0.. {
            let lifeboat = MemoryLifeboat::default();
            let scene = Scene::with_lifeboat(lifeboat.clone());
            let handle = scene.grant(10);
            tokio::time::advance(Duration::from_secs(DAY)).await;
            slow(&scene);
            scene
                .store
                .with(|kept| kept.faults.failing_saves = u32::from(is_first_save_lost));
            let got = polled(handle.token(), polls).await;
            landed(&scene).await;
            let sent = scene.wire.sent();
            assert!(sent.len() <= 1, "{polls} polls: {sent:?}");
            let next = next(&scene, lifeboat);
            let token = next.keeper.grant(&key()).unwrap().token().await.unwrap();
            assert_eq!(token.access_token.expose(), "access-2");
            assert_eq!(scene.wire.sent(), ["refresh-1"], "{polls} polls");
            if let Some(token) = got {
                assert_eq!(token.unwrap().access_token.expose(), "access-2");
                assert!(polls > 5, "{polls} polls are no test");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_hook_whose_task_goes_away_anywhere_is_looked_after_all_the_same() {
    for polls in 0.. {
        let scene = Scene::new();
        let handle = scene.grant(DAY);
        handle.token().await.unwrap();
        slow(&scene);
        scene.wire.revoke_all();
        scene
            .wire
            .with(|platform| platform.refused_access.insert("access-0".to_owned()));
        let got = polled(scene.keeper.disconnect_reported(key().account_id), polls).await;
        landed(&scene).await;
        // The hook comes again, to the next process.
        let next = next(&scene, NO_LIFEBOAT);
        let again = next.keeper.disconnect_reported(key().account_id).await;
        let over = [DisconnectVerdict::Disconnected(key())];
        assert_eq!(again.unwrap(), over, "{polls} polls");
        assert_eq!(scene.state(), "disconnected");
        let ends = scene.count(Counter::Ends) + next.count(Counter::Ends);
        assert_eq!(ends, 1, "{polls} polls");
        assert_eq!(scene.wire.sent(), ["refresh-1"], "{polls} polls");
        if let Some(verdicts) = got {
            assert_eq!(verdicts.unwrap(), over);
            assert!(polls > 2, "{polls} polls are no test");
            break;
        }
    }
}

// Invariant I6.
#[tokio::test(start_paused = true)]
async fn a_rescue_that_goes_away_anywhere_leaves_the_pair_where_the_next_one_finds_it() {
    for polls in 0.. {
        let lifeboat = MemoryLifeboat::default();
        let one = Scene::with_lifeboat(lifeboat.clone());
        let handle = one.grant(10);
        tokio::time::advance(Duration::from_secs(DAY)).await;
        one.store.with(|kept| kept.faults.failing_saves = u32::MAX);
        let ended = tokio::time::timeout(Duration::from_secs(1), handle.token()).await;
        assert!(ended.is_err());
        landed(&one).await;
        assert_eq!(lifeboat.files.lock().unwrap().len(), 1);
        // The store is back after two more failures.
        one.store.with(|kept| kept.faults.failing_saves = 2);
        let two = next(&one, lifeboat.clone());
        let got = polled(two.keeper.recover_unsaved(), polls).await;
        landed(&two).await;
        one.store.with(|kept| kept.faults.failing_saves = 0);
        let three = next(&one, lifeboat.clone());
        three.keeper.recover_unsaved().await.unwrap();
        assert_eq!(one.state(), "active", "{polls} polls");
        assert!(lifeboat.files.lock().unwrap().is_empty());
        let token = three.keeper.grant(&key()).unwrap().token().await.unwrap();
        assert_eq!(token.access_token.expose(), "access-2");
        assert_eq!(one.wire.sent(), ["refresh-1"], "{polls} polls");
        if got.is_some() {
            assert!(polls > 1, "{polls} polls are no test");
            break;
        }
    }
}
