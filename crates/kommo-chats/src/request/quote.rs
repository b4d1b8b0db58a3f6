//! A message that answers or forwards another.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use kommo_peer::{FieldError, JsonObject};

use crate::request::checks::not_empty;
use crate::request::content::Content;
use crate::request::moment::Moment;
use crate::request::reference::{ConversationRef, MessageRef};

/// The message that is quoted: one that the platform knows, by an id, or one that it does not, with
/// all that it says.
#[derive(Clone, PartialEq)]
pub struct Quote {
    form: Form,
}

#[derive(Clone, PartialEq)]
enum Form {
    Known(MessageRef),
    Whole {
        content: Box<Content>,
        moment: Moment,
        sender_name: String,
    },
}

impl Quote {
    /// A message that the platform knows; it looks the rest up.
    #[must_use]
    pub const fn of(message: MessageRef) -> Self {
        Self {
            form: Form::Known(message),
        }
    }

    /// A message that the platform does not know.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `sender.name` if it is empty.
    pub fn whole(
        content: Content,
        moment: Moment,
        sender_name: impl Into<String>,
    ) -> Result<Self, FieldError> {
        let sender_name = sender_name.into();
        not_empty("sender.name", &sender_name)?;
        Ok(Self {
            form: Form::Whole {
                content: Box::new(content),
                moment,
                sender_name,
            },
        })
    }

    fn to_object(&self) -> JsonObject {
        match &self.form {
            Form::Known(message) => message.write(JsonObject::new()),
            Form::Whole {
                content,
                moment,
                sender_name,
            } => moment
                .write(content.to_object())
                .object("sender", JsonObject::new().text("name", sender_name)),
        }
    }

    pub(super) fn to_reply(&self) -> JsonObject {
        JsonObject::new().object("message", self.to_object())
    }
}

/// Who wrote the message stays out of logs.
impl fmt::Debug for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Known(message) => write!(f, "Quote({message:?})"),
            Form::Whole { .. } => f.write_str("Quote(..)"),
        }
    }
}

/// One message of any chat of the integration, forwarded.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    message: Quote,
    conversation: Option<ConversationRef>,
}

impl Forward {
    /// The message that is forwarded. The platform takes one.
    #[must_use]
    pub const fn of(message: Quote) -> Self {
        Self {
            message,
            conversation: None,
        }
    }

    /// Where it comes from.
    #[must_use]
    pub fn from_conversation(mut self, conversation: ConversationRef) -> Self {
        self.conversation = Some(conversation);
        self
    }

    pub(super) fn to_object(&self) -> JsonObject {
        let object =
            JsonObject::new().objects("messages", core::iter::once(self.message.to_object()));
        match &self.conversation {
            Some(conversation) => conversation.write(object),
            None => object,
        }
    }
}
