//! What the platform knows of an answer's way: delivered, dropped, lost.

use kommo_sandbox::{
    CommitPoint, CutPoint, Fault, FaultKind, OauthRules, Rotation, Sandbox, Surface,
};
use serde_json::Value;

use crate::plain_client::{
    Pair, code, config, exchange_body, granted, over_socket, refresh, refresh_body, works,
};

async fn sandbox(rotation: Rotation) -> Sandbox {
    let rules = OauthRules {
        rotation,
        ..OauthRules::default()
    };
    Sandbox::builder()
        .config(config(rules))
        .start()
        .await
        .unwrap()
}

fn pair_in(bytes: &[u8]) -> Pair {
    let text = core::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.contains(&format!("content-length: {}\r\n", body.len())),
        "{head}"
    );
    let body: Value = serde_json::from_str(body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Pair {
        access: text("access_token"),
        refresh: text("refresh_token"),
    }
}

#[tokio::test]
async fn an_answer_over_a_socket_counts_as_delivered() {
    let sandbox = sandbox(Rotation::Strict).await;
    let first = pair_in(&over_socket(&sandbox, &exchange_body(&code(&sandbox))).await);
    pair_in(&over_socket(&sandbox, &refresh_body(&first.refresh)).await);
    let grant = &sandbox.grants(0, 1)[0];
    assert_eq!(grant.last_answer_delivered, Some(true));
    assert!(!grant.lost && grant.living[0].delivered);
    assert_eq!(sandbox.counters().answers_dropped_after_commit, 0);
}

#[tokio::test]
async fn strict_loses_a_grant_whose_answer_was_dropped_and_lenient_does_not() {
    for (rotation, lost) in [
        (Rotation::Strict, 1),
        (Rotation::UntilRefreshUsed, 0),
        (Rotation::UntilAccessUsed, 0),
    ] {
        let sandbox = sandbox(rotation).await;
        let first = granted(&sandbox).await;
        sandbox.inject(
            Fault::new(FaultKind::DropAfterCommit)
                .on(Surface::Token)
                .times(1),
        );
        assert!(
            over_socket(&sandbox, &refresh_body(&first.refresh))
                .await
                .is_empty()
        );
        let counters = sandbox.counters();
        assert_eq!(
            (
                counters.refreshes,
                counters.answers_dropped_after_commit,
                counters.lost_grants
            ),
            (1, 1, lost)
        );
        assert_eq!(sandbox.grants(0, 1)[0].last_answer_delivered, Some(false));
        let again = refresh(&sandbox, &first.refresh).await;
        assert_eq!(again.status, if lost == 1 { 401 } else { 200 });
        assert_eq!(sandbox.counters().lost_grants, lost);
        assert_eq!(sandbox.grants(0, 1)[0].refused_since_latest, lost);
    }
}

#[tokio::test]
async fn half_an_answer_is_no_delivery() {
    let sandbox = sandbox(Rotation::Strict).await;
    let first = granted(&sandbox).await;
    let fault = Fault::new(FaultKind::DropAfterCommit)
        .on(Surface::Token)
        .at(CutPoint::Midway);
    sandbox.inject(fault.times(1));
    let bytes = over_socket(&sandbox, &refresh_body(&first.refresh)).await;
    assert!(bytes.starts_with(b"HTTP/1.1 200 "));
    assert_eq!(sandbox.counters().lost_grants, 1);
}

#[tokio::test]
async fn a_cut_before_the_commit_changes_nothing() {
    let sandbox = sandbox(Rotation::Strict).await;
    let first = granted(&sandbox).await;
    sandbox.inject(Fault::new(FaultKind::Cut).on(Surface::Token).times(1));
    assert!(
        over_socket(&sandbox, &refresh_body(&first.refresh))
            .await
            .is_empty()
    );
    let counters = sandbox.counters();
    assert_eq!(
        (
            counters.refreshes,
            counters.answers_dropped_after_commit,
            counters.lost_grants
        ),
        (0, 0, 0)
    );
    assert!(works(&sandbox, &first.access).await);
    refresh(&sandbox, &first.refresh).await.pair();
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_leaves_the_grant_to_the_rotation() {
    for (rotation, lost) in [(Rotation::Strict, 1), (Rotation::UntilRefreshUsed, 0)] {
        let sandbox = sandbox(rotation).await;
        let first = granted(&sandbox).await;
        sandbox.inject(Fault::new(FaultKind::NoRefreshToken).times(1));
        let answer = refresh(&sandbox, &first.refresh).await;
        assert_eq!(answer.status, 200);
        let body = answer.json();
        assert!(body.get("refresh_token").is_none());
        assert!(works(&sandbox, body["access_token"].as_str().unwrap()).await);
        let counters = sandbox.counters();
        assert_eq!(
            (counters.lost_grants, counters.answers_dropped_after_commit),
            (lost, 0)
        );
    }
}

#[tokio::test]
async fn a_client_that_forgot_the_answer_is_known_when_it_asks_again() {
    let sandbox = sandbox(Rotation::Strict).await;
    let first = granted(&sandbox).await;
    let second = refresh(&sandbox, &first.refresh).await.pair();
    assert_eq!(sandbox.counters().abandoned_grants, 0);
    assert_eq!(refresh(&sandbox, &first.refresh).await.status, 401);
    let counters = sandbox.counters();
    assert_eq!((counters.abandoned_grants, counters.lost_grants), (1, 0));
    let told = |sandbox: &Sandbox| sandbox.grants(0, 1)[0].abandoned;
    assert!(told(&sandbox));
    assert!(works(&sandbox, &second.access).await);
    assert_eq!(sandbox.counters().abandoned_grants, 0);
    assert!(!told(&sandbox));
}

/// Waits for something that another task is about to do, without a pause of its own.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_what_was_begun() {
    for commit in [CommitPoint::Before, CommitPoint::After] {
        let sandbox = sandbox(Rotation::Strict).await;
        let first = granted(&sandbox).await;
        sandbox.inject(
            Fault::new(FaultKind::Hold)
                .on(Surface::Token)
                .commit(commit)
                .times(1),
        );
        let (platform, token) = (sandbox.platform().clone(), first.refresh.clone());
        let client = tokio::spawn(async move { refresh(&platform, &token).await });
        until(|| sandbox.held() == 1).await;
        let committed = u64::from(commit == CommitPoint::Before);
        assert_eq!(sandbox.counters().refreshes, committed);
        client.abort();
        assert!(client.await.is_err());
        sandbox.release();
        until(|| sandbox.counters().answers_dropped_after_commit == 1).await;
        let counters = sandbox.counters();
        assert_eq!((counters.refreshes, counters.lost_grants), (1, 1));
        until(|| sandbox.held() == 0).await;
    }
}

#[tokio::test]
async fn a_held_request_is_answered_when_it_is_released() {
    let sandbox = sandbox(Rotation::Strict).await;
    let first = granted(&sandbox).await;
    sandbox.inject(Fault::new(FaultKind::Hold).on(Surface::Token).times(1));
    let asking = async { refresh(&sandbox, &first.refresh).await.pair() };
    let letting = async {
        until(|| sandbox.held() == 1).await;
        assert_eq!(sandbox.counters().refreshes, 1);
        sandbox.release();
    };
    let (pair, ()) = tokio::join!(asking, letting);
    assert!(works(&sandbox, &pair.access).await);
}
