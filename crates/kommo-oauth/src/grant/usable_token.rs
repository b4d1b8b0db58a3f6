//! An access token that may be used.

use core::time::Duration;

use kommo_account::AccountHost;

use crate::grant::generation::Generation;
use crate::token::AccessToken;
use crate::unix_time::UnixSeconds;

/// An access token that may be used, with its data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UsableToken {
    /// The token.
    pub access_token: AccessToken,
    /// Where to send it.
    pub host: AccountHost,
    /// Its generation; a call that gets 401 names it.
    pub generation: Generation,
    /// When it was obtained, by our clock.
    pub obtained_at: UnixSeconds,
    /// When it ends; `None` for a long-lived token that does not say.
    pub expires_at: Option<UnixSeconds>,
}

impl UsableToken {
    /// A token that comes from outside this process, such as from `kommo auth credential`: for
    /// programs that pass tokens to a client themselves. It is not checked.
    #[must_use]
    pub const fn new(
        access_token: AccessToken,
        host: AccountHost,
        generation: Generation,
        obtained_at: UnixSeconds,
        expires_at: Option<UnixSeconds>,
    ) -> Self {
        Self {
            access_token,
            host,
            generation,
            obtained_at,
            expires_at,
        }
    }

    /// How long before its end it is due: this long, but at most half of its lifetime.
    #[must_use]
    pub fn margin(&self, before: Duration) -> Duration {
        before.min(self.left(self.obtained_at) / 2)
    }

    /// How long it is still valid; for a token that does not say, for ever.
    #[must_use]
    pub fn left(&self, now: UnixSeconds) -> Duration {
        self.expires_at.map_or(Duration::MAX, |end| now.until(end))
    }
}
