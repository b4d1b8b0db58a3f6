//! Buttons below a message, and the list that Kommo sends to WhatsApp.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::hook::node::Node;

/// What a client may press.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Markup {
    /// Rows of buttons.
    Inline(Vec<Vec<Button>>),
    /// A button that opens a list. Kommo alone.
    List(ListMessage),
    /// Another form: read the bytes of the hook.
    Unknown,
}

/// A button. Without `url` it sends its text as a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Button {
    /// What stands on it.
    pub text: String,
    /// The page that it opens.
    pub url: Option<String>,
}

/// A list: the choice comes back as `callback_data`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ListMessage {
    /// Above the text, at most 60 characters.
    pub header: Option<String>,
    /// The text, at most 1024 characters.
    pub body: Option<String>,
    /// Below the text, at most 60 characters.
    pub footer: Option<String>,
    /// The name of the button that opens the list.
    pub button: Option<String>,
    /// 1 to 10 sections.
    pub sections: Vec<ListSection>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ListSection {
    /// At most 24 characters.
    pub title: Option<String>,
    /// 1 to 10 rows.
    pub rows: Vec<ListRow>,
}

/// A choice of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ListRow {
    /// What comes back when it is chosen.
    pub callback_data: Option<String>,
    /// Its name.
    pub title: Option<String>,
    /// Below its name.
    pub description: Option<String>,
}

impl Markup {
    /// `None` for an empty object too.
    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        if let Some(list) = node.object("list_message") {
            return Some(Self::List(ListMessage::read(list)));
        }
        let rows = node.value("buttons").and_then(Value::as_array);
        match (node.text("mode"), rows) {
            (None, None) => None,
            (None | Some("inline"), Some(rows)) => {
                Some(Self::Inline(rows.iter().map(read_row).collect()))
            }
            _ => Some(Self::Unknown),
        }
    }
}

fn read_row(row: &Value) -> Vec<Button> {
    let buttons = row.as_array().into_iter().flatten();
    buttons.filter_map(Node::of).map(Button::read).collect()
}

impl Button {
    fn read(node: Node<'_>) -> Self {
        Self {
            text: node.text("text").unwrap_or_default().into(),
            url: node.text("url").map(String::from),
        }
    }
}

impl ListMessage {
    fn read(node: Node<'_>) -> Self {
        let text = |name| node.text(name).map(String::from);
        Self {
            header: text("header"),
            body: text("body"),
            footer: text("footer"),
            button: text("button"),
            sections: node.objects("sections").map(ListSection::read).collect(),
        }
    }
}

impl ListSection {
    fn read(node: Node<'_>) -> Self {
        Self {
            title: node.text("title").map(String::from),
            rows: node.objects("rows").map(ListRow::read).collect(),
        }
    }
}

impl ListRow {
    fn read(node: Node<'_>) -> Self {
        let text = |name| node.text(name).map(String::from);
        Self {
            callback_data: text("callback_data"),
            title: text("title"),
            description: text("description"),
        }
    }
}
