//! Tickets: a session of several agents about one customer.

use alloc::string::String;
use alloc::vec::Vec;

use kommo_peer::{FieldError, FieldProblem, check_text};
use serde_json::Value;

use crate::field::{AgentId, CONTENT, ChatId, NAME, SBS, TITLE, not_empty, optional};
use crate::request::body::{Answer, OpenApiRequest, number, owned};
use crate::stamp::Stamp;

/// The longest text of an IP address with a zone.
const IP: usize = 64;

/// Creates a ticket. A customer that is not known yet is created too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTicket {
    customer: String,
    customer_name: String,
    customer_ip: String,
    content: String,
    title: Option<String>,
    responsible: AgentId,
    agents: Vec<AgentId>,
}

impl CreateTicket {
    /// A ticket whose responsible agent writes the first message, `content` (1 to 2000 characters).
    /// `customer` is the customer's id in your own system (`sbs`, 1 to 64 characters); the name has
    /// 1 to 30 characters. Add more agents with [`with_agents`](Self::with_agents).
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `sbs`, `sbs_mc`, `ip` or `content`.
    pub fn new(
        customer: impl Into<String>,
        customer_name: impl Into<String>,
        customer_ip: impl Into<String>,
        content: impl Into<String>,
        responsible: AgentId,
    ) -> Result<Self, FieldError> {
        let ticket = Self {
            customer: customer.into(),
            customer_name: customer_name.into(),
            customer_ip: customer_ip.into(),
            content: content.into(),
            title: None,
            responsible,
            agents: Vec::from([responsible]),
        };
        check_text("sbs", &ticket.customer, SBS)?;
        check_text("sbs_mc", &ticket.customer_name, NAME)?;
        check_text("ip", &ticket.customer_ip, IP)?;
        check_text("content", &ticket.content, CONTENT)?;
        Ok(ticket)
    }

    /// The agents of the ticket, the responsible one among them.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `kefu_id` if the list is empty, of `fzr_uid` if the responsible agent is
    /// not in it.
    pub fn with_agents(mut self, agents: Vec<AgentId>) -> Result<Self, FieldError> {
        not_empty("kefu_id", &agents)?;
        if !agents.contains(&self.responsible) {
            return Err(FieldError::new(
                "fzr_uid",
                FieldProblem::NotOneOf { field: "kefu_id" },
            ));
        }
        self.agents = agents;
        Ok(self)
    }

    /// The title (1 to 120 characters).
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `title`.
    pub fn with_title(mut self, title: impl Into<String>) -> Result<Self, FieldError> {
        self.title = owned(title);
        optional("title", self.title.as_deref(), TITLE)?;
        Ok(self)
    }
}

impl OpenApiRequest for CreateTicket {
    const PATH: &'static str = "/openapi/chat/create_gd";
    type Answer = CreatedTicket;

    fn to_body(&self, stamp: &Stamp) -> Vec<u8> {
        stamp
            .begin()
            .text("sbs", &self.customer)
            .numbers("kefu_id", self.agents.iter().map(|agent| agent.get()))
            .number("fzr_uid", self.responsible.get())
            .text("ip", &self.customer_ip)
            .text("sbs_mc", &self.customer_name)
            .text("content", &self.content)
            .optional_text("title", self.title.as_deref())
            .finish()
    }

    /// A second ticket would be created.
    fn is_safe_to_repeat(&self) -> bool {
        false
    }
}

/// A ticket that was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedTicket {
    /// Its session.
    pub chat_id: ChatId,
}

impl Answer for CreatedTicket {
    fn from_data(data: &Value) -> Option<Self> {
        let chat_id = ChatId::new(number(data.get("chat_id")?)?);
        Some(Self { chat_id })
    }
}

/// Adds agents to a ticket of the same application that has a responsible agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddAgents {
    chat: ChatId,
    agents: Vec<AgentId>,
}

impl AddAgents {
    /// Takes the ticket and one agent or more.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `kefu_ids` if the list is empty.
    pub fn new(chat: ChatId, agents: Vec<AgentId>) -> Result<Self, FieldError> {
        not_empty("kefu_ids", &agents)?;
        Ok(Self { chat, agents })
    }
}

impl OpenApiRequest for AddAgents {
    const PATH: &'static str = "/openapi/chat/add_kf";
    type Answer = ();

    /// The documentation prefers one text with commas to a list of numbers.
    fn to_body(&self, stamp: &Stamp) -> Vec<u8> {
        let mut text = String::new();
        for (place, agent) in self.agents.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            text.push_str(&alloc::format!("{agent}"));
        }
        stamp
            .begin()
            .number("chat_id", self.chat.get())
            .text("kefu_ids", &text)
            .finish()
    }

    fn is_safe_to_repeat(&self) -> bool {
        true
    }
}
