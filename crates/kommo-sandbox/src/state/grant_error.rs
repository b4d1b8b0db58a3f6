//! Why no grant was made.

use core::error::Error;
use core::fmt;

/// Why a code, a grant or an integration was not made. Messages name no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantError {
    /// No integration has this client id.
    IntegrationUnknown,
    /// The integration is switched off.
    IntegrationOff,
    /// The integration is private to another account, or for accounts under another suffix.
    AccountNotAdmitted,
    /// No account has this id.
    AccountUnknown,
    /// No user of the account has this id, or the account has no user.
    UserUnknown,
    /// The user is no administrator, and the integration is not installed in the account.
    NotAdministrator,
    /// A long-lived token is valid for 1 to 1827 days.
    Days,
    /// The account's new name is invalid or taken.
    Name,
    /// Too many at once; the limit is 10000.
    TooMany,
    /// The operating system returned no random bytes, or no key could be made.
    Random,
}

impl GrantError {
    /// A stable code, for example `user-unknown`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::IntegrationUnknown => "integration-unknown",
            Self::IntegrationOff => "integration-off",
            Self::AccountNotAdmitted => "account-not-admitted",
            Self::AccountUnknown => "account-unknown",
            Self::UserUnknown => "user-unknown",
            Self::NotAdministrator => "not-administrator",
            Self::Days => "days",
            Self::Name => "name",
            Self::TooMany => "too-many",
            Self::Random => "random",
        }
    }
}

impl fmt::Display for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IntegrationUnknown => "no integration has this client_id",
            Self::IntegrationOff => "the integration is switched off",
            Self::AccountNotAdmitted => "the integration is not for this account",
            Self::AccountUnknown => "no account has this id",
            Self::UserUnknown => "the account has no such user",
            Self::NotAdministrator => {
                "the user is no administrator, and the integration is not installed in the account"
            }
            Self::Days => "a long-lived token is valid for 1 to 1827 days",
            Self::Name => {
                "the new name is not one label of an account's host, or another account has it"
            }
            Self::TooMany => "more than 10000 at once",
            Self::Random => "the operating system returned no random bytes",
        })
    }
}

impl Error for GrantError {}
