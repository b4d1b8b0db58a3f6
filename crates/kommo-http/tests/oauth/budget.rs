//! Token requests in the same budget as calls.

use std::convert::Infallible;
use std::time::Duration;

use kommo_account::AccountHost;
use kommo_http::{BreakReason, BudgetSettings, RateLimit, RequestBudget, TransportBuilder};
use kommo_keeper::testing::VirtualClock;
use kommo_keeper::{BucketSize, Probe, SharedBucket, Taken, TokenEndpoint};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{AuthorizationCode, RequestOrigin, TokenAnswer, TokenRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::raw_server::{RawServer, Reply};
use crate::scene::{
    CODE, JSON, PAIR, Scene, client_id, credentials, endpoint_at, exchange, host, ok, refresh,
    refresh_token,
};

/// A scene whose endpoint counts.
pub(crate) async fn counted(reply: Reply, settings: BudgetSettings) -> (Scene, RequestBudget) {
    counted_all([reply], settings).await
}

async fn counted_all(
    replies: impl IntoIterator<Item = Reply>,
    settings: BudgetSettings,
) -> (Scene, RequestBudget) {
    let clock = VirtualClock::skipping_pauses();
    let budget = RequestBudget::with_clock(settings, clock.clone());
    (counted_in(replies, &budget, clock).await, budget)
}

async fn counted_in(
    replies: impl IntoIterator<Item = Reply>,
    budget: &RequestBudget,
    clock: VirtualClock,
) -> Scene {
    let server = RawServer::start(replies).await;
    let (endpoints, endpoint) = endpoint_at(server.address, TransportBuilder::new(), &clock);
    let endpoint = endpoint.with_budget(budget.clone(), client_id());
    Scene {
        server,
        clock,
        endpoints,
        endpoint,
    }
}

fn throttle(body: &str) -> Reply {
    Reply::answer("429 X", &[JSON], body.as_bytes())
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
    scene.clock.advance(Duration::from_secs(60));
    assert!(matches!(scene.refresh().await, SendOutcome::Answered(_)));
}

fn block() -> Reply {
    Reply::answer("403 X", &[("Content-Type", "text/html")], b"<html>")
}

// Rule L6.
#[tokio::test]
async fn a_block_stops_token_requests_and_probes_for_hours_and_then_one_is_the_trial() {
    let (scene, budget) = counted_all([block(), ok(PAIR)], BudgetSettings::new()).await;
    assert!(matches!(scene.refresh().await, SendOutcome::Answered(_)));
    let open = budget.open_breaker(host()).unwrap();
    assert_eq!(open.reason, BreakReason::Blocked);
    scene.clock.advance(Duration::from_secs(3_600));
    let realm = scene.endpoints.realm();
    for request in [refresh(), exchange()] {
        let outcome = scene.endpoint.send(realm, &request).await;
        let SendOutcome::Withheld { left } = outcome else {
            panic!("{outcome:?}");
        };
        // Less what it waited for its place.
        assert_eq!(left.as_secs().div_ceil(60), 3 * 60);
    }
    assert_eq!(scene.probe().await, Probe::Inconclusive);
    assert_eq!(scene.requests(), 1, "nothing left meanwhile");
    scene.clock.advance(Duration::from_secs(3 * 3_600));
    assert!(matches!(scene.refresh().await, SendOutcome::Answered(_)));
    assert_eq!(scene.requests(), 2);
    assert_eq!(budget.open_breaker(host()), None);
}

// Rule L6.
#[tokio::test]
async fn a_block_of_the_whole_egress_stops_look_ups_too() {
    let settings = BudgetSettings::new().blocked_accounts_for_egress(1);
    let (scene, _) = counted(block(), settings).await;
    let known = refresh().with_origin(RequestOrigin::KnownAccount);
    scene.endpoint.send(scene.endpoints.realm(), &known).await;
    assert_eq!(scene.locate().await, Located::Unknown);
    assert!(matches!(
        scene.refresh().await,
        SendOutcome::Withheld { .. }
    ));
    assert_eq!(scene.requests(), 1);
}

/// A refresh or an exchange at another account's host.
fn at(shop: &str, origin: RequestOrigin) -> TokenRequest {
    let host = AccountHost::parse(&format!("{shop}.kommo.com")).unwrap();
    match origin {
        RequestOrigin::KnownAccount | RequestOrigin::OtherGrant => {
            TokenRequest::refresh(&credentials(), &host, &refresh_token())
        }
        _ => {
            let code = AuthorizationCode::new(CODE).unwrap();
            TokenRequest::exchange(&credentials(), &host, &code)
        }
    }
    .with_origin(origin)
}

// Exchanges skip the queue of calls, so what strangers order of them has a part of the budget.
#[tokio::test]
async fn what_strangers_order_leaves_the_rest_of_the_budget_to_others() {
    for origin in [RequestOrigin::InstallHook, RequestOrigin::UnboundConsent] {
        let (scene, _) = counted(ok(PAIR), BudgetSettings::new()).await;
        let realm = scene.endpoints.realm();
        for number in 0..68 {
            let request = at(&format!("evil-{number}"), origin);
            let outcome = scene.endpoint.send(realm, &request).await;
            assert!(matches!(outcome, SendOutcome::Answered(_)), "{outcome:?}");
        }
        let taken = scene.clock.elapsed().as_secs();
        assert!(
            (59..=60).contains(&taken),
            "eight, and one a second: {taken}"
        );
        // A user's consent and a refresh wait for none of them.
        let before = scene.clock.elapsed();
        let consent = at("shop", RequestOrigin::Consent);
        scene.endpoint.send(realm, &consent).await;
        scene.refresh().await;
        assert!(scene.clock.elapsed() - before < Duration::from_secs(1));
    }
}

// The bucket is one that processes can share.
#[tokio::test]
async fn a_stranger_who_gets_no_place_soon_costs_no_request() {
    let settings = BudgetSettings::new()
        .egress(RateLimit::per_second(60))
        .strangers(RateLimit::per_second(1))
        .share(kommo_http::LimitShare::new(1, 60).unwrap());
    let (scene, _) = counted(ok(PAIR), settings).await;
    let realm = scene.endpoints.realm();
    let hook = || at("evil", RequestOrigin::InstallHook);
    let outcome = scene.endpoint.send(realm, &hook()).await;
    assert!(matches!(outcome, SendOutcome::Answered(_)), "{outcome:?}");
    let outcome = scene.endpoint.send(realm, &hook()).await;
    assert_eq!(outcome, SendOutcome::NotSent);
    assert_eq!(scene.requests(), 1);
    assert!(matches!(scene.refresh().await, SendOutcome::Answered(_)));
}

// Rule L6: what a stranger chooses is no evidence about our address.
#[tokio::test]
async fn block_pages_that_strangers_order_stop_nothing() {
    for origin in [
        RequestOrigin::InstallHook,
        RequestOrigin::UnboundConsent,
        RequestOrigin::Consent,
    ] {
        let replies = [block(), block(), block(), block(), ok(PAIR)];
        let (scene, budget) = counted_all(replies, BudgetSettings::new()).await;
        let realm = scene.endpoints.realm();
        // The last of them names a customer's host.
        for shop in ["evil-one", "evil-two", "evil-three", "shop"] {
            let outcome = scene.endpoint.send(realm, &at(shop, origin)).await;
            assert!(matches!(outcome, SendOutcome::Answered(_)), "{outcome:?}");
        }
        assert_eq!(budget.open_breaker(host()), None);
        let outcome = scene.refresh().await;
        assert!(
            matches!(outcome, SendOutcome::Answered(TokenAnswer::Granted(_))),
            "{outcome:?}"
        );
    }
}

// Rule L6: and so is what two tenants met; a third one tries for all.
#[tokio::test]
async fn two_tenants_that_are_blocked_stop_themselves_alone() {
    let replies = [block(), block(), ok(PAIR), ok(PAIR)];
    let (scene, budget) = counted_all(replies, BudgetSettings::new()).await;
    let realm = scene.endpoints.realm();
    let known = RequestOrigin::KnownAccount;
    for shop in ["evil-one", "evil-two", "three", "four"] {
        let outcome = scene.endpoint.send(realm, &at(shop, known)).await;
        assert!(matches!(outcome, SendOutcome::Answered(_)), "{outcome:?}");
    }
    let open = |shop: &str| {
        let host = AccountHost::parse(&format!("{shop}.kommo.com")).unwrap();
        budget.open_breaker(host).map(|open| open.is_whole_egress)
    };
    assert_eq!(
        [
            open("evil-one"),
            open("evil-two"),
            open("three"),
            open("five")
        ],
        [Some(false), Some(false), None, None]
    );
}

// Rule L6.
#[tokio::test]
async fn a_third_account_that_is_blocked_as_the_trial_stops_all() {
    let (scene, budget) = counted(block(), BudgetSettings::new()).await;
    let realm = scene.endpoints.realm();
    for shop in ["one", "two", "three"] {
        let request = at(shop, RequestOrigin::KnownAccount);
        scene.endpoint.send(realm, &request).await;
    }
    assert!(budget.open_breaker(host()).unwrap().is_whole_egress);
    assert!(matches!(
        scene.refresh().await,
        SendOutcome::Withheld { .. }
    ));
    assert_eq!(scene.requests(), 3);
}

// Rule L6: a pause of 429s is for calls, which wait for the token.
#[tokio::test]
async fn a_breaker_that_429s_opened_does_not_stop_token_requests() {
    let settings = BudgetSettings::new().open_after_throttles(1, Duration::from_secs(900));
    let (scene, budget) = counted(throttle("{}"), settings).await;
    scene.refresh().await;
    let open = budget.open_breaker(host()).unwrap();
    assert_eq!(open.reason, BreakReason::TooManyRequests);
    assert!(matches!(scene.refresh().await, SendOutcome::Answered(_)));
    assert_eq!(scene.requests(), 2);
}

#[tokio::test]
async fn throttles_of_the_token_endpoint_count_too() {
    let page = Reply::answer("429 X", &[], b"");
    let (scene, budget) = counted(page, BudgetSettings::new()).await;
    for _ in 0..3 {
        assert_eq!(budget.open_breaker(host()), None);
        scene.refresh().await;
        scene.clock.advance(Duration::from_secs(60));
    }
    let open = budget.open_breaker(host()).unwrap();
    assert_eq!(open.reason, BreakReason::TooManyRequests);
}

#[tokio::test]
async fn throttles_with_an_answer_of_the_platform_between_them_are_not_in_a_row() {
    let revoked = br#"{"hint":"Token has been revoked","status":401}"#;
    for (between, is_in_a_row) in [
        (ok(PAIR), false),
        (Reply::answer("401 X", &[JSON], revoked), false),
        (Reply::answer("502 X", &[], b"<html>"), true),
        (Reply::cut(), true),
    ] {
        let replies = (0..3).flat_map(|_| [throttle("{}"), between.clone()]);
        let (scene, budget) = counted_all(replies, BudgetSettings::new()).await;
        for _ in 0..6 {
            scene.refresh().await;
            scene.clock.advance(Duration::from_secs(60));
        }
        assert_eq!(scene.requests(), 6);
        assert_eq!(budget.open_breaker(host()).is_some(), is_in_a_row);
    }
}

#[tokio::test]
async fn token_requests_that_left_together_are_one_throttle() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let clock = VirtualClock::skipping_pauses();
    let wide = RateLimit::per_second(1000).with_burst(1000);
    let settings = BudgetSettings::new()
        .egress(wide)
        .integration(wide)
        .account(wide);
    let budget = RequestBudget::with_clock(settings, clock.clone());
    let (endpoints, endpoint) = endpoint_at(address, TransportBuilder::new(), &clock);
    let endpoint = endpoint.with_budget(budget.clone(), client_id());
    let mut tasks = JoinSet::new();
    let mut streams = Vec::new();
    for _ in 0..3 {
        let endpoint = endpoint.clone();
        tasks.spawn(async move { endpoint.send(endpoints.realm(), &refresh()).await });
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        streams.push(stream);
    }
    // All have left. Their answers come one after the other.
    for stream in &mut streams {
        clock.advance(Duration::from_secs(1));
        let answer = b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        let outcome = tasks.join_next().await.unwrap().unwrap();
        assert!(matches!(outcome, SendOutcome::Answered(_)), "{outcome:?}");
    }
    assert_eq!(budget.open_breaker(host()), None);
}

// Rule L6.
#[tokio::test]
async fn a_probe_that_meets_a_block_opens_the_breaker_and_a_refusal_in_json_does_not() {
    let long = vec![b' '; 2 * 1024 * 1024];
    for body in [&b"<html>"[..], b"", &long] {
        let (scene, budget) =
            counted(Reply::answer("403 X", &[], body), BudgetSettings::new()).await;
        assert_eq!(scene.probe().await, Probe::Inconclusive);
        let open = budget.open_breaker(host()).unwrap();
        assert_eq!(open.reason, BreakReason::Blocked);
    }
    for body in ["{}", "[]", r#"{"title":"Forb"#] {
        let refusal = Reply::answer("403 X", &[JSON], body.as_bytes());
        let (scene, budget) = counted(refusal, BudgetSettings::new()).await;
        scene.probe().await;
        assert_eq!(budget.open_breaker(host()), None, "{body}");
    }
}

// Rule L6.
#[tokio::test]
async fn a_token_request_that_is_refused_in_json_opens_nothing() {
    for body in ["{}", "[]", r#""denied""#, r#"{"title":"Forb"#] {
        let refusal = Reply::answer("403 X", &[JSON], body.as_bytes());
        let (scene, budget) = counted(refusal, BudgetSettings::new()).await;
        scene.refresh().await;
        assert_eq!(budget.open_breaker(host()), None, "{body}");
    }
}

#[tokio::test]
async fn throttles_of_probes_count_and_their_answers_too() {
    let open_after = |replies: Vec<Reply>| async move {
        let count = replies.len();
        let settings = BudgetSettings::new().open_after_throttles(2, Duration::from_secs(90));
        let (scene, budget) = counted_all(replies, settings).await;
        for _ in 0..count {
            assert_eq!(budget.open_breaker(host()), None);
            scene.probe().await;
            scene.clock.advance(Duration::from_secs(10));
        }
        budget.open_breaker(host())
    };
    let asked = throttle(r#"{"retry_after":200}"#);
    let open = open_after(vec![throttle("{}"), asked.clone()])
        .await
        .unwrap();
    // The pause that was asked for is longer than the setting.
    assert_eq!(open.left, Duration::from_secs(190));
    let alive = ok(r#"{"id":12345678}"#);
    assert_eq!(open_after(vec![throttle("{}"), alive, asked]).await, None);
}

/// A store that always has a place, and takes its time to say so.
struct SlowStore {
    clock: VirtualClock,
    takes: Duration,
}

impl SharedBucket for SlowStore {
    type Error = Infallible;

    async fn take(&self, _: &str, _: BucketSize) -> Result<Taken, Infallible> {
        self.clock.advance(self.takes);
        Ok(Taken::Now)
    }
}

// Three buckets for a token request, one for a look-up; ten seconds for all of them.
#[tokio::test]
async fn a_store_that_is_slow_counts_as_waiting() {
    for (seconds, requests) in [(3, 2), (4, 1), (11, 0)] {
        let clock = VirtualClock::skipping_pauses();
        let store = SlowStore {
            clock: clock.clone(),
            takes: Duration::from_secs(seconds),
        };
        let budget = RequestBudget::with_clock(BudgetSettings::new(), clock.clone());
        let budget = budget.with_shared_bucket(store);
        let scene = counted_in([ok(PAIR)], &budget, clock.clone()).await;
        let outcome = scene.refresh().await;
        assert_eq!(outcome == SendOutcome::NotSent, seconds > 3, "{seconds}");
        // Who is late does not ask the store for the buckets that are left.
        assert!(clock.elapsed() <= Duration::from_secs(12));
        scene.locate().await;
        assert_eq!(scene.requests(), requests, "{seconds}");
    }
}
