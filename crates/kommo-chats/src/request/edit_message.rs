//! Changes what a message says.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::ScopeId;
use kommo_peer::{FieldError, FieldProblem, JsonObject};

use crate::ids::ClientConversationId;
use crate::request::content::Content;
use crate::request::delivery_status::DeliveryStatus;
use crate::request::moment::Moment;
use crate::request::reference::MessageRef;
use crate::request::scope_request::ScopeRequest;

/// A message with another content. Its answer is that of a new one.
#[derive(Debug, Clone, PartialEq)]
pub struct EditMessage {
    message: MessageRef,
    conversation: ClientConversationId,
    moment: Moment,
    content: Content,
    delivery_status: Option<DeliveryStatus>,
}

impl EditMessage {
    /// Names the message and what it says from now on.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `message.post` if the content is a comment: comments are new messages
    /// alone.
    pub fn new(
        message: MessageRef,
        conversation: ClientConversationId,
        moment: Moment,
        content: Content,
    ) -> Result<Self, FieldError> {
        if content.is_comment() {
            return Err(FieldError::new("message.post", FieldProblem::NotTaken));
        }
        Ok(Self {
            message,
            conversation,
            moment,
            content,
            delivery_status: None,
        })
    }

    /// How far the message came.
    #[must_use]
    pub fn with_delivery_status(mut self, status: DeliveryStatus) -> Self {
        self.delivery_status = Some(status);
        self
    }
}

impl ScopeRequest for EditMessage {
    const METHOD: &'static str = "POST";

    fn path(&self, scope: &ScopeId) -> String {
        format!("/v2/origin/custom/{scope}")
    }

    fn to_body(&self) -> Vec<u8> {
        let status = self.delivery_status.as_ref();
        let content = self
            .content
            .to_object()
            .optional_object("delivery_status", status.map(DeliveryStatus::to_object));
        let payload = self
            .message
            .write(self.moment.write(JsonObject::new()))
            .text("conversation_id", self.conversation.as_str())
            .object("message", content);
        JsonObject::new()
            .text("event_type", "edit_message")
            .object("payload", payload)
            .finish()
    }
}
