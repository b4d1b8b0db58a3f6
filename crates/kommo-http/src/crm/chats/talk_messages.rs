//! The Chats API add-on (since July 2026): messages of channels that belong to other integrations,
//! read and sent over the CRM API.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::crm::chats::talks::Talks;
use crate::crm::client::to_body;
use crate::crm::error::CrmError;
use crate::crm::listed::{Listed, empty_as_none, get};
use crate::crm::pages::Pages;
use crate::crm::request::{CrmMethod, CrmRequest};

/// A file of the account's drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriveFile {
    drive_uuid: String,
    drive_version_uuid: String,
    #[serde(rename = "type")]
    kind: String,
}

impl DriveFile {
    /// A file by its id and the id of its version; `kind` is `picture` or `file`.
    #[must_use]
    pub fn new(
        uuid: impl Into<String>,
        version_uuid: impl Into<String>,
        kind: impl Into<String>,
    ) -> Self {
        Self {
            drive_uuid: uuid.into(),
            drive_version_uuid: version_uuid.into(),
            kind: kind.into(),
        }
    }
}

/// What is sent into a conversation. `Debug` shows no text.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TalkText {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<DriveFile>,
}

impl TalkText {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            attachment: None,
        }
    }

    /// A file without a text.
    #[must_use]
    pub const fn file(file: DriveFile) -> Self {
        Self {
            text: None,
            attachment: Some(file),
        }
    }

    /// The same with a file; there is one at most.
    #[must_use]
    pub fn with_file(self, file: DriveFile) -> Self {
        Self {
            attachment: Some(file),
            ..self
        }
    }
}

impl fmt::Debug for TalkText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TalkText")
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .field("attachment", &self.attachment)
            .finish()
    }
}

/// Who wrote a message, or received it. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[non_exhaustive]
pub struct TalkPerson {
    /// The platform's id.
    #[serde(default, deserialize_with = "empty_as_none")]
    pub id: Option<String>,
    /// `internal`, `external` or `bot`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The name.
    #[serde(default, deserialize_with = "empty_as_none")]
    pub name: Option<String>,
    /// The CRM's number of an `internal` one.
    #[serde(default)]
    pub user_id: Option<u64>,
}

impl fmt::Debug for TalkPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TalkPerson")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// The file of a message. `Debug` shows no address: it downloads without authorization.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TalkAttachment {
    /// `picture`, `file`, `voice`, …
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Its address.
    #[serde(default)]
    pub link: Option<String>,
    /// Its name.
    #[serde(default)]
    pub file_name: Option<String>,
}

impl fmt::Debug for TalkAttachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TalkAttachment")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A message of a conversation. `Debug` shows no text.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TalkMessage {
    /// The platform's id.
    pub id: String,
    /// The platform's id of the chat.
    #[serde(default)]
    pub chat_id: Option<String>,
    /// `incoming` or `outgoing`.
    #[serde(default, rename = "type")]
    pub direction: Option<String>,
    /// `text`, `picture`, …: an open set.
    #[serde(default)]
    pub message_type: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub author: Option<TalkPerson>,
    /// Who received it.
    #[serde(default)]
    pub recipient: Option<TalkPerson>,
    /// The text.
    #[serde(default, deserialize_with = "empty_as_none")]
    pub text: Option<String>,
    /// When it was written, in Unix seconds.
    #[serde(default)]
    pub created_at: Option<u64>,
    /// The code of its channel.
    #[serde(default)]
    pub origin: Option<String>,
    /// `sent`, `delivered` or `error`.
    #[serde(default)]
    pub delivery_status: Option<String>,
    /// Its file.
    #[serde(default)]
    pub attachment: Option<TalkAttachment>,
}

impl fmt::Debug for TalkMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TalkMessage")
            .field("id", &self.id)
            .field("direction", &self.direction)
            .field("message_type", &self.message_type)
            .field("created_at", &self.created_at)
            .field("delivery_status", &self.delivery_status)
            .finish_non_exhaustive()
    }
}

/// A message that was queued.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[non_exhaustive]
pub struct QueuedMessage {
    /// The platform's id.
    #[serde(default)]
    pub id: Option<String>,
}

/// Messages of a conversation, page by page.
#[derive(Debug)]
pub struct TalkMessagePages<'a> {
    pages: Pages<'a>,
}

impl TalkMessagePages<'_> {
    /// The next page; `None` after the last one.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`](crate::CrmClient::call).
    pub async fn next_page(&mut self) -> Result<Option<Listed<TalkMessage>>, CrmError> {
        let page = self.pages.next_page().await?;
        Ok(page.map(|page| Listed::of(page.payload(), "messages")))
    }
}

impl<'a> Talks<'a> {
    /// The messages of a conversation. It needs the scope `list_external_messages`.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::pages`](crate::CrmClient::pages).
    pub fn messages(&self, talk_id: u64) -> Result<TalkMessagePages<'a>, CrmError> {
        let request = get(&format!("/api/v4/talks/{talk_id}/messages"))?;
        let pages = self.client.pages(request)?;
        Ok(TalkMessagePages { pages })
    }

    /// The same of a span of time, both ends in Unix seconds.
    ///
    /// # Errors
    ///
    /// As [`messages`](Self::messages).
    pub fn messages_between(
        &self,
        talk_id: u64,
        from: u64,
        to: u64,
    ) -> Result<TalkMessagePages<'a>, CrmError> {
        let request = get(&format!("/api/v4/talks/{talk_id}/messages"))?
            .with_parameter("filter[created_at][from]", &from.to_string())
            .with_parameter("filter[created_at][to]", &to.to_string());
        let pages = self.client.pages(request)?;
        Ok(TalkMessagePages { pages })
    }

    /// Sends a message into a conversation. It needs the scope `send_external_messages`, and counts
    /// against the quota of the add-on. It is queued, not delivered, when this returns: a
    /// `delivery_status` of `error` may follow. Never repeated: nothing names it, so a repetition
    /// would be a second message.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`](crate::CrmClient::call). A refusal with 402 is about the add-on's
    /// quota or package: unlike other 402s it says nothing about the account, and the grant is not
    /// held for it. 422: the conversation is closed.
    pub async fn send(&self, talk_id: u64, message: &TalkText) -> Result<QueuedMessage, CrmError> {
        let path = format!("/api/v4/talks/{talk_id}/send_message");
        let request = CrmRequest::new(CrmMethod::Post, &path)?.with_body(to_body(message)?);
        let answer = self.client.call(request).await?;
        Ok(answer.into_payload().unwrap_or_default())
    }
}
