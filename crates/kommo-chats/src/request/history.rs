//! The messages of a chat, newest first.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::ScopeId;
use kommo_peer::{FieldError, FieldProblem};
use serde_json::Value;

use crate::error::DecodeError;
use crate::hook::{MessageContent, Participant};
use crate::ids::{AmojoConversationId, AmojoMessageId, ClientMessageId};
use crate::request::checks::segment;
use crate::request::create_chat::parse;
use crate::request::scope_request::ScopeRequest;

/// The most messages of a page.
pub const HISTORY_PAGE_MAX: u32 = 50;

/// Reads a page of a chat of the own channel, by the **platform's** id of the conversation.
///
/// A chat that is not known and a page past the end are both 204 without a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    conversation: AmojoConversationId,
    offset: u64,
    limit: u32,
}

impl History {
    /// The newest messages, a whole page.
    #[must_use]
    pub const fn of(conversation: AmojoConversationId) -> Self {
        Self {
            conversation,
            offset: 0,
            limit: HISTORY_PAGE_MAX,
        }
    }

    /// How many messages are left out.
    #[must_use]
    pub const fn from_offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// How many messages are read, 1 to 50.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `limit`.
    pub fn with_limit(mut self, limit: u32) -> Result<Self, FieldError> {
        if limit == 0 || limit > HISTORY_PAGE_MAX {
            return Err(FieldError::new("limit", FieldProblem::OutOfRange));
        }
        self.limit = limit;
        Ok(self)
    }

    /// The page after this one, if this one brought `received` messages: none after a page that was
    /// not full.
    #[must_use]
    pub fn after(&self, received: usize) -> Option<Self> {
        let received = u64::try_from(received).ok()?;
        if received < u64::from(self.limit) {
            return None;
        }
        let offset = self.offset.checked_add(received)?;
        Some(self.clone().from_offset(offset))
    }
}

impl ScopeRequest for History {
    const METHOD: &'static str = "GET";

    fn path(&self, scope: &ScopeId) -> String {
        format!(
            "/v2/origin/custom/{scope}/chats/{}/history?offset={}&limit={}",
            segment(self.conversation.as_str()),
            self.offset,
            self.limit
        )
    }

    fn to_body(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// A page of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HistoryPage {
    /// The messages, newest first. One that cannot be read is left out and counted in `unread`.
    pub messages: Vec<HistoryMessage>,
    /// How many entries could not be read.
    pub unread: usize,
}

/// A message of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryMessage {
    /// The platform's id.
    pub id: AmojoMessageId,
    /// The integration's id, if it sent the message.
    pub client_id: Option<ClientMessageId>,
    /// When it was written, Unix seconds.
    pub timestamp: Option<u64>,
    /// The same in milliseconds.
    pub timestamp_milliseconds: Option<u64>,
    /// Who wrote it.
    pub sender: Participant,
    /// Who received it; absent for a message of the client.
    pub receiver: Option<Participant>,
    /// What it says.
    pub content: MessageContent,
}

impl HistoryPage {
    /// Reads the body of a 200; the empty body of a 204 is a page without messages.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Syntax`] for what is not JSON, [`DecodeError::Missing`] without `messages`.
    pub fn from_body(body: &[u8]) -> Result<Self, DecodeError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let value = parse(body)?;
        let list = value
            .get("messages")
            .and_then(Value::as_array)
            .ok_or(DecodeError::Missing { field: "messages" })?;
        let messages: Vec<HistoryMessage> = list.iter().filter_map(HistoryMessage::read).collect();
        Ok(Self {
            unread: list.len() - messages.len(),
            messages,
        })
    }
}

impl HistoryMessage {
    fn read(value: &Value) -> Option<Self> {
        let message = value.get("message")?;
        let text = |name| message.get(name).and_then(Value::as_str).map(String::from);
        Some(Self {
            id: text("id").and_then(AmojoMessageId::new)?,
            client_id: text("client_id").and_then(ClientMessageId::new),
            timestamp: value.get("timestamp").and_then(Value::as_u64),
            timestamp_milliseconds: value.get("msec_timestamp").and_then(Value::as_u64),
            sender: value.get("sender").and_then(Participant::from_json)?,
            receiver: value.get("receiver").and_then(Participant::from_json),
            content: MessageContent::from_json(message)?,
        })
    }
}
