//! Token requests in the same budget as calls.

use std::time::Duration;

use kommo_http::{BreakReason, BudgetSettings, RateLimit, RequestBudget, TransportBuilder};
use kommo_keeper::TokenEndpoint;
use kommo_oauth::{Located, SendOutcome};

use crate::raw_server::{RawServer, Reply};
use crate::scene::{PAIR, Scene, client_id, endpoint_at, host, ok, refresh};
use crate::test_clock::TestClock;

/// A scene whose endpoint counts.
async fn counted(reply: Reply, settings: BudgetSettings) -> (Scene, RequestBudget) {
    let server = RawServer::start([reply]).await;
    let clock = TestClock::default();
    let budget = RequestBudget::with_clock(settings, clock.clone());
    let (endpoints, endpoint) = endpoint_at(server.address, TransportBuilder::new(), &clock);
    let endpoint = endpoint.with_budget(budget.clone(), client_id());
    let scene = Scene {
        server,
        clock,
        endpoints,
        endpoint,
    };
    (scene, budget)
}

// Rule L4.
#[tokio::test]
async fn token_requests_probes_and_look_ups_wait_for_their_places() {
    let settings = BudgetSettings::new().egress(RateLimit::per_second(1));
    let (scene, _) = counted(ok(PAIR), settings).await;
    scene.refresh().await;
    scene.probe().await;
    assert_eq!(scene.locate().await, Located::Unknown);
    assert_eq!(scene.requests(), 3);
    assert_eq!(scene.clock.elapsed(), Duration::from_secs(2));
}

#[tokio::test]
async fn without_a_budget_nothing_waits() {
    let scene = Scene::start([ok(PAIR)]).await;
    for _ in 0..10 {
        scene.refresh().await;
    }
    assert_eq!(scene.clock.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn who_gets_no_place_soon_has_sent_nothing() {
    let share = kommo_http::LimitShare::new(1, 60).unwrap();
    let settings = BudgetSettings::new()
        .egress(RateLimit::per_second(1))
        .share(share);
    let (scene, _) = counted(ok(PAIR), settings).await;
    scene.refresh().await;
    assert_eq!(scene.refresh().await, SendOutcome::NotSent);
    assert_eq!(scene.requests(), 1);
    scene.clock.advance_seconds(60);
    assert!(matches!(scene.refresh().await, SendOutcome::Answered(_)));
}

#[tokio::test]
async fn a_block_opens_the_breaker_for_calls_and_not_for_token_requests() {
    let page = Reply::answer("403 X", &[("Content-Type", "text/html")], b"<html>");
    let (scene, budget) = counted(page, BudgetSettings::new()).await;
    scene.refresh().await;
    let open = budget.open_breaker(host()).unwrap();
    assert_eq!(open.reason, BreakReason::Blocked);
    let realm = scene.endpoints.realm();
    scene.endpoint.send(realm, &refresh()).await;
    assert_eq!(scene.requests(), 2);
}

#[tokio::test]
async fn throttles_of_the_token_endpoint_count_too() {
    let page = Reply::answer("429 X", &[], b"");
    let (scene, budget) = counted(page, BudgetSettings::new()).await;
    for _ in 0..3 {
        assert_eq!(budget.open_breaker(host()), None);
        scene.refresh().await;
        scene.clock.advance_seconds(60);
    }
    let open = budget.open_breaker(host()).unwrap();
    assert_eq!(open.reason, BreakReason::TooManyRequests);
}
