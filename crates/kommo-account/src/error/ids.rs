//! Why a text is not an identifier.

use core::fmt;

/// Why a text is not a UUID as the platform writes it.
///
/// Offsets (`at`) are bytes from the start of the given text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseUuidError {
    /// `"52e591f7"`: not 36 bytes long.
    Length {
        /// Length of the given text in bytes.
        found: usize,
    },
    /// `"52e591f7_c98f-4255-8495-827210138c81"`: another byte where a hyphen belongs (8, 13, 18,
    /// 23).
    NotHyphen {
        /// Where it is.
        offset: usize,
    },
    /// `"52E591f7-c98f-4255-8495-827210138c81"`: an upper-case digit. It would change a signature,
    /// so it is not lowered.
    UpperCase {
        /// Where the first one is.
        offset: usize,
    },
    /// `"52e591g7-c98f-4255-8495-827210138c81"`: no hex digit.
    NotHex {
        /// Where it is.
        offset: usize,
    },
}

impl fmt::Display for ParseUuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length {
                found: length_bytes,
            } => {
                write!(
                    f,
                    "not a uuid: a uuid has 36 characters, and this has {length_bytes}"
                )
            }
            Self::NotHyphen { offset: at } => write!(f, "byte {at} of the uuid is not a hyphen"),
            Self::UpperCase { offset: at } => {
                write!(
                    f,
                    "byte {at} of the uuid is in upper case; lower case is expected"
                )
            }
            Self::NotHex { offset: at } => write!(f, "byte {at} of the uuid is not a hex digit"),
        }
    }
}

/// Why a text is no [`ScopeId`](crate::ScopeId).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseScopeIdError {
    /// Not 73 bytes long.
    Length {
        /// Length of the given text in bytes.
        found: usize,
    },
    /// The byte at 36 is not `_`.
    Separator,
    /// The first 36 bytes are no channel id.
    ChannelId(ParseUuidError),
    /// The bytes from 37 on are no amojo id. The offset inside is counted from the start of the
    /// scope id.
    AccountAmojoId(ParseUuidError),
}

impl fmt::Display for ParseScopeIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length {
                found: length_bytes,
            } => {
                write!(f, "scope_id is {length_bytes} bytes long, 73 are expected")
            }
            Self::Separator => f.write_str("scope_id has no underscore at byte 36"),
            Self::ChannelId(_) => f.write_str("scope_id has no channel id before the underscore"),
            Self::AccountAmojoId(_) => f.write_str("scope_id has no amojo id after the underscore"),
        }
    }
}

/// Why a text or a number is no [`AccountId`](crate::AccountId): rules N3 and X2 of
/// `docs/protocol.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseAccountIdError {
    /// `""`: nothing is there.
    Empty,
    /// More than 20 bytes.
    TooLong {
        /// Length of the given text in bytes.
        found: usize,
    },
    /// `"-1"`, `"+1"`, `"12a"`, `" 1"`: something else than a decimal digit.
    NotDigit {
        /// Where it is, in bytes.
        offset: usize,
    },
    /// `"99999999999999999999"`: more than 64 bits hold.
    Overflow,
    /// `"0"`, `"000"`: no account has this number.
    Zero,
}

impl fmt::Display for ParseAccountIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("account id is empty"),
            Self::TooLong {
                found: length_bytes,
            } => {
                write!(
                    f,
                    "account id is {length_bytes} bytes long, at most 20 are allowed"
                )
            }
            Self::NotDigit { offset: at } => {
                write!(f, "byte {at} of the account id is not a decimal digit")
            }
            Self::Overflow => f.write_str("account id is above 18446744073709551615"),
            Self::Zero => f.write_str("account id is zero"),
        }
    }
}

/// Why a text is not a user id. The rules are those of an account id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseUserIdError {
    reason: ParseAccountIdError,
}

impl ParseUserIdError {
    pub(crate) const fn new(reason: ParseAccountIdError) -> Self {
        Self { reason }
    }

    /// Which rule it breaks.
    #[must_use]
    pub const fn reason(&self) -> ParseAccountIdError {
        self.reason
    }
}

impl fmt::Display for ParseUserIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            ParseAccountIdError::Empty => f.write_str("user id is empty"),
            ParseAccountIdError::TooLong { found } => {
                write!(f, "user id is {found} bytes long, at most 20 are allowed")
            }
            ParseAccountIdError::NotDigit { offset } => {
                write!(f, "byte {offset} of the user id is not a decimal digit")
            }
            ParseAccountIdError::Overflow => f.write_str("user id is above 18446744073709551615"),
            ParseAccountIdError::Zero => f.write_str("user id is zero"),
        }
    }
}

impl core::error::Error for ParseUuidError {}
impl core::error::Error for ParseUserIdError {}
impl core::error::Error for ParseAccountIdError {}

impl core::error::Error for ParseScopeIdError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::ChannelId(error) | Self::AccountAmojoId(error) => Some(error),
            Self::Length { .. } | Self::Separator => None,
        }
    }
}
