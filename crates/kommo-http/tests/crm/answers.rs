//! Success in all its forms.

use kommo_http::{AnswerFault, CrmAnswer};
use serde::Deserialize;

use crate::raw_server::Reply;
use crate::scene::{Error, JSON, Scene, ok, page};

#[derive(Debug, PartialEq, Deserialize)]
struct Lead {
    id: u64,
}

async fn answer(reply: Reply) -> Result<CrmAnswer<Lead>, Error> {
    Scene::start([reply])
        .await
        .client
        .get("/api/v4/leads/7")
        .await
}

#[tokio::test]
async fn json_is_read_whatever_its_content_type_says() {
    for content_type in ["application/hal+json", "text/html"] {
        let headers = [("Content-Type", content_type)];
        let reply = Reply::answer("200 OK", &headers, br#"{"id":7,"more":[]}"#);
        assert_eq!(
            answer(reply).await.unwrap(),
            CrmAnswer::Json(Lead { id: 7 })
        );
    }
}

// Rule L2.
#[tokio::test]
async fn no_content_is_empty_and_no_error() {
    for status in ["204 No Content", "200 OK"] {
        let reply = Reply::answer(status, &[], b"");
        assert_eq!(answer(reply).await.unwrap(), CrmAnswer::Empty, "{status}");
    }
    assert_eq!(CrmAnswer::<Lead>::Empty.into_payload(), None);
}

// Source: vendor page "HTTP codes".
#[tokio::test]
async fn accepted_says_that_it_is_not_done_yet() {
    let empty = Reply::answer("202 Accepted", &[], b"");
    assert_eq!(answer(empty).await.unwrap(), CrmAnswer::Accepted(None));
    let full = Reply::answer("202 Accepted", &[JSON], br#"{"id":7}"#);
    assert_eq!(
        answer(full).await.unwrap(),
        CrmAnswer::Accepted(Some(Lead { id: 7 }))
    );
}

#[tokio::test]
async fn a_success_that_is_no_json_or_another_shape_says_where_and_not_what() {
    let not_json = answer(page("200 OK")).await.unwrap_err();
    assert_eq!(
        not_json.to_string(),
        "http 200 with a body that is not json from line 1, column 1"
    );
    let other = answer(ok(r#"{"id":"planted marker"}"#)).await.unwrap_err();
    let Error::Unreadable { fault, .. } = &other else {
        panic!("{other}");
    };
    assert_eq!(
        *fault,
        AnswerFault::OtherShape {
            line: 1,
            column: 22
        }
    );
    assert!(!format!("{other} {other:?}").contains("marker"));
    assert!(other.may_be_done());
}

#[tokio::test]
async fn a_raw_answer_keeps_status_body_request_id_and_host() {
    let headers = [JSON, ("X-Request-Id", "abc-123")];
    let scene = Scene::start([Reply::answer("201 Created", &headers, b"[1]")]).await;
    let response = scene.write().await.unwrap();
    assert_eq!((response.status(), response.attempts()), (201, 1));
    assert_eq!(response.body(), b"[1]");
    assert_eq!(response.request_id(), Some("abc-123"));
    assert_eq!(response.host().as_str(), crate::test_tokens::HOST);
}
