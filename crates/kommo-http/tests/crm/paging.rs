//! Pages: where they lead, where they end, what is refused.

use kommo_account::UserId;
use kommo_http::{CrmMethod, CrmRequest, PagingError};
use serde::Deserialize;
use serde_json::json;

use crate::raw_server::Reply;
use crate::scene::{Error, PROBLEM, Scene, get, ok, page, unauthorized};
use crate::test_tokens::{HOST, SECOND_TOKEN, TestTokens, usable};

#[derive(Debug, PartialEq, Deserialize)]
struct Lead {
    id: u64,
}

fn reply(number: u64, next: Option<&str>) -> Reply {
    let mut body = json!({
        "_page": number,
        "_links": {"self": {"href": "x"}},
        "_embedded": {"leads": [{"id": number}]},
    });
    if let Some(next) = next {
        body["_links"]["next"] = json!({"href": next});
    }
    ok(&body.to_string())
}

fn link(number: u64) -> String {
    format!("https://{HOST}/api/v4/leads?page={number}&limit=1")
}

/// The ids on all pages, and what ended them.
async fn walk(scene: &Scene) -> (Vec<u64>, Option<Error>) {
    let mut pages = scene.client.pages(get("/api/v4/leads?limit=1")).unwrap();
    let mut ids = Vec::new();
    loop {
        match pages.next_page().await {
            Ok(Some(page)) => {
                ids.extend(page.items::<Lead>("leads").map(|lead| lead.unwrap().id));
            }
            Ok(None) => return (ids, None),
            Err(error) => {
                assert!(pages.next_page().await.unwrap().is_none());
                return (ids, Some(error));
            }
        }
    }
}

// Rule L3.
#[tokio::test]
async fn pages_are_followed_to_the_one_without_a_link() {
    let scene = Scene::start([
        reply(1, Some(&link(2))),
        reply(2, Some(&link(3))),
        reply(3, None),
    ])
    .await;
    let (ids, error) = walk(&scene).await;
    assert_eq!(ids, [1, 2, 3]);
    assert!(error.is_none());
    let received = scene.server.received();
    let targets: Vec<_> = received.iter().map(|received| received.target()).collect();
    assert_eq!(
        targets,
        [
            "/api/v4/leads?limit=1",
            "/api/v4/leads?page=2&limit=1",
            "/api/v4/leads?page=3&limit=1",
        ]
    );
}

// Rules L2, L3.
#[tokio::test]
async fn no_content_is_the_end() {
    let empty = Reply::answer("204 No Content", &[], b"");
    let scene = Scene::start([reply(1, Some(&link(2))), empty]).await;
    assert_eq!(walk(&scene).await.0, [1]);
    assert_eq!(scene.requests(), 2);
}

// Rule L3.
#[tokio::test]
async fn a_link_to_a_foreign_host_is_not_followed_and_the_page_is_given() {
    for next in [
        "https://evil.example/api/v4/leads?page=2",
        "http://shop.kommo.com/api/v4/leads?page=2",
        "https://shop.kommo.com.evil.example/x",
        "https://shop.kommo.com@evil.example/x",
        "https://other.kommo.com/api/v4/leads?page=2",
    ] {
        let scene = Scene::start([reply(1, Some(next)), reply(2, None)]).await;
        let (ids, error) = walk(&scene).await;
        assert_eq!(ids, [1]);
        assert!(
            matches!(error, Some(Error::Paging(PagingError::ForeignNext))),
            "{next}"
        );
        assert_eq!(scene.requests(), 1);
    }
}

#[tokio::test]
async fn a_link_back_is_a_loop() {
    for (number, next) in [
        (1, format!("https://{HOST}/api/v4/leads?limit=1")),
        (2, link(2)),
    ] {
        let scene = Scene::start([reply(1, Some(&link(2))), reply(2, Some(&next))]).await;
        let (ids, error) = walk(&scene).await;
        assert_eq!(ids, [1, 2], "{number}");
        assert!(matches!(error, Some(Error::Paging(PagingError::Loop))));
        assert_eq!(scene.requests(), 2);
    }
}

// Rule L3.
#[tokio::test]
async fn a_link_to_another_path_is_not_followed_and_shows_nothing_of_it() {
    let next = format!("https://{HOST}/api/v4/leads/path-marker?page=2");
    let scene = Scene::start([reply(1, Some(&next)), reply(2, None)]).await;
    let mut pages = scene.client.pages(get("/api/v4/leads")).unwrap();
    pages.next_page().await.unwrap().unwrap();
    assert!(!format!("{pages:?}").contains("path-marker"));
    let error = pages.next_page().await.unwrap_err();
    assert!(matches!(error, Error::Paging(PagingError::OtherPath)));
    assert!(!format!("{error} {error:?}").contains("path-marker"));
    assert_eq!(scene.requests(), 1);
}

#[tokio::test]
async fn pages_without_an_end_are_given_up_after_as_many_as_were_allowed() {
    let replies = || (1..=9).map(|number| reply(number, Some(&link(number + 1))));
    for (allowed, expected) in [(0, 1), (1, 1), (3, 3)] {
        let scene = Scene::start(replies()).await;
        let pages = scene.client.pages(get("/api/v4/leads?limit=1")).unwrap();
        let mut pages = pages.with_max_pages(allowed);
        for number in 1..=expected {
            let page = pages.next_page().await.unwrap().unwrap();
            assert_eq!(page.number(), Some(number));
        }
        let error = pages.next_page().await.unwrap_err();
        assert!(matches!(error, Error::Paging(PagingError::TooManyPages)));
        assert!(pages.next_page().await.unwrap().is_none());
        assert_eq!(scene.requests() as u64, expected);
    }
}

#[tokio::test]
async fn as_many_pages_as_allowed_and_no_more_are_no_error() {
    let scene = Scene::start([reply(1, Some(&link(2))), reply(2, None)]).await;
    let pages = scene.client.pages(get("/api/v4/leads?limit=1")).unwrap();
    let mut pages = pages.with_max_pages(2);
    while pages.next_page().await.unwrap().is_some() {}
    assert_eq!(scene.requests(), 2);
}

// Rule L7.
#[tokio::test]
async fn limits_that_the_platform_refuses_are_not_sent() {
    let scene = Scene::start([reply(1, None)]).await;
    for target in [
        "/a?limit=0",
        "/a?limit=251",
        "/a?limit=",
        "/a?limit=-1",
        "/a?limit=1e2",
    ] {
        assert_eq!(
            scene.client.pages(get(target)).unwrap_err(),
            PagingError::Limit,
            "{target}"
        );
    }
    assert!(scene.client.pages(get("/a?limit=250")).is_ok());
    let write = CrmRequest::new(CrmMethod::Post, "/a").unwrap();
    assert_eq!(scene.client.pages(write).unwrap_err(), PagingError::Method);
    let with_body = get("/a").with_body(b"{}".to_vec());
    assert_eq!(
        scene.client.pages(with_body).unwrap_err(),
        PagingError::Method
    );
    assert_eq!(scene.requests(), 0);
}

#[tokio::test]
async fn after_an_error_the_same_page_is_asked_for_again() {
    let refusal = Reply::answer("403 X", &[PROBLEM], b"{}");
    let scene = Scene::start([reply(1, Some(&link(2))), refusal, reply(2, None)]).await;
    let mut pages = scene.client.pages(get("/api/v4/leads")).unwrap();
    pages.next_page().await.unwrap().unwrap();
    pages.next_page().await.unwrap_err();
    let page = pages.next_page().await.unwrap().unwrap();
    assert_eq!(page.number(), Some(2));
    let received = scene.server.received();
    assert_eq!(received[1].target(), received[2].target());
}

#[tokio::test]
async fn the_user_of_the_first_page_is_the_user_of_all() {
    let scene = Scene::start([reply(1, Some(&link(2))), reply(2, None)]).await;
    let request = get("/api/v4/leads").with_context_user(UserId::from_number(5).unwrap());
    let mut pages = scene.client.pages(request).unwrap();
    while pages.next_page().await.unwrap().is_some() {}
    for received in scene.server.received() {
        assert_eq!(received.header("x-context-user-id"), "5");
    }
}

#[tokio::test]
async fn a_token_that_ends_between_two_pages_is_renewed() {
    let tokens = TestTokens::standing().with_successor(usable(HOST, SECOND_TOKEN, 2));
    let replies = [reply(1, Some(&link(2))), unauthorized(), reply(2, None)];
    let scene = Scene::with_tokens(replies, tokens).await;
    assert_eq!(walk(&scene).await.0, [1, 2]);
}

#[tokio::test]
async fn an_item_of_another_shape_does_not_hide_the_others() {
    let body = r#"{"_embedded":{"leads":[{"id":1},{"id":"x"},{"id":3}]},"_total_items":3}"#;
    let scene = Scene::start([ok(body)]).await;
    let mut pages = scene.client.pages(get("/a")).unwrap();
    let page = pages.next_page().await.unwrap().unwrap();
    let read: Vec<_> = page
        .items::<Lead>("leads")
        .map(|lead| lead.map(|lead| lead.id).ok())
        .collect();
    assert_eq!(read, [Some(1), None, Some(3)]);
    assert_eq!(page.total_items(), Some(3));
    assert_eq!(page.items::<Lead>("contacts").count(), 0);
}

#[tokio::test]
async fn a_page_of_html_is_no_page() {
    let scene = Scene::start([page("200 OK")]).await;
    let (ids, error) = walk_once(&scene).await;
    assert!(ids.is_empty());
    assert!(matches!(error, Some(Error::Unreadable { .. })));
}

async fn walk_once(scene: &Scene) -> (Vec<u64>, Option<Error>) {
    let mut pages = scene.client.pages(get("/a")).unwrap();
    let result = pages.next_page().await;
    (Vec::new(), result.err())
}
