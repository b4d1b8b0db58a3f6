//! The three identifiers that are UUIDs: of a channel, of an account in the Chats API, of an
//! integration.
//!
//! They are kept as text, because as text they enter paths and MACs. Upper case is refused rather
//! than lowered: the platform never writes it, and a disconnect signature made with an upper-case
//! client id does not verify.
//!
//! Source: rules N1, N4 of `docs/protocol.md`.

use core::borrow::Borrow;
use core::fmt;
use core::str::FromStr;

use crate::error::ParseUuidError;
use crate::inline_text::InlineText;

pub(crate) const UUID_BYTES: usize = 36;

fn parse_uuid(bytes: &[u8]) -> Result<InlineText<UUID_BYTES>, ParseUuidError> {
    if bytes.len() != UUID_BYTES {
        return Err(ParseUuidError::Length { found: bytes.len() });
    }
    for (at, byte) in bytes.iter().enumerate() {
        check_uuid_byte(at, *byte)?;
    }
    Ok(InlineText::concat(&[bytes]))
}

fn check_uuid_byte(at: usize, byte: u8) -> Result<(), ParseUuidError> {
    match (at, byte) {
        (8 | 13 | 18 | 23, b'-') => Ok(()),
        (8 | 13 | 18 | 23, _) => Err(ParseUuidError::NotHyphen { offset: at }),
        (_, b'0'..=b'9' | b'a'..=b'f') => Ok(()),
        (_, b'A'..=b'F') => Err(ParseUuidError::UpperCase { offset: at }),
        _ => Err(ParseUuidError::NotHex { offset: at }),
    }
}

macro_rules! uuid_id {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        ///
        /// 36 bytes: lower-case hex digits, hyphens at 8, 13, 18 and 23. Any version and variant.
        /// `Copy`; never allocates.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(InlineText<UUID_BYTES>);

        impl $name {
            /// Reads the text. Never panics, never allocates.
            ///
            /// # Errors
            ///
            /// - `"52e591f7"`: [`ParseUuidError::Length`].
            /// - `"52E591f7-c98f-4255-8495-827210138c81"`: [`ParseUuidError::UpperCase`], with its
            ///   offset.
            /// - another character: [`ParseUuidError::NotHyphen`] or [`ParseUuidError::NotHex`],
            ///   with its offset.
            pub fn parse(text: &str) -> Result<Self, ParseUuidError> {
                parse_uuid(text.as_bytes()).map(Self)
            }

            /// The text, 36 bytes.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromStr for $name {
            type Err = ParseUuidError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }
    };
}

uuid_id! {
    /// The id of a chat channel, from its registration.
    ///
    /// Source: rule N1 of `docs/protocol.md`; a published channel id has UUID version 1.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_account::{ChannelId, ParseUuidError};
    /// let text = "a4490ccc-5d7f-11e7-907b-a6006ad3dba0";
    /// assert_eq!(ChannelId::parse(text)?.as_str(), text);
    /// # Ok::<(), ParseUuidError>(())
    /// ```
    ChannelId
}

uuid_id! {
    /// The id of an account in the Chats API: `amojo_id` of the CRM, `account_id` of connect,
    /// disconnect and chat hooks.
    ///
    /// Source: rule N1 of `docs/protocol.md`.
    AmojoId
}

uuid_id! {
    /// The id of an integration: `client_id` of OAuth, `client_uuid` of a disconnect hook.
    ///
    /// Source: rules X1 and X3 of `docs/protocol.md`.
    ClientId
}
