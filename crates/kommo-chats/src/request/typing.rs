//! The client is typing.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::ScopeId;
use kommo_peer::JsonObject;

use crate::ids::{ClientConversationId, ClientParticipantId};
use crate::request::scope_request::ScopeRequest;

/// Shows in the CRM that the client is typing. Its answer is 204.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowTyping {
    conversation: ClientConversationId,
    client: ClientParticipantId,
    duration_milliseconds: Option<u64>,
}

impl ShowTyping {
    /// For five seconds, unless a message comes.
    #[must_use]
    pub const fn new(conversation: ClientConversationId, client: ClientParticipantId) -> Self {
        Self {
            conversation,
            client,
            duration_milliseconds: None,
        }
    }

    /// For this number of milliseconds.
    #[must_use]
    pub const fn with_duration(mut self, milliseconds: u64) -> Self {
        self.duration_milliseconds = Some(milliseconds);
        self
    }
}

impl ScopeRequest for ShowTyping {
    const METHOD: &'static str = "POST";

    fn path(&self, scope: &ScopeId) -> String {
        format!("/v2/origin/custom/{scope}/typing")
    }

    fn to_body(&self) -> Vec<u8> {
        JsonObject::new()
            .text("conversation_id", self.conversation.as_str())
            .object("sender", JsonObject::new().text("id", self.client.as_str()))
            .optional_number("duration_ms", self.duration_milliseconds)
            .finish()
    }
}
