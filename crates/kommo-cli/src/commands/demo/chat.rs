//! The steps about a conversation: a message is sent, a manager answers, the hook is proven and
//! kept before its 200, and a worker reads it from the inbox and answers; the manager's message is
//! delivered, read and reacted to, the customer types, corrects a message, and all is read back.

use alloc::sync::Arc;
use core::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use kommo_account::Realm;
use kommo_chats::hook::{ChatEvent, ChatEventKind};
use kommo_chats::request::{
    Client, Content, ConversationRef, DeliveryStatus, EditMessage, History, MessageRef, Moment,
    NewMessage, React, ReactionBy, SetDeliveryStatus, ShowTyping,
};
use kommo_chats::{
    AmojoConversationId, AmojoMessageId, ClientConversationId, ClientMessageId, ClientParticipantId,
};
use kommo_hooks::inbox::{HandlingOutcome, NewHook, Put};
use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
use kommo_http::ChatsConnection;
use kommo_keeper::{Clock as _, SystemClock};
use kommo_sandbox::{ChatMessage, DeliveryOutcome, ManagerMessage, MessageDirection, Sandbox};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_store::{Inbox, InboxName, InboxSettings, Store};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::home::Home;
use super::step::{Step, tell};
use crate::failure::exit::{self, Failure};
use crate::keeper::store_place::StorePlace;
use crate::keeper::stores;
use crate::run::context::Context;
use crate::time::clock;

/// More than any hook has.
const BODY_MAX_BYTES: usize = 256 * 1024;

/// What the customer meant.
const CORRECTED: &str = "On Tuesday, please.";

/// What the steps use: the connection of the channel, and an inbox in a store of its own.
struct ChatStage<'a> {
    sandbox: &'a Sandbox,
    connection: ChatsConnection,
    inbox: Inbox,
    store: Arc<Store>,
    receiver: Receiver,
    _home: Home,
}

/// Prints every step as it happens, and whether all succeeded.
pub(super) async fn tell_all(
    sandbox: &Sandbox,
    connection: ChatsConnection,
    secret: &ChannelSecret,
    context: &Context,
) -> Result<bool, Failure> {
    let stage = ChatStage::set(sandbox, connection, secret).await?;
    let mut is_ok = tell(
        &step("message", stage.send("m-1", "Is it there?").await),
        context,
    )?;
    is_ok &= tell(&step("hook", stage.hook().await), context)?;
    is_ok &= tell(&step("answer", stage.answer().await), context)?;
    let delivered = stage.status(DeliveryStatus::Delivered, 1).await;
    is_ok &= tell(&step("delivered", delivered), context)?;
    let read = stage.status(DeliveryStatus::Read, 2).await;
    is_ok &= tell(&step("read", read), context)?;
    is_ok &= tell(&step("reaction", stage.reaction().await), context)?;
    is_ok &= tell(&step("typing", stage.typing().await), context)?;
    is_ok &= tell(&step("edit", stage.edit().await), context)?;
    is_ok &= tell(&step("history", stage.history().await), context)?;
    stores::close(&stage.store).await;
    Ok(is_ok)
}

fn step(name: &'static str, told: Result<String, String>) -> Step {
    match told {
        Ok(detail) => Step::new(name, true, detail),
        Err(error) => Step::new(name, false, error),
    }
}

fn conversation_id() -> Result<ClientConversationId, String> {
    ClientConversationId::new("c-1").ok_or_else(|| "no conversation id".to_owned())
}

fn customer_id() -> Result<ClientParticipantId, String> {
    ClientParticipantId::new("ann").ok_or_else(|| "no client id".to_owned())
}

fn text(error: impl core::error::Error + 'static) -> String {
    exit::chain(&error)
}

impl<'a> ChatStage<'a> {
    async fn set(
        sandbox: &'a Sandbox,
        connection: ChatsConnection,
        secret: &ChannelSecret,
    ) -> Result<Self, Failure> {
        let home = Home::make(u128::from_be_bytes(SystemClock::new().random_bytes()))?;
        let place = StorePlace::Sqlite(home.directory.join("inbox.db"));
        stores::make(&place)?;
        let store = Arc::new(stores::open(&place, None).await?);
        let name = InboxName::parse("demo").map_err(Failure::io)?;
        let inbox = Inbox::new(&store, Realm::Real, name, InboxSettings::new());
        let mut keys = KeyRing::new();
        let id = KeyId::parse("demo").map_err(Failure::io)?;
        let added = keys.insert(id, ChatHookKey::new(secret), None);
        added.map_err(Failure::io)?;
        let receiver = Receiver::start(ChatHookVerifier::new(keys), inbox.clone()).await;
        Ok(Self {
            sandbox,
            connection,
            inbox,
            store,
            receiver: receiver
                .map_err(|error| Failure::io(format!("cannot receive hooks: {error}")))?,
            _home: home,
        })
    }

    /// A customer writes, and the integration passes it on.
    async fn send(&self, id: &str, said: &str) -> Result<String, String> {
        let client = Client::new(customer_id()?, "Ann").map_err(text)?;
        let message = NewMessage::incoming(
            ClientMessageId::new(id).ok_or("no message id")?,
            conversation_id()?,
            Moment::from_unix_milliseconds(self.sandbox.now().saturating_mul(1000)),
            client,
            Content::text(said).map_err(text)?,
        );
        let before = self.sandbox.messages_after(0).len();
        self.connection.send(&message).await.map_err(text)?;
        let taken = self.sandbox.messages_after(0);
        match taken.last() {
            Some(last) if taken.len() == before + 1 && last.text == said => {
                Ok("a customer's message: signed, and the sandbox has it".to_owned())
            }
            _ => Err("the sandbox does not have the message".to_owned()),
        }
    }

    /// A manager answers; the platform waits 5 seconds, and never sends it again.
    async fn hook(&self) -> Result<String, String> {
        let order = ManagerMessage {
            to: Some(self.receiver.url()),
            ..ManagerMessage::new("It is. When shall we send it?")
        };
        let begun = self.sandbox.manager_writes(order).map_err(text)?;
        self.sandbox.hooks_settled().await;
        let sent = self.sandbox.deliveries_after(begun.id - 1);
        let delivery = sent.first().ok_or("the hook was not sent")?;
        let waiting = self.inbox.depth().await.map_err(text)?.waiting;
        match (delivery.outcome, delivery.status, waiting) {
            (DeliveryOutcome::Answered, Some(200), 1) => {
                Ok("a manager writes: proven, kept, and only then answered 200".to_owned())
            }
            (_, status, waiting) => Err(format!("answered {status:?}, {waiting} in the inbox")),
        }
    }

    /// What a worker does, once.
    async fn answer(&self) -> Result<String, String> {
        let hooks = self.inbox.claim(1).await.map_err(text)?;
        let hook = hooks.first().ok_or("the inbox is empty")?;
        let proven = hook.proven().ok_or("the hook is not proven")?;
        let event = ChatEvent::of_stored(&proven);
        let ChatEventKind::Message(message) = &event.get().kind else {
            return Err("the hook is no message".to_owned());
        };
        let conversation = message.conversation.client_id.as_ref();
        let conversation = conversation.map_or("?", |id| id.as_str()).to_owned();
        self.send("m-2", "Tomorrow, please.").await?;
        let settled = self.inbox.settle(hook, HandlingOutcome::Done).await;
        match settled.map_err(text)? {
            true => Ok(format!(
                "taken from the inbox, answered in {conversation}: done"
            )),
            false => Err("the hook was not settled".to_owned()),
        }
    }
}

/// What is done with the messages that are there.
impl ChatStage<'_> {
    /// The manager's message, as the sandbox has it.
    fn managers_message(&self) -> Result<ChatMessage, String> {
        let written = self.sandbox.messages_after(0).into_iter();
        let mut managers = written.filter(|message| message.direction == MessageDirection::Out);
        let none = || "the sandbox has no message of a manager".to_owned();
        managers.next_back().ok_or_else(none)
    }

    /// How far the manager's message came; `code` is what the sandbox then has.
    async fn status(&self, status: DeliveryStatus, code: i64) -> Result<String, String> {
        let id = self.managers_message()?.id;
        let id = AmojoMessageId::new(id).ok_or("the message has no id")?;
        let request = SetDeliveryStatus::new(id, status);
        let set = self.connection.set_delivery_status(&request).await;
        set.map_err(text)?;
        match self.managers_message()?.status {
            Some(status) if status.status_code == code => Ok(match code {
                1 => "the manager sees that the message was delivered".to_owned(),
                _ => "the manager sees that the customer has read it".to_owned(),
            }),
            _ => Err("the sandbox does not have the status".to_owned()),
        }
    }

    async fn reaction(&self) -> Result<String, String> {
        let message = AmojoMessageId::new(self.managers_message()?.id);
        let message = MessageRef::Amojo(message.ok_or("the message has no id")?);
        let conversation = ConversationRef::Client(conversation_id()?);
        let by = ReactionBy::Client(customer_id()?);
        let request = React::with("👍", conversation, message, by).map_err(text)?;
        self.connection.react(&request).await.map_err(text)?;
        match self.managers_message()?.reactions.first() {
            Some(reaction) if reaction.emoji == "👍" => {
                Ok("the customer likes it, and the manager sees that".to_owned())
            }
            _ => Err("the sandbox does not have the reaction".to_owned()),
        }
    }

    async fn typing(&self) -> Result<String, String> {
        let request = ShowTyping::new(conversation_id()?, customer_id()?);
        let shown = self.connection.show_typing(&request).await;
        shown.map_err(text)?;
        Ok("the manager sees that the customer is writing".to_owned())
    }

    /// The customer corrects the answer.
    async fn edit(&self) -> Result<String, String> {
        let id = ClientMessageId::new("m-2").ok_or("no message id")?;
        let request = EditMessage::new(
            MessageRef::Client(id),
            conversation_id()?,
            Moment::from_unix_milliseconds(self.sandbox.now().saturating_mul(1000)),
            Content::text(CORRECTED).map_err(text)?,
        );
        let request = request.map_err(text)?;
        self.connection.edit(&request).await.map_err(text)?;
        let messages = self.sandbox.messages_after(0);
        let edited = messages.iter().find(|message| message.edited);
        match edited {
            Some(message) if message.text == CORRECTED => {
                Ok("the customer corrects an answer: the same id, a new text".to_owned())
            }
            _ => Err("the sandbox does not have the new text".to_owned()),
        }
    }

    async fn history(&self) -> Result<String, String> {
        let conversation = self.managers_message()?.conversation_id;
        let conversation = AmojoConversationId::new(conversation);
        let request = History::of(conversation.ok_or("the conversation has no id")?);
        let page = self.connection.history(&request).await.map_err(text)?;
        let messages = page.value().messages.len();
        match messages {
            3 => Ok("read back by the platform's id: 3 messages".to_owned()),
            _ => Err(format!("{messages} messages were read back, not 3")),
        }
    }
}

/// A receiver of chat hooks on a loopback port, until it is dropped.
struct Receiver {
    address: SocketAddr,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Keeping {
    verifier: Arc<ChatHookVerifier>,
    inbox: Inbox,
}

impl Receiver {
    async fn start(verifier: ChatHookVerifier, inbox: Inbox) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let keeping = Keeping {
            verifier: Arc::new(verifier),
            inbox,
        };
        let app = Router::new().fallback(receive).with_state(keeping);
        let server = tokio::spawn(async move {
            // It ends with the receiver; an earlier end cannot be reported.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, server })
    }

    fn url(&self) -> String {
        format!("http://{}/kommo/chat/:scope_id", self.address)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Proven, kept, then answered.
async fn receive(State(keeping): State<Keeping>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    match keep(&keeping, &parts, body).await {
        Some(true) => StatusCode::OK,
        Some(false) => StatusCode::SERVICE_UNAVAILABLE,
        None => StatusCode::UNAUTHORIZED,
    }
}

async fn keep(keeping: &Keeping, parts: &Parts, body: Body) -> Option<bool> {
    let body = to_bytes(body, BODY_MAX_BYTES).await.ok()?;
    let values = parts.headers.get_all("x-signature").iter();
    let signature = ReceivedSignature::from_values(values.map(|value| value.as_bytes()));
    let scope = parts.uri.path().rsplit('/').next()?;
    let now = clock::unix_now().ok()?;
    let hook = keeping
        .verifier
        .verify_addressed(&body, signature, scope, now)
        .ok()?;
    let event = ChatEvent::of(&hook.hook);
    let hook = NewHook::proven(&hook.hook, event.get().facts());
    Some(matches!(keeping.inbox.put(&hook).await, Ok(Put::Stored)))
}
