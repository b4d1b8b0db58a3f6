//! What a message says: a text, a file, a place or a person.

use core::str::FromStr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kommo_chats::request::{Content, Media, MediaKind};

use crate::failure::exit::Failure;
use crate::input::body_source;
use crate::input::bounded;
use crate::input::standard_input::is_dash;

/// What the file of a message is.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindName {
    File,
    Video,
    Picture,
    Voice,
    Audio,
    Sticker,
}

impl KindName {
    const fn kind(self) -> MediaKind {
        match self {
            Self::File => MediaKind::File,
            Self::Video => MediaKind::Video,
            Self::Picture => MediaKind::Picture,
            Self::Voice => MediaKind::Voice,
            Self::Audio => MediaKind::Audio,
            Self::Sticker => MediaKind::Sticker,
        }
    }

    /// By the end of a file's name.
    fn of(name: &str) -> Self {
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        match end.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" | "png" | "gif" | "webp" => Self::Picture,
            "mp4" | "mov" | "webm" | "avi" => Self::Video,
            "ogg" | "oga" | "opus" => Self::Voice,
            "mp3" | "m4a" | "wav" => Self::Audio,
            _ => Self::File,
        }
    }
}

/// `37.6,55.7`: longitude and latitude.
#[derive(Debug, Clone, Copy)]
struct Place(f64, f64);

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = "write longitude and latitude in degrees: 37.6173,55.7558";
        let (longitude, latitude) = text.split_once(',').ok_or(wanted)?;
        let degrees = |text: &str| text.trim().parse().map_err(|_| wanted);
        Ok(Self(degrees(longitude)?, degrees(latitude)?))
    }
}

/// A name and a phone number.
#[derive(Debug, Clone)]
struct Card {
    name: String,
    phone: String,
}

impl FromStr for Card {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, phone) = text
            .rsplit_once(',')
            .ok_or("write a name and a phone number: 'Ann Lee,+15550100'")?;
        Ok(Self {
            name: name.trim().to_owned(),
            phone: phone.trim().to_owned(),
        })
    }
}

/// The options of a message's content.
#[derive(Debug, Args)]
pub(super) struct ContentArgs {
    /// The text, or the caption of a file
    #[arg(long, value_name = "TEXT", conflicts_with = "text_file")]
    text: Option<String>,

    /// The file that holds the text; `-` is standard input; one final line feed is dropped
    #[arg(long, value_name = "FILE")]
    text_file: Option<PathBuf>,

    /// The public address of a file, which the platform fetches
    #[arg(long, value_name = "URL", conflicts_with_all = ["location", "contact"])]
    media: Option<String>,

    /// The same file on this machine: its name and size are taken from it
    #[arg(long, value_name = "FILE", requires = "media")]
    media_file: Option<PathBuf>,

    /// What the file is [default: by the end of its name]
    #[arg(long, value_enum, requires = "media")]
    kind: Option<KindName>,

    /// The name of the file, if it is not on this machine
    #[arg(
        long,
        value_name = "NAME",
        requires = "file_size",
        conflicts_with = "media_file"
    )]
    file_name: Option<String>,

    /// Its size in bytes
    #[arg(long, value_name = "BYTES", requires = "file_name")]
    file_size: Option<u64>,

    /// How long it plays, in seconds
    #[arg(long, value_name = "S", requires = "media")]
    duration: Option<u64>,

    /// The id of a sticker
    #[arg(long, value_name = "ID", requires = "media")]
    sticker_id: Option<String>,

    /// A location: longitude and latitude in degrees
    #[arg(
        long,
        value_name = "LON,LAT",
        allow_hyphen_values = true,
        conflicts_with = "contact"
    )]
    location: Option<Place>,

    /// A person: a name and a phone number
    #[arg(long, value_name = "NAME,PHONE")]
    contact: Option<Card>,

    /// The chosen row of a list message; its title is the text
    #[arg(long, value_name = "DATA", conflicts_with_all = ["media", "location", "contact"])]
    callback_data: Option<String>,
}

impl ContentArgs {
    /// The option's name, and whether it is standard input.
    pub(super) fn claim(&self) -> (&'static str, bool) {
        ("--text-file", self.text_file.as_ref().is_some_and(is_dash))
    }

    pub(super) fn content(&self) -> Result<Content, Failure> {
        let text = self.text()?;
        if let Some(url) = &self.media {
            return self.media(url, text).map(Content::media);
        }
        let content = match (&self.location, &self.contact, text, &self.callback_data) {
            (Some(Place(longitude, latitude)), None, None, None) => {
                Content::location(*longitude, *latitude)
            }
            (None, Some(card), None, None) => {
                Content::contact(card.name.as_str(), card.phone.as_str())
            }
            (None, None, Some(text), Some(data)) => Content::choice(text, data.as_str()),
            (None, None, Some(text), None) => Content::text(text),
            (None, None, None, _) => {
                return Err(Failure::usage("the message is empty").hint(
                    "give --text TEXT, --text-file FILE, --media URL, --location LON,LAT or --contact NAME,PHONE",
                ));
            }
            _ => {
                return Err(Failure::usage(
                    "a text does not go with --location or --contact",
                ));
            }
        };
        content.map_err(Failure::usage)
    }

    fn text(&self) -> Result<Option<String>, Failure> {
        let Some(file) = &self.text_file else {
            return Ok(self.text.clone());
        };
        let bytes = body_source::read("text", file, bounded::DOCUMENT_BYTES)?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::usage("the text is not UTF-8"))?;
        Ok(Some(match text.strip_suffix('\n') {
            Some(text) => text.to_owned(),
            None => text,
        }))
    }

    fn media(&self, url: &str, caption: Option<String>) -> Result<Media, Failure> {
        let file = self.file()?;
        let name = file.as_ref().map_or(url, |(name, _)| name.as_str());
        let kind = self.kind.unwrap_or_else(|| KindName::of(name)).kind();
        let mut media = Media::new(kind, url).map_err(Failure::usage)?;
        if let Some((name, bytes)) = file {
            media = media.with_file(name, bytes).map_err(Failure::usage)?;
        }
        if let Some(caption) = caption {
            media = media.with_caption(caption);
        }
        if let Some(seconds) = self.duration {
            media = media.with_duration(seconds);
        }
        Ok(match &self.sticker_id {
            Some(id) => media.with_sticker_id(id),
            None => media,
        })
    }

    /// Name and size, as far as they are known.
    fn file(&self) -> Result<Option<(String, u64)>, Failure> {
        match (&self.media_file, &self.file_name, self.file_size) {
            (Some(file), _, _) => described(file).map(Some),
            (None, Some(name), Some(bytes)) => Ok(Some((name.clone(), bytes))),
            _ => Ok(None),
        }
    }
}

fn described(file: &Path) -> Result<(String, u64), Failure> {
    let shown = file.display();
    let about = std::fs::metadata(file)
        .map_err(|error| Failure::io(format!("cannot read the media file '{shown}': {error}")))?;
    let name = file.file_name().map(|name| name.to_string_lossy());
    match name.filter(|_| about.is_file()) {
        Some(name) => Ok((name.into_owned(), about.len())),
        None => Err(Failure::usage(format!("'{shown}' is not a file"))),
    }
}
