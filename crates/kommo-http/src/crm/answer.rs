//! What a call to the CRM API came to.
//!
//! Source: rule L2 of `docs/protocol.md`.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use kommo_account::AccountHost;
use kommo_peer::json_text;
use serde::de::DeserializeOwned;

use crate::crm::error::AnswerFault;
use crate::transport::raw_response::RawResponse;

/// The answer to a call, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrmAnswer<T> {
    /// JSON of the type asked for.
    Json(T),
    /// 204, or another success without a body: nothing there, nothing left, or done. Not an error.
    Empty,
    /// 202: queued, not done yet; with what the body said, if it said something.
    Accepted(Option<T>),
}

impl<T> CrmAnswer<T> {
    /// What the body said, if it said something.
    #[must_use]
    pub fn into_payload(self) -> Option<T> {
        match self {
            Self::Json(payload) => Some(payload),
            Self::Accepted(payload) => payload,
            Self::Empty => None,
        }
    }

    /// Whether the answer was an empty one.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

/// The answer to a call as it came: a success, its bytes, and what it took. `Debug` shows the
/// length of the body alone.
#[derive(Clone)]
pub struct CrmResponse {
    pub(crate) response: RawResponse,
    pub(crate) request_id: Option<String>,
    pub(crate) host: AccountHost,
    pub(crate) attempts: u32,
}

impl CrmResponse {
    /// The HTTP status, 200 to 299.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.response.status()
    }

    /// The header `X-Request-Id`: at most 40 hexadecimal digits and hyphens. One that contains a
    /// piece of the token is left out.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.header(name)
    }

    /// The answer as it came, with all its headers.
    #[must_use]
    pub const fn raw(&self) -> &RawResponse {
        &self.response
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.response.body()
    }

    /// The body, without a copy.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.response.into_body()
    }

    /// The host that answered.
    #[must_use]
    pub const fn host(&self) -> &AccountHost {
        &self.host
    }

    /// How many requests the call sent.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// - a page, a text, a cut body: [`AnswerFault::NotJson`].
    /// - JSON of another shape: [`AnswerFault::OtherShape`].
    pub fn read<T: DeserializeOwned>(&self) -> Result<CrmAnswer<T>, AnswerFault> {
        let is_empty = self.status() == 204 || self.response.is_blank();
        let payload = if is_empty {
            None
        } else {
            let parsed = serde_json::from_slice(&json_text(self.body()));
            Some(parsed.map_err(|error| AnswerFault::of(&error))?)
        };
        Ok(match (self.status(), payload) {
            (202, payload) => CrmAnswer::Accepted(payload),
            (_, Some(payload)) => CrmAnswer::Json(payload),
            (_, None) => CrmAnswer::Empty,
        })
    }
}

impl fmt::Debug for CrmResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmResponse")
            .field("response", &self.response)
            .field("host", &self.host)
            .field("attempts", &self.attempts)
            .finish()
    }
}
