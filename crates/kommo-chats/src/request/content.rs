//! What a message says.

use alloc::string::String;
use core::fmt;

use kommo_peer::{FieldError, FieldProblem, JsonObject};

use crate::request::attachment::Media;
use crate::request::checks::{address, not_empty};

/// What a message says: one of its types, and what may stand beside it.
#[derive(Clone, PartialEq)]
pub struct Content {
    kind: Kind,
    shared_post: Option<SharedPost>,
    post: Option<Post>,
}

#[derive(Clone, PartialEq)]
enum Kind {
    Text {
        text: String,
        callback_data: Option<String>,
    },
    Media(Media),
    Location {
        longitude: f64,
        latitude: f64,
    },
    Contact {
        name: String,
        phone: String,
    },
}

impl Content {
    const fn of(kind: Kind) -> Self {
        Self {
            kind,
            shared_post: None,
            post: None,
        }
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `text` if it is empty.
    pub fn text(text: impl Into<String>) -> Result<Self, FieldError> {
        let text = text.into();
        not_empty("text", &text)?;
        Ok(Self::of(Kind::Text {
            text,
            callback_data: None,
        }))
    }

    /// The choice of a list message: the row's title, and the `callback_data` that the bot needs to
    /// go on.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `text` or `callback_data` if it is empty.
    pub fn choice(
        title: impl Into<String>,
        callback_data: impl Into<String>,
    ) -> Result<Self, FieldError> {
        let (text, data) = (title.into(), callback_data.into());
        not_empty("text", &text)?;
        not_empty("callback_data", &data)?;
        Ok(Self::of(Kind::Text {
            text,
            callback_data: Some(data),
        }))
    }

    /// A file.
    #[must_use]
    pub const fn media(media: Media) -> Self {
        Self::of(Kind::Media(media))
    }

    /// A place, in degrees.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `location.lon` outside ±180 or `location.lat` outside ±90.
    pub fn location(longitude: f64, latitude: f64) -> Result<Self, FieldError> {
        let in_range = |field, value: f64, limit: f64| {
            if (-limit..=limit).contains(&value) {
                Ok(())
            } else {
                Err(FieldError::new(field, FieldProblem::OutOfRange))
            }
        };
        in_range("location.lon", longitude, 180.0)?;
        in_range("location.lat", latitude, 90.0)?;
        Ok(Self::of(Kind::Location {
            longitude,
            latitude,
        }))
    }

    /// A person of an address book.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `contact.name` or `contact.phone` if it is empty.
    pub fn contact(name: impl Into<String>, phone: impl Into<String>) -> Result<Self, FieldError> {
        let (name, phone) = (name.into(), phone.into());
        not_empty("contact.name", &name)?;
        not_empty("contact.phone", &phone)?;
        Ok(Self::of(Kind::Contact { name, phone }))
    }

    /// A post of a social network that the message shares.
    #[must_use]
    pub fn with_shared_post(mut self, post: SharedPost) -> Self {
        self.shared_post = Some(post);
        self
    }

    /// The post that the message comments on. Comments are new messages, never edits.
    #[must_use]
    pub fn as_comment_on(mut self, post: Post) -> Self {
        self.post = Some(post);
        self
    }

    /// Whether it is a comment.
    pub(super) const fn is_comment(&self) -> bool {
        self.post.is_some()
    }

    pub(super) fn to_object(&self) -> JsonObject {
        let object = JsonObject::new();
        let object = match &self.kind {
            Kind::Text {
                text,
                callback_data,
            } => object
                .text("type", "text")
                .text("text", text)
                .optional_text("callback_data", callback_data.as_deref()),
            Kind::Media(media) => media.write(object),
            Kind::Location {
                longitude,
                latitude,
            } => {
                let place = JsonObject::new()
                    .float("lon", *longitude)
                    .float("lat", *latitude);
                object.text("type", "location").object("location", place)
            }
            Kind::Contact { name, phone } => {
                let contact = JsonObject::new().text("name", name).text("phone", phone);
                object.text("type", "contact").object("contact", contact)
            }
        };
        object
            .optional_object(
                "shared_post",
                self.shared_post.as_ref().map(SharedPost::to_object),
            )
            .optional_object("post", self.post.as_ref().map(Post::to_object))
    }
}

/// What a person writes stays out of logs.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Text { .. } => "text",
            Kind::Media(_) => "media",
            Kind::Location { .. } => "location",
            Kind::Contact { .. } => "contact",
        };
        write!(f, "Content({kind})")
    }
}

/// A post that a message shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPost {
    url: String,
    preview_link: Option<String>,
    preview_permalink: Option<String>,
    site_name: Option<String>,
}

impl SharedPost {
    /// A post by its address.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `shared_post.url` if it is not an address.
    pub fn new(url: impl Into<String>) -> Result<Self, FieldError> {
        let url = url.into();
        address("shared_post.url", &url)?;
        Ok(Self {
            url,
            preview_link: None,
            preview_permalink: None,
            site_name: None,
        })
    }

    /// The address of a picture that expires; the platform downloads it.
    #[must_use]
    pub fn with_preview_link(mut self, url: impl Into<String>) -> Self {
        self.preview_link = Some(url.into());
        self
    }

    /// The address of a picture that stays. It wins over the one that expires.
    #[must_use]
    pub fn with_preview_permalink(mut self, url: impl Into<String>) -> Self {
        self.preview_permalink = Some(url.into());
        self
    }

    /// The name of the site.
    #[must_use]
    pub fn with_site_name(mut self, name: impl Into<String>) -> Self {
        self.site_name = Some(name.into());
        self
    }

    fn to_object(&self) -> JsonObject {
        JsonObject::new()
            .text("url", &self.url)
            .text("type", "post")
            .optional_text("preview_link", self.preview_link.as_deref())
            .optional_text("preview_permalink", self.preview_permalink.as_deref())
            .optional_text("site_name", self.site_name.as_deref())
    }
}

/// A post that a message comments on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    id: String,
    url: String,
    preview_url: Option<String>,
    preview_permalink: Option<String>,
    username: Option<String>,
    caption: Option<String>,
}

impl Post {
    /// A post by the integration's id and its address.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `post.id` if it is empty, of `post.url` if it is not an address.
    pub fn new(id: impl Into<String>, url: impl Into<String>) -> Result<Self, FieldError> {
        let (id, url) = (id.into(), url.into());
        not_empty("post.id", &id)?;
        address("post.url", &url)?;
        Ok(Self {
            id,
            url,
            preview_url: None,
            preview_permalink: None,
            username: None,
            caption: None,
        })
    }

    /// The address of a picture that expires.
    #[must_use]
    pub fn with_preview_url(mut self, url: impl Into<String>) -> Self {
        self.preview_url = Some(url.into());
        self
    }

    /// The address of a picture that stays.
    #[must_use]
    pub fn with_preview_permalink(mut self, url: impl Into<String>) -> Self {
        self.preview_permalink = Some(url.into());
        self
    }

    /// Whose post it is.
    #[must_use]
    pub fn with_username(mut self, name: impl Into<String>) -> Self {
        self.username = Some(name.into());
        self
    }

    /// What the post says.
    #[must_use]
    pub fn with_caption(mut self, text: impl Into<String>) -> Self {
        self.caption = Some(text.into());
        self
    }

    fn to_object(&self) -> JsonObject {
        JsonObject::new()
            .text("id", &self.id)
            .text("url", &self.url)
            .optional_text("preview_url", self.preview_url.as_deref())
            .optional_text("preview_permalink", self.preview_permalink.as_deref())
            .optional_text("username", self.username.as_deref())
            .optional_text("caption", self.caption.as_deref())
    }
}
