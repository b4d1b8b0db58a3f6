//! Disconnect: a channel stops serving an account.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::{AmojoId, ChannelId};

/// The request that disconnects a channel from an account. Its answer has no data:
/// [`expect_no_data`](crate::expect_no_data).
///
/// Source: rule C3 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_account::AmojoId;
/// # use kommo_chats::DisconnectRequest;
/// let request = DisconnectRequest::new(AmojoId::parse("52e591f7-c98f-4255-8495-827210138c81")?);
/// assert_eq!(request.to_body(), br#"{"account_id":"52e591f7-c98f-4255-8495-827210138c81"}"#);
/// # Ok::<(), kommo_account::ParseUuidError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DisconnectRequest {
    account_id: AmojoId,
}

impl DisconnectRequest {
    /// The method. It has a body all the same.
    pub const METHOD: &'static str = "DELETE";

    /// Names the account.
    #[must_use]
    pub fn new(account_id: AmojoId) -> Self {
        Self { account_id }
    }

    /// The account.
    #[must_use]
    pub fn account_id(&self) -> &AmojoId {
        &self.account_id
    }

    /// The path on the Chats API host.
    #[must_use]
    pub fn path(channel: &ChannelId) -> String {
        format!("/v2/origin/custom/{channel}/disconnect")
    }

    /// The body. Never panics.
    ///
    /// # Security
    ///
    /// Call it once. What is signed must be the bytes that are sent (rule S9).
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        format!(r#"{{"account_id":"{}"}}"#, self.account_id).into_bytes()
    }
}
