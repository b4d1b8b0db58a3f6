//! Answers a manager's messages.
//!
//! `cargo run -p kommo --example answer_chat --features axum,chats,hooks`
#![allow(clippy::print_stdout, clippy::indexing_slicing, reason = "an example")]

use kommo::accounts::{AmojoId, ChannelId, ChatsHost};
use kommo::axum::chat_events;
use kommo::chats::hook::ChatEvent;
use kommo::chats::request::{Client, Content, Moment, NewMessage};
use kommo::chats::{ClientConversationId, ClientMessageId, ClientParticipantId, ConnectRequest};
use kommo::hooks::inbox::HandlingOutcome;
use kommo_sandbox::{ManagerMessage, Sandbox};

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let (sandbox, place) = (Sandbox::start().await?, tempfile::tempdir()?);
    let (url, us) = (sandbox.base_url(), sandbox.state());
    let store = format!("sqlite:{}/hooks.db", place.path().display());
    let kommo = kommo::builder().store(&store).sandbox(url).open().await?;

    let chats = kommo.chats(ChatsHost::AmojoKommoCom, &us.channel_secret)?;
    let request = ConnectRequest::new(AmojoId::parse(&us.accounts[0].amojo_id)?, "My shop")?;
    let channel = ChannelId::parse(&us.channel_id)?;
    let connected = chats.connect(&channel, &request).await?;
    let shop = chats.connection(*connected.value().scope_id());

    let (done, mut answered) = tokio::sync::mpsc::channel(1);
    let handler = chat_events(move |event, hook| {
        let (shop, done) = (shop.clone(), done.clone());
        async move {
            if let Some(answer) = answer_to(event.get(), hook.key()) {
                if let Err(error) = shop.send(&answer).await {
                    return HandlingOutcome::later(error.to_string());
                }
                done.send(answer).await.ok();
            }
            HandlingOutcome::Done
        }
    });
    let (inbox, hooks) = (kommo.inbox("chats")?, kommo.chat_hooks(&us.channel_secret)?);
    let worker = kommo.work(&inbox, handler);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, hooks.router(inbox)).await });
    let mut message = ManagerMessage::new("We are open until six.");
    message.to = Some(format!("http://{address}/chat-hooks/:scope_id"));
    sandbox.manager_writes(message)?;
    println!("answered: {}", answered.recv().await.is_some());
    worker.stop().await;
    kommo.close().await;
    Ok(())
}

fn answer_to(event: &ChatEvent, key: &str) -> Option<NewMessage> {
    let (said, now) = (event.message()?, Moment::from_unix_seconds(event.time?));
    let ann = Client::new(ClientParticipantId::new("ann")?, "Ann").ok()?;
    let (chat, text) = (ClientConversationId::new("c-1")?, Content::text("Thanks!"));
    let answer = NewMessage::incoming(ClientMessageId::new(key)?, chat, now, ann, text.ok()?);
    Some(answer.with_conversation_ref_id(said.conversation.id.clone()))
}
