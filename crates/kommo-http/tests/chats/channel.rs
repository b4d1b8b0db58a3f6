//! A connected channel: what is sent for each request, and what each answer is read as.

use kommo_account::ScopeId;
use kommo_chats::request::{
    Client, Content, ConversationRef, CreateChat, DeliveryStatus, EditMessage, History, MessageRef,
    Moment, NewMessage, React, ReactionBy, ScopeRequest, SetDeliveryStatus, ShowTyping,
};
use kommo_chats::{
    AmojoConversationId, AmojoMessageId, ClientConversationId, ClientMessageId, ClientParticipantId,
};
use kommo_http::{ChatsConnection, ChatsError, MessageOutcome, UnreadableReason};

use crate::raw_server::{RawServer, Reply};
use crate::scene::{ACCOUNT, CHANNEL, JSON, raw_client};
use crate::wire::assert_signed;

const ACCEPTED: &[u8] = br#"{"new_message":{"conversation_id":"742a15d7-1","sender_id":"318e5488-1","msgid":"ecfb59bc-1","ref_id":"m-1"}}"#;

fn scope() -> ScopeId {
    ScopeId::parse(&format!("{CHANNEL}_{ACCOUNT}")).unwrap()
}

async fn connected(replies: impl IntoIterator<Item = Reply>) -> (RawServer, ChatsConnection) {
    let server = RawServer::start(replies).await;
    let (client, _) = raw_client(server.address);
    (server, client.connection(scope()))
}

fn ok(body: &[u8]) -> Reply {
    Reply::answer("200 OK", &[JSON], body)
}

fn conversation() -> ClientConversationId {
    ClientConversationId::new("c-1").unwrap()
}

fn client() -> Client {
    Client::new(ClientParticipantId::new("user-1").unwrap(), "Ann").unwrap()
}

fn message() -> NewMessage {
    NewMessage::incoming(
        ClientMessageId::new("m-1").unwrap(),
        conversation(),
        Moment::from_unix_seconds(1_639_572_260),
        client(),
        Content::text("Hello").unwrap(),
    )
}

#[tokio::test]
async fn a_message_is_sent_as_it_was_signed_and_its_ids_are_told() {
    let (server, connection) = connected([ok(ACCEPTED)]).await;
    let outcome = connection.send(&message()).await.unwrap();
    let accepted = outcome.accepted().unwrap();
    assert_eq!(accepted.id.as_str(), "ecfb59bc-1");
    let received = server.only();
    let path = format!("POST /v2/origin/custom/{} HTTP/1.1", scope());
    assert_eq!(received.request_line(), path);
    assert_eq!(received.body, message().to_body());
    assert_signed(&received);
}

/// Rule T2: the same bytes with the same `msgid`, dated and signed anew.
#[tokio::test]
async fn a_message_without_an_answer_is_sent_again_as_it_is() {
    let (server, connection) = connected([Reply::cut(), ok(ACCEPTED)]).await;
    let outcome = connection.send(&message()).await.unwrap();
    let MessageOutcome::Accepted(answer) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(answer.attempts(), 2);
    let received = server.received();
    assert_eq!(received[0].body, received[1].body);
    received.iter().for_each(assert_signed);
}

/// The platform had it already, most likely: no failure, and no id either.
#[tokio::test]
async fn a_repetition_that_is_refused_after_an_unknown_outcome_is_perhaps_accepted() {
    let refused = br#"{"error_code":400,"error_type":"bad_request"}"#;
    let bad_request = || Reply::answer("400 Bad Request", &[JSON], refused);
    for first in [Reply::cut(), Reply::answer("502 Bad Gateway", &[], b"")] {
        let (_server, connection) = connected([first, bad_request()]).await;
        let outcome = connection.send(&message()).await.unwrap();
        let MessageOutcome::PerhapsAccepted(refusal) = &outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((refusal.status(), refusal.attempts()), (400, 2));
        assert_eq!(outcome.accepted(), None);
    }
    // Refused at once, and after a pause that was asked for: the message is wrong.
    let paused = Reply::answer("429 Too Many Requests", &[("Retry-After", "1")], b"");
    for replies in [vec![bad_request()], vec![paused, bad_request()]] {
        let (_server, connection) = connected(replies).await;
        let error = connection.send(&message()).await.unwrap_err();
        assert!(matches!(error, ChatsError::Refused(_)), "{error:?}");
    }
}

#[tokio::test]
async fn every_request_goes_where_it_belongs() {
    let chat = br#"{"id":"6ba2dd1a-1","user":{"id":"86a0caef-1","client_id":"user-1"}}"#;
    let empty = || Reply::answer("200 OK", &[], b"");
    let replies = [ok(chat), ok(ACCEPTED), empty(), ok(b"{}"), empty()];
    let (server, connection) = connected(replies).await;
    let created = connection
        .create_chat(&CreateChat::new(conversation(), client()))
        .await;
    assert_eq!(created.unwrap().value().id.as_str(), "6ba2dd1a-1");
    let edit = EditMessage::new(
        MessageRef::Client(ClientMessageId::new("m-1").unwrap()),
        conversation(),
        Moment::from_unix_seconds(7),
        Content::text("Hi").unwrap(),
    );
    connection.edit(&edit.unwrap()).await.unwrap();
    let id = AmojoMessageId::new("ecfb59bc-1").unwrap();
    let read = SetDeliveryStatus::new(id.clone(), DeliveryStatus::Read);
    connection.set_delivery_status(&read).await.unwrap();
    let user = ClientParticipantId::new("user-1").unwrap();
    let typing = ShowTyping::new(conversation(), user.clone());
    connection.show_typing(&typing).await.unwrap();
    let react = React::with(
        "\u{1f60d}",
        ConversationRef::Client(conversation()),
        MessageRef::Amojo(id),
        ReactionBy::Client(user),
    );
    connection.react(&react.unwrap()).await.unwrap();

    let below = |path: &str| format!("POST /v2/origin/custom/{}{path} HTTP/1.1", scope());
    let lines: Vec<_> = server
        .received()
        .iter()
        .map(|received| received.request_line().to_owned())
        .collect();
    let paths = [
        "/chats",
        "",
        "/ecfb59bc-1/delivery_status",
        "/typing",
        "/react",
    ];
    assert_eq!(lines, paths.map(below));
    server.received().iter().for_each(assert_signed);
}

fn page(ids: core::ops::Range<u32>) -> Vec<u8> {
    let messages: Vec<String> = ids
        .map(|id| {
            format!(
                r#"{{"timestamp":7,"sender":{{"id":"u","name":"Ann"}},"message":{{"id":"{id}","type":"text","text":"x"}}}}"#
            )
        })
        .collect();
    format!(r#"{{"messages":[{}]}}"#, messages.join(",")).into_bytes()
}

/// Rule S6: the query is not signed.
#[tokio::test]
async fn a_chat_is_read_page_by_page_until_one_is_not_full() {
    let no_more = Reply::answer("204 No Content", &[], b"");
    for (last, expected) in [(ok(&page(100..107)), 107), (no_more, 100)] {
        let replies = [ok(&page(0..50)), ok(&page(50..100)), last];
        let (server, connection) = connected(replies).await;
        let chat = AmojoConversationId::new("f1e4e02c-1").unwrap();
        let mut pages = connection.history_pages(History::of(chat));
        let mut found = Vec::new();
        while let Some(page) = pages.next().await.unwrap() {
            found.extend(page.messages.into_iter().map(|message| message.id));
        }
        assert!(pages.next().await.unwrap().is_none());
        let ids: Vec<_> = found.iter().map(AmojoMessageId::as_str).collect();
        let wanted: Vec<_> = (0..expected).map(|id: u32| id.to_string()).collect();
        assert_eq!(ids, wanted);
        let targets = server.received();
        let targets: Vec<_> = targets.iter().map(|received| received.target()).collect();
        let below = format!("/v2/origin/custom/{}/chats/f1e4e02c-1/history", scope());
        let offsets = [0, 50, 100].map(|offset| format!("{below}?offset={offset}&limit=50"));
        assert_eq!(targets, offsets);
        server.received().iter().for_each(assert_signed);
    }
}

/// After an error the same page is asked for again: none is left out.
#[tokio::test]
async fn a_page_that_could_not_be_read_is_asked_for_again() {
    let denied = Reply::answer("403 Forbidden", &[], b"Forbidden");
    let replies = [ok(&page(0..50)), denied, ok(&page(50..51))];
    let (_server, connection) = connected(replies).await;
    let chat = AmojoConversationId::new("f1e4e02c-1").unwrap();
    let mut pages = connection.history_pages(History::of(chat));
    assert_eq!(pages.next().await.unwrap().unwrap().messages.len(), 50);
    pages.next().await.unwrap_err();
    let again = pages.next().await.unwrap().unwrap();
    assert_eq!(again.messages[0].id.as_str(), "50");
}

#[tokio::test]
async fn a_page_of_a_proxy_under_a_200_confirms_nothing() {
    let html = || Reply::answer("200 OK", &[("Content-Type", "text/html")], b"<html>login");
    let (_server, connection) = connected([html(), html()]).await;
    let error = connection.send(&message()).await.unwrap_err();
    assert!(error.is_unconfirmed());
    let user = ClientParticipantId::new("user-1").unwrap();
    let typing = ShowTyping::new(conversation(), user);
    let error = connection.show_typing(&typing).await.unwrap_err();
    let ChatsError::Unreadable(unreadable) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(
        unreadable.reason,
        UnreadableReason::NoDataExpected(_)
    ));
}
