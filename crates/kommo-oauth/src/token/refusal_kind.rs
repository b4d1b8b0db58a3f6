//! The meanings that a refusal of the token endpoint can have.
//!
//! Source: rule K7 of `docs/protocol.md`.

use core::fmt;

/// The longest pause that an answer can ask for: a day. More is taken for nonsense and cut to it.
pub const RETRY_AFTER_MAX_SECONDS: u64 = 86_400;

/// What a refusal of the token endpoint means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenRefusalKind {
    /// The code is garbage, or from another server.
    CodeUndecryptable,
    /// The code is older than 20 minutes.
    CodeExpired,
    /// The code was used before.
    CodeRevoked,
    /// The code belongs to another integration.
    CodeOfAnotherClient,
    /// No code was sent.
    CodeMissing,
    /// The client id is missing or malformed.
    ClientIdInvalid,
    /// The client secret is missing or malformed.
    ClientSecretInvalid,
    /// The client is unknown, or its secret is wrong. The grant may be fine.
    ClientRejected,
    /// The redirect URI is not, byte for byte, the one in the settings.
    RedirectUriMismatch,
    /// The request went to the host of another account.
    InvalidAccount,
    /// The refresh token was used or revoked.
    RefreshTokenRevoked,
    /// The refresh token is past its three months.
    RefreshTokenExpired,
    /// The refresh token is garbage.
    RefreshTokenUndecryptable,
    /// The refresh token belongs to another integration.
    RefreshTokenOfAnotherClient,
    /// No refresh token was sent.
    RefreshTokenMissing,
    /// The grant type is unknown.
    UnknownGrantType,
    /// RFC 6749's `invalid_grant`, without a known hint: the code or the refresh token is refused
    /// without a reason. No capture of this endpoint shows it.
    InvalidGrant,
    /// 401 without a known hint: perhaps a moved account, or a deactivated integration.
    Unauthorized,
    /// 404: a moved account, perhaps.
    NotFound,
    /// 402: the account is not paid for.
    PaymentRequired,
    /// 403 without JSON: the page that blocks an address or an account after too many requests.
    Blocked,
    /// 403 with JSON.
    Forbidden,
    /// 429.
    Throttled {
        /// The pause asked for, by `retry_after` of the body, else by the header; at most
        /// [`RETRY_AFTER_MAX_SECONDS`].
        retry_after_seconds: Option<u64>,
    },
    /// Any other 1xx, 3xx or 4xx.
    Unknown,
}

impl TokenRefusalKind {
    /// Whether the refresh token that was sent is dead for good: exactly for the four faults of a
    /// refresh token that a known hint names. No status alone proves it.
    #[must_use]
    pub const fn is_proof_of_death(self) -> bool {
        matches!(
            self,
            Self::RefreshTokenRevoked
                | Self::RefreshTokenExpired
                | Self::RefreshTokenUndecryptable
                | Self::RefreshTokenOfAnotherClient
        )
    }

    /// Whether it is certainly about the one who asks, and so would be the answer for every other
    /// grant too: a client or redirect URI that the platform does not take, an address that it
    /// blocks. A 401 without a known hint, and a 403 with JSON, may be about this one grant.
    #[must_use]
    pub const fn is_about_requester(self) -> bool {
        matches!(
            self,
            Self::ClientIdInvalid
                | Self::ClientSecretInvalid
                | Self::ClientRejected
                | Self::RedirectUriMismatch
                | Self::UnknownGrantType
                | Self::Blocked
        )
    }
}

impl fmt::Display for TokenRefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CodeUndecryptable => "the authorization code is not one of this platform",
            Self::CodeExpired => "the authorization code is older than 20 minutes",
            Self::CodeRevoked => "the authorization code was used before",
            Self::CodeOfAnotherClient => "the authorization code belongs to another integration",
            Self::CodeMissing => "the authorization code is missing",
            Self::ClientIdInvalid => "the client id is missing or malformed",
            Self::ClientSecretInvalid => "the client secret is missing or malformed",
            Self::ClientRejected => "the client id is unknown or the client secret is wrong",
            Self::RedirectUriMismatch => "the redirect uri is not the one of the settings",
            Self::InvalidAccount => "the request went to the host of another account",
            Self::RefreshTokenRevoked => "the refresh token was used before or revoked",
            Self::RefreshTokenExpired => "the refresh token has expired",
            Self::RefreshTokenUndecryptable => "the refresh token is not one of this platform",
            Self::RefreshTokenOfAnotherClient => "the refresh token belongs to another integration",
            Self::RefreshTokenMissing => "the refresh token is missing",
            Self::UnknownGrantType => "the grant type is unknown",
            Self::InvalidGrant => "the code or the refresh token is not valid, no reason given",
            Self::Unauthorized => "not authorized, no known reason given",
            Self::NotFound => "no such account or path at this host",
            Self::PaymentRequired => "the account is not paid for",
            Self::Blocked => "the address or the account is blocked",
            Self::Forbidden => "forbidden",
            Self::Throttled { .. } => "too many requests",
            Self::Unknown => "an unknown kind of answer",
        })
    }
}
