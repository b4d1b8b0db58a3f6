//! Webhooks of the Open API, read from their proven bytes.

use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use kommo_hooks::inbox::HookFacts;
use kommo_hooks::{FromProven, StoredVerified, Verified};
use kommo_peer::json_text;
use serde_json::Value;

/// A webhook, read. It is made from proven bytes alone: [`OpenApiEvent::of`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenApiEvent {
    /// When it was sent, Unix seconds.
    pub created_at: Option<u64>,
    /// `webhook_id`. Whether it names the delivery or the webhook is not published: do not detect
    /// repeats by it alone.
    pub webhook_id: Option<String>,
    /// What it reports.
    pub kind: OpenApiEventKind,
}

/// What a webhook reports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenApiEventKind {
    /// `UNREPLIED`: messages of visitors wait for an answer.
    Unreplied(Vec<Message>),
    /// `PRE_CHAT_FORM_SUBMIT`: a visitor sent the form before a chat.
    PreChatForm(Vec<Message>),
    /// Another event.
    Unknown(UnknownEvent),
}

impl OpenApiEventKind {
    /// The stable name, for logs and for stores.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreplied(_) => "unreplied",
            Self::PreChatForm(_) => "pre-chat-form",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// One entry of `content`.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Message {
    /// The subject of the conversation.
    pub subject: Option<String>,
    /// The visitor's name.
    pub visitor_name: Option<String>,
    /// The remark on the visitor.
    pub visitor_nickname: Option<String>,
    /// When the message was written, Unix seconds.
    pub created_at: Option<u64>,
    /// The text of the message or of the form.
    pub message_content: Option<String>,
    /// The name of the project.
    pub property_name: Option<String>,
    /// The customer's id in your own system (`sbs`).
    pub customer: Option<String>,
    /// `"1"` not answered, `"2"` queued, `"3"` pending, `"4"` answered. It is text, not a number.
    pub status: Option<String>,
    /// How many times it was reported.
    pub push_times: Option<u64>,
    /// How long the visitor has waited, in seconds.
    pub waiting_seconds: Option<u64>,
    /// The agent's name.
    pub agent_nickname: Option<String>,
}

/// What a visitor wrote, and their name, stay out of logs.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("created_at", &self.created_at)
            .field("status", &self.status)
            .field("push_times", &self.push_times)
            .field("waiting_seconds", &self.waiting_seconds)
            .finish_non_exhaustive()
    }
}

/// The name and the proven bytes of an event that this crate has no type for.
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownEvent {
    name: Option<String>,
    bytes: Vec<u8>,
}

impl UnknownEvent {
    /// The name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The bytes that the signature covered.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "UnknownEvent({:?}, {} bytes)",
            self.name,
            self.bytes.len()
        )
    }
}

impl OpenApiEvent {
    /// Reads a proven webhook. What cannot be read is [`OpenApiEventKind::Unknown`], so nothing is
    /// lost.
    #[must_use]
    pub fn of(hook: &Verified<&[u8]>) -> Verified<Self> {
        match hook.read() {
            Ok(event) => event,
            Err(never) => match never {},
        }
    }

    /// Reads a webhook that was proven before it was stored.
    #[must_use]
    pub fn of_stored(hook: &StoredVerified<&[u8]>) -> StoredVerified<Self> {
        match hook.read() {
            Ok(event) => event,
            Err(never) => match never {},
        }
    }

    /// What the inbox must know of it: its name. It names no account and no conversation.
    #[must_use]
    pub const fn facts(&self) -> HookFacts<'_> {
        HookFacts::new(self.kind.name())
    }
}

impl FromProven<'_> for OpenApiEvent {
    type Error = Infallible;

    fn from_proven(bytes: &[u8]) -> Result<Self, Infallible> {
        // What is not JSON has no name, and is kept as an unknown event.
        let value = serde_json::from_slice::<Value>(&json_text(bytes)).unwrap_or_default();
        let name = text(&value, "event");
        let content = value.get("content").and_then(Value::as_array);
        let messages = content.map(|list| list.iter().map(Message::read).collect());
        let kind = match (name.as_deref(), messages) {
            (Some("UNREPLIED"), Some(messages)) => OpenApiEventKind::Unreplied(messages),
            (Some("PRE_CHAT_FORM_SUBMIT"), Some(messages)) => {
                OpenApiEventKind::PreChatForm(messages)
            }
            _ => OpenApiEventKind::Unknown(UnknownEvent {
                name,
                bytes: bytes.to_vec(),
            }),
        };
        Ok(Self {
            created_at: value.get("created_at").and_then(Value::as_u64),
            webhook_id: text(&value, "webhook_id"),
            kind,
        })
    }
}

impl Message {
    fn read(value: &Value) -> Self {
        Self {
            subject: text(value, "subject"),
            visitor_name: text(value, "visitor_name"),
            visitor_nickname: text(value, "visitor_nickname"),
            created_at: value.get("created_at").and_then(Value::as_u64),
            message_content: text(value, "message_content"),
            property_name: text(value, "property_name"),
            customer: text(value, "sbs"),
            status: text(value, "status"),
            push_times: value.get("push_times").and_then(Value::as_u64),
            waiting_seconds: value.get("time_sec").and_then(Value::as_u64),
            agent_nickname: text(value, "assigned_agent_nickname"),
        }
    }
}

/// Absent, `null` and empty are the same.
fn text(value: &Value, name: &str) -> Option<String> {
    let text = value.get(name)?.as_str().filter(|text| !text.is_empty());
    text.map(String::from)
}
