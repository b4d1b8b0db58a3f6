//! The neighbours of the Chats API on the CRM host: amojo ids, chat links, sources, conversations
//! and the add-on.

use kommo_http::{ChatLink, Closure, CrmRefusalKind, DriveFile, TalkFilter, TalkStatus, TalkText};

use crate::raw_server::Reply;
use crate::scene::{JSON, Scene, ok, problem};

fn queued(body: &str) -> Reply {
    Reply::answer("202 Accepted", &[JSON], body.as_bytes())
}

// Source: rule N3 of the names; vendor pages of account and users.
#[tokio::test]
async fn account_and_users_are_known_by_their_amojo_ids() {
    let scene = Scene::start([ok(r#"{"id":12,"name":"Shop","amojo_id":"52e591f7"}"#)]).await;
    let account = scene.client.account_amojo_id().await.unwrap();
    assert_eq!(
        (account.id, account.amojo_id.as_deref()),
        (12, Some("52e591f7"))
    );
    assert_eq!(
        scene.server.only().target(),
        "/api/v4/account?with=amojo_id"
    );

    let users = r#"{"_embedded":{"users":[{"id":1,"name":"Max","amojo_id":"u-1"},
        {"id":2,"name":"Ann","amojo_id":null},{"id":"x"},{"id":3}]}}"#;
    let scene = Scene::start([ok(users)]).await;
    let listed = scene.client.user_amojo_ids().await.unwrap();
    let ids: Vec<_> = listed
        .items
        .iter()
        .map(|user| user.amojo_id.as_deref())
        .collect();
    assert_eq!(ids, [Some("u-1"), None, None]);
    assert_eq!(listed.unreadable.len(), 1);
    assert!(!format!("{listed:?}").contains("Max"));
    assert_eq!(scene.server.only().target(), "/api/v4/users?with=amojo_id");
}

// Source: vendor page "Contacts", chats of contacts.
#[tokio::test]
async fn chats_are_linked_with_contacts_and_found_by_either() {
    let linked = r#"{"_total_items":1,"_embedded":{"chats":[{"chat_id":"c1","contact_id":4685001,"id":26219,"request_id":"0"}]}}"#;
    let scene = Scene::start([Reply::cut(), ok(linked)]).await;
    let links = [ChatLink::new(4_685_001, "c1")];
    let answer = scene.client.chat_links().link(&links).await.unwrap();
    assert_eq!(
        (answer.items[0].contact_id, answer.items[0].id),
        (4_685_001, Some(26_219))
    );
    for received in scene.server.received() {
        assert_eq!(
            received.request_line(),
            "POST /api/v4/contacts/chats HTTP/1.1"
        );
        assert_eq!(received.body, br#"[{"contact_id":4685001,"chat_id":"c1"}]"#);
    }

    let scene = Scene::start([ok(linked)]).await;
    let chats = scene
        .client
        .chat_links()
        .of_contacts(&[1, 2])
        .await
        .unwrap();
    assert_eq!(chats.items.len(), 1);
    let target = "/api/v4/contacts/chats?contact_id%5B%5D=1&contact_id%5B%5D=2";
    assert_eq!(scene.server.only().target(), target);
    let scene = Scene::start([Reply::answer("204 No Content", &[], b"")]).await;
    let chats = scene.client.chat_links().of_chats(&["c 1"]).await.unwrap();
    assert!(chats.items.is_empty());
    assert_eq!(
        scene.server.only().target(),
        "/api/v4/contacts/chats?chat_id%5B%5D=c%201"
    );
}

// Source: vendor page "Sources".
#[tokio::test]
async fn the_sources_of_the_integration_are_listed() {
    let body = r#"{"_embedded":{"sources":[{"id":9619,"name":"+15550001111","pipeline_id":1300,"external_id":"sales-1",
        "default":true,"origin_code":null,"services":[{"type":"whatsapp"}]},{"id":1,"default":null}]}}"#;
    let scene = Scene::start([ok(body)]).await;
    let sources = scene.client.sources().await.unwrap();
    assert_eq!(
        (
            sources.items[0].external_id.as_deref(),
            sources.items[0].default
        ),
        (Some("sales-1"), true)
    );
    assert!(!sources.items[1].default);
    assert!(!format!("{sources:?}").contains("+1555"));
    let scene = Scene::start([Reply::answer("204 No Content", &[], b"")]).await;
    assert!(
        scene
            .client
            .sources_named("a")
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(
        scene.server.only().target(),
        "/api/v4/sources?filter%5Bexternal_id%5D=a"
    );
}

const TALK: &str = r#"{"talk_id":172,"created_at":1782389100,"updated_at":1782389190,"rate":0,"contact_id":4685001,
  "chat_id":"0b6f8c1e-0000-4000-8000-0000000000c1","entity_id":5029001,"entity_type":"lead","status":"in_work",
  "is_in_work":true,"is_read":false,"origin":"waba","source_id":12001,"account_id":12345678}"#;

// Source: vendor page "Get talks" of July 2026.
#[tokio::test]
async fn conversations_are_listed_page_by_page() {
    let first = format!(
        r#"{{"_links":{{"next":{{"href":"https://shop.kommo.com/api/v4/talks?page=2"}}}},"_embedded":{{"talks":[{TALK}]}}}}"#
    );
    let second = r#"{"_embedded":{"talks":[{"talk_id":1,"status":"new_one","entity_id":null,"missed_at":5},{}]}}"#;
    let scene = Scene::start([ok(&first), ok(second)]).await;
    let filter = TalkFilter::new()
        .contact(7)
        .lead(9)
        .only_in_work()
        .limit(50);
    let mut pages = scene.client.talks().pages(&filter).unwrap();
    let page = pages.next_page().await.unwrap().unwrap();
    let talk = &page.items[0];
    assert_eq!((talk.talk_id, talk.entity_id), (172, Some(5_029_001)));
    assert_eq!(talk.status, Some(TalkStatus::InWork));
    let page = pages.next_page().await.unwrap().unwrap();
    assert_eq!(
        page.items[0].status,
        Some(TalkStatus::Other("new_one".into()))
    );
    assert_eq!((page.items[0].entity_id, page.unreadable.len()), (None, 1));
    assert!(pages.next_page().await.unwrap().is_none());
    let target = "/api/v4/talks?filter%5Bcontact_id%5D%5B%5D=7&filter%5Bentity_id%5D=9&filter%5Bentity_type%5D=lead&filter%5Bonly_in_work%5D=1&limit=50";
    assert_eq!(scene.server.received()[0].target(), target);
}

#[tokio::test]
async fn a_conversation_is_read_and_closed() {
    let scene = Scene::start([ok(TALK), Reply::answer("202 Accepted", &[], b"")]).await;
    assert_eq!(scene.client.talks().get(172).await.unwrap().talk_id, 172);
    scene
        .client
        .talks()
        .close(172, Closure::Forced)
        .await
        .unwrap();
    let received = scene.server.received();
    assert_eq!(
        received[1].request_line(),
        "POST /api/v4/talks/172/close HTTP/1.1"
    );
    assert_eq!(received[1].body, br#"{"force_close":true}"#);
}

const MESSAGES: &str = r#"{"_embedded":{"messages":[{"id":"m1","chat_id":"c1","type":"incoming",
  "message_type":"text","author":{"id":"a1","type":"external","name":"Ann Client","avatar_url":""},
  "recipient":{"id":"","type":null,"name":"","avatar_url":""},"text":"Hello there","created_at":1782389132,
  "origin":"waba","delivery_status":"delivered"},
  {"id":"m2","type":"outgoing","author":{"type":"internal","user_id":4242},
   "attachment":{"type":"picture","link":"https://amojo.kommo.com/attachments/x"}},{"text":"no id"}]}}"#;

// Source: vendor page "Chats API add-on" of July 2026.
#[tokio::test]
async fn the_add_on_reads_messages_and_shows_none_of_them() {
    let scene = Scene::start([ok(MESSAGES)]).await;
    let mut pages = scene.client.talks().messages_between(172, 1, 2).unwrap();
    let page = pages.next_page().await.unwrap().unwrap();
    assert_eq!((page.items.len(), page.unreadable.len()), (2, 1));
    let first = &page.items[0];
    assert_eq!(first.text.as_deref(), Some("Hello there"));
    assert_eq!(first.recipient.as_ref().unwrap().id, None);
    assert_eq!(page.items[1].author.as_ref().unwrap().user_id, Some(4242));
    let shown = format!("{page:?}");
    for hidden in ["Hello", "Ann", "attachments"] {
        assert!(!shown.contains(hidden), "{hidden}");
    }
    let target = "/api/v4/talks/172/messages?filter%5Bcreated_at%5D%5Bfrom%5D=1&filter%5Bcreated_at%5D%5Bto%5D=2";
    assert_eq!(scene.server.only().target(), target);
    let scene = Scene::start([ok("{}")]).await;
    scene
        .client
        .talks()
        .messages(172)
        .unwrap()
        .next_page()
        .await
        .unwrap();
    assert_eq!(scene.server.only().target(), "/api/v4/talks/172/messages");
}

#[tokio::test]
async fn a_message_of_the_add_on_is_queued_and_never_sent_twice() {
    let scene = Scene::start([queued(r#"{"id":"m-9"}"#)]).await;
    let file = DriveFile::new("d-1", "v-1", "picture");
    let message = TalkText::text("MARKER").with_file(file);
    let sent = scene.client.talks().send(172, &message).await.unwrap();
    assert_eq!(sent.id.as_deref(), Some("m-9"));
    assert_eq!(
        scene.server.only().body,
        br#"{"text":"MARKER","attachment":{"drive_uuid":"d-1","drive_version_uuid":"v-1","type":"picture"}}"#
    );
    assert!(!format!("{message:?}").contains("MARKER"));

    let scene = Scene::start([Reply::cut(), queued("{}")]).await;
    let error = scene.client.talks().send(172, &message).await.unwrap_err();
    assert!(error.may_be_done());
    assert_eq!(scene.requests(), 1);
}

// A 402 of the add-on is about its quota or the package: the account is paid for.
#[tokio::test]
async fn a_used_up_quota_of_the_add_on_does_not_hold_the_grant() {
    let body = r#"{"title":"Payment Required","status":402,"detail":"Over chat API limit"}"#;
    let refusal = || problem("402 Payment Required", body);
    let scene = Scene::start([refusal()]).await;
    let error = scene
        .client
        .talks()
        .send(172, &TalkText::text("a"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::PaymentRequired));
    let mut pages = scene.client.talks().messages(172).unwrap();
    pages.next_page().await.unwrap_err();
    assert_eq!(scene.tokens.payments(), 0);
    // Of every other call it is about the account.
    scene.client.talks().get(172).await.unwrap_err();
    assert_eq!(scene.tokens.payments(), 1);
}
