//! The conversations of the channel and their latest messages: as much as it takes to see that a
//! hook was answered.

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// How many conversations and how many messages are kept; the oldest goes first.
const CAPACITY: usize = 1000;

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MessageDirection {
    /// From the customer.
    In,
    /// To the customer.
    Out,
}

/// A message that the platform took, or that a manager wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatMessage {
    /// Counts from 1, without gaps.
    pub number: u64,
    /// The account's amojo id.
    pub account_id: String,
    /// The platform's id of the conversation.
    pub conversation_id: String,
    /// The integration's id of the conversation, if it has one yet.
    pub conversation_client_id: Option<String>,
    /// Which way it went.
    pub direction: MessageDirection,
    /// The platform's id.
    pub id: String,
    /// The integration's id, if the integration sent it.
    pub msgid: Option<String>,
    /// `text`, `picture`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The text, or the caption.
    pub text: String,
    /// The virtual clock, in Unix seconds.
    pub at: u64,
}

/// A conversation with one customer.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) account_id: String,
    pub(crate) id: String,
    /// The integration's id; none while a manager wrote first.
    pub(crate) client_id: Option<String>,
    pub(crate) customer: Customer,
}

/// A customer, as both sides name them.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) name: String,
}

/// The conversations, and the messages of all of them.
#[derive(Debug, Default)]
pub(crate) struct ChatBook {
    conversations: VecDeque<Conversation>,
    messages: VecDeque<ChatMessage>,
    latest_number: u64,
}

impl ChatBook {
    /// The conversation with the integration's id, or with the platform's.
    pub(crate) fn find(&self, account_id: &str, id: &str) -> Option<&Conversation> {
        self.of(account_id)
            .find(|known| known.client_id.as_deref() == Some(id) || known.id == id)
    }

    /// The one that was begun last.
    pub(crate) fn latest(&self, account_id: &str) -> Option<&Conversation> {
        self.of(account_id).next()
    }

    /// The customer with the integration's id.
    pub(crate) fn customer(&self, account_id: &str, client_id: &str) -> Option<&Customer> {
        self.of(account_id)
            .map(|conversation| &conversation.customer)
            .find(|customer| customer.client_id == client_id)
    }

    /// Newest first.
    fn of(&self, account_id: &str) -> impl Iterator<Item = &Conversation> {
        let newest_first = self.conversations.iter().rev();
        newest_first.filter(move |known| known.account_id == account_id)
    }

    /// Keeps a conversation in the place of the one with its id, or as a new one.
    pub(crate) fn put(&mut self, conversation: Conversation) {
        let known = self
            .conversations
            .iter_mut()
            .find(|known| known.id == conversation.id);
        if let Some(known) = known {
            *known = conversation;
            return;
        }
        if self.conversations.len() == CAPACITY {
            self.conversations.pop_front();
        }
        self.conversations.push_back(conversation);
    }

    /// Keeps a message and sets its number.
    pub(crate) fn push(&mut self, message: ChatMessage) {
        self.latest_number += 1;
        if self.messages.len() == CAPACITY {
            self.messages.pop_front();
        }
        self.messages.push_back(ChatMessage {
            number: self.latest_number,
            ..message
        });
    }

    /// Whether a message with the integration's id is kept.
    pub(crate) fn has_msgid(&self, account_id: &str, msgid: &str) -> bool {
        let mut messages = self.messages.iter();
        messages.any(|message| {
            message.account_id == account_id && message.msgid.as_deref() == Some(msgid)
        })
    }

    /// Those with a number greater than `number`, oldest first.
    pub(crate) fn after(&self, number: u64) -> Vec<ChatMessage> {
        let newer = self.messages.iter().filter(|kept| kept.number > number);
        newer.cloned().collect()
    }
}
