//! The types of a message: an open list, since the platform adds to it without notice.

use alloc::string::String;

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageType {
    /// `text`
    Text,
    /// `file`
    File,
    /// `video`
    Video,
    /// `picture`
    Picture,
    /// `voice`
    Voice,
    /// `audio`
    Audio,
    /// `sticker`
    Sticker,
    /// `contact`
    Contact,
    /// `location`
    Location,
    /// Another word.
    Other(String),
}

impl MessageType {
    /// Reads the word.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match text {
            "text" => Self::Text,
            "file" => Self::File,
            "video" => Self::Video,
            "picture" => Self::Picture,
            "voice" => Self::Voice,
            "audio" => Self::Audio,
            "sticker" => Self::Sticker,
            "contact" => Self::Contact,
            "location" => Self::Location,
            other => Self::Other(other.into()),
        }
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::File => "file",
            Self::Video => "video",
            Self::Picture => "picture",
            Self::Voice => "voice",
            Self::Audio => "audio",
            Self::Sticker => "sticker",
            Self::Contact => "contact",
            Self::Location => "location",
            Self::Other(text) => text,
        }
    }
}
