//! The template that a message was made of.

use alloc::string::String;
use alloc::vec::Vec;

use crate::hook::node::Node;
use crate::hook::private_text::PrivateText;

/// A template with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Template {
    /// The id in the CRM; it comes as a number or as text.
    pub id: Option<String>,
    /// The integration's id of the template.
    pub external_id: Option<String>,
    /// The text with its markers.
    pub content: Option<String>,
    /// What stands instead of the markers, in the order of the hook.
    pub parameters: Vec<TemplateParameter>,
}

/// A marker and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemplateParameter {
    /// The marker.
    pub key: String,
    /// What stands in its place.
    pub value: PrivateText,
}

impl Template {
    pub(super) fn read(node: Node<'_>) -> Self {
        let parameter = |node: Node<'_>| TemplateParameter {
            key: node.text("key").unwrap_or_default().into(),
            value: PrivateText::new(node.text_or_number("value").unwrap_or_default()),
        };
        Self {
            id: node.text_or_number("id"),
            external_id: node.text_or_number("external_id"),
            content: node.text("content").map(String::from),
            parameters: node.objects("params").map(parameter).collect(),
        }
    }
}
