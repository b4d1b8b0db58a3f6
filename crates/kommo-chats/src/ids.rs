//! One object, two ids: the platform's and the integration's. They are different types, so that one
//! is never sent instead of the other.

use alloc::string::String;
use core::fmt;

/// Makes a text id: not empty, otherwise as it came.
macro_rules! text_id {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes a text; `None` if it is empty.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Option<Self> {
                let text = text.into();
                if text.is_empty() { None } else { Some(Self(text)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }
    };
}

text_id! {
    /// The platform's id of a conversation: `conversation.id` in hooks, `conversation_ref_id` in
    /// requests, and what stands in the path of the history.
    AmojoConversationId
}

text_id! {
    /// The integration's id of a conversation: `conversation.client_id` in hooks,
    /// `conversation_id` in requests.
    ClientConversationId
}

text_id! {
    /// The platform's id of a message: `message.message.id` in hooks, and what stands in the path
    /// of a delivery status.
    AmojoMessageId
}

text_id! {
    /// The integration's id of a message: `payload.msgid` in requests, `msgid` of a quoted message.
    ClientMessageId
}

text_id! {
    /// The platform's id of a person or bot: `id` in hooks, `ref_id` in requests.
    AmojoParticipantId
}

text_id! {
    /// The integration's id of a person or bot: `client_id` in hooks, `id` in requests.
    ClientParticipantId
}
