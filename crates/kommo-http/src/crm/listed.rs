//! A list whose entries are read one by one: one of another shape hides no other.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::crm::client::CrmClient;
use crate::crm::error::{AnswerFault, CrmError};
use crate::crm::request::{CrmMethod, CrmRequest};

/// Entries of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed<T> {
    /// Those that could be read.
    pub items: Vec<T>,
    /// What is wrong with each of the others, in their order. They exist, and the list above is not
    /// all then.
    pub unreadable: Vec<AnswerFault>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            unreadable: Vec::new(),
        }
    }
}

impl<T: DeserializeOwned> Listed<T> {
    /// The entries in `_embedded` of an answer.
    pub(crate) fn of(payload: &Value, collection: &str) -> Self {
        let mut listed = Self::default();
        listed.add(payload, collection);
        listed
    }

    fn add(&mut self, payload: &Value, collection: &str) {
        let embedded = payload.get("_embedded");
        let items = embedded.and_then(|embedded| embedded.get(collection)?.as_array());
        for item in items.into_iter().flatten() {
            match T::deserialize(item).map_err(|error| AnswerFault::of(&error)) {
                Ok(item) => self.items.push(item),
                Err(fault) => self.unreadable.push(fault),
            }
        }
    }

    /// Every page of a collection.
    pub(crate) async fn all(
        client: &CrmClient,
        request: CrmRequest,
        collection: &str,
    ) -> Result<Self, CrmError> {
        let mut pages = client.pages(request)?;
        let mut listed = Self::default();
        while let Some(page) = pages.next_page().await? {
            listed.add(page.payload(), collection);
        }
        Ok(listed)
    }
}

/// A read of this path.
pub(crate) fn get(path: &str) -> Result<CrmRequest, CrmError> {
    Ok(CrmRequest::new(CrmMethod::Get, path)?)
}

/// A success without the body that belongs to it.
pub(crate) const fn without_body(status: u16) -> CrmError {
    CrmError::Unreadable {
        status,
        fault: AnswerFault::Empty,
        attempts: 1,
    }
}

/// `null` counts as absent.
pub(crate) fn null_as_default<'de, D, V>(deserializer: D) -> Result<V, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// An empty text counts as absent.
pub(crate) fn empty_as_none<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}
