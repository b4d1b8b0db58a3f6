//! The conversations of the channel with their messages, found by the ids of both sides.

use alloc::collections::{BTreeMap, VecDeque};
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many conversations are kept; the oldest goes first.
const CONVERSATIONS: usize = 10_000;

/// How many messages are kept; the oldest goes first.
const MESSAGES: usize = 200_000;

/// How many messages are shown at once.
const SHOWN: usize = 1000;

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

/// How far a message came, as the integration reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageStatus {
    /// 0 sent, 1 delivered, 2 read, -1 failed.
    pub status_code: i64,
    /// 901 to 905, of a failure.
    pub error_code: Option<u64>,
    /// What the user is shown of a failure.
    pub error: Option<String>,
}

/// A reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageReaction {
    /// The integration's id of a customer, or the platform's of a user.
    pub by: String,
    /// The reaction.
    pub emoji: String,
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
    /// The platform's id of who wrote it.
    pub sender_id: String,
    /// The name of who wrote it.
    pub sender_name: String,
    /// The platform's id.
    pub id: String,
    /// The integration's id, if the integration sent it.
    pub msgid: Option<String>,
    /// `text`, `picture`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The text, or the caption.
    pub text: String,
    /// What else it has: `media`, `file_name`, `location`, …
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub fields: Map<String, Value>,
    /// When it was written, as its sender says, in Unix milliseconds.
    pub written_at_ms: u64,
    /// When it came, by the virtual clock, in Unix seconds.
    pub at: u64,
    /// Whether it was edited.
    #[serde(default)]
    pub edited: bool,
    /// How far it came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<MessageStatus>,
    /// The reactions to it, one of each person.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reactions: Vec<MessageReaction>,
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
#[derive(Debug, Clone, Default)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) avatar: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
}

/// What an edit changes.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) fields: Map<String, Value>,
    pub(crate) msgid: Option<String>,
    pub(crate) status: Option<MessageStatus>,
}

/// A change other than a new message.
#[derive(Debug, Clone)]
pub(crate) enum Update {
    Conversation(Conversation),
    Edit {
        number: u64,
        edit: Edit,
    },
    Status {
        number: u64,
        status: MessageStatus,
    },
    /// Without an emoji the reaction is taken back.
    Reaction {
        number: u64,
        by: String,
        emoji: Option<String>,
    },
}

/// An id of an account and one of the integration's ids in it.
type OwnId = (String, String);

/// The conversations, and the messages of all of them.
#[derive(Debug, Default)]
pub(crate) struct ChatBook {
    /// By the platform's id.
    conversations: HashMap<String, Conversation>,
    /// The platform's ids, oldest first.
    order: VecDeque<String>,
    by_client_id: HashMap<OwnId, String>,
    customers: HashMap<OwnId, Customer>,
    messages: VecDeque<ChatMessage>,
    latest_number: u64,
    /// Numbers of messages.
    by_id: HashMap<String, u64>,
    by_msgid: HashMap<OwnId, u64>,
    of_conversation: HashMap<String, VecDeque<u64>>,
    /// What the CRM calls a conversation, by the platform's id of the chat.
    talks: HashMap<String, u64>,
    /// The contact of a chat.
    contacts: BTreeMap<String, u64>,
}

impl ChatBook {
    /// The conversation with the integration's id, or with the platform's.
    pub(crate) fn find(&self, account_id: &str, id: &str) -> Option<&Conversation> {
        self.named(account_id, id)
            .or_else(|| self.with_id(account_id, id))
    }

    /// The conversation with the integration's id.
    pub(crate) fn named(&self, account_id: &str, client_id: &str) -> Option<&Conversation> {
        let id = self.by_client_id.get(&own(account_id, client_id))?;
        self.conversations.get(id)
    }

    /// The conversation with the platform's id.
    pub(crate) fn with_id(&self, account_id: &str, id: &str) -> Option<&Conversation> {
        let known = self.conversations.get(id);
        known.filter(|known| known.account_id == account_id)
    }

    /// The one that was begun last.
    pub(crate) fn latest(&self, account_id: &str) -> Option<&Conversation> {
        let newest_first = self.order.iter().rev();
        let mut of_account = newest_first.filter_map(|id| self.with_id(account_id, id));
        of_account.next()
    }

    /// The customer with the integration's id.
    pub(crate) fn customer(&self, account_id: &str, client_id: &str) -> Option<&Customer> {
        self.customers.get(&own(account_id, client_id))
    }

    /// Keeps a conversation in the place of the one with its id, or as a new one.
    pub(crate) fn put(&mut self, conversation: Conversation) {
        let account_id = conversation.account_id.clone();
        let customer = conversation.customer.clone();
        if !customer.client_id.is_empty() {
            let key = own(&account_id, &customer.client_id);
            self.customers.insert(key, customer);
        }
        if let Some(client_id) = &conversation.client_id {
            let key = own(&account_id, client_id);
            self.by_client_id.insert(key, conversation.id.clone());
        }
        let id = conversation.id.clone();
        if self
            .conversations
            .insert(id.clone(), conversation)
            .is_some()
        {
            return;
        }
        let talk = u64::try_from(self.talks.len()).unwrap_or(u64::MAX);
        self.talks.insert(id.clone(), talk.saturating_add(1));
        self.order.push_back(id);
        if self.order.len() > CONVERSATIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.forget(&oldest);
        }
    }

    /// The conversations of an account, newest first: the CRM's number, the conversation, the
    /// contact.
    pub(crate) fn talks(
        &self,
        account_id: &str,
    ) -> impl Iterator<Item = (u64, &Conversation, Option<u64>)> {
        let newest_first = self.order.iter().rev();
        newest_first.filter_map(move |id| {
            let conversation = self.with_id(account_id, id)?;
            let talk = self.talks.get(id).copied().unwrap_or_default();
            Some((talk, conversation, self.contacts.get(id).copied()))
        })
    }

    /// Links a chat with a contact.
    pub(crate) fn link(&mut self, chat_id: String, contact: u64) {
        self.contacts.insert(chat_id, contact);
    }

    /// Chats and their contacts.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&str, u64)> {
        let links = self.contacts.iter();
        links.map(|(chat, contact)| (chat.as_str(), *contact))
    }

    fn forget(&mut self, id: &str) {
        self.of_conversation.remove(id);
        let Some(conversation) = self.conversations.remove(id) else {
            return;
        };
        if let Some(client_id) = &conversation.client_id {
            self.by_client_id
                .remove(&own(&conversation.account_id, client_id));
        }
    }

    /// Keeps a message and sets its number.
    pub(crate) fn push(&mut self, message: ChatMessage) {
        if self.messages.len() == MESSAGES
            && let Some(oldest) = self.messages.pop_front()
        {
            self.forget_message(&oldest);
        }
        self.latest_number += 1;
        let number = self.latest_number;
        self.by_id.insert(message.id.clone(), number);
        if let Some(msgid) = &message.msgid {
            self.by_msgid
                .insert(own(&message.account_id, msgid), number);
        }
        let of_conversation = self.of_conversation.entry(message.conversation_id.clone());
        of_conversation.or_default().push_back(number);
        self.messages.push_back(ChatMessage { number, ..message });
    }

    fn forget_message(&mut self, message: &ChatMessage) {
        self.by_id.remove(&message.id);
        if let Some(msgid) = &message.msgid {
            self.by_msgid.remove(&own(&message.account_id, msgid));
        }
        if let Some(numbers) = self.of_conversation.get_mut(&message.conversation_id) {
            numbers.pop_front();
        }
    }

    /// Whether a message with the integration's id is kept.
    pub(crate) fn has_msgid(&self, account_id: &str, msgid: &str) -> bool {
        self.by_msgid.contains_key(&own(account_id, msgid))
    }

    /// The message with the integration's id.
    pub(crate) fn message_named(&self, account_id: &str, msgid: &str) -> Option<&ChatMessage> {
        self.message(*self.by_msgid.get(&own(account_id, msgid))?)
    }

    /// The message with the platform's id.
    pub(crate) fn message_with_id(&self, account_id: &str, id: &str) -> Option<&ChatMessage> {
        let message = self.message(*self.by_id.get(id)?);
        message.filter(|message| message.account_id == account_id)
    }

    fn message(&self, number: u64) -> Option<&ChatMessage> {
        self.messages.get(self.place(number)?)
    }

    /// Where the message with this number is.
    fn place(&self, number: u64) -> Option<usize> {
        let first = self.messages.front()?.number;
        usize::try_from(number.checked_sub(first)?).ok()
    }

    /// Messages of a conversation, newest first.
    pub(crate) fn history(
        &self,
        conversation_id: &str,
        offset: usize,
        limit: usize,
    ) -> Vec<&ChatMessage> {
        let numbers = self.of_conversation.get(conversation_id);
        let newest_first = numbers.into_iter().flat_map(|numbers| numbers.iter().rev());
        let page = newest_first.skip(offset).take(limit);
        page.filter_map(|number| self.message(*number)).collect()
    }

    /// Those with a number greater than `number`, oldest first, of the latest thousand.
    pub(crate) fn after(&self, number: u64) -> Vec<ChatMessage> {
        let left_out = self.messages.len().saturating_sub(SHOWN);
        let latest = self.messages.iter().skip(left_out);
        latest
            .filter(|kept| kept.number > number)
            .cloned()
            .collect()
    }

    pub(crate) fn apply(&mut self, update: Update) {
        match update {
            Update::Conversation(conversation) => self.put(conversation),
            Update::Edit { number, edit } => self.edit(number, edit),
            Update::Status { number, status } => {
                if let Some(message) = self.message_mut(number) {
                    message.status = Some(status);
                }
            }
            Update::Reaction { number, by, emoji } => {
                if let Some(message) = self.message_mut(number) {
                    message.reactions.retain(|reaction| reaction.by != by);
                    let reaction = emoji.map(|emoji| MessageReaction { by, emoji });
                    message.reactions.extend(reaction);
                }
            }
        }
    }

    /// What the edit does not name stays: a picture keeps its file.
    fn edit(&mut self, number: u64, edit: Edit) {
        let Some(message) = self.message_mut(number) else {
            return;
        };
        if message.kind != edit.kind {
            message.fields.clear();
        }
        message.kind = edit.kind;
        message.text = edit.text;
        message.fields.extend(edit.fields);
        message.edited = true;
        message.status = edit.status.or_else(|| message.status.take());
        if let Some(msgid) = edit.msgid {
            let account_id = message.account_id.clone();
            let before = message.msgid.replace(msgid.clone());
            if let Some(before) = before {
                self.by_msgid.remove(&own(&account_id, &before));
            }
            self.by_msgid.insert(own(&account_id, &msgid), number);
        }
    }

    fn message_mut(&mut self, number: u64) -> Option<&mut ChatMessage> {
        let place = self.place(number)?;
        self.messages.get_mut(place)
    }
}

fn own(account_id: &str, id: &str) -> OwnId {
    (account_id.to_owned(), id.to_owned())
}
