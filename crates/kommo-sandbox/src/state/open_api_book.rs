//! What the Open API knows: customers, and chats of all three kinds with their messages.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

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
    state: OpenApiState,
    /// Ids of chats that are gone are not used again.
    chats_made: u64,
    /// When each `ranstr` came.
    seen: HashMap<String, u64>,
}

impl OpenApiBook {
    pub(crate) const fn state(&self) -> &OpenApiState {
        &self.state
    }

    pub(crate) fn has_customer(&self, uid: u64) -> bool {
        let mut customers = self.state.customers.iter();
        customers.any(|customer| customer.uid == uid)
    }

    pub(crate) fn chat(&self, chat_id: u64, kind: OpenApiChatKind) -> Option<&OpenApiChat> {
        let mut chats = self.state.chats.iter();
        chats.find(|chat| chat.chat_id == chat_id && chat.kind == kind)
    }

    /// The chat of an agent with a customer.
    pub(crate) fn single(&self, agent: u64, sbs: &str) -> Option<&OpenApiChat> {
        let mut customers = self.state.customers.iter();
        let uid = customers.find(|customer| customer.sbs == sbs)?.uid;
        self.state.chats.iter().find(|chat| {
            chat.kind == OpenApiChatKind::Single
                && chat.agents == [agent]
                && chat.customers == [uid]
        })
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
        let (agents, customers) = (vec![wanted.agent], vec![uid]);
        let known = self.state.chats.iter().position(|chat| {
            chat.kind == OpenApiChatKind::Single
                && chat.agents == agents
                && chat.customers == customers
        });
        let at = known.unwrap_or_else(|| {
            self.push(OpenApiChat {
                visible: wanted.visible,
                agents,
                customers,
                ..empty_chat(OpenApiChatKind::Single)
            })
        });
        if let Some(chat) = self.state.chats.get_mut(at) {
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
        self.push_new(chat)
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
        self.push_new(chat)
    }

    /// An agent who is in already is not added again.
    pub(crate) fn add_agents(&mut self, chat_id: u64, agents: &[u64]) {
        let mut chats = self.state.chats.iter_mut();
        let Some(chat) = chats.find(|chat| chat.chat_id == chat_id) else {
            return;
        };
        for agent in agents {
            if !chat.agents.contains(agent) {
                chat.agents.push(*agent);
            }
        }
    }

    pub(crate) fn remove(&mut self, chat_id: u64) {
        self.state.chats.retain(|chat| chat.chat_id != chat_id);
    }

    /// Whether there is such a ticket.
    pub(crate) fn close_ticket(&mut self, chat_id: u64) -> bool {
        let mut chats = self.state.chats.iter_mut();
        let ticket =
            chats.find(|chat| chat.chat_id == chat_id && chat.kind == OpenApiChatKind::Ticket);
        ticket.map(|ticket| ticket.closed = true).is_some()
    }

    /// The customer with this id, or a new one; what was given replaces what was known.
    fn customer(&mut self, wanted: NewCustomer) -> u64 {
        let mut customers = self.state.customers.iter_mut();
        if let Some(known) = customers.find(|customer| customer.sbs == wanted.sbs) {
            known.name = wanted.name.unwrap_or_else(|| known.name.clone());
            known.ip = wanted.ip.or_else(|| known.ip.clone());
            return known.uid;
        }
        let made = u64::try_from(self.state.customers.len()).unwrap_or(u64::MAX);
        let uid = made.saturating_add(CUSTOMERS_FROM + 1);
        self.state.customers.push(OpenApiCustomer {
            uid,
            sbs: wanted.sbs,
            name: wanted.name.unwrap_or_else(|| format!("访客{uid}")),
            ip: wanted.ip,
        });
        uid
    }

    /// Keeps a chat under a new id; its place.
    fn push(&mut self, chat: OpenApiChat) -> usize {
        self.chats_made += 1;
        let chat_id = CHATS_FROM + self.chats_made;
        self.state.chats.push(OpenApiChat { chat_id, ..chat });
        self.state.chats.len() - 1
    }

    fn push_new(&mut self, chat: OpenApiChat) -> u64 {
        self.push(chat);
        CHATS_FROM + self.chats_made
    }
}

impl OpenApiChat {
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
