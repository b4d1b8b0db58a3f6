//! Messages of both sides: what the integration sends is taken and kept, what a manager writes
//! leaves as hooks.

use axum::http::StatusCode;
use kommo_sandbox::{
    GrantOrder, HookError, IntegrationSettings, ManagerMessage, MessageDirection, Platform,
    SandboxConfig,
};
use serde_json::{Value, json};

use crate::naive_client::{ACCOUNT, Answer, CHANNEL, Draft, NOW, SECRET, config, hmac_sha1};
use crate::receiver::{Behaviour, Receiver};

const MANAGER: &str = "0be70000-0000-4000-8000-000000000001";

async fn connected(receiver: Option<&Receiver>) -> Platform {
    let platform = Platform::new(SandboxConfig {
        integration: IntegrationSettings {
            chat_hook_uri: receiver.map(|receiver| receiver.url("/chats/:scope_id")),
            ..IntegrationSettings::default()
        },
        ..config()
    })
    .unwrap();
    let answer = Draft::connect().sign_at(NOW).send(&platform).await;
    assert_eq!(answer.status, StatusCode::OK);
    platform
}

fn incoming(msgid: &str) -> Value {
    json!({
        "event_type": "new_message",
        "payload": {
            "timestamp": NOW,
            "msec_timestamp": NOW * 1000,
            "msgid": msgid,
            "conversation_id": "c7",
            "sender": {"id": "ann", "name": "Ann"},
            "message": {"type": "text", "text": "Hi", "callback_data": null},
            "silent": false,
        },
    })
}

/// `path` of the payload replaced.
fn changed(pointer: &str, value: Value) -> Value {
    let mut body = incoming("m1");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(&format!("/payload{parent}")).unwrap();
    parent.as_object_mut().unwrap().insert(name.into(), value);
    body
}

async fn send(platform: &Platform, body: &Value) -> Answer {
    let path = format!("/v2/origin/custom/{CHANNEL}_{ACCOUNT}");
    let draft = Draft::new("POST", &path).body(body.to_string());
    draft.sign_at(NOW).send(platform).await
}

#[tokio::test]
async fn a_message_is_taken_and_kept_with_ids_of_both_sides() {
    let platform = connected(None).await;
    let answer = send(&platform, &incoming("m1")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = answer.json();
    let fields = &answer["new_message"];
    assert_eq!(fields["ref_id"], "m1");
    assert!(fields.get("receiver_id").is_none());
    let kept = platform.messages_after(0);
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (
            kept[0].id.as_str(),
            kept[0].msgid.as_deref(),
            kept[0].direction
        ),
        (
            fields["msgid"].as_str().unwrap(),
            Some("m1"),
            MessageDirection::In
        )
    );
    assert_eq!((kept[0].text.as_str(), kept[0].at), ("Hi", NOW));
    assert_eq!(platform.counters().messages, 1);

    // The second one is in the same conversation, from the same customer.
    let second = send(&platform, &incoming("m2")).await.json();
    for same in ["conversation_id", "sender_id"] {
        assert_eq!(second["new_message"][same], fields[same]);
    }
    assert_ne!(second["new_message"]["msgid"], fields["msgid"]);
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_nothing_is_kept() {
    let platform = connected(None).await;
    for (body, code) in [
        (json!({"event_type": "new_message"}), "field-missing"),
        (
            json!({"event_type": "remove_message", "payload": {}}),
            "field-value",
        ),
        (changed("/msgid", Value::Null), "field-missing"),
        (changed("/msgid", json!(7)), "field-type"),
        (changed("/timestamp", json!("1")), "field-type"),
        (changed("/sender", json!({"avatar": "x"})), "field-missing"),
        (changed("/conversation_id", Value::Null), "field-missing"),
        (changed("/message/text", json!("")), "field-missing"),
        (changed("/message/type", json!("song")), "field-value"),
        (changed("/receiver", json!({"id": "ann"})), "sender-unknown"),
        (
            changed("/conversation_ref_id", json!("x")),
            "conversation-unknown",
        ),
    ] {
        let answer = send(&platform, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let entry = platform.journal().pop().unwrap();
        assert_eq!(entry.detail.unwrap().code, code, "{body}");
    }
    assert!(platform.messages_after(0).is_empty());
    assert_eq!(
        send(&platform, &incoming("m1")).await.status,
        StatusCode::OK
    );
    let again = send(&platform, &incoming("m1")).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_scope_that_is_not_connected_is_not_registered() {
    let platform = Platform::new(config()).unwrap();
    assert_eq!(
        send(&platform, &incoming("m1")).await.status,
        StatusCode::NOT_FOUND
    );
    let path = format!("/v2/origin/custom/{CHANNEL}_{ACCOUNT}");
    let get = Draft::new("GET", &path).sign_at(NOW).send(&platform).await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    let platform = connected(None).await;
    let unsigned = Draft::new("POST", &path).body(incoming("m1").to_string());
    assert_eq!(unsigned.send(&platform).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_manager_is_known_by_the_id_of_the_chats_api() {
    let platform = connected(None).await;
    let mut body = changed("/receiver", json!({"id": "ann", "name": "Ann"}));
    body["payload"]["sender"] = json!({"ref_id": MANAGER, "id": "m", "name": "M"});
    let answer = send(&platform, &body).await.json();
    assert_eq!(answer["new_message"]["sender_id"], MANAGER);
    assert!(answer["new_message"]["receiver_id"].is_string());
    assert_eq!(
        platform.messages_after(0)[0].direction,
        MessageDirection::Out
    );
}

#[tokio::test]
async fn what_a_manager_writes_leaves_as_a_hook_in_the_conversation() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = connected(Some(&receiver)).await;
    let taken = send(&platform, &incoming("m1")).await.json();
    platform
        .manager_writes(ManagerMessage::new("Hello & welcome"))
        .unwrap();
    let hook = receiver.next().await;
    assert_eq!(
        hook.request_line(),
        format!("POST /chats/{CHANNEL}_{ACCOUNT} HTTP/1.1")
    );
    let body = hook.body.strip_suffix(b"\n").unwrap();
    assert_eq!(hook.header("x-signature"), hmac_sha1(SECRET, body));
    let hook: Value = serde_json::from_slice(body).unwrap();
    let message = &hook["message"];
    assert_eq!(message["conversation"]["client_id"], "c7");
    assert_eq!(
        message["conversation"]["id"],
        taken["new_message"]["conversation_id"]
    );
    assert_eq!(message["receiver"]["client_id"], "ann");
    assert_eq!(message["receiver"]["id"], taken["new_message"]["sender_id"]);
    assert_eq!(message["sender"]["id"], MANAGER);
    assert_eq!(message["message"]["text"], "Hello & welcome");
    let kept = platform.messages_after(1);
    assert_eq!(message["message"]["id"], kept[0].id);

    let unknown = ManagerMessage {
        conversation: Some("c8".into()),
        ..ManagerMessage::new("x")
    };
    assert_eq!(
        platform.manager_writes(unknown),
        Err(HookError::UnknownConversation)
    );
}

#[tokio::test]
async fn a_manager_who_writes_first_begins_a_conversation_that_the_answer_names() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = connected(Some(&receiver)).await;
    platform
        .manager_writes(ManagerMessage::new("Anyone there?"))
        .unwrap();
    let hook = receiver.next().await;
    let hook: Value = serde_json::from_slice(&hook.body).unwrap();
    let conversation = &hook["message"]["conversation"];
    assert!(conversation.get("client_id").is_none());

    let mut answer = changed("/conversation_ref_id", conversation["id"].clone());
    answer["payload"]["sender"]["ref_id"] = hook["message"]["receiver"]["id"].clone();
    let taken = send(&platform, &answer).await.json();
    assert_eq!(taken["new_message"]["conversation_id"], conversation["id"]);
    assert_eq!(
        taken["new_message"]["sender_id"],
        hook["message"]["receiver"]["id"]
    );
    // From now on the integration's id is known.
    platform
        .manager_writes(ManagerMessage::new("Good"))
        .unwrap();
    let hook = receiver.next().await;
    let hook: Value = serde_json::from_slice(&hook.body).unwrap();
    assert_eq!(hook["message"]["conversation"]["client_id"], "c7");
}

#[tokio::test]
async fn messages_of_both_sides_are_crm_hooks_to_those_who_want_them() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = connected(Some(&receiver)).await;
    let grant = &platform.make_grants(GrantOrder::new(1)).unwrap()[0];
    let settings = ["add_message", "add_outgoing_message"];
    let body = json!({ "destination": receiver.url("/crm"), "settings": settings });
    let draft = Draft::new("POST", "/api/v4/webhooks")
        .header("host", "sandbox-one.kommo.com")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", grant.access_token))
        .body(body.to_string());
    assert_eq!(draft.send(&platform).await.status, StatusCode::CREATED);

    let mut crm = async || loop {
        let hook = receiver.next().await;
        if hook.request_line().contains("/crm") {
            return String::from_utf8(hook.body).unwrap();
        }
    };
    send(&platform, &incoming("m1")).await;
    let hook = crm().await;
    assert!(
        hook.contains("message%5Badd%5D%5B0%5D%5Btext%5D=Hi"),
        "{hook}"
    );
    platform
        .manager_writes(ManagerMessage::new("Hello"))
        .unwrap();
    let hook = crm().await;
    assert!(
        hook.contains("outgoing_message%5Badd%5D%5B0%5D%5Btext%5D=Hello"),
        "{hook}"
    );
}

#[tokio::test]
async fn the_control_api_writes_for_a_manager_and_shows_the_messages() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = connected(Some(&receiver)).await;
    let path = format!("{}/messages", platform.control_path());
    let call = async |method: &str, body: &str| {
        let draft = Draft::new(method, &path).header("host", "127.0.0.1");
        draft.body(body).send(&platform).await
    };
    let wrote = call("POST", r#"{"text":"Hello"}"#).await;
    assert_eq!(
        (wrote.status, &wrote.json()["delivery"]),
        (StatusCode::OK, &json!(1))
    );
    receiver.next().await;
    let shown = call("GET", "").await.json();
    assert_eq!(shown["messages"][0]["text"], "Hello");
    assert_eq!(shown["messages"][0]["direction"], "out");
    assert_eq!(call("POST", r#"{"txt":"Hello"}"#).await.status, 400);
    assert_eq!(call("PUT", "").await.status, 405);
}
