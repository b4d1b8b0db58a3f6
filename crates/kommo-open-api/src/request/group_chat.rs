//! Chats of several agents and visitors.

use alloc::string::String;
use alloc::vec::Vec;

use kommo_peer::{FieldError, JsonObject, check_text};
use serde_json::Value;

use crate::field::{CONTENT, ChatId, NAME, not_empty, optional};
use crate::request::body::{Answer, OpenApiRequest, number, owned};
use crate::stamp::Stamp;

/// Who a member is. The documentation has no list; these two are in an example.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MemberKind {
    /// `kefu`: an agent.
    Agent,
    /// `visitor`
    Visitor,
    /// Another value.
    Other(String),
}

impl MemberKind {
    fn as_str(&self) -> &str {
        match self {
            Self::Agent => "kefu",
            Self::Visitor => "visitor",
            Self::Other(word) => word,
        }
    }
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    kind: MemberKind,
    id: u64,
}

impl Member {
    /// Takes a kind and the platform's number.
    #[must_use]
    pub const fn new(kind: MemberKind, id: u64) -> Self {
        Self { kind, id }
    }
}

/// A group to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    members: Vec<Member>,
    name: Option<String>,
    content: Option<String>,
}

impl Group {
    /// Takes the members. The answer names an owner: in the example it is the first agent.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `item` if the list is empty, of `u_lx` if a kind is empty.
    pub fn new(members: Vec<Member>) -> Result<Self, FieldError> {
        not_empty("item", &members)?;
        for member in &members {
            check_text("u_lx", member.kind.as_str(), NAME)?;
        }
        Ok(Self {
            members,
            name: None,
            content: None,
        })
    }

    /// The group's name (`qlmc`, 1 to 30 characters).
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `qlmc`.
    pub fn with_name(mut self, name: impl Into<String>) -> Result<Self, FieldError> {
        self.name = owned(name);
        optional("qlmc", self.name.as_deref(), NAME)?;
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

    fn to_entry(&self) -> JsonObject {
        let member = |member: &Member| {
            JsonObject::new()
                .text("u_lx", member.kind.as_str())
                .number("uid", member.id)
        };
        JsonObject::new()
            .objects("item", self.members.iter().map(member))
            .optional_text("qlmc", self.name.as_deref())
            .optional_text("content", self.content.as_deref())
    }
}

/// Starts groups. The answer has one entry for each, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartGroups {
    groups: Vec<Group>,
}

impl StartGroups {
    /// Takes one group or more.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `u_info` if the list is empty.
    pub fn new(groups: Vec<Group>) -> Result<Self, FieldError> {
        not_empty("u_info", &groups)?;
        Ok(Self { groups })
    }
}

impl OpenApiRequest for StartGroups {
    const PATH: &'static str = "/openapi/zxlt/fqlt_ql_batch";
    type Answer = Vec<CreatedGroup>;

    fn to_body(&self, stamp: &Stamp) -> Vec<u8> {
        stamp
            .begin()
            .objects("u_info", self.groups.iter().map(Group::to_entry))
            .finish()
    }

    /// A second group would be created.
    fn is_safe_to_repeat(&self) -> bool {
        false
    }
}

/// A group that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedGroup {
    /// The chat.
    pub chat_id: ChatId,
    /// Its owner.
    pub owner_id: u64,
}

impl Answer for Vec<CreatedGroup> {
    /// This endpoint returns the ids as text.
    fn from_data(data: &Value) -> Option<Self> {
        let entry = |value: &Value| {
            Some(CreatedGroup {
                chat_id: ChatId::new(number(value.get("chat_id")?)?),
                owner_id: number(value.get("uid")?)?,
            })
        };
        data.as_array()?.iter().map(entry).collect()
    }
}

/// Dissolves one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DissolveGroup {
    chat: ChatId,
}

impl DissolveGroup {
    /// Takes the chat.
    #[must_use]
    pub const fn new(chat: ChatId) -> Self {
        Self { chat }
    }
}

impl OpenApiRequest for DissolveGroup {
    const PATH: &'static str = "/openapi/zxlt/js_zxlt_ql";
    type Answer = ();

    fn to_body(&self, stamp: &Stamp) -> Vec<u8> {
        stamp.begin().number("chat_id", self.chat.get()).finish()
    }

    fn is_safe_to_repeat(&self) -> bool {
        true
    }
}

/// Dissolves several groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DissolveGroups {
    chats: Vec<ChatId>,
}

impl DissolveGroups {
    /// Takes one chat or more.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `chat_ids` if the list is empty.
    pub fn new(chats: Vec<ChatId>) -> Result<Self, FieldError> {
        not_empty("chat_ids", &chats)?;
        Ok(Self { chats })
    }
}

impl OpenApiRequest for DissolveGroups {
    const PATH: &'static str = "/openapi/zxlt/js_zxlt_ql_batch";
    type Answer = ();

    fn to_body(&self, stamp: &Stamp) -> Vec<u8> {
        stamp
            .begin()
            .numbers("chat_ids", self.chats.iter().map(|chat| chat.get()))
            .finish()
    }

    fn is_safe_to_repeat(&self) -> bool {
        true
    }
}
