//! The requests of a connected channel, beside the published ones, and the answers in every form
//! that was seen.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_account::ScopeId;
use kommo_chats::request::{
    AcceptedMessage, Author, Client, Content, ConversationRef, CreateChat, CreatedChat,
    DeliveryFailure, DeliveryStatus, EditMessage, Forward, History, HistoryPage, Media, MediaKind,
    MessageRef, Moment, NewMessage, Post, Quote, React, ReactionBy, ScopeRequest,
    SetDeliveryStatus, SharedPost, ShowTyping,
};
use kommo_chats::{
    AmojoConversationId, AmojoMessageId, AmojoParticipantId, ClientConversationId, ClientMessageId,
    ClientParticipantId, DecodeError, FieldError, FieldProblem,
};
use kommo_test_vectors::chats_request;
use serde_json::{Value, json};

fn scope() -> ScopeId {
    ScopeId::parse("344a5002-f8ca-454d-af3d-396180102ac7_52e591f7-c98f-4255-8495-827210138c81")
        .unwrap()
}

fn client() -> Client {
    Client::new(ClientParticipantId::new("user-1").unwrap(), "Ann").unwrap()
}

fn author() -> Author {
    Author::new(AmojoParticipantId::new("0be70000-1").unwrap(), "Max").unwrap()
}

fn conversation() -> ClientConversationId {
    ClientConversationId::new("c-1").unwrap()
}

fn message_id() -> ClientMessageId {
    ClientMessageId::new("m-1").unwrap()
}

fn text() -> Content {
    Content::text("Hello").unwrap()
}

fn incoming(content: Content) -> NewMessage {
    NewMessage::incoming(
        message_id(),
        conversation(),
        Moment::from_unix_seconds(7),
        client(),
        content,
    )
}

fn body(request: &impl ScopeRequest) -> Value {
    serde_json::from_slice(&request.to_body()).unwrap()
}

/// The object `message` of an incoming message.
fn message(content: Content) -> Value {
    body(&incoming(content))["payload"]["message"].take()
}

// Rule S9.
#[test]
fn a_message_has_the_fields_of_the_published_one() {
    let case = chats_request("message-published");
    let published: Value = serde_json::from_slice(&case.body).unwrap();
    let sender = Client::new(ClientParticipantId::new("my_int-1376265f-86df-4c49-a0c3-a4816df41af8").unwrap(), "Вася клиент")
        .unwrap()
        .with_avatar("https://images.pexels.com/photos/10050979/pexels-photo-10050979.jpeg?auto=compress&cs=tinysrgb&dpr=2&w=500")
        .unwrap()
        .with_phone("+79151112233")
        .with_email("example.client@example.com")
        .with_profile_link("https://example.com/profile/example.client");
    let request = NewMessage::incoming(
        ClientMessageId::new("my_int-5f2836a8ca481").unwrap(),
        ClientConversationId::new("my_int-d5a421f7f218").unwrap(),
        Moment::from_unix_milliseconds(1_639_660_529_379),
        sender,
        Content::text("Сообщение от клиента").unwrap(),
    );
    let mut expected = published;
    // The sample sends a default, which is left out here.
    let payload = expected["payload"].as_object_mut().unwrap();
    if payload.get("silent") == Some(&json!(false)) {
        payload.remove("silent");
    }
    assert_eq!(body(&request), expected);
    assert_eq!(request.path(&scope()), case.path);
}

#[test]
fn typing_is_the_published_request_to_the_byte() {
    let case = chats_request("typing-published");
    let request = ShowTyping::new(
        ClientConversationId::new("my_int-d5a421f7f218").unwrap(),
        ClientParticipantId::new("my_int-1376265f-86df-4c49-a0c3-a4816df41af8").unwrap(),
    );
    assert_eq!(request.to_body(), case.body);
    assert_eq!(request.path(&scope()), case.path);
    assert_eq!(ShowTyping::METHOD, case.method);
    assert_eq!(body(&request.with_duration(900))["duration_ms"], 900);
}

#[test]
fn an_outgoing_message_names_author_and_client() {
    let request = NewMessage::outgoing(
        message_id(),
        conversation(),
        Moment::from_unix_seconds(7),
        author(),
        client(),
        text(),
    );
    let payload = &body(&request)["payload"];
    assert_eq!(
        payload["sender"],
        json!({"id": "0be70000-1", "name": "Max", "ref_id": "0be70000-1"})
    );
    assert_eq!(payload["receiver"], json!({"id": "user-1", "name": "Ann"}));
    let named = author().with_id(ClientParticipantId::new("ours").unwrap());
    let request = NewMessage::outgoing(
        message_id(),
        conversation(),
        Moment::from_unix_seconds(7),
        named,
        client(),
        text(),
    );
    assert_eq!(body(&request)["payload"]["sender"]["id"], "ours");
}

#[test]
fn what_stands_beside_a_message_is_written() {
    let request = incoming(text())
        .silent()
        .with_source("shop one")
        .unwrap()
        .with_conversation_ref_id(AmojoConversationId::new("theirs").unwrap())
        .replying_to(Quote::of(MessageRef::Client(
            ClientMessageId::new("m-0").unwrap(),
        )))
        .forwarding(
            Forward::of(Quote::of(MessageRef::Amojo(
                AmojoMessageId::new("a-0").unwrap(),
            )))
            .from_conversation(ConversationRef::Amojo(
                AmojoConversationId::new("from").unwrap(),
            )),
        )
        .with_delivery_status(DeliveryStatus::Read);
    assert_eq!(
        body(&request)["payload"],
        json!({
            "timestamp": 7, "msec_timestamp": 7000, "msgid": "m-1", "conversation_id": "c-1", "conversation_ref_id": "theirs",
            "silent": true, "source": {"external_id": "shop one"}, "sender": {"id": "user-1", "name": "Ann"},
            "message": {"type": "text", "text": "Hello", "delivery_status": {"status_code": 2}},
            "reply_to": {"message": {"msgid": "m-0"}},
            "forwards": {"messages": [{"id": "a-0"}], "conversation_ref_id": "from"},
        })
    );
    let whole = Quote::whole(text(), Moment::from_unix_seconds(5), "Bob").unwrap();
    assert_eq!(
        body(&incoming(text()).replying_to(whole))["payload"]["reply_to"]["message"],
        json!({"type": "text", "text": "Hello", "timestamp": 5, "msec_timestamp": 5000, "sender": {"name": "Bob"}})
    );
}

#[test]
fn the_first_message_of_a_client_whom_a_manager_wrote_to_has_both_ids() {
    let client = client().with_ref_id(AmojoParticipantId::new("theirs").unwrap());
    let request = NewMessage::incoming(
        message_id(),
        conversation(),
        Moment::from_unix_seconds(7),
        client,
        text(),
    )
    .with_conversation_ref_id(AmojoConversationId::new("chat").unwrap());
    let payload = &body(&request)["payload"];
    assert_eq!(
        payload["sender"],
        json!({"id": "user-1", "name": "Ann", "ref_id": "theirs"})
    );
    assert_eq!(
        (&payload["conversation_id"], &payload["conversation_ref_id"]),
        (&json!("c-1"), &json!("chat"))
    );
}

#[test]
fn every_type_of_message_is_written() {
    for (kind, name) in [
        (MediaKind::File, "file"),
        (MediaKind::Video, "video"),
        (MediaKind::Picture, "picture"),
        (MediaKind::Voice, "voice"),
        (MediaKind::Audio, "audio"),
        (MediaKind::Sticker, "sticker"),
    ] {
        let plain = Media::new(kind, "https://x/f").unwrap();
        assert_eq!(
            message(Content::media(plain)),
            json!({"type": name, "media": "https://x/f"})
        );
    }
    let full = Media::new(MediaKind::Video, "https://x/f")
        .unwrap()
        .with_caption("c")
        .with_file("f.mp4", 9)
        .unwrap()
        .with_duration(3)
        .with_sticker_id("s");
    assert_eq!(
        message(Content::media(full)),
        json!({"type": "video", "text": "c", "media": "https://x/f", "file_name": "f.mp4", "file_size": 9, "media_duration": 3, "sticker_id": "s"})
    );
    let place = message(Content::location(37.0, -55.75).unwrap());
    assert_eq!(
        place,
        json!({"type": "location", "location": {"lon": 37.0, "lat": -55.75}})
    );
    let contact = message(Content::contact("Ann", "+7").unwrap());
    assert_eq!(
        contact,
        json!({"type": "contact", "contact": {"name": "Ann", "phone": "+7"}})
    );
    let choice = message(Content::choice("Yes", "row-1").unwrap());
    assert_eq!(
        choice,
        json!({"type": "text", "text": "Yes", "callback_data": "row-1"})
    );
    let shared = SharedPost::new("https://x/p")
        .unwrap()
        .with_preview_link("https://x/1")
        .with_preview_permalink("https://x/2")
        .with_site_name("X");
    assert_eq!(
        message(text().with_shared_post(shared))["shared_post"],
        json!({"url": "https://x/p", "type": "post", "preview_link": "https://x/1", "preview_permalink": "https://x/2", "site_name": "X"})
    );
    let post = Post::new("p-1", "https://x/p")
        .unwrap()
        .with_preview_url("https://x/1")
        .with_preview_permalink("https://x/2")
        .with_username("u")
        .with_caption("c");
    assert_eq!(
        message(text().as_comment_on(post))["post"],
        json!({"id": "p-1", "url": "https://x/p", "preview_url": "https://x/1", "preview_permalink": "https://x/2", "username": "u", "caption": "c"})
    );
}

#[test]
fn a_message_is_edited_by_either_id() {
    let edit = |message| {
        EditMessage::new(
            message,
            conversation(),
            Moment::from_unix_seconds(7),
            text(),
        )
        .unwrap()
    };
    let by_own = edit(MessageRef::Client(message_id()));
    assert_eq!(
        body(&by_own),
        json!({"event_type": "edit_message", "payload": {"timestamp": 7, "msec_timestamp": 7000, "msgid": "m-1",
            "conversation_id": "c-1", "message": {"type": "text", "text": "Hello"}}})
    );
    let by_theirs = edit(MessageRef::Amojo(AmojoMessageId::new("a-1").unwrap()));
    assert_eq!(body(&by_theirs)["payload"]["id"], "a-1");
    let comment = text().as_comment_on(Post::new("p", "https://x").unwrap());
    let refused = EditMessage::new(
        MessageRef::Client(message_id()),
        conversation(),
        Moment::from_unix_seconds(7),
        comment,
    );
    assert_eq!(
        refused.unwrap_err(),
        FieldError::new("message.post", FieldProblem::NotTaken)
    );
}

#[test]
fn a_delivery_status_is_written_in_the_current_names() {
    let status = |status| SetDeliveryStatus::new(AmojoMessageId::new("a-1").unwrap(), status);
    assert_eq!(
        status(DeliveryStatus::Delivered).to_body(),
        br#"{"status_code":1}"#
    );
    assert_eq!(
        status(DeliveryStatus::Read).to_body(),
        br#"{"status_code":2}"#
    );
    let failed = DeliveryStatus::Failed(DeliveryFailure::other("Error text").unwrap());
    let failed = status(failed);
    assert_eq!(
        failed.to_body(),
        br#"{"status_code":-1,"error_code":905,"error":"Error text"}"#
    );
    assert_eq!(
        failed.path(&scope()),
        format!("/v2/origin/custom/{}/a-1/delivery_status", scope())
    );
    for (failure, code) in [
        (DeliveryFailure::conversation_deleted(), 901),
        (DeliveryFailure::integration_disabled(), 902),
        (DeliveryFailure::internal(), 903),
        (DeliveryFailure::conversation_impossible(), 904),
    ] {
        let body = body(&status(DeliveryStatus::Failed(failure)));
        assert_eq!(body, json!({"status_code": -1, "error_code": code}));
    }
    assert_eq!(
        DeliveryFailure::other("").unwrap_err(),
        FieldError::new("error", FieldProblem::Empty)
    );
}

#[test]
fn a_reaction_names_everything_by_the_id_that_is_at_hand() {
    let own = React::with(
        "😍",
        ConversationRef::Client(conversation()),
        MessageRef::Client(message_id()),
        ReactionBy::Client(ClientParticipantId::new("user-1").unwrap()),
    )
    .unwrap();
    assert_eq!(
        body(&own),
        json!({"conversation_id": "c-1", "msgid": "m-1", "user": {"id": "user-1"}, "type": "react", "emoji": "😍"})
    );
    let theirs = React::taken_back(
        ConversationRef::Amojo(AmojoConversationId::new("chat").unwrap()),
        MessageRef::Amojo(AmojoMessageId::new("a-1").unwrap()),
        ReactionBy::Manager(AmojoParticipantId::new("mgr").unwrap()),
    );
    assert_eq!(
        body(&theirs),
        json!({"conversation_ref_id": "chat", "id": "a-1", "user": {"ref_id": "mgr"}, "type": "unreact"})
    );
    assert!(own.path(&scope()).ends_with("/react"));
}

#[test]
fn a_chat_is_created_and_its_answer_is_read_in_both_forms() {
    let request = CreateChat::new(conversation(), client().with_phone("+7"))
        .with_source("shop")
        .unwrap();
    assert_eq!(
        body(&request),
        json!({"conversation_id": "c-1", "source": {"external_id": "shop"}, "user": {"id": "user-1", "name": "Ann", "profile": {"phone": "+7"}}})
    );
    for answer in [
        r#"{"id":"chat","user":{"id":"u","client_id":"user-1","name":"A","avatar":"","phone":"7"}}"#,
        r#"{"id":"chat","user":{"id":"u","client_id":"user-1","profile":{"phone":"7"}}}"#,
    ] {
        let created = CreatedChat::from_body(answer.as_bytes()).unwrap();
        assert_eq!(created.id.as_str(), "chat");
        assert_eq!(created.client_ref_id.unwrap().as_str(), "u");
        assert_eq!(created.client_id.unwrap().as_str(), "user-1");
    }
    let small = CreatedChat::from_body(br#"{"id":"chat","user":{"id":"u"}}"#).unwrap();
    assert_eq!(small.client_id, None);
    assert_eq!(
        CreatedChat::from_body(b"{}").unwrap_err(),
        DecodeError::Missing { field: "id" }
    );
    assert!(matches!(
        CreatedChat::from_body(b"<html>"),
        Err(DecodeError::Syntax { .. })
    ));
    assert!(matches!(
        CreatedChat::from_body(b"{\"id\""),
        Err(DecodeError::Truncated { .. })
    ));
}

#[test]
fn the_answer_to_a_message_tells_the_two_ids_apart() {
    let answer = br#"{"new_message":{"conversation_id":"chat","sender_id":"s","receiver_id":null,"msgid":"theirs","ref_id":"m-1"}}"#;
    let accepted = AcceptedMessage::from_body(answer).unwrap();
    assert_eq!(accepted.id.as_str(), "theirs");
    assert_eq!(accepted.client_id.unwrap().as_str(), "m-1");
    assert_eq!(accepted.receiver, None);
    let old = AcceptedMessage::from_body(br#"{"new_message":{"msgid":"theirs","ref_id":"m-1"}}"#)
        .unwrap();
    assert_eq!((old.conversation, old.sender), (None, None));
    let missing = AcceptedMessage::from_body(br#"{"new_message":{"ref_id":"m-1"}}"#);
    assert_eq!(
        missing.unwrap_err(),
        DecodeError::Missing { field: "msgid" }
    );
    let missing = AcceptedMessage::from_body(br#"{"status":"ok"}"#);
    assert_eq!(
        missing.unwrap_err(),
        DecodeError::Missing {
            field: "new_message"
        }
    );
}

#[test]
fn history_is_read_page_by_page() {
    let first = History::of(AmojoConversationId::new("chat").unwrap());
    assert!(
        first
            .path(&scope())
            .ends_with("/chats/chat/history?offset=0&limit=50")
    );
    assert!(first.to_body().is_empty());
    let second = first.after(50).unwrap();
    assert!(second.path(&scope()).ends_with("offset=50&limit=50"));
    assert_eq!(second.after(49), None);
    for limit in [0, 51] {
        let refused = first.clone().with_limit(limit).unwrap_err();
        assert_eq!(refused, FieldError::new("limit", FieldProblem::OutOfRange));
    }

    let page = HistoryPage::from_body(r#"{"messages":[
        {"timestamp":1596470953,"msec_timestamp":1596470953000,"sender":{"id":"d8d9","name":"Manager"},
         "receiver":{"id":"86a0","client_id":"sk-1","avatar":"https://x","name":"Client","phone":"7","email":"c@example.com"},
         "message":{"id":"3985","client_id":"skm-1","type":"text","text":"Hi","media":"","thumbnail":"","file_name":"","file_size":0}},
        {"timestamp":1,"sender":{"id":"86a0"},"message":{"id":"2","type":"location"}},
        {"no":"message"}]}"#.as_bytes()).unwrap();
    assert_eq!((page.messages.len(), page.unread), (2, 1));
    let newest = &page.messages[0];
    assert_eq!(newest.client_id.as_ref().unwrap().as_str(), "skm-1");
    assert_eq!(
        newest
            .receiver
            .as_ref()
            .unwrap()
            .client_id
            .as_ref()
            .unwrap()
            .as_str(),
        "sk-1"
    );
    assert_eq!(newest.content.text.as_ref().unwrap().as_str(), "Hi");
    assert_eq!(page.messages[1].receiver, None);
    assert_eq!(HistoryPage::from_body(b"").unwrap(), HistoryPage::default());
    assert_eq!(
        HistoryPage::from_body(b"{}").unwrap_err(),
        DecodeError::Missing { field: "messages" }
    );
}

#[test]
fn a_wrong_field_is_refused_with_its_name() {
    let empty = |field| FieldError::new(field, FieldProblem::Empty);
    assert_eq!(Content::text("").unwrap_err(), empty("text"));
    assert_eq!(
        Content::choice("a", "").unwrap_err(),
        empty("callback_data")
    );
    assert_eq!(
        Content::contact("", "1").unwrap_err(),
        empty("contact.name")
    );
    assert_eq!(
        Content::contact("a", "").unwrap_err(),
        empty("contact.phone")
    );
    for (longitude, latitude, field) in [
        (181.0, 0.0, "location.lon"),
        (0.0, -91.0, "location.lat"),
        (f64::NAN, 0.0, "location.lon"),
    ] {
        let refused = Content::location(longitude, latitude).unwrap_err();
        assert_eq!(refused, FieldError::new(field, FieldProblem::OutOfRange));
    }
    let no_address = |field| FieldError::new(field, FieldProblem::Character { offset: 0 });
    assert_eq!(
        Media::new(MediaKind::File, "file:///etc").unwrap_err(),
        no_address("media")
    );
    assert_eq!(
        Media::new(MediaKind::File, "https://x y").unwrap_err(),
        no_address("media")
    );
    assert_eq!(client().with_avatar("x").unwrap_err(), no_address("avatar"));
    assert_eq!(SharedPost::new("").unwrap_err(), empty("shared_post.url"));
    assert_eq!(Post::new("", "https://x").unwrap_err(), empty("post.id"));
    assert_eq!(
        Client::new(ClientParticipantId::new("a").unwrap(), "").unwrap_err(),
        empty("name")
    );
    assert_eq!(ClientParticipantId::new(""), None);
    let source = |text: &str| {
        incoming(Content::text("x").unwrap())
            .with_source(text)
            .unwrap_err()
    };
    assert_eq!(source(""), empty("source.external_id"));
    let long = FieldProblem::TooLong {
        found: 37,
        limit: 36,
    };
    assert_eq!(
        source(&"a".repeat(37)),
        FieldError::new("source.external_id", long)
    );
    assert_eq!(
        source("shop-é"),
        FieldError::new("source.external_id", FieldProblem::Character { offset: 5 })
    );
    let emoji = React::with(
        "",
        ConversationRef::Client(conversation()),
        MessageRef::Client(message_id()),
        ReactionBy::Client(ClientParticipantId::new("u").unwrap()),
    );
    assert_eq!(emoji.unwrap_err(), empty("emoji"));
}

// Invariant I8.
#[test]
fn debug_shows_no_text_and_no_person() {
    let client = Client::new(ClientParticipantId::new("user-1").unwrap(), "MARKER")
        .unwrap()
        .with_phone("MARKER")
        .with_email("MARKER");
    let media = Media::new(MediaKind::File, "https://MARKER")
        .unwrap()
        .with_caption("MARKER");
    let quote = Quote::whole(
        Content::text("MARKER").unwrap(),
        Moment::from_unix_seconds(1),
        "MARKER",
    )
    .unwrap();
    let message = NewMessage::incoming(
        message_id(),
        conversation(),
        Moment::from_unix_seconds(1),
        client,
        Content::media(media),
    )
    .replying_to(quote);
    let shown = format!("{message:?}");
    assert!(!shown.contains("MARKER"), "{shown}");
    assert!(shown.contains("user-1"), "{shown}");
}

/// An id that a hook brought is one segment of the path, whatever is in it.
#[test]
fn an_id_in_a_path_names_no_other_path() {
    for (id, segment) in [
        ("0be70000-aa_b~c", "0be70000-aa_b~c"),
        ("../other", "%2E%2E%2Fother"),
        ("a?b#c%d", "a%3Fb%23c%25d"),
        ("ä ", "%C3%A4%20"),
    ] {
        let message = AmojoMessageId::new(id).unwrap();
        let status = SetDeliveryStatus::new(message, DeliveryStatus::Read);
        let path = format!("/v2/origin/custom/{}/{segment}/delivery_status", scope());
        assert_eq!(status.path(&scope()), path);
        let history = History::of(AmojoConversationId::new(id).unwrap());
        let path = format!(
            "/v2/origin/custom/{}/chats/{segment}/history?offset=0&limit=50",
            scope()
        );
        assert_eq!(history.path(&scope()), path);
    }
}
