//! The host of the chat Open API.

use core::fmt;
use core::str::FromStr;

use crate::error::ParseOpenApiHostError;

/// A host of the chat Open API. One is published; there is no other to which its key may go.
///
/// Source: rule O7 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_account::OpenApiHost;
/// assert_eq!(OpenApiHost::parse("https://apichat.twt.com")?, OpenApiHost::ApichatTwtCom);
/// assert!(OpenApiHost::parse("apichat.twt.com.evil.example").is_err());
/// # Ok::<(), kommo_account::ParseOpenApiHostError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum OpenApiHost {
    /// `apichat.twt.com`.
    #[default]
    ApichatTwtCom,
}

impl OpenApiHost {
    /// Reads a host; one `https://`, one trailing `/` and the port 443 are dropped, letters are
    /// compared without their case. Never panics.
    ///
    /// # Errors
    ///
    /// `"http://apichat.twt.com"`, `"apichat.twt.com:8443"`, `"twt.com"`, `""`:
    /// [`ParseOpenApiHostError`].
    pub fn parse(text: &str) -> Result<Self, ParseOpenApiHostError> {
        let host = text.strip_prefix("https://").unwrap_or(text);
        let host = host.strip_suffix('/').unwrap_or(host);
        let host = host.strip_suffix(":443").unwrap_or(host);
        if host.eq_ignore_ascii_case(Self::ApichatTwtCom.as_str()) {
            return Ok(Self::ApichatTwtCom);
        }
        Err(ParseOpenApiHostError)
    }

    /// The host.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApichatTwtCom => "apichat.twt.com",
        }
    }
}

impl FromStr for OpenApiHost {
    type Err = ParseOpenApiHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for OpenApiHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
