//! Whose hook it is: the CRM and the Chats API name an account differently.

use core::fmt;

use kommo_account::{AccountId, AmojoId};

/// An account, as a hook names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookAccount {
    /// By its number in the CRM.
    Crm(AccountId),
    /// By its id in the Chats API.
    Chats(AmojoId),
}

/// `crm:12345678` or `chats:52e591f7-…`.
impl fmt::Display for HookAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crm(id) => write!(f, "crm:{id}"),
            Self::Chats(id) => write!(f, "chats:{}", id.as_str()),
        }
    }
}
