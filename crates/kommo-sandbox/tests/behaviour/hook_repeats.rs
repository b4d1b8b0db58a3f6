//! The platform's ladder of repeats on the virtual clock, and the webhook that is switched off.

use axum::http::StatusCode;
use kommo_sandbox::{
    Delivery, DeliveryOutcome, GrantOrder, HookKind, HookOrder, HookVariant, Platform,
};
use serde_json::json;

use crate::naive_client::{Draft, NOW, platform};
use crate::receiver::{Behaviour, Receiver};

const HOST: &str = "sandbox-one.kommo.com";
const MINUTE: u64 = 60;

fn order(kind: HookKind, receiver: &Receiver) -> HookOrder {
    HookOrder {
        to: Some(receiver.url("/hook")),
        ..HookOrder::new(kind)
    }
}

async fn pass(platform: &Platform, seconds: u64) -> Vec<Delivery> {
    platform.advance_seconds(seconds);
    platform.hooks_settled().await;
    platform.deliveries_after(0)
}

/// When each attempt was made, in minutes after the first.
async fn attempts(kind: HookKind, behaviour: Behaviour) -> Vec<u64> {
    let receiver = Receiver::start(behaviour).await;
    let platform = platform();
    let order = HookOrder {
        limit_ms: Some(200),
        ..order(kind, &receiver)
    };
    platform.send_hook(order).await.unwrap();
    let mut deliveries = Vec::new();
    for _ in 0..150 {
        deliveries = pass(&platform, MINUTE).await;
    }
    for (at, delivery) in deliveries.iter().enumerate() {
        assert_eq!(delivery.attempt as usize, at + 1);
        assert_eq!(delivery.repeats, (at > 0).then_some(1));
        let next = deliveries.get(at + 1).map(|next| next.at);
        assert_eq!(delivery.next_at, next);
    }
    let minutes = |delivery: &Delivery| (delivery.at - NOW) / MINUTE;
    deliveries.iter().map(minutes).collect()
}

#[tokio::test]
async fn a_bad_answer_is_followed_by_the_ladder_of_its_kind() {
    for (kind, behaviour, wanted) in [
        (
            HookKind::Crm,
            Behaviour::Answer(500),
            vec![0, 5, 20, 35, 95],
        ),
        (HookKind::Crm, Behaviour::Answer(404), vec![0, 5, 20]),
        (HookKind::Crm, Behaviour::HangUp, vec![0, 5, 20]),
        (HookKind::Crm, Behaviour::Answer(204), vec![0]),
        (
            HookKind::DigitalPipeline,
            Behaviour::Answer(404),
            vec![0, 5, 20, 35],
        ),
        (HookKind::OpenApi, Behaviour::Answer(204), vec![0, 1, 6, 21]),
        (HookKind::Chat, Behaviour::Answer(500), vec![0]),
        (HookKind::Bot, Behaviour::Answer(500), vec![0]),
    ] {
        assert_eq!(attempts(kind, behaviour).await, wanted, "{kind:?}");
    }
}

#[tokio::test]
async fn a_timeout_counts_as_a_server_error_and_repeats_are_the_same_request() {
    let mut receiver = Receiver::start(Behaviour::Silence).await;
    let platform = platform();
    let order = HookOrder {
        limit_ms: Some(100),
        ..order(HookKind::Crm, &receiver)
    };
    let first = platform.send_hook(order).await.unwrap();
    assert_eq!(first.outcome, DeliveryOutcome::TimedOut);
    let sent = receiver.next().await;
    for minutes in [5, 15, 15, 60] {
        pass(&platform, minutes * MINUTE).await;
        let again = receiver.next().await;
        assert_eq!(
            (again.head, again.body),
            (sent.head.clone(), sent.body.clone())
        );
    }
    assert_eq!(platform.counters().hooks_sent, 5);
}

#[tokio::test]
async fn the_ladder_ends_with_the_first_good_answer() {
    let receiver = Receiver::start(Behaviour::Answers(&[500, 302, 201])).await;
    let platform = platform();
    platform
        .send_hook(order(HookKind::Crm, &receiver))
        .await
        .unwrap();
    // Not a second too early.
    assert_eq!(pass(&platform, 5 * MINUTE - 1).await.len(), 1);
    assert_eq!(pass(&platform, 1).await.len(), 2);
    // However far the clock jumps, one attempt follows the other.
    let deliveries = pass(&platform, 10 * 3600).await;
    let statuses: Vec<_> = deliveries.iter().map(|delivery| delivery.status).collect();
    assert_eq!(statuses, [Some(500), Some(302), Some(201)]);
    assert_eq!(pass(&platform, 10 * 3600).await.len(), 3);
    let reasons: Vec<_> = platform
        .journal()
        .into_iter()
        .map(|entry| entry.detail.unwrap().reason)
        .collect();
    assert!(
        reasons[2].starts_with("crm hook, attempt 3: "),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn a_replay_and_a_hook_that_says_so_are_not_repeated() {
    let receiver = Receiver::start(Behaviour::Answer(500)).await;
    let platform = platform();
    let once = HookOrder {
        repeat: false,
        ..order(HookKind::Crm, &receiver)
    };
    platform.send_hook(once.clone()).await.unwrap();
    let replay = HookOrder {
        variant: HookVariant::Replay,
        ..once
    };
    platform.send_hook(replay).await.unwrap();
    assert_eq!(pass(&platform, 10 * 3600).await.len(), 2);
}

async fn register(platform: &Platform, destination: &str, events: &[&str]) {
    let grant = &platform.make_grants(GrantOrder::new(1)).unwrap()[0];
    let body = json!({ "destination": destination, "settings": events });
    let draft = Draft::new("POST", "/api/v4/webhooks")
        .header("host", HOST)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", grant.access_token))
        .body(body.to_string());
    assert_eq!(draft.send(platform).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_webhook_is_switched_off_by_the_hundred_and_first_bad_answer_in_two_hours() {
    let receiver = Receiver::start(Behaviour::Answer(404)).await;
    let platform = platform();
    register(&platform, &receiver.url("/hook"), &["status_lead"]).await;
    let send = async || platform.send_hook(HookOrder::new(HookKind::Crm)).await;
    let is_off = || platform.crm_webhooks(10_000_001)[0].disabled;
    // Two hours later the first is forgotten.
    let early = HookOrder {
        repeat: false,
        ..HookOrder::new(HookKind::Crm)
    };
    platform.send_hook(early).await.unwrap();
    platform.advance_seconds(2 * 3600);
    for _ in 0..100 {
        send().await.unwrap();
    }
    assert!(!is_off());
    let last = send().await.unwrap();
    assert!(is_off());
    assert_eq!(last.next_at, None);
    let entry = platform.journal().pop().unwrap().detail.unwrap();
    assert_eq!(entry.code, "crm-switched-off");
    // What waits for its repeat is dropped, and nothing else goes there.
    let before = platform.counters().hooks_sent;
    pass(&platform, 10 * 3600).await;
    assert_eq!(platform.counters().hooks_sent, before);
    assert!(send().await.is_err());
}

#[tokio::test]
async fn the_control_api_moves_the_clock_and_waits_for_the_repeats() {
    let receiver = Receiver::start(Behaviour::Answers(&[500, 200])).await;
    let platform = platform();
    platform
        .send_hook(order(HookKind::Crm, &receiver))
        .await
        .unwrap();
    let path = format!("{}/clock", platform.control_path());
    let moved = Draft::new("POST", &path)
        .header("host", "127.0.0.1")
        .body(r#"{"advance_seconds":300,"wait":true}"#)
        .send(&platform)
        .await;
    assert_eq!(moved.status, StatusCode::OK);
    let deliveries = platform.deliveries_after(0);
    assert_eq!(deliveries.len(), 2);
    assert_eq!(deliveries[1].status, Some(200));
}

/// A clock that runs by itself: the repeat is due at once, since the clock is moved ahead.
#[tokio::test]
async fn a_clock_that_follows_the_wall_brings_repeats_too() {
    let mut receiver = Receiver::start(Behaviour::Answers(&[500, 200])).await;
    let platform = platform();
    platform.follow_wall_clock();
    platform
        .send_hook(order(HookKind::Crm, &receiver))
        .await
        .unwrap();
    receiver.next().await;
    platform.advance_seconds(299);
    // The last second passes by itself.
    receiver.next().await;
}
