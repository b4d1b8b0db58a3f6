//! Which contact a chat belongs to.

use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crm::client::{CrmClient, to_body};
use crate::crm::error::CrmError;
use crate::crm::listed::{Listed, get};
use crate::crm::request::{CrmMethod, CrmRequest};
use crate::transport::retry_policy::Repeat;

const PATH: &str = "/api/v4/contacts/chats";

/// A chat and its contact, to be linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChatLink {
    contact_id: u64,
    chat_id: String,
}

impl ChatLink {
    /// `chat_id` is the **platform's** id of the chat: `id` of a chat that was created. A chat
    /// belongs to one contact.
    #[must_use]
    pub fn new(contact_id: u64, chat_id: impl Into<String>) -> Self {
        Self {
            contact_id,
            chat_id: chat_id.into(),
        }
    }
}

/// A chat that is linked with a contact.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct LinkedChat {
    /// The platform's id of the chat.
    pub chat_id: String,
    /// The contact.
    pub contact_id: u64,
    /// The id of the link, which may change.
    #[serde(default)]
    pub id: Option<u64>,
}

/// The links of chats and contacts. They need a token that an administrator granted, and a channel
/// of this integration.
#[derive(Debug)]
pub struct ChatLinks<'a> {
    client: &'a CrmClient,
}

impl CrmClient {
    /// The links of chats and contacts (`/api/v4/contacts/chats`).
    #[must_use]
    pub const fn chat_links(&self) -> ChatLinks<'_> {
        ChatLinks { client: self }
    }
}

impl ChatLinks<'_> {
    /// Links chats with contacts. Doing it again does the same, so this is repeated where that may
    /// help.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`].
    pub async fn link(&self, links: &[ChatLink]) -> Result<Listed<LinkedChat>, CrmError> {
        let request = CrmRequest::new(CrmMethod::Post, PATH)?
            .with_body(to_body(links)?)
            .with_repeat(Repeat::WhenSafe);
        let answer = self.client.call::<Value>(request).await?;
        let payload = answer.into_payload().unwrap_or_default();
        Ok(Listed::of(&payload, "chats"))
    }

    /// The chats of these contacts.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`].
    pub async fn of_contacts(&self, contacts: &[u64]) -> Result<Listed<LinkedChat>, CrmError> {
        let add =
            |request: CrmRequest, id: &u64| request.with_parameter("contact_id[]", &id.to_string());
        let request = contacts.iter().fold(get(PATH)?, add);
        Listed::all(self.client, request, "chats").await
    }

    /// The contacts of these chats, by the **platform's** ids.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`].
    pub async fn of_chats(&self, chats: &[&str]) -> Result<Listed<LinkedChat>, CrmError> {
        let add = |request: CrmRequest, id: &&str| request.with_parameter("chat_id[]", id);
        let request = chats.iter().fold(get(PATH)?, add);
        Listed::all(self.client, request, "chats").await
    }
}
