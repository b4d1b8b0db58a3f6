//! What the client makes of each answer.

use kommo_http::{
    OpenApiClient, OpenApiError, OpenApiRefusal, TransportError, UnreadableAnswerReason,
};
use kommo_open_api::FailureKind;

use crate::raw_server::{RawServer, Reply};
use crate::scene::{START, add_agents, json, patient_client, talking_chat, ticket};

async fn answered(reply: Reply) -> (RawServer, OpenApiClient) {
    let server = RawServer::start([reply]).await;
    let (client, _) = patient_client(server.address);
    (server, client)
}

async fn refused(reply: Reply) -> OpenApiRefusal {
    let (server, client) = answered(reply).await;
    let error = client.call(&add_agents()).await.unwrap_err();
    assert!(!error.may_be_done());
    let OpenApiError::Refused(refusal) = error else {
        panic!("{error:?}")
    };
    assert_eq!(refusal.attempts().count, 1);
    assert_eq!(server.received().len(), 1, "a refusal is final");
    *refusal
}

// Rule O9.
#[tokio::test]
async fn the_code_decides_whatever_the_status() {
    for status in [
        "200 OK",
        "400 Bad",
        "401 No",
        "403 Forbidden",
        "500 Oh",
        "503 Busy",
    ] {
        let body = r#"{"code":-1,"msg":"签名校验失败","data":""}"#;
        let refusal = refused(json(status, body)).await;
        assert_eq!(refusal.code(), -1);
        assert_eq!(refusal.kind(), FailureKind::Signature);
        assert_eq!(refusal.msg(), "签名校验失败");
        assert_eq!(refusal.status().to_string(), status[..3]);
    }
    let (_server, client) = answered(json("500 Oh", r#"{"code":1,"msg":"ok","data":""}"#)).await;
    assert_eq!(client.call(&add_agents()).await.unwrap().status(), 500);
}

// Rule O9.
#[tokio::test]
async fn the_text_of_a_refusal_is_kept_as_it_came_and_an_unknown_code_too() {
    let refusal = refused(json(
        "200 OK",
        r#"{"code":42,"msg":" \u001b[1m?！","data":null,"x":1}"#,
    ));
    let refusal = refusal.await;
    assert_eq!((refusal.code(), refusal.msg()), (42, " \u{1b}[1m?！"));
    assert_eq!(refusal.kind(), FailureKind::Other);
    assert_eq!(refused(json("200 OK", r#"{"code":0}"#)).await.msg(), "");
}

#[tokio::test]
async fn a_refusal_says_how_far_the_clocks_are_apart() {
    let date = httpdate(START + 301);
    let body = r#"{"code":-1,"msg":"timestamp已过期","data":""}"#;
    let reply = Reply::answer("200 OK", &[("Date", &date)], body.as_bytes());
    assert_eq!(refused(reply).await.clock_difference_seconds(), Some(301));
    let refusal = refused(json("200 OK", body)).await;
    assert_eq!(refusal.clock_difference_seconds(), None);
}

fn httpdate(unix_seconds: u64) -> String {
    let date = kommo_sign::RequestDate::from_unix_seconds(unix_seconds).unwrap();
    date.as_str().replace("+0000", "GMT")
}

// Rule O9.
#[tokio::test]
async fn what_is_no_envelope_is_kept_whole() {
    let page = format!("<html>{}</html>", "x".repeat(9_000));
    for (status, in_doubt) in [("200 OK", true), ("403 Forbidden", false), ("501 No", true)] {
        let headers = [("Content-Type", "text/html")];
        let reply = Reply::answer(status, &headers, page.as_bytes());
        let (server, client) = answered(reply).await;
        let error = client.call(&ticket("hello")).await.unwrap_err();
        assert_eq!(error.may_be_done(), in_doubt, "{status}");
        let OpenApiError::Unreadable(answer) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(answer.reason(), UnreadableAnswerReason::NotAnEnvelope);
        assert_eq!(answer.status().to_string(), status[..3]);
        assert_eq!(answer.content_type(), Some("text/html"));
        assert_eq!(answer.body(), page.as_bytes());
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn a_success_of_another_shape_was_carried_out_and_is_kept_whole() {
    let body = r#"{"code":1,"msg":"ok","data":{"id":7}}"#;
    let (server, client) = answered(json("200 OK", body)).await;
    let error = client.call(&ticket("hello")).await.unwrap_err();
    assert!(error.may_be_done());
    let OpenApiError::Unreadable(answer) = error else {
        panic!("{error:?}")
    };
    assert_eq!(answer.reason(), UnreadableAnswerReason::Data);
    assert_eq!(answer.body(), body.as_bytes());
    server.only();
}

// Rule T1.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let location = [("Location", "http://127.0.0.1:9/")];
    let (server, client) = answered(Reply::answer("307 There", &location, b"")).await;
    let error = client.call(&add_agents()).await.unwrap_err();
    assert!(matches!(
        error,
        OpenApiError::Redirected { status: 307, .. }
    ));
    server.only();
}

#[tokio::test]
async fn a_path_that_would_be_rewritten_is_refused_before_anything_is_sent() {
    let (server, client) = answered(json("200 OK", "{}")).await;
    let fields = kommo_open_api::request::RawFields::new(b"{}").unwrap();
    for path in ["", "x", "/a/../b", "/a b", "/a?b=c", "https://a.example/b"] {
        let repeat = kommo_http::Repeat::WhenSafe;
        let error = client
            .call_raw::<()>(path, &fields, repeat)
            .await
            .unwrap_err();
        assert!(matches!(error, OpenApiError::InvalidRequest(_)), "{path}");
        assert_eq!(error.attempts().count, 0);
    }
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_body_over_the_limit_is_an_error_that_says_what_may_be_done() {
    let long = "x".repeat(1024 * 1024 + 1);
    let (_server, client) = answered(json("200 OK", &long)).await;
    let error = client.call(&talking_chat()).await.unwrap_err();
    assert!(error.may_be_done());
    assert!(matches!(
        error,
        OpenApiError::Transport {
            error: TransportError::BodyTooLarge { status: 200, .. },
            ..
        }
    ));
}
