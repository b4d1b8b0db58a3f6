//! Who writes to whom, and where.

use serde_json::Value;

use crate::hook::node::Node;
use crate::hook::private_text::PrivateText;
use crate::ids::{
    AmojoConversationId, AmojoParticipantId, ClientConversationId, ClientParticipantId,
};

/// A sender or receiver: a client, a manager or a bot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Participant {
    /// The platform's id.
    pub id: Option<AmojoParticipantId>,
    /// The integration's id, if it made this person.
    pub client_id: Option<ClientParticipantId>,
    /// The name.
    pub name: Option<PrivateText>,
    /// The phone number. When a manager writes first, it is the number that was chosen.
    pub phone: Option<PrivateText>,
    /// The e-mail address.
    pub email: Option<PrivateText>,
}

impl Participant {
    /// The history has the same people.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        Node::of(value).map(Self::read)
    }

    pub(super) fn read(node: Node<'_>) -> Self {
        let private = |name| node.text(name).map(PrivateText::new);
        Self {
            id: node.text("id").and_then(AmojoParticipantId::new),
            client_id: node.text("client_id").and_then(ClientParticipantId::new),
            name: private("name"),
            phone: private("phone"),
            email: private("email"),
        }
    }
}

/// A conversation. `client_id` is absent in one that the manager began and that the integration has
/// not named yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conversation {
    /// The platform's id.
    pub id: AmojoConversationId,
    /// The integration's id.
    pub client_id: Option<ClientConversationId>,
}

impl Conversation {
    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        Some(Self {
            id: node.text("id").and_then(AmojoConversationId::new)?,
            client_id: node.text("client_id").and_then(ClientConversationId::new),
        })
    }
}
