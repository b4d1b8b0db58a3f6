//! The number of a user in the CRM.

use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;

use crate::account_id::AccountId;
use crate::error::{ParseAccountIdError, ParseUserIdError};

/// The number of a user in the CRM, never zero: who gave a grant. `Display` writes it in decimal.
///
/// Source: the claim `sub` of an access token, a decimal text, and the header `X-Context-User-ID`
/// (OAuth).
///
/// # Examples
///
/// ```
/// # use kommo_account::{ParseUserIdError, UserId};
/// assert_eq!(UserId::parse("87654321")?.get(), 87_654_321);
/// assert!(UserId::parse("0").is_err());
/// # Ok::<(), ParseUserIdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(NonZeroU64);

impl UserId {
    /// Takes a number that is known not to be zero.
    #[must_use]
    pub const fn new(number: NonZeroU64) -> Self {
        Self(number)
    }

    /// Reads 1 to 20 decimal digits, as [`AccountId::parse`] does. Never panics.
    ///
    /// # Errors
    ///
    /// `""`, `"-1"`, `"1 "`, `"0"`, 21 digits: [`ParseUserIdError`], whose
    /// [`reason`](ParseUserIdError::reason) says what.
    pub fn parse(text: &str) -> Result<Self, ParseUserIdError> {
        match AccountId::parse(text) {
            Ok(number) => Self::from_number(number.get()),
            Err(reason) => Err(ParseUserIdError::new(reason)),
        }
    }

    /// Takes a number.
    ///
    /// # Errors
    ///
    /// `0`: its reason is [`ParseAccountIdError::Zero`].
    pub fn from_number(number: u64) -> Result<Self, ParseUserIdError> {
        NonZeroU64::new(number)
            .map(Self)
            .ok_or(ParseUserIdError::new(ParseAccountIdError::Zero))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl FromStr for UserId {
    type Err = ParseUserIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
