//! The number of an account in the CRM.

use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;

use crate::error::ParseAccountIdError;

/// Digits of `u64::MAX`, which is the limit that the rule names.
const MAX_DIGITS: usize = 20;

/// The number of an account in the CRM, never zero. `Display` writes it in decimal, which is also
/// what enters the MAC of a disconnect hook.
///
/// Not to be confused with the account's [`AmojoId`](crate::AmojoId), which the Chats API calls
/// `account_id`.
///
/// Source: rules N3 and X2 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_account::{AccountId, ParseAccountIdError};
/// assert_eq!(AccountId::parse("032720107")?.to_string(), "32720107");
/// assert_eq!(AccountId::parse("-1"), Err(ParseAccountIdError::NotDigit { offset: 0 }));
/// # Ok::<(), ParseAccountIdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(NonZeroU64);

impl AccountId {
    /// Takes a number that is known not to be zero.
    #[must_use]
    pub const fn new(number: NonZeroU64) -> Self {
        Self(number)
    }

    /// Takes a number.
    ///
    /// # Errors
    ///
    /// `0`: [`ParseAccountIdError::Zero`].
    pub fn from_number(number: u64) -> Result<Self, ParseAccountIdError> {
        NonZeroU64::new(number)
            .map(Self)
            .ok_or(ParseAccountIdError::Zero)
    }

    /// Reads 1 to 20 decimal digits; leading zeros are dropped, as the platform's own code does.
    /// Never panics.
    ///
    /// # Errors
    ///
    /// - `""`: [`ParseAccountIdError::Empty`].
    /// - 21 digits: [`ParseAccountIdError::TooLong`].
    /// - `"+1"`, `"1 "`, `"0x1"`: [`ParseAccountIdError::NotDigit`], with its offset.
    /// - `"18446744073709551616"`: [`ParseAccountIdError::Overflow`].
    /// - `"0"`: [`ParseAccountIdError::Zero`].
    pub fn parse(text: &str) -> Result<Self, ParseAccountIdError> {
        if text.is_empty() {
            return Err(ParseAccountIdError::Empty);
        }
        if text.len() > MAX_DIGITS {
            return Err(ParseAccountIdError::TooLong { found: text.len() });
        }
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_digit()) {
            return Err(ParseAccountIdError::NotDigit { offset: at });
        }
        // Only digits are left, so too large a number is all that can still be wrong.
        let number = text.parse().map_err(|_| ParseAccountIdError::Overflow)?;
        Self::from_number(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl From<NonZeroU64> for AccountId {
    fn from(number: NonZeroU64) -> Self {
        Self(number)
    }
}

impl TryFrom<u64> for AccountId {
    type Error = ParseAccountIdError;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        Self::from_number(number)
    }
}

impl FromStr for AccountId {
    type Err = ParseAccountIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
