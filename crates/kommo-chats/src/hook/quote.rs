//! Messages that another message quotes or forwards.

use alloc::vec::Vec;

use crate::hook::message_type::MessageType;
use crate::hook::node::Node;
use crate::hook::people::Participant;
use crate::hook::private_text::PrivateText;
use crate::ids::{AmojoConversationId, AmojoMessageId, ClientMessageId};

/// A message that was sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotedMessage {
    /// The platform's id.
    pub id: Option<AmojoMessageId>,
    /// The integration's id, if it sent the message.
    pub client_id: Option<ClientMessageId>,
    /// What it is.
    pub message_type: Option<MessageType>,
    /// The text.
    pub text: Option<PrivateText>,
    /// Where the file is.
    pub media_url: Option<PrivateText>,
    /// Where a small picture of it is.
    pub thumbnail_url: Option<PrivateText>,
    /// The name of the file.
    pub file_name: Option<PrivateText>,
    /// The size of the file in bytes.
    pub file_size: Option<u64>,
    /// When it was written, Unix seconds.
    pub timestamp: Option<u64>,
    /// The same in milliseconds.
    pub timestamp_milliseconds: Option<u64>,
    /// Who wrote it.
    pub sender: Option<Participant>,
    /// Who received it.
    pub receiver: Option<Participant>,
}

impl QuotedMessage {
    pub(super) fn read(node: Node<'_>) -> Self {
        Self {
            id: node.text("id").and_then(AmojoMessageId::new),
            client_id: node.text("msgid").and_then(ClientMessageId::new),
            message_type: node.text("type").map(MessageType::from_text),
            text: node.text("text").map(PrivateText::new),
            media_url: node.text("media").map(PrivateText::new),
            thumbnail_url: node.text("thumbnail").map(PrivateText::new),
            file_name: node.text("file_name").map(PrivateText::new),
            file_size: node.number("file_size"),
            timestamp: node.number("timestamp"),
            timestamp_milliseconds: node.number("msec_timestamp"),
            sender: node.object("sender").map(Participant::read),
            receiver: node.object("receiver").map(Participant::read),
        }
    }
}

/// Messages of one conversation, forwarded to another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forwards {
    /// The conversation that they come from, by the platform's id.
    pub conversation: Option<AmojoConversationId>,
    /// The messages, in the order of the hook.
    pub messages: Vec<QuotedMessage>,
}

impl Forwards {
    pub(super) fn read(node: Node<'_>) -> Self {
        Self {
            conversation: node
                .text("conversation_ref_id")
                .and_then(AmojoConversationId::new),
            messages: node.objects("messages").map(QuotedMessage::read).collect(),
        }
    }
}
