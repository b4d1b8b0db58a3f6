//! The sources of an integration: what a message's `source.external_id` names.

use alloc::string::String;
use core::fmt;

use serde::Deserialize;

use crate::crm::client::CrmClient;
use crate::crm::error::CrmError;
use crate::crm::listed::{Listed, get, null_as_default};

/// A source of this integration.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Source {
    /// The CRM's number of the source.
    pub id: u64,
    /// The name that the account sees.
    #[serde(default)]
    pub name: Option<String>,
    /// The integration's own id: `source.external_id` of the Chats API. Use at most 36 characters,
    /// though the Chats API takes 40.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The pipeline that its leads go to.
    #[serde(default)]
    pub pipeline_id: Option<u64>,
    /// Whether it is taken where a message names none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub default: bool,
    /// The code of a channel.
    #[serde(default)]
    pub origin_code: Option<String>,
}

/// The name may be a phone number.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("id", &self.id)
            .field("pipeline_id", &self.pipeline_id)
            .field("default", &self.default)
            .field("origin_code", &self.origin_code)
            .finish_non_exhaustive()
    }
}

impl CrmClient {
    /// All sources of this integration (`GET /api/v4/sources`), those of others never. It needs a
    /// token that an administrator granted.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn sources(&self) -> Result<Listed<Source>, CrmError> {
        Listed::all(self, get("/api/v4/sources")?, "sources").await
    }

    /// The sources of this integration with that id of yours: one, or none.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn sources_named(&self, external_id: &str) -> Result<Listed<Source>, CrmError> {
        let request = get("/api/v4/sources")?.with_parameter("filter[external_id]", external_id);
        Listed::all(self, request, "sources").await
    }
}
