//! The identifier of a connection between a channel and an account.

use core::fmt;
use core::str::FromStr;

use crate::error::{ParseScopeIdError, ParseUuidError};
use crate::ids::{AmojoId, ChannelId, UUID_BYTES};
use crate::inline_text::InlineText;

const SCOPE_ID_BYTES: usize = UUID_BYTES + 1 + UUID_BYTES;

/// `{channel id}_{account's amojo id}`, 73 bytes: what connect returns and the paths of the Chats
/// API contain.
///
/// Source: rule N2 of `docs/protocol.md`. `Copy`; never allocates.
///
/// # Examples
///
/// ```
/// # use kommo_account::{AmojoId, ChannelId, ScopeId};
/// let channel = ChannelId::parse("f90ba33d-c9d9-44da-b76c-c349b0ecbe41")?;
/// let account = AmojoId::parse("af9945ff-1490-4cad-807d-945c15d88bec")?;
/// let scope = ScopeId::new(channel, account);
/// assert_eq!(scope.as_str(), "f90ba33d-c9d9-44da-b76c-c349b0ecbe41_af9945ff-1490-4cad-807d-945c15d88bec");
/// assert_eq!(ScopeId::parse(scope.as_str())?.account_amojo_id(), account);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId {
    channel: ChannelId,
    account: AmojoId,
    text: InlineText<SCOPE_ID_BYTES>,
}

impl ScopeId {
    /// Joins the two.
    #[must_use]
    pub fn new(channel: ChannelId, account: AmojoId) -> Self {
        let pieces = [
            channel.as_str().as_bytes(),
            b"_",
            account.as_str().as_bytes(),
        ];
        Self {
            channel,
            account,
            text: InlineText::concat(&pieces),
        }
    }

    /// Reads the text. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// - not 73 bytes: [`ParseScopeIdError::Length`].
    /// - no `_` at 36: [`ParseScopeIdError::Separator`].
    /// - a part that is not a UUID: [`ParseScopeIdError::ChannelId`] or
    ///   [`ParseScopeIdError::AccountAmojoId`], with the reason as source.
    pub fn parse(text: &str) -> Result<Self, ParseScopeIdError> {
        if text.len() != SCOPE_ID_BYTES {
            return Err(ParseScopeIdError::Length { found: text.len() });
        }
        let (channel, rest) = text
            .split_at_checked(UUID_BYTES)
            .ok_or(ParseScopeIdError::Separator)?;
        let account = rest.strip_prefix('_').ok_or(ParseScopeIdError::Separator)?;
        let channel = ChannelId::parse(channel).map_err(ParseScopeIdError::ChannelId)?;
        let account = AmojoId::parse(account)
            .map_err(|error| ParseScopeIdError::AccountAmojoId(moved_behind_separator(error)))?;
        Ok(Self::new(channel, account))
    }

    /// The channel.
    #[must_use]
    pub fn channel_id(&self) -> ChannelId {
        self.channel
    }

    /// The account, as the Chats API names it.
    #[must_use]
    pub fn account_amojo_id(&self) -> AmojoId {
        self.account
    }

    /// The text, 73 bytes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

/// Offsets are counted from the start of the scope id, not of its second half.
fn moved_behind_separator(error: ParseUuidError) -> ParseUuidError {
    const START: usize = UUID_BYTES + 1;
    match error {
        ParseUuidError::NotHyphen { offset: at } => {
            ParseUuidError::NotHyphen { offset: at + START }
        }
        ParseUuidError::UpperCase { offset: at } => {
            ParseUuidError::UpperCase { offset: at + START }
        }
        ParseUuidError::NotHex { offset: at } => ParseUuidError::NotHex { offset: at + START },
        ParseUuidError::Length { .. } => error,
    }
}

impl FromStr for ScopeId {
    type Err = ParseScopeIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl AsRef<str> for ScopeId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopeId").field(&self.as_str()).finish()
    }
}
