//! A conversation or a message, by either of its two ids.

use kommo_peer::JsonObject;

use crate::ids::{AmojoConversationId, AmojoMessageId, ClientConversationId, ClientMessageId};

/// A message by the platform's id or by the integration's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageRef {
    /// The platform's id: `id` in a request.
    Amojo(AmojoMessageId),
    /// The integration's id: `msgid` in a request.
    Client(ClientMessageId),
}

impl MessageRef {
    pub(super) fn write(&self, object: JsonObject) -> JsonObject {
        match self {
            Self::Amojo(id) => object.text("id", id.as_str()),
            Self::Client(id) => object.text("msgid", id.as_str()),
        }
    }
}

/// A conversation by the platform's id or by the integration's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConversationRef {
    /// The platform's id: `conversation_ref_id` in a request.
    Amojo(AmojoConversationId),
    /// The integration's id: `conversation_id` in a request.
    Client(ClientConversationId),
}

impl ConversationRef {
    pub(super) fn write(&self, object: JsonObject) -> JsonObject {
        match self {
            Self::Amojo(id) => object.text("conversation_ref_id", id.as_str()),
            Self::Client(id) => object.text("conversation_id", id.as_str()),
        }
    }
}
