//! A manager is typing.

use alloc::string::String;

use crate::hook::node::Node;
use crate::hook::people::Conversation;
use crate::ids::AmojoParticipantId;

/// A manager began to type. It comes at most once in five seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Typing {
    /// Who types.
    pub user: Option<AmojoParticipantId>,
    /// Where.
    pub conversation: Conversation,
    /// When it ends by itself, Unix seconds: five seconds after it began.
    pub expires_at: Option<u64>,
    /// The post whose comment is being answered, by the integration's id.
    pub post_id: Option<String>,
}

impl Typing {
    /// `action` is the object of that name: one page puts the user there, all samples inside.
    pub(super) fn read(action: Node<'_>) -> Option<Self> {
        let node = action.object("typing")?;
        let user = node.object("user").or_else(|| action.object("user"));
        Some(Self {
            user: user
                .and_then(|user| user.text("id"))
                .and_then(AmojoParticipantId::new),
            conversation: node.object("conversation").and_then(Conversation::read)?,
            expires_at: node.number("expired_at"),
            post_id: node.text_or_number("post_id"),
        })
    }
}
