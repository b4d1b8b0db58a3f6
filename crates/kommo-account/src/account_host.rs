//! The address of an account: the only kind of host that a client secret, a code or a token is sent
//! to.

use core::borrow::Borrow;
use core::fmt;
use core::str::FromStr;

use crate::error::ParseAccountHostError;
use crate::host_shape::HostShape;
use crate::platform::{HostSuffix, Platform};

/// The host of an account, `{subdomain}.kommo.com`, `{subdomain}.amocrm.ru` or
/// `{subdomain}.amocrm.com`.
///
/// It is in lower case, has one label before its suffix, at most 74 bytes, and is not one of the
/// platform's own hosts. It is `Copy`, and nothing is allocated.
///
/// Source: rules A1 to A4 of `docs/protocol.md`.
///
/// # Security
///
/// An account host arrives from outside: `referer` of an OAuth redirect, the answer of a subdomain
/// look-up, `iss` of a token. Whoever builds a URL of such a text sends the client secret wherever
/// the sender of the text likes. A value of this type is the proof that the text was checked; it
/// says nothing about whose account it is.
///
/// # Examples
///
/// ```
/// # use kommo_account::{AccountHost, HostSuffix, ParseAccountHostError};
/// let host = AccountHost::parse("https://MyShop.Kommo.com/")?;
/// assert_eq!(host.as_str(), "myshop.kommo.com");
/// assert_eq!(host.subdomain(), "myshop");
/// assert_eq!(host.suffix(), HostSuffix::KommoCom);
/// assert!(AccountHost::parse("myshop.kommo.com@evil.example").is_err());
/// # Ok::<(), ParseAccountHostError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountHost(HostShape);

impl AccountHost {
    /// Reads and normalises a text. Never panics, never allocates.
    ///
    /// Dropped are one `https://` (in lower case), one trailing `/` and the port 443; letters are
    /// lowered.
    ///
    /// # Errors
    ///
    /// - `"kommo.com.evil.example"`, `"a.b.kommo.com"`, `"http://myshop.kommo.com"`:
    ///   [`ParseAccountHostError::Shape`], with what is wrong and where.
    /// - `"www.kommo.com"`, `"amojo.amocrm.ru"`, `"api-a.amocrm.ru"`, `"drive-b.kommo.com"`:
    ///   [`ParseAccountHostError::PlatformLabel`].
    pub fn parse(text: &str) -> Result<Self, ParseAccountHostError> {
        Self::parse_bytes(text.as_bytes())
    }

    /// Like [`parse`](Self::parse), for bytes that may not be text at all.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self, ParseAccountHostError> {
        let (shape, at) = HostShape::parse(bytes)?;
        if belongs_to_platform(&shape) {
            return Err(ParseAccountHostError::PlatformLabel { offset: at });
        }
        Ok(Self(shape))
    }

    /// The whole host in lower case, without scheme, port or slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The label before the suffix, 1 to 63 bytes.
    #[must_use]
    pub fn subdomain(&self) -> &str {
        self.0.label()
    }

    /// The suffix.
    #[must_use]
    pub fn suffix(&self) -> HostSuffix {
        self.0.suffix()
    }

    /// The platform that the account belongs to (rule A6).
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.suffix().platform()
    }
}

/// Rule A4. Only these are refused, not everything that begins like them: customers choose their
/// own names.
fn belongs_to_platform(shape: &HostShape) -> bool {
    matches!(shape.label(), "www" | "amojo")
        || shape.label_is_prefix_and_letter("api-")
        || shape.label_is_prefix_and_letter("drive-")
}

impl FromStr for AccountHost {
    type Err = ParseAccountHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl AsRef<str> for AccountHost {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for AccountHost {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for AccountHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AccountHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AccountHost").field(&self.as_str()).finish()
    }
}
