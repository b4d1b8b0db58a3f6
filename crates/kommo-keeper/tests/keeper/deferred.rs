//! Codes that are not exchanged at once: what is reported, when they are tried again, and how they
//! end.

use core::time::Duration;

use kommo_account::{ClientId, Realm};
use kommo_keeper::testing::Reply;
use kommo_keeper::{
    AlarmKind, Clock, CodeOrigin, CodeOutcome, Counter, ExchangeError, PendingCode, StoreErrorKind,
};
use kommo_oauth::grant::{Generation, HoldKind};
use kommo_oauth::refresh::TokenRequirement;
use kommo_oauth::token::{AuthorizationCode, TokenRefusalKind};

use crate::scene::{CLIENT, HOUR, LEASE, Scene, host, key};

const LIFE: u64 = 20 * 60;

/// A scene with a waiting code, and what the platform will do.
async fn waiting(turns: impl IntoIterator<Item = Reply>) -> Scene {
    let scene = Scene::new();
    let code = scene.wire.consent();
    let pending = PendingCode::new(
        Realm::Real,
        ClientId::parse(CLIENT).unwrap(),
        host(),
        AuthorizationCode::new(code).unwrap(),
        CodeOrigin::Redirect,
        scene.clock.now(),
    );
    scene.keeper.accept_code(&pending).await.unwrap();
    scene.wire.with(|platform| platform.replies.extend(turns));
    scene
}

fn pass(scene: &Scene, seconds: u64) {
    scene.clock.advance(Duration::from_secs(seconds));
}

async fn exchange(scene: &Scene) -> Vec<CodeOutcome> {
    scene.keeper.exchange_codes(10).await.unwrap()
}

#[track_caller]
fn deferred(outcomes: &[CodeOutcome]) -> (TokenRefusalKind, u16) {
    let [CodeOutcome::Deferred(refusal)] = outcomes else {
        panic!("{outcomes:?}");
    };
    (refusal.kind, refusal.status)
}

// Rule G15.
#[tokio::test(start_paused = true)]
async fn an_unknown_refusal_is_told_at_once_and_the_code_is_sent_once_more() {
    let scene = waiting([
        Reply::Answer(400, r#"{"hint":"Something new"}"#),
        Reply::Answer(400, r#"{"hint":"Something new"}"#),
    ])
    .await;
    let told = deferred(&exchange(&scene).await);
    assert_eq!(told, (TokenRefusalKind::Unknown, 400));
    assert_eq!(scene.alarm_names(), ["suspect"]);
    let refused = CodeOutcome::Refused(TokenRefusalKind::Unknown);
    scene.clock.advance(LEASE);
    assert_eq!(exchange(&scene).await, [refused]);
    assert!(exchange(&scene).await.is_empty());
    assert_eq!(scene.alarm_names(), ["suspect", "code-refused"]);
    assert_eq!(scene.count(Counter::CodesRefused), 1);
    assert_eq!(scene.wire.sent().len(), 2);
}

// Rule G15.
#[tokio::test(start_paused = true)]
async fn a_refusal_that_passes_is_told_with_its_hold_and_the_code_becomes_a_grant_afterwards() {
    for (status, hold, pause) in [
        (402, HoldKind::PaymentRequired, Some(30)),
        (404, HoldKind::MovedHost, None),
        (429, HoldKind::Throttled, Some(60)),
    ] {
        let scene = waiting([Reply::Answer(status, "<html>")]).await;
        assert_eq!(deferred(&exchange(&scene).await).1, status);
        let until = pause.map(|pause| scene.clock.now().plus(Duration::from_secs(pause)));
        let alarms = scene.alarms.lock().unwrap().clone();
        assert_eq!(alarms.len(), 1, "{alarms:?}");
        assert_eq!(alarms[0].kind, AlarmKind::Held { kind: hold, until });
        assert_eq!(alarms[0].key, None);
        let pause = pause.map_or(LEASE, Duration::from_secs);
        scene.clock.advance(pause);
        let outcomes = exchange(&scene).await;
        assert!(
            matches!(outcomes.as_slice(), [CodeOutcome::Granted(_)]),
            "{status} {outcomes:?}"
        );
    }
}

// Rules K9, L5.
#[tokio::test(start_paused = true)]
async fn a_pause_that_was_asked_for_is_kept_however_short_the_lease_is() {
    let scene = waiting([Reply::Answer(429, r#"{"retry_after":180}"#)]).await;
    deferred(&exchange(&scene).await);
    pass(&scene, 179);
    assert!(exchange(&scene).await.is_empty());
    assert_eq!(scene.wire.sent().len(), 1);
    pass(&scene, 1);
    let outcomes = exchange(&scene).await;
    assert!(matches!(outcomes.as_slice(), [CodeOutcome::Granted(_)]));
}

// Rule L6.
#[tokio::test(start_paused = true)]
async fn a_blocked_host_is_not_asked_again_and_the_code_that_grows_old_is_told_once() {
    let block = || Reply::Answer(403, "<html>");
    let held_back = || Reply::Withheld(Duration::from_secs(3 * HOUR));
    for (turn, is_answered) in [(block(), true), (held_back(), false)] {
        let scene = waiting([turn]).await;
        let outcomes = exchange(&scene).await;
        if is_answered {
            let told = deferred(&outcomes);
            assert_eq!(told, (TokenRefusalKind::Blocked, 403));
        } else {
            assert_eq!(outcomes, [CodeOutcome::NotYet]);
        }
        assert_eq!(scene.alarm_names(), ["blocked"]);
        pass(&scene, LIFE - 1);
        assert!(exchange(&scene).await.is_empty());
        assert_eq!(scene.count(Counter::CodesExpired), 0);
        for _ in 0..2 {
            pass(&scene, 1);
            assert!(exchange(&scene).await.is_empty());
        }
        assert_eq!(scene.alarm_names(), ["blocked", "code-expired"]);
        assert_eq!(scene.count(Counter::CodesExpired), 1);
        assert_eq!(scene.wire.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pair_whose_owner_is_not_known_yet_never_grows_too_old() {
    let scene = waiting([]).await;
    scene
        .wire
        .with(|platform| platform.probe_is_inconclusive = true);
    assert_eq!(exchange(&scene).await, [CodeOutcome::NotYet]);
    scene
        .wire
        .with(|platform| platform.probe_is_inconclusive = false);
    pass(&scene, LIFE);
    let outcomes = exchange(&scene).await;
    assert!(matches!(outcomes.as_slice(), [CodeOutcome::Granted(_)]));
    assert!(scene.alarm_names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_grant_whose_code_was_not_settled_is_told_again_as_the_first() {
    let failed = Err(ExchangeError::Store(StoreErrorKind::Unavailable));
    for is_refreshed in [false, true] {
        let scene = waiting([]).await;
        scene.store.with(|kept| kept.faults.failing_ends = 1);
        assert_eq!(scene.keeper.exchange_codes(10).await, failed);
        if is_refreshed {
            let handle = scene.keeper.grant(&key()).unwrap();
            handle.token_newer_than(Generation::FIRST).await.unwrap();
        }
        let before = scene.store.with(|kept| kept.grants[&key()].clone());
        scene.clock.advance(LEASE);
        let outcomes = exchange(&scene).await;
        assert!(matches!(outcomes.as_slice(), [CodeOutcome::Granted(_)]));
        let told = scene.grants.lock().unwrap().clone();
        assert_eq!(told.len(), 2, "at least once");
        assert_eq!(told[0], told[1]);
        assert!(told[1].is_first);
        let after = scene.store.with(|kept| kept.grants[&key()].clone());
        assert_eq!(
            after, before,
            "the pair is known, and nothing is written over it"
        );
        assert_eq!(scene.count(Counter::CodesExchanged), 1);
        let want = TokenRequirement::default();
        assert!(want.is_met_by(&after, scene.clock.now()).is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_a_pair_that_the_store_does_not_take_and_its_limit_ends_the_wait() {
    let scene = waiting([]).await;
    scene
        .store
        .with(|kept| kept.faults.failing_answers = u32::MAX);
    assert_eq!(exchange(&scene).await, [CodeOutcome::NotYet]);
    assert!(scene.alarm_names().contains(&"unsaved"));
    let limit = Duration::from_secs(60);
    let before = scene.clock.monotonic();
    assert!(!scene.keeper.drain_within(limit).await);
    assert_eq!(scene.clock.monotonic() - before, limit);
    // The pair is not given up: when the store is back it becomes a grant, and then all flights
    // have finished.
    scene.store.with(|kept| kept.faults.failing_answers = 0);
    assert!(scene.keeper.drain_within(limit).await);
    assert_eq!(scene.grants.lock().unwrap().len(), 1);
    assert_eq!(scene.wire.sent().len(), 1);
}
