//! Creates a chat before its first message, to link it with a contact.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::ScopeId;
use kommo_peer::{FieldError, JsonObject, json_text};
use serde_json::Value;

use crate::error::DecodeError;
use crate::ids::{
    AmojoConversationId, AmojoParticipantId, ClientConversationId, ClientParticipantId,
};
use crate::request::checks::source;
use crate::request::participants::Client;
use crate::request::scope_request::ScopeRequest;

/// Creates a chat, or returns the one that has this id. It stays invisible until it has a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateChat {
    conversation: ClientConversationId,
    client: Client,
    source: Option<String>,
}

impl CreateChat {
    /// A chat with a client.
    #[must_use]
    pub const fn new(conversation: ClientConversationId, client: Client) -> Self {
        Self {
            conversation,
            client,
            source: None,
        }
    }

    /// Which of the integration's sources it belongs to: 1 to 36 printable ASCII characters. An
    /// unknown one is not an error there.
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
}

/// `{"external_id":…}`
pub(super) fn source_object(external_id: &str) -> JsonObject {
    JsonObject::new().text("external_id", external_id)
}

impl ScopeRequest for CreateChat {
    const METHOD: &'static str = "POST";

    fn path(&self, scope: &ScopeId) -> String {
        format!("/v2/origin/custom/{scope}/chats")
    }

    fn to_body(&self) -> Vec<u8> {
        JsonObject::new()
            .text("conversation_id", self.conversation.as_str())
            .optional_object("source", self.source.as_deref().map(source_object))
            .object("user", self.client.to_object())
            .finish()
    }
}

/// A chat that was created, or was there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedChat {
    /// The platform's id, for `POST /api/v4/contacts/chats`.
    pub id: AmojoConversationId,
    /// The platform's id of the client.
    pub client_ref_id: Option<AmojoParticipantId>,
    /// The integration's id of the client.
    pub client_id: Option<ClientParticipantId>,
}

impl CreatedChat {
    /// Reads the body of a 200, in either of the two published forms.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Syntax`] for what is not JSON, [`DecodeError::Missing`] without `id`.
    pub fn from_body(body: &[u8]) -> Result<Self, DecodeError> {
        let value = parse(body)?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(String::from);
        let user = value.get("user");
        let of_user = |name| text(user.and_then(|user| user.get(name)));
        Ok(Self {
            id: text(value.get("id"))
                .and_then(AmojoConversationId::new)
                .ok_or(DecodeError::Missing { field: "id" })?,
            client_ref_id: of_user("id").and_then(AmojoParticipantId::new),
            client_id: of_user("client_id").and_then(ClientParticipantId::new),
        })
    }
}

/// The JSON of an answer.
pub(super) fn parse(body: &[u8]) -> Result<Value, DecodeError> {
    serde_json::from_slice(&json_text(body)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        if error.is_eof() {
            DecodeError::Truncated { line, column }
        } else {
            DecodeError::Syntax { line, column }
        }
    })
}
