//! The ids that the Chats API knows account and users by.

use alloc::string::String;
use core::fmt;

use serde::Deserialize;

use crate::crm::client::CrmClient;
use crate::crm::error::CrmError;
use crate::crm::listed::{Listed, empty_as_none, get, without_body};

/// An account and its id in the Chats API: `account_id` of connect and disconnect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AccountAmojoId {
    /// The CRM's number of the account.
    pub id: u64,
    /// The account's id in the Chats API, if it has one.
    #[serde(default, deserialize_with = "empty_as_none")]
    pub amojo_id: Option<String>,
}

/// A user and the user's id in the Chats API: `ref_id` of an author. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct UserAmojoId {
    /// The CRM's number of the user.
    pub id: u64,
    /// The user's id in the Chats API; there are users without one.
    #[serde(default, deserialize_with = "empty_as_none")]
    pub amojo_id: Option<String>,
    /// The name.
    #[serde(default)]
    pub name: Option<String>,
}

impl fmt::Debug for UserAmojoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserAmojoId")
            .field("id", &self.id)
            .field("amojo_id", &self.amojo_id)
            .finish_non_exhaustive()
    }
}

impl CrmClient {
    /// The account's id in the Chats API (`GET /api/v4/account?with=amojo_id`).
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn account_amojo_id(&self) -> Result<AccountAmojoId, CrmError> {
        let answer = self.call(get("/api/v4/account?with=amojo_id")?).await?;
        answer.into_payload().ok_or_else(|| without_body(204))
    }

    /// All users with their ids in the Chats API (`GET /api/v4/users?with=amojo_id`). It needs a
    /// token that an administrator granted.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn user_amojo_ids(&self) -> Result<Listed<UserAmojoId>, CrmError> {
        let request = get("/api/v4/users?with=amojo_id")?;
        Listed::all(self, request, "users").await
    }
}
