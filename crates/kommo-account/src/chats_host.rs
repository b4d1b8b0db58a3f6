//! The host of the Chats API.

use core::fmt;
use core::str::FromStr;

use crate::account_host::AccountHost;
use crate::error::ParseChatsHostError;
use crate::host_shape::HostShape;
use crate::platform::HostSuffix;

/// A host of the Chats API, `amojo` under one of the three suffixes.
///
/// It follows the account's suffix. Public clients disagree about accounts under `amocrm.com`, so a
/// caller may name another value of this type instead.
///
/// Source: rule A5 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_account::{AccountHost, ChatsHost};
/// let account = AccountHost::parse("myshop.amocrm.com")?;
/// assert_eq!(ChatsHost::for_account(&account).as_str(), "amojo.amocrm.com");
/// assert_eq!(ChatsHost::parse("https://amojo.kommo.com")?, ChatsHost::AmojoKommoCom); // the override
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ChatsHost {
    /// `amojo.kommo.com`.
    AmojoKommoCom,
    /// `amojo.amocrm.ru`.
    AmojoAmocrmRu,
    /// `amojo.amocrm.com`.
    AmojoAmocrmCom,
}

impl ChatsHost {
    /// The host that serves an account by its suffix.
    #[must_use]
    pub fn for_account(account: &AccountHost) -> Self {
        Self::for_suffix(account.suffix())
    }

    /// The host under a suffix.
    #[must_use]
    pub const fn for_suffix(suffix: HostSuffix) -> Self {
        match suffix {
            HostSuffix::KommoCom => Self::AmojoKommoCom,
            HostSuffix::AmocrmRu => Self::AmojoAmocrmRu,
            HostSuffix::AmocrmCom => Self::AmojoAmocrmCom,
        }
    }

    /// Reads a host; one `https://`, one trailing `/` and the port 443 are dropped, letters are
    /// lowered. Never panics.
    ///
    /// # Errors
    ///
    /// - `"amojo.evil.example"`, `"http://amojo.kommo.com"`: [`ParseChatsHostError::Shape`], with
    ///   what is wrong and where.
    /// - `"myshop.kommo.com"`: [`ParseChatsHostError::Label`].
    pub fn parse(text: &str) -> Result<Self, ParseChatsHostError> {
        let (shape, at) = HostShape::parse(text.as_bytes())?;
        if shape.label() != "amojo" {
            return Err(ParseChatsHostError::Label { offset: at });
        }
        Ok(Self::for_suffix(shape.suffix()))
    }

    /// The host.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AmojoKommoCom => "amojo.kommo.com",
            Self::AmojoAmocrmRu => "amojo.amocrm.ru",
            Self::AmojoAmocrmCom => "amojo.amocrm.com",
        }
    }
}

impl AccountHost {
    /// The Chats API host that serves this account by its suffix (rule A5).
    #[must_use]
    pub fn chats_host(&self) -> ChatsHost {
        ChatsHost::for_account(self)
    }
}

impl FromStr for ChatsHost {
    type Err = ParseChatsHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for ChatsHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
