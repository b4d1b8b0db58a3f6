//! What a customer writes by the control API comes as the signed requests of an integration.

use kommo_sandbox::{Fault, FaultKind, ManagerMessage, MessageDirection, Platform};
use serde_json::{Value, json};

use crate::naive_client::{Answer, CHANNEL, Draft, platform};
use crate::receiver::{Behaviour, Receiver};

async fn post(platform: &Platform, call: &str, body: &Value) -> Answer {
    let path = format!("{}/{call}", platform.control_path());
    let draft = Draft::new("POST", &path).body(body.to_string());
    draft.send(platform).await
}

async fn writes(platform: &Platform, body: Value) -> Value {
    let answer = post(platform, "customer-messages", &body).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

#[tokio::test]
async fn the_first_message_connects_the_channel_and_begins_a_conversation() {
    let platform = platform();
    let answer = writes(&platform, json!({"text": "Hi", "name": "Ann"})).await;
    assert_eq!(answer["status"], 200);
    assert!(answer["answer"].as_str().unwrap().contains("new_message"));
    let codes: Vec<_> = platform
        .journal()
        .into_iter()
        .map(|entry| entry.detail.unwrap().code)
        .collect();
    assert_eq!(codes, ["connected", "message-taken"]);
    let first = platform.messages_after(0).remove(0);
    assert_eq!(
        (
            first.text.as_str(),
            first.sender_name.as_str(),
            first.direction
        ),
        ("Hi", "Ann", MessageDirection::In)
    );

    // The next one is of the same person in the same conversation.
    writes(&platform, json!({"text": "Again"})).await;
    let second = platform.messages_after(1).remove(0);
    assert_eq!(second.conversation_id, first.conversation_id);
    assert_eq!(second.sender_id, first.sender_id);
    assert_eq!(second.sender_name, "Ann");
    writes(&platform, json!({"text": "New", "conversation": "own-id"})).await;
    let third = platform.messages_after(2).remove(0);
    assert_ne!(third.conversation_id, first.conversation_id);
    assert_eq!(third.conversation_client_id.as_deref(), Some("own-id"));
}

#[tokio::test]
async fn an_answer_to_a_manager_who_wrote_first_stays_in_his_conversation() {
    let receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = platform();
    platform
        .manager_writes(ManagerMessage {
            to: Some(receiver.url("/hook")),
            ..ManagerMessage::new("Hello?")
        })
        .unwrap();
    let first = platform.messages_after(0).remove(0);
    assert_eq!(first.conversation_client_id, None);
    writes(&platform, json!({"text": "Yes"})).await;
    let answer = platform.messages_after(1).remove(0);
    assert_eq!(answer.conversation_id, first.conversation_id);
    assert!(answer.conversation_client_id.is_some());
}

#[tokio::test]
async fn a_refusal_and_a_cut_connection_are_reported() {
    let platform = platform();
    platform.inject(Fault::new(FaultKind::ForbiddenText).times(1));
    let answer = writes(&platform, json!({"text": "Hi"})).await;
    assert_eq!(answer, json!({"status": 403, "answer": "403 Forbidden"}));
    platform.inject(Fault::new(FaultKind::Cut).times(1));
    let answer = writes(&platform, json!({"text": "Hi"})).await;
    assert_eq!(answer, json!({"status": null, "answer": null}));
    assert!(platform.messages_after(0).is_empty());
    for body in [
        json!({}),
        json!({"text": "Hi", "account": 7}),
        json!({"text": 1}),
    ] {
        let answer = post(&platform, "customer-messages", &body).await;
        assert_eq!(answer.status, 400, "{body}");
    }
}

// Rule S1: the requests are right ones, whatever the clock says.
#[tokio::test]
async fn its_requests_are_signed_and_their_signatures_stay_out_of_the_journal() {
    let platform = platform();
    platform.advance_seconds(100_000);
    writes(&platform, json!({"text": "Hi"})).await;
    let path = format!("{}/journal/2", platform.control_path());
    let record = Draft::new("GET", &path).send(&platform).await.json();
    let lines = record["string_to_sign"].as_array().unwrap();
    assert!(lines.iter().all(|line| line["differs"] == false));
    assert!(
        record["request"]["target"]
            .as_str()
            .unwrap()
            .contains(CHANNEL)
    );
    let headers = record["request"]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["x-signature", "(40 bytes)"])));
}

#[tokio::test]
async fn a_hook_may_go_to_the_sandbox_itself() {
    let platform = platform();
    let answer = post(&platform, "hook-sink", &json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({})));
}
