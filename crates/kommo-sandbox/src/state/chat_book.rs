//! The conversations of the channel with their messages, found by the ids of both sides.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::tracked::{Changes, Table};

/// How many conversations are kept; the oldest goes first.
const CONVERSATIONS: usize = 10_000;

/// How many messages are kept; the oldest goes first.
pub(crate) const MESSAGES: usize = 200_000;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conversation {
    /// The account's amojo id.
    pub(crate) account_id: String,
    /// The platform's id.
    pub(crate) id: String,
    /// The integration's id; none while a manager wrote first.
    pub(crate) client_id: Option<String>,
    pub(crate) customer: Customer,
}

/// A customer, as both sides name them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Customer {
    /// The platform's id.
    pub(crate) id: String,
    /// The integration's id.
    pub(crate) client_id: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) avatar: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
}

/// A conversation as it is kept, with what the CRM knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Talk {
    /// What the CRM calls it; later ones have greater numbers.
    pub(crate) talk_id: u64,
    /// The contact that it is linked with.
    pub(crate) contact_id: Option<u64>,
    /// When it began, by the virtual clock, in Unix seconds.
    pub(crate) created_at: u64,
    /// When its latest message came.
    pub(crate) updated_at: u64,
    /// Whether a manager closed it.
    pub(crate) closed: bool,
    #[serde(flatten)]
    pub(crate) conversation: Conversation,
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
    talks: Table<String, Talk>,
    /// The platform's ids by what the CRM calls them: oldest first.
    order: BTreeMap<u64, String>,
    by_client_id: HashMap<OwnId, String>,
    customers: Table<OwnId, Customer>,
    messages: VecDeque<ChatMessage>,
    /// The numbers of messages that are new, different or gone since changes were taken.
    changed: BTreeSet<u64>,
    latest_number: u64,
    /// Numbers of messages.
    by_id: HashMap<String, u64>,
    by_msgid: HashMap<OwnId, u64>,
    of_conversation: HashMap<String, VecDeque<u64>>,
}

/// What a book is made of; the rest is indexes.
#[derive(Debug, Default)]
pub(crate) struct ChatRows {
    pub(crate) talks: BTreeMap<String, Talk>,
    pub(crate) customers: BTreeMap<OwnId, Customer>,
    pub(crate) messages: BTreeMap<u64, ChatMessage>,
}

impl From<ChatRows> for ChatBook {
    /// Nothing of it counts as changed.
    fn from(rows: ChatRows) -> Self {
        let mut book = Self {
            customers: Table::from(rows.customers),
            ..Self::default()
        };
        for (id, talk) in &rows.talks {
            book.order.insert(talk.talk_id, id.clone());
            if let Some(client_id) = &talk.conversation.client_id {
                let key = own(&talk.conversation.account_id, client_id);
                book.by_client_id.insert(key, id.clone());
            }
        }
        book.talks = Table::from(rows.talks);
        for (number, message) in rows.messages {
            book.keep(number, message);
        }
        book.changed.clear();
        book
    }
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
        self.talks.get(id).map(|talk| &talk.conversation)
    }

    /// The conversation with the platform's id.
    pub(crate) fn with_id(&self, account_id: &str, id: &str) -> Option<&Conversation> {
        self.talk(account_id, id).map(|talk| &talk.conversation)
    }

    fn talk(&self, account_id: &str, id: &str) -> Option<&Talk> {
        let known = self.talks.get(id);
        known.filter(|known| known.conversation.account_id == account_id)
    }

    /// The one that was begun last.
    pub(crate) fn latest(&self, account_id: &str) -> Option<&Conversation> {
        self.talks(account_id).next().map(|talk| &talk.conversation)
    }

    /// The customer with the integration's id.
    pub(crate) fn customer(&self, account_id: &str, client_id: &str) -> Option<&Customer> {
        self.customers.get(&own(account_id, client_id))
    }

    /// Keeps a conversation in the place of the one with its id, or as a new one.
    pub(crate) fn put(&mut self, conversation: Conversation, now: u64) {
        let account_id = &conversation.account_id;
        let customer = &conversation.customer;
        let key = own(account_id, &customer.client_id);
        if !customer.client_id.is_empty() && self.customers.get(&key) != Some(customer) {
            self.customers.insert(key, customer.clone());
        }
        let id = conversation.id.clone();
        if let Some(client_id) = &conversation.client_id {
            let key = own(account_id, client_id);
            self.by_client_id.insert(key, id.clone());
        }
        if let Some(talk) = self.talks.get(&id) {
            if talk.conversation != conversation
                && let Some(talk) = self.talks.get_mut(&id)
            {
                talk.conversation = conversation;
            }
            return;
        }
        let latest = self.order.last_key_value();
        let talk_id = latest.map_or(0, |(talk_id, _)| *talk_id).saturating_add(1);
        let talk = Talk {
            talk_id,
            contact_id: None,
            created_at: now,
            updated_at: now,
            closed: false,
            conversation,
        };
        self.talks.insert(id.clone(), talk);
        self.order.insert(talk_id, id);
        if self.order.len() > CONVERSATIONS
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.forget(&oldest);
        }
    }

    /// The conversations of an account, newest first.
    pub(crate) fn talks(&self, account_id: &str) -> impl Iterator<Item = &Talk> {
        let newest_first = self.order.values().rev();
        newest_first.filter_map(move |id| self.talk(account_id, id))
    }

    /// The conversation that the CRM calls so.
    pub(crate) fn talk_numbered(&self, account_id: &str, talk_id: u64) -> Option<&Talk> {
        self.talk(account_id, self.order.get(&talk_id)?)
    }

    /// A manager closes a conversation; whether it was open.
    pub(crate) fn close(&mut self, talk_id: u64, now: u64) -> bool {
        let id = self.order.get(&talk_id).cloned().unwrap_or_default();
        let Some(talk) = self.talks.get_mut(&id).filter(|talk| !talk.closed) else {
            return false;
        };
        talk.closed = true;
        talk.updated_at = now;
        true
    }

    /// Links a chat with a contact.
    pub(crate) fn link(&mut self, chat_id: &str, contact: u64) {
        if let Some(talk) = self.talks.get_mut(&chat_id.to_owned()) {
            talk.contact_id = Some(contact);
        }
    }

    fn forget(&mut self, id: &str) {
        self.of_conversation.remove(id);
        let Some(talk) = self.talks.remove(&id.to_owned()) else {
            return;
        };
        if let Some(client_id) = &talk.conversation.client_id {
            self.by_client_id
                .remove(&own(&talk.conversation.account_id, client_id));
        }
    }

    /// Keeps a message and sets its number. A conversation in which something is written is open.
    pub(crate) fn push(&mut self, message: ChatMessage) {
        if self.messages.len() == MESSAGES
            && let Some(oldest) = self.messages.pop_front()
        {
            self.forget_message(&oldest);
        }
        if let Some(talk) = self.talks.get(&message.conversation_id)
            && (talk.closed || talk.updated_at != message.at)
            && let Some(talk) = self.talks.get_mut(&message.conversation_id)
        {
            talk.closed = false;
            talk.updated_at = message.at;
        }
        self.keep(self.latest_number + 1, message);
    }

    fn keep(&mut self, number: u64, message: ChatMessage) {
        self.latest_number = number;
        self.changed.insert(number);
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
        self.changed.insert(message.number);
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

    /// Messages of a conversation, newest first. It costs the same at every offset.
    pub(crate) fn history(
        &self,
        conversation_id: &str,
        offset: usize,
        limit: usize,
    ) -> Vec<&ChatMessage> {
        let Some(numbers) = self.of_conversation.get(conversation_id) else {
            return Vec::new();
        };
        let end = numbers.len().saturating_sub(offset);
        let page = numbers.range(end.saturating_sub(limit)..end).rev();
        page.filter_map(|number| self.message(*number)).collect()
    }

    /// Those with a number greater than `number`, oldest first, of the latest thousand.
    pub(crate) fn after(&self, number: u64) -> Vec<ChatMessage> {
        let left_out = self.messages.len().saturating_sub(SHOWN);
        let latest = self.messages.range(left_out..);
        latest
            .filter(|kept| kept.number > number)
            .cloned()
            .collect()
    }

    pub(crate) fn rows(
        &self,
    ) -> (
        &BTreeMap<String, Talk>,
        &BTreeMap<OwnId, Customer>,
        &VecDeque<ChatMessage>,
    ) {
        (self.talks.rows(), self.customers.rows(), &self.messages)
    }

    pub(crate) fn take_changes(&mut self, mut to: Option<&mut Changes>) {
        self.talks.take_changes("talks", to.as_deref_mut());
        self.customers.take_changes("customers", to.as_deref_mut());
        if self.changed.is_empty() {
            return;
        }
        let changed = core::mem::take(&mut self.changed);
        if let Some(changes) = to {
            for number in changed {
                changes.row("messages", number, self.message(number));
            }
        }
    }

    pub(crate) fn apply(&mut self, update: Update, now: u64) {
        match update {
            Update::Conversation(conversation) => self.put(conversation, now),
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
        self.changed.insert(number);
        self.messages.get_mut(place)
    }
}

fn own(account_id: &str, id: &str) -> OwnId {
    (account_id.to_owned(), id.to_owned())
}
