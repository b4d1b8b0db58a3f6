//! A whole conversation with the sandbox, and what each fault makes of each call.

use kommo_account::ScopeId;
use kommo_chats::request::{
    Author, Client, Content, ConversationRef, CreateChat, DeliveryStatus, EditMessage, History,
    Media, MediaKind, MessageRef, Moment, NewMessage, Quote, React, ReactionBy, SetDeliveryStatus,
    ShowTyping,
};
use kommo_chats::{
    AmojoConversationId, AmojoMessageId, AmojoParticipantId, ClientConversationId, ClientMessageId,
    ClientParticipantId,
};
use kommo_http::{ChatsConnection, ChatsError, MessageOutcome};
use kommo_sandbox::{Fault, FaultKind, MessageDirection};

use crate::scene::Scene;
use crate::test_environment::START;

fn conversation() -> ClientConversationId {
    ClientConversationId::new("c7").unwrap()
}

fn ann() -> Client {
    Client::new(ClientParticipantId::new("ann").unwrap(), "Ann").unwrap()
}

fn own(id: &str) -> ClientMessageId {
    ClientMessageId::new(id).unwrap()
}

fn incoming(id: &str) -> NewMessage {
    let moment = Moment::from_unix_seconds(START);
    NewMessage::incoming(
        own(id),
        conversation(),
        moment,
        ann(),
        Content::text(id).unwrap(),
    )
}

async fn connected(scene: &Scene) -> ChatsConnection {
    scene.connect().await.unwrap();
    let scope = ScopeId::new(scene.channel(), scene.account());
    scene.client.connection(scope)
}

async fn sent(
    chats: &ChatsConnection,
    message: &NewMessage,
) -> (AmojoMessageId, AmojoConversationId) {
    let outcome = chats.send(message).await.unwrap();
    let accepted = outcome.accepted().unwrap();
    (accepted.id.clone(), accepted.conversation.clone().unwrap())
}

#[tokio::test]
async fn a_conversation_is_held_from_its_first_message_to_its_history() {
    let scene = Scene::start().await;
    let chats = connected(&scene).await;
    let chat = chats
        .create_chat(&CreateChat::new(conversation(), ann()))
        .await
        .unwrap();
    let (first, conversation_id) = sent(&chats, &incoming("m1")).await;
    assert_eq!(chat.value().id, conversation_id);
    assert!(matches!(
        chats.send(&incoming("m1")).await,
        Err(ChatsError::Refused(refusal)) if refusal.status() == 400
    ));
    let media = Media::new(MediaKind::Picture, "https://a.example/a.png").unwrap();
    let picture = NewMessage::incoming(
        own("m2"),
        conversation(),
        Moment::from_unix_seconds(START),
        ann(),
        Content::media(media.with_caption("look")),
    );
    let quote = Quote::of(MessageRef::Amojo(first.clone()));
    let (second, _) = sent(&chats, &picture.replying_to(quote)).await;
    let manager = scene.sandbox.state().accounts[0].users[0]
        .amojo_id
        .clone()
        .unwrap();
    let author = Author::new(AmojoParticipantId::new(manager).unwrap(), "Max").unwrap();
    let moment = Moment::from_unix_seconds(START);
    let answer = Content::text("answer").unwrap();
    let outgoing = NewMessage::outgoing(own("m3"), conversation(), moment, author, ann(), answer);
    let (third, _) = sent(&chats, &outgoing).await;

    let status = SetDeliveryStatus::new(third, DeliveryStatus::Read);
    chats.set_delivery_status(&status).await.unwrap();
    let client = ClientParticipantId::new("ann").unwrap();
    chats
        .show_typing(&ShowTyping::new(conversation(), client.clone()))
        .await
        .unwrap();
    let of = ConversationRef::Amojo(conversation_id.clone());
    let by = ReactionBy::Client(client);
    let react = React::with("👍", of, MessageRef::Amojo(second), by).unwrap();
    chats.react(&react).await.unwrap();
    let edited = Content::text("changed").unwrap();
    let edit = EditMessage::new(
        MessageRef::Client(own("m1")),
        conversation(),
        moment,
        edited,
    );
    let answer = chats.edit(&edit.unwrap()).await.unwrap();
    assert_eq!(answer.value().id, first);

    let page = chats
        .history(&History::of(conversation_id))
        .await
        .unwrap()
        .into_value();
    let texts: Vec<_> = page
        .messages
        .iter()
        .map(|message| message.content.text.as_ref().unwrap().as_str())
        .collect();
    assert_eq!((texts, page.unread), (vec!["answer", "look", "changed"], 0));
    let kept = scene.sandbox.platform().messages_after(0);
    assert_eq!(kept[2].direction, MessageDirection::Out);
    assert_eq!(kept[1].reactions[0].emoji, "👍");
    assert_eq!(kept[2].status.as_ref().unwrap().status_code, 2);
    scene.disconnect().await.unwrap();
    assert!(chats.send(&incoming("m9")).await.is_err());
}

#[tokio::test]
async fn a_long_history_is_read_page_by_page() {
    let scene = Scene::start().await;
    let chats = connected(&scene).await;
    let mut of = None;
    for n in 0..120 {
        of = Some(sent(&chats, &incoming(&format!("m{n}"))).await.1);
    }
    let mut pages = chats.history_pages(History::of(of.unwrap()));
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        ids.extend(
            page.messages
                .into_iter()
                .map(|message| message.client_id.unwrap()),
        );
    }
    let expected: Vec<_> = (0..120).rev().map(|n| own(&format!("m{n}"))).collect();
    assert_eq!(ids, expected);
}

// Rule T2. No message is lost, and none is doubled.
#[tokio::test]
async fn no_fault_loses_or_doubles_a_message() {
    for kind in [
        FaultKind::ServerError,
        FaultKind::Cut,
        FaultKind::DropAfterCommit,
        FaultKind::TooManyRequests,
    ] {
        let scene = Scene::start().await;
        let chats = connected(&scene).await;
        for n in 0..20 {
            scene
                .sandbox
                .inject(Fault::new(kind).times(1 + n % 2).retry_after(5));
            let message = incoming(&format!("m{n}"));
            match chats.send(&message).await.unwrap() {
                MessageOutcome::Accepted(_) => {}
                outcome => assert_eq!(kind, FaultKind::DropAfterCommit, "{outcome:?}"),
            }
            scene.sandbox.platform().clear_faults();
        }
        let kept = scene.sandbox.platform().messages_after(0);
        let texts: Vec<_> = kept.iter().map(|message| message.text.clone()).collect();
        let expected: Vec<_> = (0..20).map(|n| format!("m{n}")).collect();
        assert_eq!(texts, expected, "{kind}");
    }
}

/// Three senders at once, and a fault that passes for every second message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_thousand_messages_none_is_lost_or_doubled() {
    const EACH: usize = 1000;
    let scene = Scene::start().await;
    let chats = connected(&scene).await;
    let kinds = [
        FaultKind::ServerError,
        FaultKind::Cut,
        FaultKind::DropAfterCommit,
    ];
    let send = async |sender: usize| {
        for n in 0..EACH {
            if n % 2 == 0 {
                let fault = Fault::new(kinds[(n / 2) % kinds.len()]);
                scene.sandbox.inject(fault.times(1));
            }
            let message = incoming(&format!("{sender}-{n}"));
            // As a program does: what may have failed is sent again under the same id.
            for attempt in 0.. {
                match chats.send(&message).await {
                    Ok(_) => break,
                    // An attempt before has brought it.
                    Err(ChatsError::Refused(refusal)) if refusal.status() == 400 => break,
                    Err(error) => assert!(attempt < 20, "{error}"),
                }
            }
        }
    };
    tokio::join!(send(0), send(1), send(2));
    let state: serde_json::Value = serde_json::from_slice(&scene.sandbox.whole_state()).unwrap();
    let kept = state["messages"].as_array().unwrap();
    let mut texts: Vec<_> = kept.iter().map(|it| it["text"].as_str().unwrap()).collect();
    texts.sort_unstable();
    let mut expected: Vec<_> = (0..3)
        .flat_map(|sender| (0..EACH).map(move |n| format!("{sender}-{n}")))
        .collect();
    expected.sort_unstable();
    assert_eq!(texts, expected);
}

// Rules T2, E4. Every call does the same if it comes twice, so each survives what passes.
#[tokio::test]
async fn every_call_survives_a_fault_that_passes() {
    for kind in [
        FaultKind::ServerError,
        FaultKind::Cut,
        FaultKind::DropAfterCommit,
        FaultKind::TooManyRequests,
    ] {
        let scene = Scene::start().await;
        let chats = connected(&scene).await;
        let fault = || {
            scene
                .sandbox
                .inject(Fault::new(kind).times(1).retry_after(5))
        };
        fault();
        let chat = CreateChat::new(conversation(), ann());
        assert_eq!(
            chats.create_chat(&chat).await.unwrap().attempts(),
            2,
            "{kind}"
        );
        let (id, of) = sent(&chats, &incoming("m1")).await;
        fault();
        let status = SetDeliveryStatus::new(id.clone(), DeliveryStatus::Delivered);
        assert_eq!(
            chats.set_delivery_status(&status).await.unwrap().attempts(),
            2,
            "{kind}"
        );
        fault();
        let client = ClientParticipantId::new("ann").unwrap();
        let typing = ShowTyping::new(conversation(), client.clone());
        assert_eq!(
            chats.show_typing(&typing).await.unwrap().attempts(),
            2,
            "{kind}"
        );
        fault();
        let by = ReactionBy::Client(client);
        let chat = ConversationRef::Client(conversation());
        let react = React::with("👍", chat, MessageRef::Amojo(id.clone()), by).unwrap();
        assert_eq!(chats.react(&react).await.unwrap().attempts(), 2, "{kind}");
        fault();
        let content = Content::text("changed").unwrap();
        let moment = Moment::from_unix_seconds(START);
        let edit = EditMessage::new(MessageRef::Amojo(id), conversation(), moment, content);
        assert_eq!(
            chats.edit(&edit.unwrap()).await.unwrap().attempts(),
            2,
            "{kind}"
        );
        fault();
        let page = chats.history(&History::of(of)).await.unwrap();
        assert_eq!(
            (page.attempts(), page.value().messages.len()),
            (2, 1),
            "{kind}"
        );
        let kept = &scene.sandbox.platform().messages_after(0)[0];
        assert_eq!((kept.text.as_str(), kept.reactions.len()), ("changed", 1));
        assert_eq!(kept.status.as_ref().unwrap().status_code, 1);
    }
}
