//! What the Open API knows: customers, and chats of all three kinds with their messages.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tracked::{Changes, Part, Rows, Table};

/// The ids of customers come after this one.
const CUSTOMERS_FROM: u64 = 20_055;

/// The ids of chats come after this one.
const CHATS_FROM: u64 = 1840;

/// Customers and chats of the Open API.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenApiState {
    /// The customers, oldest first.
    pub customers: Vec<OpenApiCustomer>,
    /// The chats that are there, oldest first.
    pub chats: Vec<OpenApiChat>,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenApiCustomer {
    /// The platform's id.
    pub uid: u64,
    /// The integrator's id.
    pub sbs: String,
    /// The name.
    pub name: String,
    /// The IP address, if it was given.
    pub ip: Option<String>,
}

/// What kind of chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OpenApiChatKind {
    /// One agent and one customer.
    Single,
    /// A group.
    Group,
    /// A ticket.
    Ticket,
}

/// A chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenApiChat {
    /// The id.
    pub chat_id: u64,
    /// What kind it is.
    pub kind: OpenApiChatKind,
    /// The name of a group, the title of a ticket.
    pub title: Option<String>,
    /// The ids of its agents.
    pub agents: Vec<u64>,
    /// The platform's ids of its customers.
    pub customers: Vec<u64>,
    /// The owner of a group, the responsible agent of a ticket.
    pub owner: Option<u64>,
    /// Whether the agent sees it.
    pub visible: bool,
    /// Whether a ticket was closed.
    pub closed: bool,
    /// Its messages, oldest first.
    pub messages: Vec<OpenApiMessage>,
}

/// A message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenApiMessage {
    /// In whose name it was posted.
    pub author: u64,
    /// The text.
    pub content: String,
    /// When, by the virtual clock, in Unix seconds.
    pub at: u64,
}

/// Whom a chat is with.
#[derive(Debug, Clone)]
pub(crate) struct NewCustomer {
    pub(crate) sbs: String,
    pub(crate) name: Option<String>,
    pub(crate) ip: Option<String>,
}

/// A chat to begin, or to continue.
#[derive(Debug)]
pub(crate) struct NewSingle {
    pub(crate) agent: u64,
    pub(crate) customer: NewCustomer,
    pub(crate) content: Option<String>,
    pub(crate) visible: bool,
}

/// A group to begin.
#[derive(Debug)]
pub(crate) struct NewGroup {
    pub(crate) agents: Vec<u64>,
    pub(crate) customers: Vec<u64>,
    pub(crate) owner: u64,
    pub(crate) name: Option<String>,
    pub(crate) content: Option<String>,
}

/// A ticket to create.
#[derive(Debug)]
pub(crate) struct NewTicket {
    pub(crate) customer: NewCustomer,
    pub(crate) content: String,
    pub(crate) title: Option<String>,
    pub(crate) agents: Vec<u64>,
    pub(crate) responsible: u64,
}

/// What the Open API knows, and how it changes.
#[derive(Debug, Default)]
pub(crate) struct OpenApiBook {
    customers: Rows<OpenApiCustomer>,
    /// By id.
    chats: Table<u64, OpenApiChat>,
    /// Ids of chats that are gone are not used again.
    chats_made: Part<u64>,
    /// When each `ranstr` came.
    seen: Table<String, u64>,
}

/// What a book is made of.
#[derive(Debug, Default)]
pub(crate) struct OpenApiRows {
    pub(crate) customers: Vec<OpenApiCustomer>,
    pub(crate) chats: BTreeMap<u64, OpenApiChat>,
    pub(crate) chats_made: u64,
    pub(crate) seen: BTreeMap<String, u64>,
}

impl From<OpenApiRows> for OpenApiBook {
    /// Nothing of it counts as changed.
    fn from(rows: OpenApiRows) -> Self {
        let latest = rows.chats.last_key_value();
        let made = latest.map_or(0, |(id, _)| id.saturating_sub(CHATS_FROM));
        Self {
            customers: Rows::from(rows.customers),
            chats_made: Part::new(rows.chats_made.max(made)),
            chats: Table::from(rows.chats),
            seen: Table::from(rows.seen),
        }
    }
}

impl OpenApiBook {
    pub(crate) fn state(&self) -> OpenApiState {
        OpenApiState {
            customers: self.customers.to_vec(),
            chats: self.chats.values().cloned().collect(),
        }
    }

    pub(crate) fn rows(
        &self,
    ) -> (
        &[OpenApiCustomer],
        &BTreeMap<u64, OpenApiChat>,
        u64,
        &BTreeMap<String, u64>,
    ) {
        let seen = self.seen.rows();
        (&self.customers, self.chats.rows(), *self.chats_made, seen)
    }

    pub(crate) fn take_changes(&mut self, mut to: Option<&mut Changes>) {
        let customers = &mut self.customers;
        customers.take_changes("open_api_customers", to.as_deref_mut());
        self.chats.take_changes("open_api_chats", to.as_deref_mut());
        let made = &mut self.chats_made;
        made.take_changes("open_api_chats_made", to.as_deref_mut());
        self.seen.take_changes("open_api_seen", to);
    }

    pub(crate) fn has_customer(&self, uid: u64) -> bool {
        self.customers.iter().any(|customer| customer.uid == uid)
    }

    pub(crate) fn chat(&self, chat_id: u64, kind: OpenApiChatKind) -> Option<&OpenApiChat> {
        self.chats.get(&chat_id).filter(|chat| chat.kind == kind)
    }

    /// The chat of an agent with a customer.
    pub(crate) fn single(&self, agent: u64, sbs: &str) -> Option<&OpenApiChat> {
        let mut customers = self.customers.iter();
        let uid = customers.find(|customer| customer.sbs == sbs)?.uid;
        let mut chats = self.chats.values();
        chats.find(|chat| chat.is_between(agent, uid))
    }

    /// Whether a `ranstr` came before; not longer than `window` seconds ago, if there is one.
    pub(crate) fn has_seen(&self, ranstr: &str, window: Option<u64>, now: u64) -> bool {
        let at = self.seen.get(ranstr);
        at.is_some_and(|at| is_kept(*at, window, now))
    }

    pub(crate) fn note(&mut self, ranstr: String, window: Option<u64>, now: u64) {
        self.seen.retain(|_, at| is_kept(*at, window, now));
        self.seen.insert(ranstr, now);
    }

    /// A chat that exists is continued, and its agent sees it.
    pub(crate) fn start_single(&mut self, wanted: NewSingle, now: u64) {
        let uid = self.customer(wanted.customer);
        let known = {
            let mut chats = self.chats.values();
            let known = chats.find(|chat| chat.is_between(wanted.agent, uid));
            known.map(|chat| chat.chat_id)
        };
        let chat_id = known.unwrap_or_else(|| {
            self.push(OpenApiChat {
                visible: wanted.visible,
                agents: vec![wanted.agent],
                customers: vec![uid],
                ..empty_chat(OpenApiChatKind::Single)
            })
        });
        if let Some(chat) = self.chats.get_mut(&chat_id) {
            chat.visible |= known.is_some();
            chat.post(wanted.agent, wanted.content, now);
        }
    }

    /// The new group's id.
    pub(crate) fn start_group(&mut self, wanted: NewGroup, now: u64) -> u64 {
        let mut chat = OpenApiChat {
            title: wanted.name,
            agents: wanted.agents,
            customers: wanted.customers,
            owner: Some(wanted.owner),
            ..empty_chat(OpenApiChatKind::Group)
        };
        chat.post(wanted.owner, wanted.content, now);
        self.push(chat)
    }

    /// The new ticket's id.
    pub(crate) fn create_ticket(&mut self, wanted: NewTicket, now: u64) -> u64 {
        let uid = self.customer(wanted.customer);
        let mut chat = OpenApiChat {
            title: wanted.title,
            agents: wanted.agents,
            customers: vec![uid],
            owner: Some(wanted.responsible),
            ..empty_chat(OpenApiChatKind::Ticket)
        };
        chat.post(wanted.responsible, Some(wanted.content), now);
        self.push(chat)
    }

    /// An agent who is in already is not added again.
    pub(crate) fn add_agents(&mut self, chat_id: u64, agents: &[u64]) {
        let Some(chat) = self.chats.get_mut(&chat_id) else {
            return;
        };
        for agent in agents {
            if !chat.agents.contains(agent) {
                chat.agents.push(*agent);
            }
        }
    }

    pub(crate) fn remove(&mut self, chat_id: u64) {
        self.chats.remove(&chat_id);
    }

    /// Whether there is such a ticket.
    pub(crate) fn close_ticket(&mut self, chat_id: u64) -> bool {
        if self.chat(chat_id, OpenApiChatKind::Ticket).is_none() {
            return false;
        }
        let ticket = self.chats.get_mut(&chat_id);
        ticket.map(|ticket| ticket.closed = true).is_some()
    }

    /// The customer with this id, or a new one; what was given replaces what was known.
    fn customer(&mut self, wanted: NewCustomer) -> u64 {
        let mut customers = self.customers.iter();
        let known = customers.position(|customer| customer.sbs == wanted.sbs);
        if let Some(known) = known.and_then(|at| self.customers.get_mut(at)) {
            known.name = wanted.name.unwrap_or_else(|| known.name.clone());
            known.ip = wanted.ip.or_else(|| known.ip.clone());
            return known.uid;
        }
        let latest = self.customers.iter().map(|customer| customer.uid).max();
        let uid = latest.unwrap_or(CUSTOMERS_FROM).saturating_add(1);
        self.customers.push(OpenApiCustomer {
            uid,
            sbs: wanted.sbs,
            name: wanted.name.unwrap_or_else(|| format!("访客{uid}")),
            ip: wanted.ip,
        });
        uid
    }

    /// Keeps a chat under a new id.
    fn push(&mut self, chat: OpenApiChat) -> u64 {
        *self.chats_made += 1;
        let chat_id = CHATS_FROM + *self.chats_made;
        self.chats.insert(chat_id, OpenApiChat { chat_id, ..chat });
        chat_id
    }
}

impl OpenApiChat {
    fn is_between(&self, agent: u64, customer: u64) -> bool {
        self.kind == OpenApiChatKind::Single
            && self.agents == [agent]
            && self.customers == [customer]
    }

    fn post(&mut self, author: u64, content: Option<String>, at: u64) {
        self.messages.extend(content.map(|content| OpenApiMessage {
            author,
            content,
            at,
        }));
    }
}

const fn empty_chat(kind: OpenApiChatKind) -> OpenApiChat {
    OpenApiChat {
        chat_id: 0,
        kind,
        title: None,
        agents: Vec::new(),
        customers: Vec::new(),
        owner: None,
        visible: true,
        closed: false,
        messages: Vec::new(),
    }
}

/// A `ranstr` is kept for twice the window of timestamps, or for ever without one.
fn is_kept(at: u64, window: Option<u64>, now: u64) -> bool {
    window.is_none_or(|window| now.saturating_sub(at) <= window.saturating_mul(2))
}
