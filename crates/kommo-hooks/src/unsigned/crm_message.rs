//! A message as a webhook of the CRM reports it: `add_message`, and since July 2026
//! `add_outgoing_message`.

use alloc::string::String;

use crate::unsigned::form::FormValue;

/// A message of any channel of the account.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnsignedCrmMessage {
    /// The platform's id. One message may come more than once: recognise it by this id.
    pub id: String,
    /// The platform's id of the conversation.
    pub chat_id: String,
    /// The id of the talk, for the API.
    pub talk_id: Option<u64>,
    /// The contact.
    pub contact_id: Option<u64>,
    /// The text; empty with media.
    pub text: String,
    /// When it was written, Unix seconds. Old messages may be delivered again.
    pub created_at: Option<u64>,
    /// What it is: `text`, `picture` and so on; since July 2026.
    pub message_type: Option<String>,
    /// True for a message to the client.
    pub is_outgoing: bool,
    /// The lead or customer: its id, if it is linked to one.
    pub entity_id: Option<u64>,
    /// `lead` and so on.
    pub entity_type: Option<String>,
    /// Who wrote it.
    pub author: Option<CrmAuthor>,
    /// Who received it, for a message to the client.
    pub recipient: Option<CrmAuthor>,
    /// The attachment.
    pub attachment: Option<CrmAttachment>,
    /// The code of the channel, for example `waba`.
    pub origin: Option<String>,
    /// The source.
    pub source_id: Option<u64>,
}

/// A person or bot of a message.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrmAuthor {
    /// The platform's id.
    pub id: Option<String>,
    /// `external` (the client), `internal` (a user) or `bot`.
    pub kind: Option<String>,
    /// The user in the CRM, of `internal` alone.
    pub user_id: Option<u64>,
    /// The name.
    pub name: Option<String>,
    /// The picture.
    pub avatar_url: Option<String>,
}

/// A file. Its address needs no authorisation.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrmAttachment {
    /// `picture`, `voice` and so on.
    pub kind: Option<String>,
    /// Where it is. Look at the bytes: voice notes of WhatsApp end in `.ogg` and are M4A.
    pub link: String,
    /// Its name.
    pub file_name: Option<String>,
}

impl UnsignedCrmMessage {
    pub(super) fn read(fields: &FormValue) -> Option<Self> {
        let text = |name| fields.text_of(name).map(String::from);
        Some(Self {
            id: text("id")?,
            chat_id: text("chat_id")?,
            talk_id: fields.number_of("talk_id"),
            contact_id: fields.number_of("contact_id"),
            text: text("text").unwrap_or_default(),
            created_at: fields.number_of("created_at"),
            message_type: text("message_type"),
            is_outgoing: fields.text_of("type") == Some("outgoing"),
            entity_id: fields
                .number_of("entity_id")
                .or_else(|| fields.number_of("element_id")),
            entity_type: text("entity_type"),
            author: fields.get("author").map(CrmAuthor::read),
            recipient: fields.get("recipient").map(CrmAuthor::read),
            attachment: fields.get("attachment").and_then(CrmAttachment::read),
            origin: text("origin"),
            source_id: fields.number_of("source_id"),
        })
    }
}

impl CrmAuthor {
    fn read(fields: &FormValue) -> Self {
        let text = |name| fields.text_of(name).map(String::from);
        Self {
            id: text("id"),
            kind: text("type"),
            user_id: fields.number_of("user_id"),
            name: text("name"),
            avatar_url: text("avatar_url"),
        }
    }
}

impl CrmAttachment {
    fn read(fields: &FormValue) -> Option<Self> {
        let text = |name| fields.text_of(name).map(String::from);
        Some(Self {
            kind: text("type"),
            link: text("link")?,
            file_name: text("file_name"),
        })
    }
}

/// What a person wrote, and their names, stay out of logs.
mod shown {
    use core::fmt;

    use super::{CrmAttachment, CrmAuthor, UnsignedCrmMessage};

    impl fmt::Debug for UnsignedCrmMessage {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("UnsignedCrmMessage")
                .field("id", &self.id)
                .field("chat_id", &self.chat_id)
                .field("talk_id", &self.talk_id)
                .field("is_outgoing", &self.is_outgoing)
                .field("message_type", &self.message_type)
                .field("origin", &self.origin)
                .finish_non_exhaustive()
        }
    }

    impl fmt::Debug for CrmAuthor {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("CrmAuthor")
                .field("id", &self.id)
                .field("kind", &self.kind)
                .finish_non_exhaustive()
        }
    }

    impl fmt::Debug for CrmAttachment {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("CrmAttachment")
                .field("kind", &self.kind)
                .finish_non_exhaustive()
        }
    }
}
