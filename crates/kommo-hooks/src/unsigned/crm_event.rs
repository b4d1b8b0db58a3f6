//! One entity and what happened to it.
//!
//! Source: rule U4 of `docs/protocol.md`.

use alloc::string::String;

use crate::unsigned::crm_message::UnsignedCrmMessage;
use crate::unsigned::form::FormValue;

/// What a webhook of the CRM reports about. An open list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrmEntity {
    /// `leads`
    Lead,
    /// `contacts` with `type=contact`, or without a type.
    Contact,
    /// `contacts` with `type=company`, or `companies`.
    Company,
    /// `customers`
    Customer,
    /// `task`, `tasks`
    Task,
    /// `talk`, `talks`
    Talk,
    /// `unsorted`: an incoming lead.
    IncomingLead,
    /// `catalogs`: an element of a list.
    ListElement,
    /// `message`, or a bare `add` with a `chat_id`: a message from the client.
    Message,
    /// `outgoing_message`: a message to the client.
    OutgoingMessage,
    /// A bare `add` with `type=waba`: the review of a template.
    TemplateReview,
    /// Another name.
    Other(String),
}

impl CrmEntity {
    /// The stable name, for logs and for stores.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Contact => "contact",
            Self::Company => "company",
            Self::Customer => "customer",
            Self::Task => "task",
            Self::Talk => "talk",
            Self::IncomingLead => "incoming-lead",
            Self::ListElement => "list-element",
            Self::Message => "message",
            Self::OutgoingMessage => "outgoing-message",
            Self::TemplateReview => "template-review",
            Self::Other(_) => "unknown",
        }
    }
}

/// What happened. An open list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrmAction {
    /// `add`
    Add,
    /// `update`
    Update,
    /// `delete`
    Delete,
    /// `restore`
    Restore,
    /// `status`: another stage.
    Status,
    /// `responsible`: another responsible user.
    Responsible,
    /// `note`
    Note,
    /// Another name.
    Other(String),
}

impl CrmAction {
    /// The stable name, for logs and for stores.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Status => "status",
            Self::Responsible => "responsible",
            Self::Note => "note",
            Self::Other(_) => "unknown",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "add" => Self::Add,
            "update" => Self::Update,
            "delete" => Self::Delete,
            "restore" => Self::Restore,
            "status" => Self::Status,
            "responsible" => Self::Responsible,
            "note" => Self::Note,
            other => Self::Other(other.into()),
        }
    }
}

/// One entity of a webhook. A hint: read the entity again through the API before acting on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnsignedCrmEvent {
    /// What it is about.
    pub entity: CrmEntity,
    /// What happened.
    pub action: CrmAction,
    /// The id of the entity: a number, or the `uid` of an incoming lead, the `talk_id` of a talk.
    pub id: Option<String>,
    /// All fields, as texts and groups.
    pub fields: FormValue,
}

/// The names of an entity with each action.
macro_rules! named {
    ($action:expr, $entity:literal) => {
        match $action {
            CrmAction::Add => concat!("add-", $entity),
            CrmAction::Update => concat!("update-", $entity),
            CrmAction::Delete => concat!("delete-", $entity),
            CrmAction::Restore => concat!("restore-", $entity),
            CrmAction::Status => concat!("status-", $entity),
            CrmAction::Responsible => concat!("responsible-", $entity),
            CrmAction::Note => concat!("note-", $entity),
            CrmAction::Other(_) => concat!("unknown-", $entity),
        }
    };
}

impl UnsignedCrmEvent {
    /// The stable name, for logs and for stores: action and entity, as the platform names the
    /// events of a webhook, such as `add-lead` or `status-lead`. `unknown` if the entity is.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match &self.entity {
            CrmEntity::Lead => named!(&self.action, "lead"),
            CrmEntity::Contact => named!(&self.action, "contact"),
            CrmEntity::Company => named!(&self.action, "company"),
            CrmEntity::Customer => named!(&self.action, "customer"),
            CrmEntity::Task => named!(&self.action, "task"),
            CrmEntity::Talk => named!(&self.action, "talk"),
            CrmEntity::IncomingLead => named!(&self.action, "incoming-lead"),
            CrmEntity::ListElement => named!(&self.action, "list-element"),
            CrmEntity::Message => named!(&self.action, "message"),
            CrmEntity::OutgoingMessage => named!(&self.action, "outgoing-message"),
            CrmEntity::TemplateReview => named!(&self.action, "template-review"),
            CrmEntity::Other(_) => "unknown",
        }
    }

    /// `entity` is the name at the top of the form; `None` for a bare action.
    pub(super) fn read(entity: Option<&str>, action: &str, item: &FormValue) -> Self {
        // A note has one more level, with the type of a contact beside it.
        let fields = item
            .get("note")
            .filter(|_| action == "note")
            .unwrap_or(item);
        let entity = read_entity(entity, item);
        let id = match item {
            // A deleted entity may come as its id alone.
            FormValue::Text(id) => Some(id.as_str()),
            FormValue::Group(_) => ["id", "uid", "talk_id"]
                .iter()
                .find_map(|name| fields.text_of(name)),
        };
        Self {
            entity,
            action: CrmAction::from_name(action),
            id: id.map(String::from),
            fields: fields.clone(),
        }
    }

    /// The message, if it is one.
    #[must_use]
    pub fn message(&self) -> Option<UnsignedCrmMessage> {
        match self.entity {
            CrmEntity::Message | CrmEntity::OutgoingMessage => {
                UnsignedCrmMessage::read(&self.fields)
            }
            _ => None,
        }
    }
}

fn read_entity(name: Option<&str>, item: &FormValue) -> CrmEntity {
    let kind = item.text_of("type");
    match name {
        Some("leads") => CrmEntity::Lead,
        Some("contacts") if kind == Some("company") => CrmEntity::Company,
        Some("contacts") => CrmEntity::Contact,
        Some("companies") => CrmEntity::Company,
        Some("customers") => CrmEntity::Customer,
        Some("task" | "tasks") => CrmEntity::Task,
        Some("talk" | "talks") => CrmEntity::Talk,
        Some("unsorted") => CrmEntity::IncomingLead,
        Some("catalogs") => CrmEntity::ListElement,
        Some("message") => CrmEntity::Message,
        Some("outgoing_message") => CrmEntity::OutgoingMessage,
        Some(other) => CrmEntity::Other(other.into()),
        None if item.get("chat_id").is_some() && kind == Some("outgoing") => {
            CrmEntity::OutgoingMessage
        }
        None if item.get("chat_id").is_some() => CrmEntity::Message,
        None if kind == Some("waba") => CrmEntity::TemplateReview,
        None => CrmEntity::Other(String::new()),
    }
}
