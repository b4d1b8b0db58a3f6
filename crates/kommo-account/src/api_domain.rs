//! The shared API host that the claim `api_domain` of an access token names.

use core::fmt;
use core::str::FromStr;

use crate::error::ParseApiDomainError;
use crate::host_shape::HostShape;
use crate::platform::HostSuffix;

/// A host `api-` with one letter under one of the three suffixes, such as `api-c.kommo.com`.
///
/// The current subdomain of an account is asked for there. Normalised like an
/// [`AccountHost`](crate::AccountHost), and never equal to one.
///
/// Source: rule A7 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_account::{ApiDomain, ParseApiDomainError};
/// assert_eq!(ApiDomain::parse("https://API-B.amocrm.ru/")?.as_str(), "api-b.amocrm.ru");
/// assert!(matches!(ApiDomain::parse("myshop.amocrm.ru"), Err(ParseApiDomainError::Label { offset: 0, .. })));
/// # Ok::<(), ParseApiDomainError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiDomain(HostShape);

impl ApiDomain {
    /// Reads and normalises a text. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// - `"api-c.evil.example"`: [`ParseApiDomainError::Shape`], with what is wrong and where.
    /// - `"myshop.kommo.com"`, `"api-ab.kommo.com"`, `"api-1.kommo.com"`:
    ///   [`ParseApiDomainError::Label`].
    pub fn parse(text: &str) -> Result<Self, ParseApiDomainError> {
        let (shape, at) = HostShape::parse(text.as_bytes())?;
        if !shape.label_is_prefix_and_letter("api-") {
            return Err(ParseApiDomainError::Label { offset: at });
        }
        Ok(Self(shape))
    }

    /// The whole host in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The suffix.
    #[must_use]
    pub fn suffix(&self) -> HostSuffix {
        self.0.suffix()
    }
}

impl FromStr for ApiDomain {
    type Err = ParseApiDomainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl AsRef<str> for ApiDomain {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ApiDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ApiDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ApiDomain").field(&self.as_str()).finish()
    }
}
