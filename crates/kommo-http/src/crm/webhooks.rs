//! The webhooks of an account: list, add, remove, and find those that the platform switched off.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::crm::client::{CrmClient, to_body};
use crate::crm::error::{AnswerFault, CrmError};
use crate::crm::refusal::CrmRefusalKind;
use crate::crm::request::{CrmMethod, CrmRequest};
use crate::transport::retry_policy::Repeat;

const PATH: &str = "/api/v4/webhooks";

/// The most webhooks that an account can have (rule L8).
pub const WEBHOOKS_MAX: u32 = 100;

/// A webhook of an account.
///
/// Source: vendor page "Add webhooks". `Debug` shows the length of the address alone: what keeps a
/// stranger from posting there is that it is secret.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// Its number.
    pub id: u64,
    /// Where it is sent. Names the webhook.
    pub destination: String,
    /// When it was added, in Unix seconds.
    #[serde(default)]
    pub created_at: Option<u64>,
    /// When it was changed last, in Unix seconds.
    #[serde(default)]
    pub updated_at: Option<u64>,
    /// The account.
    #[serde(default)]
    pub account_id: Option<u64>,
    /// The user who added it.
    #[serde(default)]
    pub created_by: Option<u64>,
    /// Its position in the list.
    #[serde(default)]
    pub sort: Option<u64>,
    /// Whether the platform has switched it off, after more than 100 bad answers in two hours. An
    /// administrator switches it on; so does adding it again, as far as is known. `null` counts as
    /// `false`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub disabled: bool,
    /// The events that it is sent for. `null` counts as none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub settings: Vec<String>,
}

fn null_as_default<'de, D, V>(deserializer: D) -> Result<V, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("destination_bytes", &self.destination.len())
            .field("disabled", &self.disabled)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The webhooks of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookList {
    /// Those that could be read.
    pub webhooks: Vec<Webhook>,
    /// What is wrong with each of the others, in their order. They exist, and the list above is not
    /// all then.
    pub unreadable: Vec<AnswerFault>,
}

/// A webhook to add. `Debug` shows the length of the address alone.
///
/// # Examples
///
/// ```
/// # use kommo_http::NewWebhook;
/// let webhook = NewWebhook::new("https://app.example/hooks/3f8a").event("add_lead").event("status_lead");
/// ```
#[derive(Clone, Serialize)]
#[must_use]
pub struct NewWebhook {
    destination: String,
    settings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort: Option<u64>,
}

impl NewWebhook {
    /// A webhook without events yet; it needs at least one.
    pub fn new(destination: impl Into<String>) -> Self {
        Self {
            destination: destination.into(),
            settings: Vec::new(),
            sort: None,
        }
    }

    /// Adds an event by its code: `add_lead`, `update_contact`, `status_lead`, `add_task`, … The
    /// codes are not checked here.
    pub fn event(mut self, code: impl Into<String>) -> Self {
        self.settings.push(code.into());
        self
    }

    /// Sets its position in the list.
    pub const fn sort(mut self, place: u64) -> Self {
        self.sort = Some(place);
        self
    }
}

impl fmt::Debug for NewWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewWebhook")
            .field("destination_bytes", &self.destination.len())
            .field("settings", &self.settings)
            .field("sort", &self.sort)
            .finish()
    }
}

#[derive(Serialize)]
struct Removal<'a> {
    destination: &'a str,
}

/// The webhooks of an account. All calls need a token that an administrator granted; others get a
/// 403 in JSON.
#[derive(Debug)]
pub struct Webhooks<'a> {
    client: &'a CrmClient,
}

impl CrmClient {
    /// The webhooks of the account.
    #[must_use]
    pub const fn webhooks(&self) -> Webhooks<'_> {
        Webhooks { client: self }
    }
}

impl Webhooks<'_> {
    /// All of them, of all integrations. One of another shape does not hide the others: it is
    /// listed as unreadable.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`]. At most [`WEBHOOKS_MAX`] pages are read, since the webhooks of an
    /// account fill no more: [`PagingError::TooManyPages`](crate::PagingError::TooManyPages) if
    /// there are others.
    pub async fn list(&self) -> Result<WebhookList, CrmError> {
        let request = CrmRequest::new(CrmMethod::Get, PATH)?;
        let mut pages = self.client.pages(request)?.with_max_pages(WEBHOOKS_MAX);
        let mut all = WebhookList::default();
        while let Some(page) = pages.next_page().await? {
            for webhook in page.items::<Webhook>("webhooks") {
                match webhook {
                    Ok(webhook) => all.webhooks.push(webhook),
                    Err(fault) => all.unreadable.push(fault),
                }
            }
        }
        Ok(all)
    }

    /// Those that the platform has switched off: nothing is sent to them. Of those that cannot be
    /// read it is not known.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub async fn disabled(&self) -> Result<WebhookList, CrmError> {
        let mut all = self.list().await?;
        all.webhooks.retain(|webhook| webhook.disabled);
        Ok(all)
    }

    /// Adds a webhook. One with the same destination is replaced, so this is repeated where that
    /// may help.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`].
    pub async fn add(&self, webhook: &NewWebhook) -> Result<Webhook, CrmError> {
        let request = CrmRequest::new(CrmMethod::Post, PATH)?
            .with_body(to_body(webhook)?)
            .with_repeat(Repeat::WhenSafe);
        let answer = self.client.call(request).await?;
        answer
            .into_payload()
            .ok_or_else(|| unreadable(201, AnswerFault::Empty))
    }

    /// Removes the webhook with this destination; whether there was one. Repeated where that may
    /// help; the second attempt may then find that there is none any more.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`], except for a 404 of the platform itself.
    pub async fn remove(&self, destination: &str) -> Result<bool, CrmError> {
        let request = CrmRequest::new(CrmMethod::Delete, PATH)?
            .with_body(to_body(&Removal { destination })?)
            .with_repeat(Repeat::WhenSafe);
        match self.client.call_raw(request).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Some(CrmRefusalKind::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

const fn unreadable(status: u16, fault: AnswerFault) -> CrmError {
    CrmError::Unreadable {
        status,
        fault,
        attempts: 1,
    }
}
