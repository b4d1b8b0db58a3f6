//! By AMQP, to a RabbitMQ node of the test's own.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kommo_handover::{AmqpHandover, AmqpTarget, AmqpTargetError, envelope};
use kommo_hooks::inbox::HandlingOutcome;
use kommo_store::{ClaimedHook, HookHandler, InboxWorker};
use kommo_test_support::{RabbitNode, rabbitmq_is_left_out};
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::kept::{busy, kept};

fn reason(outcome: &HandlingOutcome) -> &str {
    match outcome {
        HandlingOutcome::Away { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

/// The channel ends with its connection.
async fn channel(node: &RabbitNode) -> (Connection, Channel) {
    let uri = node.uri();
    let connection = Connection::connect(&uri, ConnectionProperties::default());
    let connection = connection.await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

/// All messages of a queue, the oldest first: id and body.
async fn messages(node: &RabbitNode, queue: &str) -> Vec<(String, Vec<u8>)> {
    let (_connection, channel) = channel(node).await;
    let mut all = Vec::new();
    while let Some(message) = channel
        .basic_get(queue.into(), BasicGetOptions::default())
        .await
        .unwrap()
    {
        assert_eq!(*message.properties.delivery_mode(), Some(2));
        let id = message.properties.message_id().clone().unwrap();
        message.ack(BasicAckOptions::default()).await.unwrap();
        all.push((id.to_string(), message.delivery.data));
    }
    all
}

fn target(node: &RabbitNode, queue: &str) -> AmqpTarget {
    AmqpTarget::new(&node.uri(), queue).unwrap()
}

/// One node for all of it: starting one takes long.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_broker_confirms_is_kept_and_its_absence_loses_nothing() {
    if rabbitmq_is_left_out() {
        return;
    }
    let mut node = tokio::task::spawn_blocking(|| RabbitNode::start().unwrap())
        .await
        .unwrap();
    a_message_that_no_queue_takes_comes_again(&node).await;
    node = what_was_confirmed_outlives_a_crash(node).await;
    a_broker_that_is_away_in_the_middle_loses_nothing_and_stops_nothing_else(node).await;
}

async fn a_message_that_no_queue_takes_comes_again(node: &RabbitNode) {
    let kept = kept().await;
    kept.put("{\"time\":1}", "c").await;
    let hook = kept.claimed().await;
    let handover = AmqpHandover::new(target(node, "apart").undeclared());
    let outcome = handover.handle(Arc::clone(&hook)).await;
    assert_eq!(reason(&outcome), "the broker has no such queue");
    let (_connection, declaring) = channel(node).await;
    let queue = || "apart".into();
    declaring
        .queue_declare(
            queue(),
            QueueDeclareOptions::default(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    assert_eq!(
        handover.handle(Arc::clone(&hook)).await,
        HandlingOutcome::Done
    );
    assert_eq!(messages(node, "apart").await.len(), 1);
    // A queue that is there with other properties is not ours to change.
    let other = AmqpHandover::new(target(node, "apart"));
    let outcome = other.handle(Arc::clone(&hook)).await;
    assert_eq!(reason(&outcome), "no connection to the broker");
    // One that was removed meanwhile is made anew.
    let declared = AmqpHandover::new(target(node, "made"));
    assert_eq!(
        declared.handle(Arc::clone(&hook)).await,
        HandlingOutcome::Done
    );
    declaring
        .queue_delete("made".into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    let outcome = declared.handle(Arc::clone(&hook)).await;
    assert_eq!(reason(&outcome), "the broker has no such queue");
    assert_eq!(declared.handle(hook).await, HandlingOutcome::Done);
}

async fn what_was_confirmed_outlives_a_crash(mut node: RabbitNode) -> RabbitNode {
    let kept = kept().await;
    kept.put("{\"time\": 1}", "c").await;
    let hook = kept.claimed().await;
    let handover = AmqpHandover::new(target(&node, "durable"));
    assert_eq!(
        handover.handle(Arc::clone(&hook)).await,
        HandlingOutcome::Done
    );
    node = tokio::task::spawn_blocking(|| {
        node.crash();
        node.start_again();
        node
    })
    .await
    .unwrap();
    let sent = messages(&node, "durable").await;
    assert_eq!(sent, [(hook.key().to_owned(), envelope(&hook))]);
    node
}

/// Handles hooks of another inbox beside it, and says so.
struct Beside(mpsc::UnboundedSender<()>);

impl HookHandler for Beside {
    async fn handle(&self, _: Arc<ClaimedHook>) -> HandlingOutcome {
        self.0.send(()).unwrap();
        HandlingOutcome::Done
    }
}

async fn a_broker_that_is_away_in_the_middle_loses_nothing_and_stops_nothing_else(
    mut node: RabbitNode,
) {
    let (of_broker, other) = (kept().await, kept().await);
    let target = target(&node, "middle").within(Duration::from_secs(5));
    let worker = InboxWorker::start(of_broker.inbox.clone(), busy(), AmqpHandover::new(target));
    let (handled, mut beside) = mpsc::unbounded_channel();
    let other_worker = InboxWorker::start(other.inbox.clone(), busy(), Beside(handled));
    let body = |number: u64| format!("{{\"time\":{number}}}");
    for number in 0..20 {
        of_broker
            .put(&body(number), &(number % 3).to_string())
            .await;
    }
    // In the middle of it.
    while of_broker.inbox.depth().await.unwrap().waiting > 15 {
        tokio::task::yield_now().await;
    }
    node = tokio::task::spawn_blocking(|| {
        node.stop();
        node
    })
    .await
    .unwrap();
    for number in 20..30 {
        of_broker
            .put(&body(number), &(number % 3).to_string())
            .await;
    }
    other.put(&body(100), "c").await;
    assert_eq!(beside.recv().await, Some(()));
    node = tokio::task::spawn_blocking(|| {
        node.start_again();
        node
    })
    .await
    .unwrap();
    of_broker.until_empty().await;
    assert_eq!(worker.stop().await + other_worker.stop().await, 0);
    // Each at least once, and those of a conversation in their order, repeats apart.
    let mut seen = BTreeSet::new();
    let mut times: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (id, body) in messages(&node, "middle").await {
        let envelope: Value = serde_json::from_slice(&body).unwrap();
        if seen.insert(id) {
            let data = &envelope["data"];
            let conversation = data["conversation"].as_str().unwrap().to_owned();
            let time = data["json"]["time"].as_u64().unwrap();
            times.entry(conversation).or_default().push(time);
        }
    }
    assert_eq!((seen.len(), times.len()), (30, 3));
    assert!(times.values().all(|times| times.is_sorted()), "{times:?}");
}

#[tokio::test]
async fn a_broker_that_is_not_there_or_silent_is_tried_again() {
    let kept = kept().await;
    kept.put("{\"time\":1}", "c").await;
    let hook = kept.claimed().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!(
        "amqp://guest:planted@{}/%2f",
        listener.local_addr().unwrap()
    );
    let target = AmqpTarget::new(&uri, "hooks").unwrap();
    let silent = AmqpHandover::new(target.clone().within(Duration::from_millis(300)));
    assert!(!format!("{silent:?}").contains("planted"), "{silent:?}");
    let outcome = silent.handle(Arc::clone(&hook)).await;
    assert_eq!(reason(&outcome), "the broker did not confirm in time");
    drop(listener);
    let outcome = AmqpHandover::new(target).handle(hook).await;
    assert_eq!(reason(&outcome), "no connection to the broker");
}

#[test]
fn a_target_is_on_this_machine_unless_that_is_said() {
    for (uri, queue, error) in [
        ("localhost", "q", AmqpTargetError::Unreadable),
        ("http://127.0.0.1/", "q", AmqpTargetError::Unreadable),
        ("amqps://127.0.0.1/%2f", "q", AmqpTargetError::Tls),
        ("amqp://broker/%2f", "q", AmqpTargetError::NotEncrypted),
        (
            "amqp://127.0.0.1.example/%2f",
            "q",
            AmqpTargetError::NotEncrypted,
        ),
        ("amqp://127.0.0.1/%2f", "", AmqpTargetError::Queue),
        (
            "amqp://127.0.0.1/%2f",
            &"q".repeat(256),
            AmqpTargetError::Queue,
        ),
    ] {
        assert_eq!(AmqpTarget::new(uri, queue).unwrap_err(), error, "{uri}");
    }
    for uri in [
        "amqp://127.0.0.1/%2f",
        "amqp://localhost:5672",
        "amqp://[::1]:5672/a",
    ] {
        assert!(AmqpTarget::new(uri, "q").is_ok(), "{uri}");
    }
    assert!(AmqpTarget::unencrypted("amqp://broker/%2f", "q").is_ok());
}
