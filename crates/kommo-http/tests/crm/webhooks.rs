//! The webhooks of an account, on the wire; the sandbox judges the rest.

use kommo_http::{AnswerFault, CrmRefusalKind, NewWebhook, PagingError, WEBHOOKS_MAX, WebhookList};

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
    let ids: Vec<_> = disabled.webhooks.iter().map(|webhook| webhook.id).collect();
    assert_eq!(ids, [2]);
}

#[tokio::test]
async fn an_account_without_webhooks_has_an_empty_list() {
    let scene = Scene::start([Reply::answer("204 No Content", &[], b"")]).await;
    let list = scene.client.webhooks().list().await.unwrap();
    assert_eq!(list, WebhookList::default());
}

#[tokio::test]
async fn a_webhook_of_another_shape_hides_no_other_and_is_not_left_out() {
    let body = format!(r#"{{"_embedded":{{"webhooks":[{ONE},{{"id":"x"}},null,{OFF}]}}}}"#);
    let scene = Scene::start([ok(&body)]).await;
    let list = scene.client.webhooks().list().await.unwrap();
    let ids: Vec<_> = list.webhooks.iter().map(|webhook| webhook.id).collect();
    assert_eq!(ids, [1, 2]);
    assert_eq!(list.unreadable.len(), 2);
    for fault in &list.unreadable {
        assert!(matches!(fault, AnswerFault::OtherShape { .. }), "{fault}");
    }
    let disabled = scene.client.webhooks().disabled().await.unwrap();
    assert_eq!((disabled.webhooks.len(), disabled.unreadable.len()), (1, 2));
}

#[tokio::test]
async fn null_is_not_switched_off_and_has_no_events() {
    let hook = r#"{"id":7,"destination":"https://app.example/c","created_by":null,"disabled":null,"settings":null}"#;
    let body = format!(r#"{{"_embedded":{{"webhooks":[{hook}]}}}}"#);
    let scene = Scene::start([ok(&body)]).await;
    let list = scene.client.webhooks().list().await.unwrap();
    assert!(list.unreadable.is_empty());
    let webhook = &list.webhooks[0];
    assert!(!webhook.disabled && webhook.settings.is_empty());
}

// Rule L8.
#[tokio::test]
async fn a_list_without_an_end_is_given_up_after_as_many_pages_as_there_can_be_webhooks() {
    let page = |number: u32| {
        ok(&format!(
            r#"{{"_links":{{"next":{{"href":"https://shop.kommo.com/api/v4/webhooks?page={number}"}}}},"_embedded":{{"webhooks":[{ONE}]}}}}"#
        ))
    };
    let scene = Scene::start((2..=WEBHOOKS_MAX + 5).map(page)).await;
    let error = scene.client.webhooks().list().await.unwrap_err();
    assert!(matches!(error, Error::Paging(PagingError::TooManyPages)));
    assert_eq!(scene.requests(), WEBHOOKS_MAX as usize);
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
