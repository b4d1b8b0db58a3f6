//! Which hook it is.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use kommo_account::AmojoId;
use kommo_hooks::inbox::{HookAccount, HookFacts};
use kommo_hooks::{FromProven, StoredVerified, Verified};
use kommo_peer::json_text;
use serde_json::Value;

use crate::hook::message::Message;
use crate::hook::message_v1::MessageV1;
use crate::hook::node::Node;
use crate::hook::reaction::Reaction;
use crate::hook::typing::Typing;

/// A chat hook, read.
///
/// It is made from proven bytes alone: [`Verified::read`].
///
/// # Examples
///
/// ```
/// use kommo_chats::hook::{ChatEvent, ChatEventKind};
/// use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
/// use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
///
/// let key = ChatHookKey::new(&ChannelSecret::new("channel-secret")?);
/// let body = br#"{"account_id":"81ede28b-8952-4785-abe2-c8d93f5fcc7d","time":1637087558,"action":{"typing":
///     {"user":{"id":"fb0fb604"},"conversation":{"id":"f1e4e02c","client_id":"c7"},"expired_at":1637087563}}}"#;
/// let signature = key.sign(body);
/// let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
/// keys.insert(KeyId::parse("2026-11")?, key, None)?;
///
/// let hook = ChatHookVerifier::new(keys).verify(body, ReceivedSignature::from_text(signature.as_str()), 1_796_000_000)?;
/// let event = ChatEvent::of(&hook);
/// let ChatEventKind::Typing(typing) = &event.get().kind else { unreachable!() };
/// assert_eq!(typing.conversation.client_id.as_ref().map(|id| id.as_str()), Some("c7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatEvent {
    /// The account, if the hook names one.
    pub account_id: Option<AmojoId>,
    /// When the platform made the hook, Unix seconds.
    pub time: Option<u64>,
    /// What it reports.
    pub kind: ChatEventKind,
}

/// What a chat hook reports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChatEventKind {
    /// A message to the client.
    Message(Box<Message>),
    /// An answer to a comment below a post.
    CommentReply(Box<CommentReply>),
    /// A manager is typing.
    Typing(Typing),
    /// A manager reacted to a message.
    Reaction(Box<Reaction>),
    /// A message of version 1.
    MessageV1(Box<MessageV1>),
    /// None of these: answer 200, and look at its bytes.
    Unknown(UnknownEvent),
}

impl ChatEventKind {
    /// The stable name, for logs and for stores.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::CommentReply(_) => "comment-reply",
            Self::Typing(_) => "typing",
            Self::Reaction(_) => "reaction",
            Self::MessageV1(_) => "message-v1",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// An answer to a comment: a message with the post that it stands below.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommentReply {
    /// The integration's id of the post.
    pub post_id: String,
    /// The message; its type is always text.
    pub message: Message,
}

/// The proven bytes of a hook that nothing here describes.
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownEvent {
    bytes: Vec<u8>,
}

impl UnknownEvent {
    /// The bytes that the signature covered.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownEvent({} bytes)", self.bytes.len())
    }
}

impl ChatEvent {
    /// Reads a proven hook. What cannot be read is [`ChatEventKind::Unknown`], so nothing is lost.
    #[must_use]
    pub fn of(hook: &Verified<&[u8]>) -> Verified<Self> {
        match hook.read() {
            Ok(event) => event,
            Err(never) => match never {},
        }
    }

    /// Reads a hook that was proven before it was stored.
    #[must_use]
    pub fn of_stored(hook: &StoredVerified<&[u8]>) -> StoredVerified<Self> {
        match hook.read() {
            Ok(event) => event,
            Err(never) => match never {},
        }
    }

    /// The message to the client, if it is one: an answer to a comment is one too.
    #[must_use]
    pub const fn message(&self) -> Option<&Message> {
        match &self.kind {
            ChatEventKind::Message(message) => Some(message),
            ChatEventKind::CommentReply(reply) => Some(&reply.message),
            _ => None,
        }
    }

    /// What the inbox must know of it: its name, whose it is, its conversation, and the id of a
    /// message. A repeat of a message has the id of the first; other hooks have no id of their own.
    #[must_use]
    pub fn facts(&self) -> HookFacts<'_> {
        let account = self.account_id.map(HookAccount::Chats);
        let facts = HookFacts::new(self.kind.name()).of_account(account);
        if let Some(message) = self.message() {
            return facts
                .in_conversation(message.conversation.id.as_str())
                .with_id(message.id.as_str());
        }
        match &self.kind {
            ChatEventKind::Typing(typing) => facts.in_conversation(typing.conversation.id.as_str()),
            ChatEventKind::Reaction(reaction) => {
                facts.in_conversation(reaction.conversation.id.as_str())
            }
            _ => facts,
        }
    }

    fn read(bytes: &[u8]) -> Self {
        let value = serde_json::from_slice::<Value>(&json_text(bytes)).unwrap_or_default();
        let node = Node::of(&value);
        let account = node.and_then(|node| node.text("account_id"));
        Self {
            account_id: account.and_then(|text| AmojoId::parse(text).ok()),
            time: node.and_then(|node| node.number("time")),
            kind: node.and_then(read_kind).unwrap_or_else(|| {
                ChatEventKind::Unknown(UnknownEvent {
                    bytes: bytes.to_vec(),
                })
            }),
        }
    }
}

impl FromProven<'_> for ChatEvent {
    type Error = Infallible;

    fn from_proven(bytes: &[u8]) -> Result<Self, Infallible> {
        Ok(Self::read(bytes))
    }
}

/// In the order of the reference: an object `message`, then the two actions, then version 1.
fn read_kind(node: Node<'_>) -> Option<ChatEventKind> {
    if let Some(outer) = node.object("message") {
        let message = Message::read(outer)?;
        let post = outer
            .object("message")
            .and_then(|inner| inner.object("post"));
        return Some(match post.and_then(|post| post.text_or_number("id")) {
            Some(post_id) => {
                ChatEventKind::CommentReply(Box::new(CommentReply { post_id, message }))
            }
            None => ChatEventKind::Message(Box::new(message)),
        });
    }
    if let Some(action) = node.object("action") {
        return Typing::read(action)
            .map(ChatEventKind::Typing)
            .or_else(|| Some(ChatEventKind::Reaction(Box::new(Reaction::read(action)?))));
    }
    MessageV1::read(node).map(|message| ChatEventKind::MessageV1(Box::new(message)))
}
