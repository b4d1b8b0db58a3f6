//! Chats between one agent and one customer.

use alloc::string::String;
use alloc::vec::Vec;

use kommo_peer::{FieldError, JsonObject, check_text};

use crate::field::{AgentId, CONTENT, NAME, SBS, not_empty, optional};
use crate::request::body::{OpenApiRequest, owned};
use crate::stamp::Stamp;

/// Whether the agent sees a new chat at once. A chat that exists is always seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChatVisibility {
    /// Only once a message is written.
    Hidden,
    /// Immediately.
    Shown,
}

impl ChatVisibility {
    const fn number(self) -> u64 {
        match self {
            Self::Hidden => 0,
            Self::Shown => 1,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Hidden => "0",
            Self::Shown => "1",
        }
    }
}

/// An agent, a customer, and what the chat begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerChat {
    agent: AgentId,
    customer: String,
    customer_name: Option<String>,
    content: Option<String>,
    visibility: Option<ChatVisibility>,
}

impl CustomerChat {
    /// A chat of an agent with a customer; `customer` is the customer's id in your own system
    /// (`sbs`, 1 to 64 characters).
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `sbs`.
    pub fn new(agent: AgentId, customer: impl Into<String>) -> Result<Self, FieldError> {
        let customer = customer.into();
        check_text("sbs", &customer, SBS)?;
        Ok(Self {
            agent,
            customer,
            customer_name: None,
            content: None,
            visibility: None,
        })
    }

    /// The displayed name (`sbs_mc`, 1 to 30 characters). Without it the platform makes one up.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `sbs_mc`.
    pub fn with_customer_name(mut self, name: impl Into<String>) -> Result<Self, FieldError> {
        self.customer_name = owned(name);
        optional("sbs_mc", self.customer_name.as_deref(), NAME)?;
        Ok(self)
    }

    /// The first message (1 to 2000 characters).
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `content`.
    pub fn with_content(mut self, content: impl Into<String>) -> Result<Self, FieldError> {
        self.content = owned(content);
        optional("content", self.content.as_deref(), CONTENT)?;
        Ok(self)
    }

    /// Whether the agent sees a new chat at once. Without it the platform hides the chat.
    #[must_use]
    pub const fn with_visibility(mut self, visibility: ChatVisibility) -> Self {
        self.visibility = Some(visibility);
        self
    }

    /// As an entry of a list, where ids are numbers.
    fn to_entry(&self) -> JsonObject {
        let object = JsonObject::new()
            .number("kefu_id", self.agent.get())
            .text("sbs", &self.customer)
            .optional_text("sbs_mc", self.customer_name.as_deref())
            .optional_text("content", self.content.as_deref());
        match self.visibility {
            Some(visibility) => object.number("kefu_show_chat", visibility.number()),
            None => object,
        }
    }
}

/// Starts one chat, or continues the existing one.
///
/// # Examples
///
/// ```
/// use kommo_open_api::request::{CustomerChat, OpenApiRequest, StartChat};
/// use kommo_open_api::{AgentId, AppId, Stamp};
///
/// let request = StartChat::new(CustomerChat::new(AgentId::new(10_078), "1001")?);
/// let stamp = Stamp::new(AppId::new("1b621280becdb0fa3d3e041ff69e1e1f")?, 1_767_772_879, "4ad0faec14a58112")?;
/// assert_eq!(
///     request.to_body(&stamp),
///     br#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112","sbs":"1001","kefu_id":"10078"}"#,
/// );
/// # Ok::<(), kommo_open_api::FieldError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartChat {
    chat: CustomerChat,
    customer_ip: Option<String>,
}

impl StartChat {
    /// Takes a chat.
    #[must_use]
    pub const fn new(chat: CustomerChat) -> Self {
        Self {
            chat,
            customer_ip: None,
        }
    }

    /// The customer's IP address. It may be empty, as in the published sample.
    #[must_use]
    pub fn with_customer_ip(mut self, ip: impl Into<String>) -> Self {
        self.customer_ip = owned(ip);
        self
    }
}

impl OpenApiRequest for StartChat {
    const PATH: &'static str = "/openapi/zxlt/fqlt_dl";
    type Answer = ();

    /// This endpoint wants the agent and the visibility as text.
    fn to_body(&self, stamp: &Stamp) -> Vec<u8> {
        let chat = &self.chat;
        stamp
            .begin()
            .text("sbs", &chat.customer)
            .text("kefu_id", &alloc::format!("{}", chat.agent))
            .optional_text("ip", self.customer_ip.as_deref())
            .optional_text("sbs_mc", chat.customer_name.as_deref())
            .optional_text("content", chat.content.as_deref())
            .optional_text("kefu_show_chat", chat.visibility.map(ChatVisibility::text))
            .finish()
    }

    fn is_safe_to_repeat(&self) -> bool {
        self.chat.content.is_none()
    }
}

/// Starts several chats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartChats {
    chats: Vec<CustomerChat>,
}

impl StartChats {
    /// Takes one chat or more. The maximum is not published, nor whether one chat can fail alone.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `u_info` if the list is empty.
    pub fn new(chats: Vec<CustomerChat>) -> Result<Self, FieldError> {
        not_empty("u_info", &chats)?;
        Ok(Self { chats })
    }
}

impl OpenApiRequest for StartChats {
    const PATH: &'static str = "/openapi/zxlt/fqlt_dl_batch";
    type Answer = ();

    fn to_body(&self, stamp: &Stamp) -> Vec<u8> {
        stamp
            .begin()
            .objects("u_info", self.chats.iter().map(CustomerChat::to_entry))
            .finish()
    }

    fn is_safe_to_repeat(&self) -> bool {
        self.chats.iter().all(|chat| chat.content.is_none())
    }
}

/// Deletes chats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteChats {
    chats: Vec<(AgentId, String)>,
}

impl DeleteChats {
    /// Takes pairs of an agent and a customer's id in your own system.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `u_info` if the list is empty, or of `sbs`.
    pub fn new(chats: Vec<(AgentId, String)>) -> Result<Self, FieldError> {
        not_empty("u_info", &chats)?;
        for (_, customer) in &chats {
            check_text("sbs", customer, SBS)?;
        }
        Ok(Self { chats })
    }
}

impl OpenApiRequest for DeleteChats {
    const PATH: &'static str = "/openapi/zxlt/del_zxlt_dl";
    type Answer = ();

    fn to_body(&self, stamp: &Stamp) -> Vec<u8> {
        let entry = |(agent, customer): &(AgentId, String)| {
            JsonObject::new()
                .number("kefu_id", agent.get())
                .text("sbs", customer)
        };
        stamp
            .begin()
            .objects("u_info", self.chats.iter().map(entry))
            .finish()
    }

    fn is_safe_to_repeat(&self) -> bool {
        true
    }
}
