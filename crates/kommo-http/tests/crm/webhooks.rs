//! The webhooks of an account, on the wire; the sandbox judges the rest.

use kommo_http::{AnswerFault, CrmRefusalKind, NewWebhook};

use crate::raw_server::Reply;
use crate::scene::{Error, Scene, ok, page, problem};

const ONE: &str = r#"{"id":1,"destination":"https://app.example/a","created_at":1,"updated_at":2,"account_id":3,"created_by":4,"sort":1,"disabled":false,"settings":["add_lead"]}"#;
const OFF: &str =
    r#"{"id":2,"destination":"https://app.example/b","disabled":true,"settings":["add_lead"]}"#;

// Source: vendor page "Add webhooks".
#[tokio::test]
async fn adding_sends_destination_and_events_and_is_repeated_after_a_lost_answer() {
    let added = Reply::answer("201 Created", &[], ONE.as_bytes());
    let scene = Scene::start([Reply::cut(), added]).await;
    let webhook = NewWebhook::new("https://app.example/a")
        .event("add_lead")
        .event("status_lead")
        .sort(1);
    let added = scene.client.webhooks().add(&webhook).await.unwrap();
    assert_eq!(
        (added.id, added.created_by, added.disabled),
        (1, Some(4), false)
    );
    for received in scene.server.received() {
        assert_eq!(received.request_line(), "POST /api/v4/webhooks HTTP/1.1");
        assert_eq!(
            received.body,
            br#"{"destination":"https://app.example/a","settings":["add_lead","status_lead"],"sort":1}"#
        );
    }
}

// Rule L8.
#[tokio::test]
async fn those_that_were_switched_off_are_found_over_all_pages() {
    let first = format!(
        r#"{{"_links":{{"next":{{"href":"https://shop.kommo.com/api/v4/webhooks?page=2"}}}},"_embedded":{{"webhooks":[{ONE}]}}}}"#
    );
    let second = format!(r#"{{"_embedded":{{"webhooks":[{OFF}]}}}}"#);
    let scene = Scene::start([ok(&first), ok(&second)]).await;
    let disabled = scene.client.webhooks().disabled().await.unwrap();
    let ids: Vec<_> = disabled.iter().map(|webhook| webhook.id).collect();
    assert_eq!(ids, [2]);
}

#[tokio::test]
async fn an_account_without_webhooks_has_an_empty_list() {
    let scene = Scene::start([Reply::answer("204 No Content", &[], b"")]).await;
    assert_eq!(scene.client.webhooks().list().await.unwrap(), []);
}

#[tokio::test]
async fn a_webhook_of_another_shape_is_an_error_and_not_left_out() {
    let scene = Scene::start([ok(r#"{"_embedded":{"webhooks":[{"id":"x"}]}}"#)]).await;
    let error = scene.client.webhooks().list().await.unwrap_err();
    assert!(matches!(
        error,
        Error::Unreadable {
            fault: AnswerFault::OtherShape { .. },
            ..
        }
    ));
}

#[tokio::test]
async fn removing_names_the_destination_and_says_whether_it_was_there() {
    let gone = Reply::answer("204 No Content", &[], b"");
    let unknown = problem("404 Not Found", r#"{"title":"Not Found"}"#);
    let scene = Scene::start([gone, unknown, page("404 Not Found")]).await;
    let webhooks = scene.client.webhooks();
    let destination = "https://app.example/a";
    assert!(webhooks.remove(destination).await.unwrap());
    assert!(!webhooks.remove(destination).await.unwrap());
    // A page of a proxy does not say that there is none.
    let error = webhooks.remove(destination).await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Page));
    let received = &scene.server.received()[0];
    assert_eq!(received.request_line(), "DELETE /api/v4/webhooks HTTP/1.1");
    assert_eq!(received.body, br#"{"destination":"https://app.example/a"}"#);
}

#[tokio::test]
async fn the_address_of_a_webhook_is_not_shown() {
    let webhook = NewWebhook::new("https://app.example/planted-marker");
    assert!(!format!("{webhook:?}").contains("marker"));
    let scene = Scene::start([ok(&ONE.replace("/a", "/planted-marker"))]).await;
    let added = scene.client.webhooks().add(&webhook).await.unwrap();
    assert!(added.destination.contains("marker"));
    assert!(!format!("{added:?}").contains("marker"));
}
