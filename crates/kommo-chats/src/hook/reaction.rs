//! A manager reacted to a message, or took the reaction back.

use alloc::string::String;

use crate::hook::node::Node;
use crate::hook::people::{Conversation, Participant};
use crate::ids::{AmojoMessageId, AmojoParticipantId, ClientMessageId};

/// What happened to a reaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReactionKind {
    /// `react`
    React,
    /// `unreact`
    Unreact,
    /// Another word.
    Other(String),
}

/// A reaction to a message, which the hook names in one form or in both: `msgid`, or an object with
/// both ids.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reaction {
    /// Who reacted.
    pub user: Option<AmojoParticipantId>,
    /// Where.
    pub conversation: Conversation,
    /// What happened.
    pub kind: ReactionKind,
    /// The emoji; absent when a reaction is taken back.
    pub emoji: Option<String>,
    /// The message, by the platform's id.
    pub message_id: Option<AmojoMessageId>,
    /// The message, by the integration's id; absent if it was written in the CRM.
    pub client_message_id: Option<ClientMessageId>,
    /// Who wrote the message.
    pub message_sender: Option<Participant>,
    /// Who received the message.
    pub message_receiver: Option<Participant>,
    /// When the message was written, Unix seconds.
    pub message_timestamp: Option<u64>,
    /// The same in milliseconds.
    pub message_timestamp_milliseconds: Option<u64>,
}

impl Reaction {
    /// `None` where neither form names a message.
    pub(super) fn read(action: Node<'_>) -> Option<Self> {
        let node = action.object("reaction")?;
        let message = node.object("message");
        let in_message = |name| message.and_then(|message| message.text(name));
        let message_id = node.text("msgid").or_else(|| in_message("id"));
        let client_message_id = in_message("client_id");
        message_id.or(client_message_id)?;
        let person = |name| message?.object(name).map(Participant::read);
        Some(Self {
            user: node
                .object("user")
                .and_then(|user| user.text("id"))
                .and_then(AmojoParticipantId::new),
            conversation: node.object("conversation").and_then(Conversation::read)?,
            kind: match node.text("type")? {
                "react" => ReactionKind::React,
                "unreact" => ReactionKind::Unreact,
                other => ReactionKind::Other(other.into()),
            },
            emoji: node.text("emoji").map(String::from),
            message_id: message_id.and_then(AmojoMessageId::new),
            client_message_id: client_message_id.and_then(ClientMessageId::new),
            message_sender: person("sender"),
            message_receiver: person("receiver"),
            message_timestamp: message.and_then(|message| message.number("timestamp")),
            message_timestamp_milliseconds: message
                .and_then(|message| message.number("msec_timestamp")),
        })
    }
}
