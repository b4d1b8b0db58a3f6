//! A message of version 1 of the hooks, which the platform no longer supports and may still send.

use crate::hook::message::MessageContent;
use crate::hook::node::Node;
use crate::ids::{ClientConversationId, ClientParticipantId};

/// A flat message without an account and without an id, so no delivery status can name it.
///
/// Connect with `"hook_api_version":"v2"`, as
/// [`ConnectRequest`](crate::ConnectRequest) does, and it never comes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageV1 {
    /// Who receives it, by the integration's id.
    pub receiver: ClientParticipantId,
    /// Where, by the integration's id.
    pub conversation: Option<ClientConversationId>,
    /// What it says.
    pub content: MessageContent,
    /// When it was written, Unix milliseconds.
    pub timestamp_milliseconds: Option<u64>,
}

impl MessageV1 {
    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        if node.value("account_id").is_some() {
            return None;
        }
        Some(Self {
            receiver: node.text("receiver").and_then(ClientParticipantId::new)?,
            conversation: node
                .text("conversation_id")
                .and_then(ClientConversationId::new),
            content: MessageContent::read(node)?,
            timestamp_milliseconds: node.number("msec_timestamp"),
        })
    }
}
