//! Pages of a collection, one after the other.

use alloc::string::String;
use core::fmt;
use std::collections::HashSet;

use kommo_account::Endpoints;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::crm::answer::CrmResponse;
use crate::crm::client::CrmClient;
use crate::crm::error::{AnswerFault, CrmError, PagingError};
use crate::crm::next_link;
use crate::crm::request::{CrmMethod, CrmRequest};

/// The most entities on a page (rule L7).
pub const PAGE_LIMIT_MAX: u32 = 250;

/// So many pages are read at most, unless [`Pages::with_max_pages`] says otherwise: with 250
/// entities on each, 2.5 million.
pub const PAGES_MAX_DEFAULT: u32 = 10_000;

impl CrmClient {
    /// Begins to page through a collection. Nothing is sent before [`Pages::next_page`]. Without a
    /// `limit` in the query the platform chooses one.
    ///
    /// # Errors
    ///
    /// - `limit=0`, `limit=251`, `limit=x`: [`PagingError::Limit`].
    /// - a method other than `GET`, or a body: [`PagingError::Method`].
    pub fn pages(&self, request: CrmRequest) -> Result<Pages<'_>, PagingError> {
        if request.method() != CrmMethod::Get || !request.body.is_empty() {
            return Err(PagingError::Method);
        }
        let limit = request.parameter("limit").map(str::parse::<u32>);
        if limit.is_some_and(|limit| !matches!(limit, Ok(1..=PAGE_LIMIT_MAX))) {
            return Err(PagingError::Limit);
        }
        Ok(Pages {
            client: self,
            seen: HashSet::from([request.target()]),
            max_pages: PAGES_MAX_DEFAULT,
            read: 0,
            ahead: Ahead::Ask(request),
        })
    }
}

/// The pages of a collection.
///
/// The end is a page without a link to the next one, or 204. A link is followed only if it leads to
/// the account's own host over `https` (to the sandbox, if it is a sandbox that answers), to the
/// same path, and to a page that was not read before (rule L3). A relative link is resolved against
/// the request. At most [`PAGES_MAX_DEFAULT`] pages are read.
///
/// # Examples
///
/// ```
/// # use kommo_http::{CrmClient, CrmError, CrmMethod, CrmRequest};
/// # #[derive(serde::Deserialize)] struct Lead {}
/// # async fn example(client: CrmClient) -> Result<(), CrmError> {
/// let request = CrmRequest::new(CrmMethod::Get, "/api/v4/leads?limit=250")?;
/// let mut pages = client.pages(request)?;
/// while let Some(page) = pages.next_page().await? {
///     for lead in page.items::<Lead>("leads") { /* … */ }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pages<'a> {
    client: &'a CrmClient,
    ahead: Ahead,
    seen: HashSet<String>,
    max_pages: u32,
    read: u32,
}

/// What the next call of [`Pages::next_page`] does.
#[derive(Debug)]
enum Ahead {
    Ask(CrmRequest),
    Fail(PagingError),
    End,
}

impl Pages<'_> {
    /// Reads at most this number of pages; 0 counts as 1. If the last of them has a link to another
    /// one, the error after it is [`PagingError::TooManyPages`].
    #[must_use]
    pub const fn with_max_pages(mut self, pages: u32) -> Self {
        self.max_pages = if pages == 0 { 1 } else { pages };
        self
    }
}

impl Pages<'_> {
    /// The next page; none after the last one.
    ///
    /// # Errors
    ///
    /// As [`CrmClient::call_raw`]: the same page is asked for again by calling this again. A page
    /// whose link cannot be followed is given as usual; the [`CrmError::Paging`] comes after it,
    /// and paging is over then.
    pub async fn next_page(&mut self) -> Result<Option<Page>, CrmError> {
        let request = match &self.ahead {
            Ahead::Ask(request) => request.clone(),
            Ahead::Fail(error) => {
                let error = *error;
                self.ahead = Ahead::End;
                return Err(error.into());
            }
            Ahead::End => return Ok(None),
        };
        let response = self.client.call_raw(request.clone()).await?;
        let page = Page::read(response, self.client.endpoints, request.path())?;
        self.read = self.read.saturating_add(1);
        self.ahead = match &page {
            Some(page) => self.after(&request, page),
            None => Ahead::End,
        };
        Ok(page)
    }

    fn after(&mut self, request: &CrmRequest, page: &Page) -> Ahead {
        match &page.next {
            Ok(None) => Ahead::End,
            Ok(Some(_)) if self.read >= self.max_pages => Ahead::Fail(PagingError::TooManyPages),
            Ok(Some(target)) if self.seen.insert(target.clone()) => request
                .retarget(target)
                .map_or(Ahead::Fail(PagingError::UnusableNext), Ahead::Ask),
            Ok(Some(_)) => Ahead::Fail(PagingError::Loop),
            Err(error) => Ahead::Fail(*error),
        }
    }
}

impl fmt::Debug for Pages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("pages_read", &self.read)
            .field("max_pages", &self.max_pages)
            .field("ahead", &self.ahead)
            .finish_non_exhaustive()
    }
}

/// One page. `Debug` shows nothing of its entities.
#[derive(Clone)]
pub struct Page {
    response: CrmResponse,
    payload: Value,
    next: Result<Option<String>, PagingError>,
}

impl Page {
    /// None for an empty answer.
    fn read(
        response: CrmResponse,
        endpoints: Endpoints,
        path: &str,
    ) -> Result<Option<Self>, CrmError> {
        let answer = response.read::<Value>();
        let payload = answer.map_err(|fault| CrmError::Unreadable {
            status: response.status(),
            fault,
            attempts: response.attempts(),
        })?;
        Ok(payload.into_payload().map(|payload| Self {
            next: next_link::read(&payload, endpoints, response.host(), path),
            payload,
            response,
        }))
    }

    /// Its number, from 1, if it says so.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.payload.get("_page").and_then(Value::as_u64)
    }

    /// How many entities the whole collection has, if it says so; only some do.
    #[must_use]
    pub fn total_items(&self) -> Option<u64> {
        self.payload.get("_total_items").and_then(Value::as_u64)
    }

    /// Its entities: `_embedded` and the collection's name, such as `leads`. Each is read by
    /// itself, so that one of another shape does not hide the others. Nothing if there is no such
    /// collection.
    pub fn items<'a, I: DeserializeOwned>(
        &'a self,
        collection: &str,
    ) -> impl Iterator<Item = Result<I, AnswerFault>> + use<'a, I> {
        let embedded = self.payload.get("_embedded");
        let items = embedded.and_then(|embedded| embedded.get(collection)?.as_array());
        items
            .into_iter()
            .flatten()
            .map(|item| I::deserialize(item).map_err(|error| AnswerFault::of(&error)))
    }

    /// The answer as it came: in its bytes, numbers are as the platform wrote them.
    #[must_use]
    pub const fn response(&self) -> &CrmResponse {
        &self.response
    }

    /// The whole page.
    #[must_use]
    pub const fn payload(&self) -> &Value {
        &self.payload
    }

    /// The whole page, without a copy.
    #[must_use]
    pub fn into_payload(self) -> Value {
        self.payload
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("number", &self.number())
            .field("total_items", &self.total_items())
            .finish_non_exhaustive()
    }
}
