//! What stands on the wire: one host, one path, signed bytes, a new stamp for each attempt.

use std::collections::BTreeSet;

use kommo_http::Repeat;
use kommo_open_api::request::{
    CustomerChat, DeleteChats, DissolveGroup, DissolveGroups, Group, Member, MemberKind,
    OpenApiRequest, RawFields, StartChat, StartChats, StartGroups,
};
use kommo_open_api::{AgentId, ChatId};
use kommo_sign::{AppSecret, OpenApiKey};
use serde_json::Value;

use crate::raw_server::{RawServer, Received, Reply};
use crate::scene::{APP_ID, SECRET, START, add_agents, json, ok, patient_client, ticket};

fn chat() -> CustomerChat {
    CustomerChat::new(AgentId::new(1), "1001").unwrap()
}

/// The body was signed as it stands there; returns what it says.
#[track_caller]
fn proven(received: &Received) -> Value {
    let key = OpenApiKey::new(&AppSecret::new(SECRET).unwrap());
    key.verify(&received.body, received.header("x-chat-signature"))
        .unwrap();
    assert_eq!(received.header("Content-Type"), "application/json");
    assert_eq!(received.header("Host"), "apichat.twt.com");
    serde_json::from_slice(&received.body).unwrap()
}

/// Sends a request and checks what arrived, and that the answer was read.
async fn check<R: OpenApiRequest + Sync>(request: R, path: &str, data: &str) {
    let answer = format!(r#"{{"code":1,"msg":"ok","data":{data}}}"#);
    let server = RawServer::start([json("200 OK", &answer)]).await;
    let (client, _) = patient_client(server.address);
    let answer = client.call(&request).await.unwrap();
    assert_eq!((answer.status(), answer.attempts()), (200, 1));
    let received = server.only();
    assert_eq!(received.request_line(), format!("POST {path} HTTP/1.1"));
    let body = proven(&received);
    assert_eq!(body["appid"], APP_ID);
    assert_eq!(body["timestamp"], START);
    assert_eq!(body["ranstr"], "0000000000000001");
}

// Rules O1, O7, O8.
#[tokio::test]
async fn all_eight_requests_arrive_signed_at_their_paths() {
    check(StartChat::new(chat()), "/openapi/zxlt/fqlt_dl", r#""""#).await;
    let chats = StartChats::new(vec![chat()]).unwrap();
    check(chats, "/openapi/zxlt/fqlt_dl_batch", r#""""#).await;
    let group = Group::new(vec![Member::new(MemberKind::Agent, 1)]).unwrap();
    let groups = StartGroups::new(vec![group]).unwrap();
    let data = r#"[{"chat_id":"1841","uid":"10078"}]"#;
    check(groups, "/openapi/zxlt/fqlt_ql_batch", data).await;
    let chats = DeleteChats::new(vec![(AgentId::new(1), "1001".into())]).unwrap();
    check(chats, "/openapi/zxlt/del_zxlt_dl", r#""""#).await;
    let group = DissolveGroup::new(ChatId::new(1));
    check(group, "/openapi/zxlt/js_zxlt_ql", r#""""#).await;
    let groups = DissolveGroups::new(vec![ChatId::new(1)]).unwrap();
    check(groups, "/openapi/zxlt/js_zxlt_ql_batch", r#""""#).await;
    let data = r#"{"chat_id":900220}"#;
    check(ticket("hello"), "/openapi/chat/create_gd", data).await;
    check(add_agents(), "/openapi/chat/add_kf", r#""""#).await;
}

// Rule O8.
#[tokio::test]
async fn every_attempt_has_a_new_time_a_new_random_text_and_a_new_signature() {
    let server = RawServer::start([Reply::cut(), json("503 No", "<html>"), ok()]).await;
    let (client, _) = patient_client(server.address);
    let answer = client.call(&add_agents()).await.unwrap();
    assert_eq!(answer.attempts(), 3);
    let received = server.received();
    let bodies: Vec<_> = received.iter().map(proven).collect();
    let distinct = |of: &dyn Fn(usize) -> String| (0..3).map(of).collect::<BTreeSet<_>>().len();
    assert_eq!(distinct(&|at| bodies[at]["timestamp"].to_string()), 3);
    assert_eq!(distinct(&|at| bodies[at]["ranstr"].to_string()), 3);
    let signature = |at: usize| received[at].header("x-chat-signature").to_owned();
    assert_eq!(distinct(&signature), 3);
}

// Rule O8.
#[tokio::test]
async fn the_systems_random_texts_are_16_hex_digits_and_do_not_come_twice() {
    let server = RawServer::start([ok()]).await;
    let (client, _) = patient_client(server.address);
    let client = client.with_clock(std::sync::Arc::new(kommo_http::SystemSigningClock::new()));
    for _ in 0..20 {
        client.call(&add_agents()).await.unwrap();
    }
    let texts: BTreeSet<String> = server
        .received()
        .iter()
        .map(|received| proven(received)["ranstr"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts.len(), 20);
    for text in texts {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        assert!(text.len() == 16 && text.bytes().all(is_hex), "{text}");
    }
}

// Rule O3.
#[tokio::test]
async fn raw_fields_are_signed_and_sent_to_the_byte() {
    let fields = "{ \"b\": \"\\u5f20\\/张\" }\n";
    let server = RawServer::start([json("200 OK", r#"{"code":1,"msg":"ok","data":[7]}"#)]).await;
    let (client, _) = patient_client(server.address);
    let raw = RawFields::new(fields.as_bytes()).unwrap();
    let answer = client.call_raw::<Value>("/openapi/new/one", &raw, Repeat::Never);
    assert_eq!(answer.await.unwrap().into_value(), serde_json::json!([7]));
    let received = server.only();
    assert_eq!(received.target(), "/openapi/new/one");
    proven(&received);
    assert!(received.body.ends_with(&fields.as_bytes()[1..]));
}
