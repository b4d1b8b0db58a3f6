//! Somebody reacted to a message in the messenger.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::ScopeId;
use kommo_peer::{FieldError, JsonObject};

use crate::ids::{AmojoParticipantId, ClientParticipantId};
use crate::request::checks::not_empty;
use crate::request::reference::{ConversationRef, MessageRef};
use crate::request::scope_request::ScopeRequest;

/// Who reacted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReactionBy {
    /// The client, by the integration's id.
    Client(ClientParticipantId),
    /// A manager, by the platform's id.
    Manager(AmojoParticipantId),
}

/// Adds a reaction to a message, or takes it back. Its answer has no data:
/// [`expect_no_data`](crate::expect_no_data).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct React {
    conversation: ConversationRef,
    message: MessageRef,
    by: ReactionBy,
    /// None takes it back.
    emoji: Option<String>,
}

impl React {
    /// Adds a reaction.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `emoji` if it is empty.
    pub fn with(
        emoji: impl Into<String>,
        conversation: ConversationRef,
        message: MessageRef,
        by: ReactionBy,
    ) -> Result<Self, FieldError> {
        let emoji = emoji.into();
        not_empty("emoji", &emoji)?;
        Ok(Self {
            conversation,
            message,
            by,
            emoji: Some(emoji),
        })
    }

    /// Takes the reaction back.
    #[must_use]
    pub const fn taken_back(
        conversation: ConversationRef,
        message: MessageRef,
        by: ReactionBy,
    ) -> Self {
        Self {
            conversation,
            message,
            by,
            emoji: None,
        }
    }
}

impl ScopeRequest for React {
    const METHOD: &'static str = "POST";

    fn path(&self, scope: &ScopeId) -> String {
        format!("/v2/origin/custom/{scope}/react")
    }

    fn to_body(&self) -> Vec<u8> {
        let user = match &self.by {
            ReactionBy::Client(id) => JsonObject::new().text("id", id.as_str()),
            ReactionBy::Manager(id) => JsonObject::new().text("ref_id", id.as_str()),
        };
        let kind = if self.emoji.is_some() {
            "react"
        } else {
            "unreact"
        };
        self.message
            .write(self.conversation.write(JsonObject::new()))
            .object("user", user)
            .text("type", kind)
            .optional_text("emoji", self.emoji.as_deref())
            .finish()
    }
}
