//! A message that leaves the CRM through the channel, version 2 of the hooks.

use alloc::boxed::Box;
use alloc::string::String;

use serde_json::Value;

use crate::hook::markup::Markup;
use crate::hook::message_type::MessageType;
use crate::hook::node::Node;
use crate::hook::people::{Conversation, Participant};
use crate::hook::private_text::PrivateText;
use crate::hook::quote::{Forwards, QuotedMessage};
use crate::hook::template::Template;
use crate::ids::AmojoMessageId;

/// A message of a manager, a Salesbot or a template, to be delivered to the client.
///
/// One hook may carry media, text and buttons at once. Several attachments come as several hooks
/// with one `media_group_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Who receives it: the client.
    pub receiver: Participant,
    /// Who wrote it: a manager or a bot.
    pub sender: Participant,
    /// Where.
    pub conversation: Conversation,
    /// `source.external_id`: through which of the integration's sources.
    pub source_external_id: Option<String>,
    /// When it was written, Unix seconds.
    pub timestamp: Option<u64>,
    /// The same in milliseconds.
    pub timestamp_milliseconds: Option<u64>,
    /// The platform's id, which a delivery status names.
    pub id: AmojoMessageId,
    /// What it says.
    pub content: MessageContent,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageContent {
    /// What it is.
    pub message_type: MessageType,
    /// The text.
    pub text: Option<PrivateText>,
    /// The attachment.
    pub media: Option<Media>,
    /// Buttons or a list.
    pub markup: Option<Markup>,
    /// The template that it was made of.
    pub template: Option<Box<Template>>,
    /// The message that it answers, if the channel supports quotes.
    pub reply_to: Option<Box<QuotedMessage>>,
    /// The messages that it forwards, if the channel supports quotes.
    pub forwards: Option<Box<Forwards>>,
}

/// An attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Media {
    /// The address of the file. Anyone who knows it can read the file.
    pub url: PrivateText,
    /// Where a small picture of it is.
    pub thumbnail_url: Option<PrivateText>,
    /// Its name.
    pub file_name: Option<PrivateText>,
    /// Its size in bytes; 0 where the platform does not say.
    pub file_size: u64,
    /// The id that all attachments of one message share.
    pub group_id: Option<String>,
    /// The length of a voice or audio message in seconds. Clients read it; no page names it.
    pub duration: Option<u64>,
}

impl Message {
    /// `node` is the object `message` at the top of a hook.
    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        let message = node.object("message")?;
        Some(Self {
            receiver: node.object("receiver").map(Participant::read)?,
            sender: node.object("sender").map(Participant::read)?,
            conversation: node.object("conversation").and_then(Conversation::read)?,
            source_external_id: node
                .object("source")
                .and_then(|source| source.text_or_number("external_id")),
            timestamp: node.number("timestamp"),
            timestamp_milliseconds: node.number("msec_timestamp"),
            id: message.text("id").and_then(AmojoMessageId::new)?,
            content: MessageContent::read(message)?,
        })
    }
}

impl MessageContent {
    /// The history has the same contents.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        Node::of(value).and_then(Self::read)
    }

    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        Some(Self {
            message_type: node.text("type").map(MessageType::from_text)?,
            text: node.text("text").map(PrivateText::new),
            media: Media::read(node),
            markup: node.object("markup").and_then(Markup::read),
            template: node
                .object("template")
                .map(|it| Box::new(Template::read(it))),
            reply_to: node
                .object("reply_to")
                .and_then(|quote| quote.object("message"))
                .map(|quoted| Box::new(QuotedMessage::read(quoted))),
            forwards: node
                .object("forwards")
                .map(|it| Box::new(Forwards::read(it))),
        })
    }
}

impl Media {
    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        Some(Self {
            url: PrivateText::new(node.text("media")?),
            thumbnail_url: node.text("thumbnail").map(PrivateText::new),
            file_name: node.text("file_name").map(PrivateText::new),
            file_size: node.number("file_size").unwrap_or_default(),
            group_id: node.text("media_group_id").map(String::from),
            duration: node.number("media_duration"),
        })
    }
}
