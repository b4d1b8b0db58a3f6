//! Who writes: a client of the messenger, or an author inside the CRM.

use alloc::string::String;
use core::fmt;

use kommo_peer::{FieldError, JsonObject};

use crate::ids::{AmojoParticipantId, ClientParticipantId};
use crate::request::checks::{address, not_empty};

/// A client: a person in the messenger, with the integration's own id.
///
/// Phone and e-mail serve to find duplicates and fill a new contact.
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    id: ClientParticipantId,
    name: String,
    ref_id: Option<AmojoParticipantId>,
    avatar: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    profile_link: Option<String>,
}

impl Client {
    /// A client with the integration's id and a name.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `name` if it is empty.
    pub fn new(id: ClientParticipantId, name: impl Into<String>) -> Result<Self, FieldError> {
        let name = name.into();
        not_empty("name", &name)?;
        Ok(Self {
            id,
            name,
            ref_id: None,
            avatar: None,
            phone: None,
            email: None,
            profile_link: None,
        })
    }

    /// The platform's id, once: in the first message of a client whom a manager wrote to first. It
    /// is the `receiver.id` of the hook.
    #[must_use]
    pub fn with_ref_id(mut self, ref_id: AmojoParticipantId) -> Self {
        self.ref_id = Some(ref_id);
        self
    }

    /// The address of a picture, which the platform downloads.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `avatar` if it is not an address.
    pub fn with_avatar(mut self, url: impl Into<String>) -> Result<Self, FieldError> {
        let url = url.into();
        address("avatar", &url)?;
        self.avatar = Some(url);
        Ok(self)
    }

    /// The phone number.
    #[must_use]
    pub fn with_phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// The e-mail address.
    #[must_use]
    pub fn with_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// The address of the client's page. It is kept, and shown nowhere.
    #[must_use]
    pub fn with_profile_link(mut self, url: impl Into<String>) -> Self {
        self.profile_link = Some(url.into());
        self
    }

    pub(super) fn to_object(&self) -> JsonObject {
        let profile = (self.phone.is_some() || self.email.is_some()).then(|| {
            JsonObject::new()
                .optional_text("phone", self.phone.as_deref())
                .optional_text("email", self.email.as_deref())
        });
        JsonObject::new()
            .text("id", self.id.as_str())
            .text("name", &self.name)
            .optional_text(
                "ref_id",
                self.ref_id.as_ref().map(AmojoParticipantId::as_str),
            )
            .optional_text("avatar", self.avatar.as_deref())
            .optional_object("profile", profile)
            .optional_text("profile_link", self.profile_link.as_deref())
    }
}

/// An author inside the CRM: a user by the user's amojo id, or the channel's bot by the bot's.
///
/// The platform refuses an author whom it does not know with 400, `sender: user not found`.
#[derive(Clone, PartialEq, Eq)]
pub struct Author {
    ref_id: AmojoParticipantId,
    name: String,
    id: Option<ClientParticipantId>,
}

impl Author {
    /// An author by the platform's id (`GET /api/v4/users?with=amojo_id`, or the bot's from the
    /// registration of the channel).
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `name` if it is empty.
    pub fn new(ref_id: AmojoParticipantId, name: impl Into<String>) -> Result<Self, FieldError> {
        let name = name.into();
        not_empty("name", &name)?;
        Ok(Self {
            ref_id,
            name,
            id: None,
        })
    }

    /// The integration's id of this author. The page demands one; without it the platform's id
    /// stands there too, which any text may.
    #[must_use]
    pub fn with_id(mut self, id: ClientParticipantId) -> Self {
        self.id = Some(id);
        self
    }

    pub(super) fn to_object(&self) -> JsonObject {
        let own = self.id.as_ref().map(ClientParticipantId::as_str);
        JsonObject::new()
            .text("id", own.unwrap_or(self.ref_id.as_str()))
            .text("name", &self.name)
            .text("ref_id", self.ref_id.as_str())
    }
}

/// Who a person is stays out of logs; the ids are shown.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("ref_id", &self.ref_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Author")
            .field("id", &self.id)
            .field("ref_id", &self.ref_id)
            .finish_non_exhaustive()
    }
}
