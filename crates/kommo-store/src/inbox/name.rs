//! What an inbox is called.

use core::{error, fmt};

use kommo_account::{ChannelId, ClientId, Realm};

use crate::error::StoreFault;
use crate::records::realm_text::{parse_realm, realm_text};
use crate::records::rows::{InboxRow, OfInbox};

/// The longest name of an inbox, in bytes.
const NAME_MAX_BYTES: usize = 64;

/// What an inbox is called: the id of its integration, the id of its channel, or any word. Of
/// inboxes with the integration's id, alone or before a dot,
/// [`Store::erase_account`](crate::Store::erase_account) erases the hooks too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxName(String);

impl InboxName {
    /// Takes 1 to 64 letters, digits, dots, hyphens and low lines.
    ///
    /// # Errors
    ///
    /// [`InboxNameError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InboxNameError> {
        let admitted =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        match (1..=NAME_MAX_BYTES).contains(&text.len()) && text.bytes().all(admitted) {
            true => Ok(Self(text.to_owned())),
            false => Err(InboxNameError),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An inbox, as [`Store::inboxes`](crate::Store::inboxes) lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxLine {
    /// Its realm.
    pub realm: Realm,
    /// Its name.
    pub name: InboxName,
}

pub(super) fn to_inbox_line(row: &InboxRow) -> Result<InboxLine, StoreFault> {
    let damaged = |column| StoreFault::damaged(&row.name, column);
    Ok(InboxLine {
        realm: parse_realm(&row.realm).ok_or_else(|| damaged("column realm"))?,
        name: InboxName::parse(&row.name).map_err(|_| damaged("column name"))?,
    })
}

impl OfInbox {
    pub(super) fn new(realm: Realm, name: InboxName) -> Self {
        Self {
            realm: realm_text(realm),
            inbox: name.0,
        }
    }
}

impl From<&ClientId> for InboxName {
    fn from(id: &ClientId) -> Self {
        Self(id.to_string())
    }
}

impl From<&ChannelId> for InboxName {
    fn from(id: &ChannelId) -> Self {
        Self(id.as_str().to_owned())
    }
}

/// A text names no inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxNameError;

impl fmt::Display for InboxNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("name of an inbox is not 1 to 64 letters, digits, dots, hyphens and low lines")
    }
}

impl error::Error for InboxNameError {}
