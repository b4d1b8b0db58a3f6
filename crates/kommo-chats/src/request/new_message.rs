//! A new message: of the client, or of an author in the CRM.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::ScopeId;
use kommo_peer::{FieldError, JsonObject};
use serde_json::Value;

use crate::error::DecodeError;
use crate::ids::{
    AmojoConversationId, AmojoMessageId, AmojoParticipantId, ClientConversationId, ClientMessageId,
};
use crate::request::checks::source;
use crate::request::content::Content;
use crate::request::create_chat::{parse, source_object};
use crate::request::delivery_status::DeliveryStatus;
use crate::request::moment::Moment;
use crate::request::participants::{Author, Client};
use crate::request::quote::{Forward, Quote};
use crate::request::scope_request::ScopeRequest;

/// A new message. Sending the same again with the same `msgid` is safe: the platform does not take
/// it twice.
///
/// # Examples
///
/// ```
/// use kommo_chats::request::{Client, Content, Moment, NewMessage, ScopeRequest};
/// use kommo_chats::{ClientConversationId, ClientMessageId, ClientParticipantId};
///
/// let client = Client::new(ClientParticipantId::new("user-1").ok_or("an id")?, "Ann")?;
/// let message = NewMessage::incoming(
///     ClientMessageId::new("m-1").ok_or("an id")?,
///     ClientConversationId::new("c-1").ok_or("an id")?,
///     Moment::from_unix_milliseconds(1_639_572_260_980),
///     client,
///     Content::text("Hello")?,
/// );
/// assert_eq!(
///     message.to_body(),
///     br#"{"event_type":"new_message","payload":{"timestamp":1639572260,"msec_timestamp":1639572260980,"msgid":"m-1","conversation_id":"c-1","sender":{"id":"user-1","name":"Ann"},"message":{"type":"text","text":"Hello"}}}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    id: ClientMessageId,
    conversation: ClientConversationId,
    conversation_ref_id: Option<AmojoConversationId>,
    moment: Moment,
    direction: Direction,
    content: Content,
    is_silent: bool,
    source: Option<String>,
    reply_to: Option<Box<Quote>>,
    forward: Option<Box<Forward>>,
    delivery_status: Option<DeliveryStatus>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Direction {
    Incoming(Client),
    Outgoing { author: Author, client: Client },
}

impl NewMessage {
    /// A message that the client wrote.
    #[must_use]
    pub const fn incoming(
        id: ClientMessageId,
        conversation: ClientConversationId,
        moment: Moment,
        client: Client,
        content: Content,
    ) -> Self {
        Self::of(
            id,
            conversation,
            moment,
            Direction::Incoming(client),
            content,
        )
    }

    /// A message that was written outside the CRM to the client, by a user of the account or in the
    /// name of the channel's bot. No hooks come for messages in the name of the bot.
    #[must_use]
    pub const fn outgoing(
        id: ClientMessageId,
        conversation: ClientConversationId,
        moment: Moment,
        author: Author,
        client: Client,
        content: Content,
    ) -> Self {
        let direction = Direction::Outgoing { author, client };
        Self::of(id, conversation, moment, direction, content)
    }

    const fn of(
        id: ClientMessageId,
        conversation: ClientConversationId,
        moment: Moment,
        direction: Direction,
        content: Content,
    ) -> Self {
        Self {
            id,
            conversation,
            conversation_ref_id: None,
            moment,
            direction,
            content,
            is_silent: false,
            source: None,
            reply_to: None,
            forward: None,
            delivery_status: None,
        }
    }

    /// The platform's id of the conversation, once: in the first message of a client whom a manager
    /// wrote to first.
    #[must_use]
    pub fn with_conversation_ref_id(mut self, id: AmojoConversationId) -> Self {
        self.conversation_ref_id = Some(id);
        self
    }

    /// Without a notification and an incoming lead: for all but the newest message of an imported
    /// history.
    #[must_use]
    pub const fn silent(mut self) -> Self {
        self.is_silent = true;
        self
    }

    /// Which of the integration's sources it came through: 1 to 36 printable ASCII characters.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `source.external_id`.
    pub fn with_source(mut self, external_id: impl Into<String>) -> Result<Self, FieldError> {
        let external_id = external_id.into();
        source(&external_id)?;
        self.source = Some(external_id);
        Ok(self)
    }

    /// The message of the same chat that it answers.
    #[must_use]
    pub fn replying_to(mut self, quote: Quote) -> Self {
        self.reply_to = Some(Box::new(quote));
        self
    }

    /// The message that it forwards.
    #[must_use]
    pub fn forwarding(mut self, forward: Forward) -> Self {
        self.forward = Some(Box::new(forward));
        self
    }

    /// How far an imported message came. Kommo takes it since about February 2026.
    #[must_use]
    pub fn with_delivery_status(mut self, status: DeliveryStatus) -> Self {
        self.delivery_status = Some(status);
        self
    }

    /// The integration's id.
    #[must_use]
    pub const fn id(&self) -> &ClientMessageId {
        &self.id
    }

    fn payload(&self) -> JsonObject {
        let head = self.moment.write(JsonObject::new());
        let object = head
            .text("msgid", self.id.as_str())
            .text("conversation_id", self.conversation.as_str())
            .optional_text(
                "conversation_ref_id",
                self.conversation_ref_id
                    .as_ref()
                    .map(AmojoConversationId::as_str),
            );
        let object = if self.is_silent {
            object.boolean("silent", true)
        } else {
            object
        };
        let object = object.optional_object("source", self.source.as_deref().map(source_object));
        let object = match &self.direction {
            Direction::Incoming(client) => object.object("sender", client.to_object()),
            Direction::Outgoing { author, client } => object
                .object("sender", author.to_object())
                .object("receiver", client.to_object()),
        };
        let status = self.delivery_status.as_ref();
        let content = self.content.to_object();
        let content =
            content.optional_object("delivery_status", status.map(DeliveryStatus::to_object));
        object
            .object("message", content)
            .optional_object("reply_to", self.reply_to.as_ref().map(|it| it.to_reply()))
            .optional_object("forwards", self.forward.as_ref().map(|it| it.to_object()))
    }
}

impl ScopeRequest for NewMessage {
    const METHOD: &'static str = "POST";

    fn path(&self, scope: &ScopeId) -> String {
        format!("/v2/origin/custom/{scope}")
    }

    fn to_body(&self) -> Vec<u8> {
        JsonObject::new()
            .text("event_type", "new_message")
            .object("payload", self.payload())
            .finish()
    }
}

/// The answer to a new or an edited message: it is accepted, and appears after it was processed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedMessage {
    /// The platform's id. Keep it: a delivery status needs it.
    pub id: AmojoMessageId,
    /// The integration's id, as it was sent.
    pub client_id: Option<ClientMessageId>,
    /// The platform's id of the conversation.
    pub conversation: Option<AmojoConversationId>,
    /// The platform's id of the sender.
    pub sender: Option<AmojoParticipantId>,
    /// The platform's id of the receiver; absent for a message of the client.
    pub receiver: Option<AmojoParticipantId>,
}

impl AcceptedMessage {
    /// Reads the body of a 200.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Syntax`] for what is not JSON, [`DecodeError::Missing`] without `new_message`
    /// or its `msgid`.
    pub fn from_body(body: &[u8]) -> Result<Self, DecodeError> {
        let value = parse(body)?;
        let message = value.get("new_message").ok_or(DecodeError::Missing {
            field: "new_message",
        })?;
        let text = |name| message.get(name).and_then(Value::as_str).map(String::from);
        Ok(Self {
            id: text("msgid")
                .and_then(AmojoMessageId::new)
                .ok_or(DecodeError::Missing { field: "msgid" })?,
            client_id: text("ref_id").and_then(ClientMessageId::new),
            conversation: text("conversation_id").and_then(AmojoConversationId::new),
            sender: text("sender_id").and_then(AmojoParticipantId::new),
            receiver: text("receiver_id").and_then(AmojoParticipantId::new),
        })
    }
}
