//! Faults that lie in wait for the hooks that the platform sends by itself.

use axum::http::StatusCode;
use kommo_sandbox::{
    DeliveryOutcome, Fault, FaultKind, HookError, HookKind, HookOrder, HookVariant,
    IntegrationSettings, Platform, SandboxConfig, Surface, Verdict,
};
use serde_json::json;

use crate::naive_client::{Draft, config};
use crate::receiver::{Behaviour, Received, Receiver};

const ACCOUNT: u64 = 10_000_001;

fn platform_for(receiver: &Receiver) -> Platform {
    Platform::new(SandboxConfig {
        redirect_uri: receiver.url("/redirect"),
        integration: IntegrationSettings {
            disconnect_hook_uri: Some(receiver.url("/off")),
            ..IntegrationSettings::default()
        },
        ..config()
    })
    .unwrap()
}

fn fault(kind: FaultKind) -> Fault {
    Fault::new(kind).times(1)
}

fn signature(received: &Received) -> Option<String> {
    let mut pairs = received.parameters().into_iter();
    pairs
        .find(|(name, _)| name == "signature")
        .map(|(_, value)| value)
}

async fn send(platform: &Platform, kind: HookKind) {
    platform.send_hook(HookOrder::new(kind)).await.unwrap();
}

/// Faults and rule of the latest entry.
fn told(platform: &Platform) -> (Vec<String>, Option<String>, Verdict) {
    let entry = platform.journal().pop().unwrap();
    (entry.detail.unwrap().faults, entry.rule, entry.verdict)
}

// Rule X1.
#[tokio::test]
async fn a_hook_is_signed_wrongly_or_not_at_all_as_often_as_ordered() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    send(&platform, HookKind::Disconnect).await;
    let right = signature(&receiver.next().await).unwrap();
    assert_eq!(told(&platform), (vec![], None, Verdict::Accepted));

    platform.inject(fault(FaultKind::WrongSignature));
    platform.inject(fault(FaultKind::NoSignature));
    // An install hook has no signature, so both stay where they are.
    send(&platform, HookKind::Install).await;
    assert!(receiver.next().await.request_line().contains("/redirect"));
    assert_eq!(platform.faults().len(), 2);

    send(&platform, HookKind::Disconnect).await;
    let wrong = signature(&receiver.next().await).unwrap();
    assert_eq!(wrong.len(), right.len());
    assert_ne!(wrong, right);
    let (faults, rule, _) = told(&platform);
    assert_eq!(
        (faults, rule),
        (vec!["wrong-signature".into()], Some("X1".into()))
    );
    send(&platform, HookKind::Disconnect).await;
    assert_eq!(signature(&receiver.next().await), None);
    send(&platform, HookKind::Disconnect).await;
    assert_eq!(signature(&receiver.next().await), Some(right));
    assert!(platform.faults().is_empty());
}

// Rule X7.
#[tokio::test]
async fn a_hook_is_sent_twice_byte_for_byte() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    platform.inject(fault(FaultKind::SentTwice));
    send(&platform, HookKind::Disconnect).await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!((first.head, first.body), (second.head, second.body));
    let deliveries = platform.deliveries_after(0);
    assert_eq!(deliveries.len(), 2);
    assert!(
        deliveries
            .iter()
            .all(|delivery| delivery.outcome == DeliveryOutcome::Answered)
    );
    assert_eq!(platform.counters().hooks_sent, 2);
    assert_eq!(told(&platform).1.as_deref(), Some("X7"));
    send(&platform, HookKind::Disconnect).await;
    receiver.next().await;
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn a_hook_that_is_never_sent_has_happened_all_the_same() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    let pair = platform.issue_code(ACCOUNT, None).unwrap();
    platform.inject(fault(FaultKind::NeverSent).hook(HookKind::Disconnect));
    // It waits for its own kind.
    send(&platform, HookKind::Install).await;
    receiver.next().await;

    let order = HookOrder::new(HookKind::Disconnect);
    let delivery = platform.send_hook(order.clone()).await.unwrap();
    assert_eq!(
        (delivery.outcome, delivery.status),
        (DeliveryOutcome::NeverSent, None)
    );
    assert!(receiver.is_empty() && !pair.code.is_empty());
    assert_eq!(platform.counters().hooks_sent, 1);
    let entry = platform.journal().pop().unwrap();
    assert_eq!((entry.verdict, entry.status), (Verdict::Fault, None));
    assert_eq!(entry.detail.unwrap().code, "disconnect-never-sent");
    // What was never sent cannot be sent again.
    let replay = HookOrder {
        variant: HookVariant::Replay,
        ..order
    };
    let refused = platform.send_hook(replay).await;
    assert_eq!(refused, Err(HookError::NothingToReplay));
}

/// Taking the access back is the reason for a hook: it meets the fault as one that was ordered
/// does.
#[tokio::test]
async fn the_hook_of_a_deactivation_meets_the_fault_too() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    platform.issue_code(ACCOUNT, None).unwrap();
    platform.inject(fault(FaultKind::SentTwice).hook(HookKind::Disconnect));
    platform.deactivate(Some(ACCOUNT)).unwrap();
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert!(first.request_line().starts_with("GET /off?"));
    assert_eq!(first.head, second.head);
}

#[tokio::test]
async fn what_cannot_be_sent_and_what_is_odd_by_order_spends_no_fault() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    platform.inject(fault(FaultKind::NeverSent));
    let to_nobody = HookOrder {
        to: Some("https://integration.example/off".into()),
        ..HookOrder::new(HookKind::Disconnect)
    };
    assert!(platform.send_hook(to_nobody).await.is_err());
    let unsigned = HookOrder {
        variant: HookVariant::NoSignature,
        ..HookOrder::new(HookKind::Disconnect)
    };
    platform.send_hook(unsigned).await.unwrap();
    receiver.next().await;
    assert_eq!(platform.faults().len(), 1);
}

#[tokio::test]
async fn hook_faults_are_listed_ordered_and_checked_by_the_control_api() {
    let receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform_for(&receiver);
    let path = format!("{}/faults", platform.control_path());
    let faults = async |method: &str, body: &str| {
        let draft = Draft::new(method, &path);
        draft
            .header("host", "127.0.0.1")
            .body(body)
            .send(&platform)
            .await
    };
    let listed = faults("GET", "").await.json();
    let listed = listed["kinds"].as_array().unwrap();
    let kinds: Vec<_> = listed
        .iter()
        .filter(|kind| kind["on"] == "hook")
        .map(|kind| kind["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "wrong-signature",
            "no-signature",
            "sent-twice",
            "never-sent"
        ]
    );
    let order = json!({ "on": "hook", "kind": "never-sent", "times": 2, "hook": "disconnect" });
    let ordered = faults("POST", &order.to_string()).await;
    assert_eq!(
        (ordered.status, &ordered.json()["on_order"][0]),
        (StatusCode::OK, &order)
    );
    for wrong in [
        json!({ "on": "hook", "kind": "server-error" }),
        json!({ "on": "chats", "kind": "never-sent" }),
        json!({ "on": "hook", "kind": "never-sent", "hook": "secrets" }),
        json!({ "on": "hook", "kind": "wrong-signature", "hook": "crm" }),
        json!({ "on": "hook", "kind": "server-error", "hook": "chat" }),
        json!({ "on": "hook", "kind": "sent-twice", "hook": "no-such-hook" }),
    ] {
        assert_eq!(
            faults("POST", &wrong.to_string()).await.status,
            400,
            "{wrong}"
        );
    }
    assert_eq!(platform.faults().len(), 1);
    assert_eq!(platform.faults()[0].surface(), Surface::Hook);
}
