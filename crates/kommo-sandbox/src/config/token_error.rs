//! What the token endpoint refuses, row by row: a status, a hint, and a reason for the journal.
//!
//! Source: OAuth pages of both platforms, and captures of the endpoint's answers.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::config::oauth_rules::{OauthRules, RedirectUriHint};

/// A refusal of the token endpoint. On the wire it is the name in kebab-case, for example
/// `refresh-token-revoked`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TokenError {
    /// The platform did not issue the code.
    CodeUndecryptable,
    /// The code is older than its lifetime.
    CodeExpired,
    /// The code was used before, or the integration was switched off since.
    CodeRevoked,
    /// The code belongs to another integration.
    CodeOfAnotherClient,
    /// There is no code.
    CodeMissing,
    /// The client id is missing, or is not a UUID.
    ClientIdInvalid,
    /// There is no client secret.
    ClientSecretInvalid,
    /// No integration has this id and this secret.
    ClientRejected,
    /// The redirect URI is missing, or is not the integration's, byte for byte.
    RedirectUriMismatch,
    /// The request went to the host of another account.
    InvalidAccount,
    /// The refresh token was used before, or revoked.
    RefreshTokenRevoked,
    /// The refresh token is older than its lifetime.
    RefreshTokenExpired,
    /// The platform did not issue the refresh token.
    RefreshTokenUndecryptable,
    /// The refresh token belongs to another integration.
    RefreshTokenOfAnotherClient,
    /// There is no refresh token.
    RefreshTokenMissing,
    /// The grant type is missing or unknown, or the body could not be read.
    UnknownGrantType,
}

impl TokenError {
    /// Every row.
    pub const ALL: [Self; 16] = [
        Self::CodeUndecryptable,
        Self::CodeExpired,
        Self::CodeRevoked,
        Self::CodeOfAnotherClient,
        Self::CodeMissing,
        Self::ClientIdInvalid,
        Self::ClientSecretInvalid,
        Self::ClientRejected,
        Self::RedirectUriMismatch,
        Self::InvalidAccount,
        Self::RefreshTokenRevoked,
        Self::RefreshTokenExpired,
        Self::RefreshTokenUndecryptable,
        Self::RefreshTokenOfAnotherClient,
        Self::RefreshTokenMissing,
        Self::UnknownGrantType,
    ];

    /// The name on the wire; also the code in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CodeUndecryptable => "code-undecryptable",
            Self::CodeExpired => "code-expired",
            Self::CodeRevoked => "code-revoked",
            Self::CodeOfAnotherClient => "code-of-another-client",
            Self::CodeMissing => "code-missing",
            Self::ClientIdInvalid => "client-id-invalid",
            Self::ClientSecretInvalid => "client-secret-invalid",
            Self::ClientRejected => "client-rejected",
            Self::RedirectUriMismatch => "redirect-uri-mismatch",
            Self::InvalidAccount => "invalid-account",
            Self::RefreshTokenRevoked => "refresh-token-revoked",
            Self::RefreshTokenExpired => "refresh-token-expired",
            Self::RefreshTokenUndecryptable => "refresh-token-undecryptable",
            Self::RefreshTokenOfAnotherClient => "refresh-token-of-another-client",
            Self::RefreshTokenMissing => "refresh-token-missing",
            Self::UnknownGrantType => "unknown-grant-type",
        }
    }

    /// The hint in the body, always in English; a rejected client gets none.
    #[must_use]
    pub fn hint(self, rules: &OauthRules) -> Option<&'static str> {
        Some(match self {
            Self::CodeUndecryptable => "Cannot decrypt the authorization code",
            Self::CodeExpired => "Authorization code has expired",
            Self::CodeRevoked => "Authorization code has been revoked",
            Self::CodeOfAnotherClient => "Authorization code was not issued to this client",
            Self::CodeMissing => "Check the `code` parameter",
            Self::ClientIdInvalid => "Check the `client_id` parameter",
            Self::ClientSecretInvalid => "Check the `client_secret` parameter",
            Self::ClientRejected => return None,
            Self::RedirectUriMismatch => match rules.redirect_uri_hint {
                RedirectUriHint::NotAssociated => "Redirect URI is not associated with client",
                RedirectUriHint::Invalid => "Invalid redirect URI",
                RedirectUriHint::None => return None,
            },
            Self::InvalidAccount => "Invalid account",
            Self::RefreshTokenRevoked => "Token has been revoked",
            Self::RefreshTokenExpired => "Token has expired",
            Self::RefreshTokenUndecryptable => "Cannot decrypt the refresh token",
            Self::RefreshTokenOfAnotherClient => "Token is not linked to client",
            Self::RefreshTokenMissing => "Check the `refresh_token` parameter",
            Self::UnknownGrantType => "Check that all required parameters have been provided",
        })
    }

    /// The status: 401 for a rejected client and for faults of a refresh token, 400 for the rest.
    #[must_use]
    pub const fn status(self, rules: &OauthRules) -> u16 {
        match self {
            Self::ClientRejected => 401,
            Self::RefreshTokenRevoked
            | Self::RefreshTokenExpired
            | Self::RefreshTokenUndecryptable
            | Self::RefreshTokenOfAnotherClient => rules.refresh_fault_status,
            _ => 400,
        }
    }

    /// The rule that was broken: of the request (K1), of codes (G10), of the redirect URI (G12), of
    /// lifetimes (K5, K11); a token or code of another client, or of none, breaks only the rule
    /// about its answer (K6, K7).
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::CodeMissing
            | Self::ClientIdInvalid
            | Self::ClientSecretInvalid
            | Self::ClientRejected
            | Self::InvalidAccount
            | Self::RefreshTokenMissing
            | Self::UnknownGrantType => "K1",
            Self::CodeExpired | Self::CodeRevoked => "G10",
            Self::CodeUndecryptable | Self::CodeOfAnotherClient => "K6",
            Self::RedirectUriMismatch => "G12",
            Self::RefreshTokenRevoked => "K11",
            Self::RefreshTokenExpired => "K5",
            Self::RefreshTokenUndecryptable | Self::RefreshTokenOfAnotherClient => "K7",
        }
    }

    /// One sentence for the journal.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::CodeUndecryptable => {
                "this platform has not issued the code; a restart of the sandbox ends codes"
            }
            Self::CodeExpired => "the code is older than its lifetime",
            Self::CodeRevoked => {
                "the code was used before, or its integration was switched off since"
            }
            Self::CodeOfAnotherClient => "the code was issued to another integration",
            Self::CodeMissing => "code is missing or empty",
            Self::ClientIdInvalid => "client_id is missing or not a UUID",
            Self::ClientSecretInvalid => "client_secret is missing or empty",
            Self::ClientRejected => "no integration has this client_id and this client_secret",
            Self::RedirectUriMismatch => {
                "redirect_uri is missing, or not byte for byte the one in the integration's settings"
            }
            Self::InvalidAccount => "the token or code belongs to an account at another host",
            Self::RefreshTokenRevoked => "the refresh token was used before, or revoked",
            Self::RefreshTokenExpired => "the refresh token is older than its lifetime",
            Self::RefreshTokenUndecryptable => {
                "this platform has not issued the refresh token; a restart of the sandbox ends grants: log in again"
            }
            Self::RefreshTokenOfAnotherClient => {
                "the refresh token was issued to another integration"
            }
            Self::RefreshTokenMissing => "refresh_token is missing or empty",
            Self::UnknownGrantType => {
                "grant_type is neither authorization_code nor refresh_token, or the body is neither JSON nor a form"
            }
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
