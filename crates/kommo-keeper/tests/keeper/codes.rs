//! From a code to a grant.

use core::time::Duration;

use kommo_account::{AccountId, ClientId, Endpoints, Realm};
use kommo_keeper::testing::Reply;
use kommo_keeper::{CodeOrigin, CodeOutcome, CodePut, Counter, ExchangeError, PendingCode};
use kommo_oauth::UnixSeconds;
use kommo_oauth::token::{AuthorizationCode, TokenRefusalKind};

use crate::scene::{CLIENT, DAY, LEASE, START, Scene, host, key};

pub(crate) fn pending(code: &str) -> PendingCode {
    PendingCode::new(
        Realm::Real,
        ClientId::parse(CLIENT).unwrap(),
        host(),
        AuthorizationCode::new(code).unwrap(),
        CodeOrigin::Redirect,
        UnixSeconds::new(START),
    )
}

// Rule G10.
#[tokio::test(start_paused = true)]
async fn a_code_becomes_a_durable_grant_and_the_application_is_told_what_its_state_carried() {
    let scene = Scene::new();
    let code = scene.wire.consent();
    let pending = pending(&code).with_carried(Some("tenant 7".to_owned()));
    assert_eq!(
        scene.keeper.accept_code(&pending).await,
        Ok(CodePut::Stored)
    );
    assert_eq!(
        scene.keeper.accept_code(&pending).await,
        Ok(CodePut::Duplicate)
    );
    let outcomes = scene.keeper.exchange_codes(10).await.unwrap();
    let [CodeOutcome::Granted(grant)] = outcomes.as_slice() else {
        panic!("{outcomes:?}");
    };
    assert_eq!((grant.key, grant.is_first), (key(), true));
    assert_eq!(
        scene.grants.lock().unwrap()[0].carried.as_deref(),
        Some("tenant 7")
    );
    assert!(scene.keeper.grant(&key()).unwrap().token().await.is_ok());
    assert!(scene.keeper.exchange_codes(10).await.unwrap().is_empty());
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pair_whose_owner_could_not_be_asked_is_kept_and_asked_for_later() {
    let scene = Scene::new();
    let code = scene.wire.consent();
    scene.keeper.accept_code(&pending(&code)).await.unwrap();
    scene
        .wire
        .with(|platform| platform.probe_is_inconclusive = true);
    assert_eq!(
        scene.keeper.exchange_codes(10).await.unwrap(),
        [CodeOutcome::NotYet]
    );
    assert!(
        scene.store.with(|kept| kept.codes[0].answer.is_some()),
        "durable before it is used"
    );
    scene
        .wire
        .with(|platform| platform.probe_is_inconclusive = false);
    scene.clock.advance(LEASE);
    let outcomes = scene.keeper.exchange_codes(10).await.unwrap();
    assert!(matches!(outcomes.as_slice(), [CodeOutcome::Granted(_)]));
    assert_eq!(scene.wire.sent().len(), 1, "the code was sent once");
}

#[tokio::test(start_paused = true)]
async fn a_refused_code_ends_and_a_refused_client_does_not_end_it() {
    let scene = Scene::new();
    let code = scene.wire.consent();
    scene.keeper.accept_code(&pending(&code)).await.unwrap();
    scene
        .wire
        .with(|platform| platform.replies.push_back(Reply::Answer(401, "{}")));
    assert_eq!(
        scene.keeper.exchange_codes(10).await.unwrap(),
        [CodeOutcome::ClientRefused(TokenRefusalKind::Unauthorized)]
    );
    assert!(scene.keeper.exchange_codes(10).await.unwrap().is_empty());
    scene.clock.advance(Duration::from_secs(30));
    let expired = r#"{"hint":"Authorization code has expired"}"#;
    scene
        .wire
        .with(|platform| platform.replies.push_back(Reply::Answer(400, expired)));
    assert_eq!(
        scene.keeper.exchange_codes(10).await.unwrap(),
        [CodeOutcome::Refused(TokenRefusalKind::CodeExpired)]
    );
    assert!(scene.keeper.exchange_codes(10).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lost_exchange_is_sent_again_only_to_learn_what_became_of_it() {
    let scene = Scene::new();
    let code = scene.wire.consent();
    scene.keeper.accept_code(&pending(&code)).await.unwrap();
    scene.wire.with(|platform| {
        platform
            .replies
            .extend([Reply::LoseAnswer, Reply::LoseAnswer, Reply::LoseAnswer])
    });
    assert_eq!(
        scene.keeper.exchange_codes(10).await.unwrap(),
        [CodeOutcome::NotYet]
    );
    scene.clock.advance(LEASE);
    assert_eq!(
        scene.keeper.exchange_codes(10).await.unwrap(),
        [CodeOutcome::Lost]
    );
    assert!(scene.keeper.exchange_codes(10).await.unwrap().is_empty());
    assert_eq!(scene.wire.sent().len(), 2, "once, and once more to learn");
    assert_eq!(scene.alarm_names(), ["code-lost"]);
    assert_eq!(scene.count(Counter::CodesLost), 1);
    assert_eq!(scene.count(Counter::CodesRefused), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_or_not_looked_at_does_not_count_as_an_exchange() {
    let scene = Scene::new();
    let code = scene.wire.consent();
    scene.keeper.accept_code(&pending(&code)).await.unwrap();
    scene.wire.with(|platform| {
        platform.is_lenient = true;
        platform.replies.extend([
            Reply::NotSent,
            Reply::Answer(429, "{}"),
            Reply::NotSent,
            Reply::Answer(401, "{}"),
            Reply::LoseAnswer,
        ]);
    });
    for round in 0..5 {
        scene.keeper.exchange_codes(10).await.unwrap();
        // The lease, and the longer pause after the 401.
        let length = if round == 3 { 2 * LEASE } else { LEASE };
        scene.clock.advance(length);
    }
    let outcomes = scene.keeper.exchange_codes(10).await.unwrap();
    assert!(
        matches!(outcomes.as_slice(), [CodeOutcome::Granted(_)]),
        "{outcomes:?}"
    );
    assert!(scene.alarm_names().contains(&"client-misconfigured"));
}

// Invariant I6.
#[tokio::test(start_paused = true)]
async fn a_pair_of_an_exchange_waits_until_the_store_takes_it() {
    let scene = Scene::new();
    let code = scene.wire.consent();
    scene.keeper.accept_code(&pending(&code)).await.unwrap();
    scene.store.with(|kept| kept.faults.failing_answers = 5);
    let outcomes = scene.keeper.exchange_codes(10).await.unwrap();
    assert!(
        matches!(outcomes.as_slice(), [CodeOutcome::Granted(_)]),
        "{outcomes:?}"
    );
    assert_eq!(scene.wire.sent().len(), 1);
    assert!(scene.alarm_names().contains(&"unsaved"));
}

#[tokio::test(start_paused = true)]
async fn a_consent_reaches_handles_that_are_in_use() {
    let scene = Scene::new();
    let handle = scene.grant(DAY);
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-0"
    );
    let code = scene.wire.consent();
    scene.keeper.accept_code(&pending(&code)).await.unwrap();
    scene.keeper.exchange_codes(10).await.unwrap();
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-3"
    );
}

#[tokio::test(start_paused = true)]
async fn a_consent_of_another_account_than_the_one_asked_for_is_kept_and_reported() {
    let scene = Scene::new();
    let code = scene.wire.consent();
    let asked = AccountId::from_number(9).unwrap();
    let pending = pending(&code).with_expected_account(Some(asked));
    scene.keeper.accept_code(&pending).await.unwrap();
    scene.keeper.exchange_codes(10).await.unwrap();
    let told = scene.grants.lock().unwrap()[0].clone();
    assert_eq!((told.key, told.expected_account), (key(), Some(asked)));
}

#[tokio::test(start_paused = true)]
async fn a_second_consent_gives_a_new_generation_and_keeps_the_old_pair_as_a_spare() {
    let scene = Scene::new();
    for is_first in [true, false] {
        let code = scene.wire.consent();
        scene.keeper.accept_code(&pending(&code)).await.unwrap();
        scene.keeper.exchange_codes(10).await.unwrap();
        assert_eq!(
            scene.grants.lock().unwrap().last().unwrap().is_first,
            is_first
        );
    }
    let grant = scene.store.with(|kept| kept.grants[&key()].clone());
    assert_eq!(grant.generation.get(), 2);
    assert_eq!(grant.state.pairs().unwrap().spares().len(), 1);
}

// Invariant I3.
#[tokio::test(start_paused = true)]
async fn a_code_of_another_realm_is_not_taken() {
    let scene = Scene::new();
    let mut code = pending("def502");
    code.realm = Endpoints::loopback_url("http://127.0.0.1:8080")
        .unwrap()
        .realm();
    assert_eq!(
        scene.keeper.accept_code(&code).await,
        Err(ExchangeError::NotOurs)
    );
    assert!(scene.store.with(|kept| kept.codes.is_empty()));
}

/// The pause after a refusal and the lease after a lost answer alike. Another worker's claim stays.
#[tokio::test(start_paused = true)]
async fn a_person_who_mended_the_cause_does_not_wait_for_the_next_try() {
    let refused = Reply::Answer(401, "{}");
    for reply in [
        refused,
        Reply::Answer(403, "<html>"),
        Reply::LoseAnswer,
        Reply::NotSent,
    ] {
        let scene = Scene::new();
        let code = scene.wire.consent();
        scene.keeper.accept_code(&pending(&code)).await.unwrap();
        scene.wire.with(|platform| {
            platform.is_lenient = true;
            platform.replies.push_back(reply);
        });
        scene.keeper.exchange_codes(10).await.unwrap();
        assert!(scene.keeper.exchange_codes(10).await.unwrap().is_empty());
        assert_eq!(scene.keeper.lift_code_pauses(None).await, Ok(1));
        let outcomes = scene.keeper.exchange_codes(10).await.unwrap();
        assert!(
            matches!(outcomes.as_slice(), [CodeOutcome::Granted(_)]),
            "{outcomes:?}"
        );
        assert_eq!(scene.keeper.lift_code_pauses(None).await, Ok(0));
    }
}

/// With a host that has no account (404), or another one: the code was not looked at.
#[tokio::test(start_paused = true)]
async fn a_code_that_was_pasted_with_a_wrong_host_may_be_accepted_with_the_right_one() {
    let wrong = [
        (404, "{}", TokenRefusalKind::NotFound),
        (404, "<html>", TokenRefusalKind::NotFound),
        (
            400,
            r#"{"hint":"Invalid account"}"#,
            TokenRefusalKind::InvalidAccount,
        ),
    ];
    for (status, body, kind) in wrong {
        for origin in [CodeOrigin::Pasted, CodeOrigin::Redirect] {
            let scene = Scene::new();
            let mut pending = pending(&scene.wire.consent());
            pending.origin = origin;
            scene.keeper.accept_code(&pending).await.unwrap();
            scene.wire.with(|platform| {
                platform.replies.push_back(Reply::Answer(status, body));
            });
            let outcomes = scene.keeper.exchange_codes(10).await.unwrap();
            let again = scene.keeper.accept_code(&pending).await.unwrap();
            if origin == CodeOrigin::Redirect {
                assert_eq!(again, CodePut::Duplicate, "the platform named that host");
                continue;
            }
            assert_eq!(outcomes, [CodeOutcome::Refused(kind)]);
            assert_eq!(again, CodePut::Stored);
            let outcomes = scene.keeper.exchange_codes(10).await.unwrap();
            assert!(matches!(outcomes.as_slice(), [CodeOutcome::Granted(_)]));
        }
    }
}
