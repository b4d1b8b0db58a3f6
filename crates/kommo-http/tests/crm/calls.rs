//! What stands on the wire.

use kommo_account::UserId;
use kommo_http::{CrmAnswer, CrmMethod, CrmRequest, InvalidRequest};
use serde_json::{Value, json};

use crate::raw_server::Reply;
use crate::scene::{Error, Scene, get, ok};
use crate::test_tokens::{HOST, TOKEN};

// Rule L1.
#[tokio::test]
async fn a_get_has_the_token_the_real_host_and_a_user_agent_and_no_body() {
    let scene = Scene::start([ok("{}")]).await;
    let request = get("/api/v4/leads?order[id]=asc").with_parameter("limit", "50");
    scene.client.call_raw(request).await.unwrap();
    let received = scene.server.only();
    assert_eq!(
        received.request_line(),
        "GET /api/v4/leads?order%5Bid%5D=asc&limit=50 HTTP/1.1"
    );
    assert_eq!(received.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(received.header("host"), HOST);
    assert!(received.header("user-agent").starts_with("kommo-http/"));
    assert!(received.header_values("content-type").is_empty());
    assert!(received.header_values("x-context-user-id").is_empty());
    assert!(received.body.is_empty());
}

#[tokio::test]
async fn each_method_sends_its_payload_as_json() {
    let scene = Scene::start([ok(r#"{"id":7}"#)]).await;
    let payload = json!([{"name": "A lead"}]);
    let client = &scene.client;
    let answer: CrmAnswer<Value> = client.post("/api/v4/leads", &payload).await.unwrap();
    assert_eq!(answer, CrmAnswer::Json(json!({"id": 7})));
    let _: CrmAnswer<Value> = client.patch("/api/v4/leads/7", &payload).await.unwrap();
    let _: CrmAnswer<Value> = client.delete("/api/v4/leads/7").await.unwrap();
    let put = CrmRequest::new(CrmMethod::Put, "/api/v4/leads/7").unwrap();
    client
        .call_raw(put.with_body(b"{}".to_vec()))
        .await
        .unwrap();
    let _: CrmAnswer<Value> = client.get("/api/v4/leads/7").await.unwrap();

    let received = scene.server.received();
    let lines: Vec<_> = received
        .iter()
        .map(|received| received.request_line())
        .collect();
    assert_eq!(
        lines,
        [
            "POST /api/v4/leads HTTP/1.1",
            "PATCH /api/v4/leads/7 HTTP/1.1",
            "DELETE /api/v4/leads/7 HTTP/1.1",
            "PUT /api/v4/leads/7 HTTP/1.1",
            "GET /api/v4/leads/7 HTTP/1.1",
        ]
    );
    assert_eq!(received[0].body, br#"[{"name":"A lead"}]"#);
    assert_eq!(received[0].header("content-type"), "application/json");
    assert_eq!(received[1].body, received[0].body);
    assert!(received[2].body.is_empty());
}

// Rule L9.
#[tokio::test]
async fn a_user_is_named_by_the_call_or_else_by_the_client() {
    let scene = Scene::start([ok("{}")]).await;
    let user = |id| UserId::from_number(id).unwrap();
    let client = scene.client.clone().with_context_user(user(5));
    client.call_raw(get("/a")).await.unwrap();
    client
        .call_raw(get("/a").with_context_user(user(6)))
        .await
        .unwrap();
    let received = scene.server.received();
    assert_eq!(received[0].header("x-context-user-id"), "5");
    assert_eq!(received[1].header("x-context-user-id"), "6");
}

#[tokio::test]
async fn a_target_that_names_a_host_is_refused_and_nothing_is_sent() {
    let scene = Scene::start([ok("{}")]).await;
    for target in [
        "https://evil.example/x",
        "//evil.example/x",
        "@evil.example",
    ] {
        let answer: Result<CrmAnswer<Value>, Error> = scene.client.get(target).await;
        assert!(
            matches!(answer, Err(Error::InvalidRequest(InvalidRequest::Path(_)))),
            "{target}"
        );
    }
    assert_eq!(scene.requests(), 0);
}

#[tokio::test]
async fn a_payload_that_is_no_json_is_refused_and_nothing_is_sent() {
    let scene = Scene::start([ok("{}")]).await;
    let payload = std::collections::HashMap::from([((1, 2), 3)]);
    let answer: Result<CrmAnswer<Value>, Error> = scene.client.post("/a", &payload).await;
    assert!(matches!(answer, Err(Error::Payload)));
    assert_eq!(scene.requests(), 0);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let tokens = crate::test_tokens::TestTokens::failing();
    let scene = Scene::with_tokens([ok("{}")], tokens).await;
    assert!(matches!(scene.get().await, Err(Error::Tokens(_))));
    assert_eq!(scene.requests(), 0);
}

// Rule T1.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Scene::start([ok("{}")]).await;
    let location = format!("http://{}/x", elsewhere.server.address);
    for status in ["301 Moved", "302 Found", "307 Again", "308 Again"] {
        let reply = Reply::answer(status, &[("Location", &location)], b"");
        let scene = Scene::start([reply]).await;
        let error = scene.get().await.unwrap_err();
        assert!(
            matches!(error, Error::Redirected { attempts: 1, .. }),
            "{error}"
        );
        assert_eq!(scene.requests(), 1);
    }
    assert_eq!(elsewhere.requests(), 0);
}
