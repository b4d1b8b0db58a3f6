//! Conversations as the CRM shows them: "talks", since July 2026 also as a list.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::crm::client::{CrmClient, to_body};
use crate::crm::error::CrmError;
use crate::crm::listed::{Listed, get, without_body};
use crate::crm::pages::Pages;
use crate::crm::request::{CrmMethod, CrmRequest};

const PATH: &str = "/api/v4/talks";

/// How far a conversation is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum TalkStatus {
    /// `in_work`
    InWork,
    /// `closed`
    Closed,
    /// `nps_scheduled`
    NpsScheduled,
    /// `nps_in_progress`
    NpsInProgress,
    /// `with_error`
    WithError,
    /// Another value.
    Other(String),
}

impl From<String> for TalkStatus {
    fn from(text: String) -> Self {
        match text.as_str() {
            "in_work" => Self::InWork,
            "closed" => Self::Closed,
            "nps_scheduled" => Self::NpsScheduled,
            "nps_in_progress" => Self::NpsInProgress,
            "with_error" => Self::WithError,
            _ => Self::Other(text),
        }
    }
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Talk {
    /// Its number: what the add-on sends into and reads.
    pub talk_id: u64,
    /// When it began, in Unix seconds.
    #[serde(default)]
    pub created_at: Option<u64>,
    /// When it was changed last, in Unix seconds.
    #[serde(default)]
    pub updated_at: Option<u64>,
    /// When it was missed, in Unix seconds.
    #[serde(default)]
    pub missed_at: Option<u64>,
    /// The contact.
    #[serde(default)]
    pub contact_id: Option<u64>,
    /// The platform's id of the chat.
    #[serde(default)]
    pub chat_id: Option<String>,
    /// The lead or customer.
    #[serde(default)]
    pub entity_id: Option<u64>,
    /// `lead` or `customer`.
    #[serde(default)]
    pub entity_type: Option<String>,
    /// How far it is.
    #[serde(default)]
    pub status: Option<TalkStatus>,
    /// Whether it is open.
    #[serde(default)]
    pub is_in_work: Option<bool>,
    /// Whether its messages were read.
    #[serde(default)]
    pub is_read: Option<bool>,
    /// The code of its channel: `waba`, `telegram`, `amo.ext.…`, …
    #[serde(default)]
    pub origin: Option<String>,
    /// The source.
    #[serde(default)]
    pub source_id: Option<u64>,
    /// The account.
    #[serde(default)]
    pub account_id: Option<u64>,
}

/// Which conversations are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct TalkFilter {
    contacts: Vec<u64>,
    entity: Option<(&'static str, u64)>,
    only_in_work: bool,
    limit: Option<u32>,
}

impl TalkFilter {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of this contact; of several, if it is called several times.
    pub fn contact(mut self, id: u64) -> Self {
        self.contacts.push(id);
        self
    }

    /// Those of this lead.
    pub const fn lead(mut self, id: u64) -> Self {
        self.entity = Some(("lead", id));
        self
    }

    /// Those of this customer.
    pub const fn customer(mut self, id: u64) -> Self {
        self.entity = Some(("customer", id));
        self
    }

    /// Open ones only.
    pub const fn only_in_work(mut self) -> Self {
        self.only_in_work = true;
        self
    }

    /// How many a page has, at most [`PAGE_LIMIT_MAX`](crate::PAGE_LIMIT_MAX).
    pub const fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    fn request(&self) -> Result<CrmRequest, CrmError> {
        let mut request = get(PATH)?;
        for id in &self.contacts {
            request = request.with_parameter("filter[contact_id][]", &id.to_string());
        }
        if let Some((kind, id)) = self.entity {
            request = request
                .with_parameter("filter[entity_id]", &id.to_string())
                .with_parameter("filter[entity_type]", kind);
        }
        if self.only_in_work {
            request = request.with_parameter("filter[only_in_work]", "1");
        }
        if let Some(limit) = self.limit {
            request = request.with_parameter("limit", &limit.to_string());
        }
        Ok(request)
    }
}

/// Conversations, page by page.
#[derive(Debug)]
pub struct TalkPages<'a> {
    pages: Pages<'a>,
}

impl TalkPages<'_> {
    /// The next page; `None` after the last one.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`].
    pub async fn next_page(&mut self) -> Result<Option<Listed<Talk>>, CrmError> {
        let page = self.pages.next_page().await?;
        Ok(page.map(|page| Listed::of(page.payload(), "talks")))
    }
}

/// The conversations of the account, as far as the token's user may see their contacts.
#[derive(Debug)]
pub struct Talks<'a> {
    pub(crate) client: &'a CrmClient,
}

#[derive(Serialize)]
struct Closing {
    force_close: bool,
}

impl CrmClient {
    /// The conversations of the account.
    #[must_use]
    pub const fn talks(&self) -> Talks<'_> {
        Talks { client: self }
    }
}

impl<'a> Talks<'a> {
    /// The list, page by page (since July 2026). Observed: the newest first.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::pages`].
    pub fn pages(&self, filter: &TalkFilter) -> Result<TalkPages<'a>, CrmError> {
        let pages = self.client.pages(filter.request()?)?;
        Ok(TalkPages { pages })
    }

    /// One conversation.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`].
    pub async fn get(&self, talk_id: u64) -> Result<Talk, CrmError> {
        let answer = self.client.call(get(&format!("{PATH}/{talk_id}"))?).await?;
        answer.into_payload().ok_or_else(|| without_body(204))
    }

    /// Closes a conversation; with `force` without asking the client for a rating. It is queued,
    /// not done, when this returns. One that is closed or being closed is a refusal with 422.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call`].
    pub async fn close(&self, talk_id: u64, force: Closure) -> Result<(), CrmError> {
        let closing = Closing {
            force_close: force == Closure::Forced,
        };
        let request = CrmRequest::new(CrmMethod::Post, &format!("{PATH}/{talk_id}/close"))?;
        let request = request.with_body(to_body(&closing)?);
        self.client.call_raw(request).await.map(drop)
    }
}

/// How a conversation is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Closure {
    /// As the account's settings say.
    #[default]
    Normal,
    /// `force_close`: at once.
    Forced,
}
