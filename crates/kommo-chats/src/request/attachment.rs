//! A file of a message: the platform downloads it from an address.

use alloc::string::String;
use core::fmt;

use kommo_peer::{FieldError, JsonObject};

use crate::request::checks::{address, not_empty};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaKind {
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
}

impl MediaKind {
    const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Video => "video",
            Self::Picture => "picture",
            Self::Voice => "voice",
            Self::Audio => "audio",
            Self::Sticker => "sticker",
        }
    }
}

/// A file. Name and size belong to files, videos and pictures, which live clients leave out; a
/// duration to what plays.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    kind: MediaKind,
    url: String,
    caption: Option<String>,
    file_name: Option<String>,
    file_size: Option<u64>,
    duration_seconds: Option<u64>,
    sticker_id: Option<String>,
}

impl Media {
    /// A file at a public address.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `media` if it is not an address.
    pub fn new(kind: MediaKind, url: impl Into<String>) -> Result<Self, FieldError> {
        let url = url.into();
        address("media", &url)?;
        Ok(Self {
            kind,
            url,
            caption: None,
            file_name: None,
            file_size: None,
            duration_seconds: None,
            sticker_id: None,
        })
    }

    /// A text below it.
    #[must_use]
    pub fn with_caption(mut self, text: impl Into<String>) -> Self {
        self.caption = Some(text.into());
        self
    }

    /// Its name and its size in bytes. The page demands both of files, videos and pictures.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `file_name` if it is empty.
    pub fn with_file(mut self, name: impl Into<String>, bytes: u64) -> Result<Self, FieldError> {
        let name = name.into();
        not_empty("file_name", &name)?;
        self.file_name = Some(name);
        self.file_size = Some(bytes);
        Ok(self)
    }

    /// How long it plays.
    #[must_use]
    pub const fn with_duration(mut self, seconds: u64) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// The id of a sticker, which is the same for all accounts.
    #[must_use]
    pub fn with_sticker_id(mut self, id: impl Into<String>) -> Self {
        self.sticker_id = Some(id.into());
        self
    }

    pub(super) fn write(&self, object: JsonObject) -> JsonObject {
        object
            .text("type", self.kind.name())
            .optional_text("text", self.caption.as_deref())
            .text("media", &self.url)
            .optional_text("file_name", self.file_name.as_deref())
            .optional_number("file_size", self.file_size)
            .optional_number("media_duration", self.duration_seconds)
            .optional_text("sticker_id", self.sticker_id.as_deref())
    }
}

/// Whoever knows the address of a file may read it, so it is not shown.
impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Media({})", self.kind.name())
    }
}
