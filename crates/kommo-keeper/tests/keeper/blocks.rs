//! Block pages: what one tenant meets says nothing about our address, and what an install hook
//! leads to never does.

use core::time::Duration;

use kommo_account::{AccountHost, ClientId, Realm};
use kommo_keeper::testing::Reply;
use kommo_keeper::{Clock, CodeOrigin, KeeperError, PendingCode};
use kommo_oauth::grant::HoldKind;
use kommo_oauth::refresh::Unmet;
use kommo_oauth::token::{AuthorizationCode, RequestOrigin};

use crate::scene::{CLIENT, Handle, Scene};

const BLOCK: (u16, &str) = (403, "<html>blocked</html>");

async fn known(scene: &Scene, grants: u64) -> Vec<Handle> {
    let grants = (1..=grants)
        .map(|account| scene.proven_grant_of(account, 10))
        .collect();
    tokio::time::advance(Duration::from_secs(60)).await;
    grants
}

fn is_blocked<T>(token: &Result<T, KeeperError>) -> bool {
    matches!(
        token,
        Err(KeeperError::NoToken {
            why: Unmet::Held(HoldKind::Blocked),
            ..
        })
    )
}

// Rule L6.
#[tokio::test(start_paused = true)]
async fn the_block_of_one_tenant_holds_that_tenant_alone() {
    let scene = Scene::new();
    let grants = known(&scene, 20).await;
    let blocked = scene.store.with(|kept| {
        let newest = kept.grants[grants[0].key()]
            .state
            .pairs()
            .unwrap()
            .newest()
            .clone();
        newest.pair.refresh_token.expose().to_owned()
    });
    let blocked: &'static str = format!("\"{blocked}\"").leak();
    scene
        .wire
        .with(|platform| platform.refuses = Some((blocked, BLOCK.0, BLOCK.1)));
    assert!(is_blocked(&grants[0].token().await));
    for handle in &grants[1..] {
        handle.token().await.unwrap();
    }
    assert_eq!(scene.wire.sent().len(), grants.len());
    assert_eq!(scene.alarm_names(), ["blocked"]);
    // Its own hold is short at first, and doubles.
    let mut sent = Vec::new();
    for _ in 0..90 {
        tokio::time::advance(Duration::from_secs(60)).await;
        drop(grants[0].token().await);
        sent.push(scene.wire.sent().len() - grants.len());
    }
    assert_eq!(
        (sent[13], sent[15], sent[43], sent[46], sent[89]),
        (0, 1, 1, 2, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_block_of_the_address_costs_two_requests_and_then_holds_all() {
    let scene = Scene::new();
    let grants = known(&scene, 20).await;
    scene
        .wire
        .with(|platform| platform.refuses = Some(("", BLOCK.0, BLOCK.1)));
    for handle in &grants {
        assert!(is_blocked(&handle.token().await));
    }
    assert_eq!(scene.wire.sent().len(), 2, "one, and one trial of another");
    let keyless = scene
        .alarms
        .lock()
        .unwrap()
        .iter()
        .filter(|alarm| alarm.key.is_none())
        .count();
    assert_eq!(keyless, 1, "that all are held is told once");
    // When the hold ends, one tries for all.
    tokio::time::advance(Duration::from_secs(6 * 3_600)).await;
    scene.wire.with(|platform| platform.refuses = None);
    for handle in &grants {
        handle.token().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_that_never_worked_are_no_evidence_however_many_they_are() {
    let scene = Scene::new();
    let new: Vec<_> = (1..=5).map(|account| scene.grant_of(account, 10)).collect();
    let good = scene.proven_grant_of(100, 10);
    tokio::time::advance(Duration::from_secs(60)).await;
    scene.wire.with(|platform| {
        platform
            .replies
            .extend((0..5).map(|_| Reply::Answer(BLOCK.0, BLOCK.1)));
    });
    for handle in &new {
        assert!(is_blocked(&handle.token().await));
    }
    good.token().await.unwrap();
    let origins = scene.wire.with(|platform| platform.origins.clone());
    assert_eq!(origins[..5], [RequestOrigin::OtherGrant; 5]);
    assert_eq!(origins[5], RequestOrigin::KnownAccount);
}

#[tokio::test(start_paused = true)]
async fn codes_that_anyone_may_send_hold_nobody_and_raise_no_alarm_about_a_block() {
    for (origin, sent_as) in [
        (CodeOrigin::InstallHook, RequestOrigin::InstallHook),
        (CodeOrigin::UnboundRedirect, RequestOrigin::UnboundConsent),
    ] {
        strangers_hold_nobody(origin, sent_as).await;
    }
}

async fn strangers_hold_nobody(origin: CodeOrigin, sent_as: RequestOrigin) {
    let scene = Scene::new();
    let good = known(&scene, 2).await;
    for (code, host) in [("x1", "evil-one.kommo.com"), ("x2", "evil-two.kommo.com")] {
        let pending = PendingCode::new(
            Realm::Real,
            ClientId::parse(CLIENT).unwrap(),
            AccountHost::parse(host).unwrap(),
            AuthorizationCode::new(code).unwrap(),
            origin,
            scene.clock.now(),
        );
        scene.keeper.accept_code(&pending).await.unwrap();
        scene
            .wire
            .with(|platform| platform.replies.push_back(Reply::Answer(BLOCK.0, BLOCK.1)));
    }
    scene.keeper.exchange_codes(10).await.unwrap();
    let origins = scene.wire.with(|platform| platform.origins.clone());
    assert_eq!(origins, [sent_as; 2]);
    assert!(scene.alarm_names().is_empty());
    for handle in &good {
        handle.token().await.unwrap();
    }
}
