//! Limits: rates, shares, a bucket in a store, and who waits for whom.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kommo_account::AccountHost;
use kommo_http::{BudgetSettings, LimitShare, RateLimit, RequestBudget};
use kommo_keeper::testing::VirtualClock;
use kommo_keeper::{BucketSize, SharedBucket, Taken};

use crate::scene::{Scene, client_at, get, ok, transport};
use crate::test_tokens::{HOST, TOKEN, TestTokens, usable};

/// How long so many calls of one client take.
async fn time_of(calls: u32, settings: BudgetSettings) -> Duration {
    let scene = Scene::with_budget([ok("{}")], settings).await;
    for _ in 0..calls {
        scene.get().await.unwrap();
    }
    scene.clock.elapsed()
}

fn intervals(number: u32, a_second: u32) -> Duration {
    RateLimit::per_second(a_second).interval(LimitShare::WHOLE) * number
}

// Rule L4.
#[tokio::test]
async fn calls_of_one_address_are_seven_a_second_and_evenly_spaced() {
    let scene = Scene::start([ok("{}")]).await;
    let mut times = Vec::new();
    for _ in 0..15 {
        scene.get().await.unwrap();
        times.push(scene.clock.elapsed());
    }
    let expected: Vec<_> = (0..15).map(|number| intervals(number, 7)).collect();
    assert_eq!(times, expected);
}

// Rule L4.
#[tokio::test]
async fn the_narrowest_limit_decides() {
    let wide = RateLimit::per_second(1000);
    let narrow = RateLimit::per_second(2);
    let all = BudgetSettings::new()
        .egress(wide)
        .integration(wide)
        .account(wide);
    for settings in [
        all.clone().egress(narrow),
        all.clone().integration(narrow),
        all.clone().account(narrow),
    ] {
        assert_eq!(time_of(5, settings).await, intervals(4, 2));
    }
}

#[tokio::test]
async fn a_burst_goes_at_once_and_then_the_rate_holds() {
    let wide = RateLimit::per_second(1000).with_burst(1000);
    let settings = BudgetSettings::new()
        .egress(RateLimit::per_second(7).with_burst(5))
        .integration(wide)
        .account(wide);
    assert_eq!(time_of(5, settings.clone()).await, Duration::ZERO);
    assert_eq!(time_of(7, settings).await, intervals(2, 7));
}

#[tokio::test]
async fn a_process_keeps_to_its_share() {
    let share = LimitShare::new(1, 7).unwrap();
    let settings = BudgetSettings::new().share(share);
    assert_eq!(time_of(4, settings).await, Duration::from_secs(3));
}

// Rule L4.
#[tokio::test]
async fn an_account_that_paid_for_more_gets_more() {
    let host = AccountHost::parse(HOST).unwrap();
    let wide = RateLimit::per_second(1000);
    let settings = BudgetSettings::new().egress(wide);
    assert_eq!(time_of(8, settings.clone()).await, intervals(7, 7));
    let package = settings.package(host, wide, RateLimit::per_second(14));
    assert_eq!(time_of(8, package).await, intervals(7, 14));
}

#[tokio::test]
async fn two_accounts_share_the_address_and_nothing_else() {
    let scene = Scene::start([ok("{}")]).await;
    let others = Arc::new(TestTokens::of(usable("other.kommo.com", TOKEN, 1)));
    let other = client_at(scene.server.address, transport(), &others, &scene.budget);
    for _ in 0..3 {
        scene.get().await.unwrap();
        other.call_raw(get("/a")).await.unwrap();
    }
    assert_eq!(scene.clock.elapsed(), intervals(5, 7));

    // Without the limit of the address each goes at its own rate.
    let settings = BudgetSettings::new().egress(RateLimit::per_second(1_000_000));
    let scene = Scene::with_budget([ok("{}")], settings).await;
    let other = client_at(scene.server.address, transport(), &others, &scene.budget);
    scene.get().await.unwrap();
    other.call_raw(get("/a")).await.unwrap();
    assert!(scene.clock.elapsed() < Duration::from_millis(1));
}

/// Buckets of two requests that never fill again, or a store that cannot be asked.
#[derive(Clone, Default)]
struct Store {
    taken: Arc<Mutex<HashMap<String, u32>>>,
    is_away: bool,
}

#[derive(Debug)]
struct Away;

impl std::fmt::Display for Away {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("store is away")
    }
}

impl std::error::Error for Away {}

impl SharedBucket for Store {
    type Error = Away;

    async fn take(&self, name: &str, size: BucketSize) -> Result<Taken, Away> {
        if self.is_away {
            return Err(Away);
        }
        let mut taken = self.taken.lock().unwrap();
        let taken = taken.entry(name.to_owned()).or_default();
        *taken += 1;
        // The second try succeeds.
        if *taken % 2 == 1 {
            return Ok(Taken::After(size.interval));
        }
        Ok(Taken::Now)
    }
}

#[tokio::test]
async fn a_bucket_in_a_store_is_asked_until_it_gives() {
    let clock = VirtualClock::skipping_pauses();
    let store = Store::default();
    let settings = BudgetSettings::new().egress_name("office");
    let budget =
        RequestBudget::with_clock(settings, clock.clone()).with_shared_bucket(store.clone());
    let scene = Scene::start([ok("{}")]).await;
    let client = client_at(scene.server.address, transport(), &scene.tokens, &budget);
    client.call_raw(get("/a")).await.unwrap();
    assert_eq!(
        clock.pauses(),
        [intervals(1, 50), intervals(1, 7), intervals(1, 7)]
    );
    let mut keys: Vec<_> = store.taken.lock().unwrap().keys().cloned().collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "account/shop.kommo.com",
            "egress/office",
            "integration/11111111-2222-3333-4444-555555555555/shop.kommo.com",
        ]
    );
}

#[tokio::test]
async fn while_the_store_is_away_the_process_counts_by_itself() {
    let clock = VirtualClock::skipping_pauses();
    let store = Store {
        is_away: true,
        ..Store::default()
    };
    let settings = BudgetSettings::new().share(LimitShare::new(1, 7).unwrap());
    let budget = RequestBudget::with_clock(settings, clock.clone()).with_shared_bucket(store);
    let scene = Scene::start([ok("{}")]).await;
    let client = client_at(scene.server.address, transport(), &scene.tokens, &budget);
    for _ in 0..3 {
        client.call_raw(get("/a")).await.unwrap();
    }
    assert_eq!(clock.elapsed(), Duration::from_secs(2));
}

#[tokio::test]
async fn many_tasks_at_once_keep_to_the_rate() {
    let scene = Arc::new(Scene::start([ok("{}")]).await);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let scene = Arc::clone(&scene);
            tokio::spawn(async move { scene.get().await.is_ok() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!(scene.requests(), 20);
    // Each of the 19 after the first waits for its turn at the narrowest bucket.
    assert!(scene.clock.elapsed() >= intervals(19, 7));
}
