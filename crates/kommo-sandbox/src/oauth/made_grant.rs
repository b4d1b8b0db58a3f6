//! What the sandbox hands out without a consent page: codes, grants and tokens for tests.

use core::fmt;

use serde::{Deserialize, Serialize};

/// An authorization code and where to exchange it. `Debug` shows no code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IssuedCode {
    /// The code.
    pub code: String,
    /// The account's host.
    pub account_host: String,
}

/// A grant that was made without a code. `Debug` shows no token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MadeGrant {
    /// The account.
    pub account: u64,
    /// The account's host.
    pub account_host: String,
    /// The user.
    pub user: u64,
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// When the access token ends, in Unix seconds of the virtual clock.
    pub expires_at: u64,
}

/// How grants are made in bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GrantOrder {
    /// How many, at most 10000; ask again for more.
    pub count: u64,
    /// The account. Default: the first.
    #[serde(default)]
    pub account: Option<u64>,
    /// How long ago they were issued, in seconds. Default: 0.
    #[serde(default)]
    pub age_seconds: u64,
    /// Whether the access tokens are signed. Signing takes most of the time; a token without a
    /// right signature is not let in, and its refresh token works. Default: true.
    #[serde(default = "signed_by_default")]
    pub sign: bool,
}

const fn signed_by_default() -> bool {
    true
}

impl GrantOrder {
    /// `count` fresh grants with signed tokens in the first account.
    #[must_use]
    pub const fn new(count: u64) -> Self {
        Self {
            count,
            account: None,
            age_seconds: 0,
            sign: true,
        }
    }
}

/// A long-lived token. `Debug` shows no token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LongLivedToken {
    /// The access token.
    pub access_token: String,
    /// When it ends, in Unix seconds of the virtual clock.
    pub expires_at: u64,
}

impl fmt::Debug for IssuedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedCode")
            .field("account_host", &self.account_host)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MadeGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeGrant")
            .field("account", &self.account)
            .field("account_host", &self.account_host)
            .field("user", &self.user)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LongLivedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongLivedToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
