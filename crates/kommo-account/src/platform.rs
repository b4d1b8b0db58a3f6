//! The two platforms and the three suffixes under which accounts live.

use core::fmt;

use crate::error::UnknownPlatform;

/// One of the three suffixes that an account host may have.
///
/// Source: rule A1 of `docs/protocol.md`. Mirrors of the documentation under other names hold no
/// accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HostSuffix {
    /// `kommo.com`, the global platform.
    KommoCom,
    /// `amocrm.ru`, the Russian platform.
    AmocrmRu,
    /// `amocrm.com`, older accounts of the global platform.
    AmocrmCom,
}

impl HostSuffix {
    /// All three.
    pub const ALL: [Self; 3] = [Self::KommoCom, Self::AmocrmRu, Self::AmocrmCom];

    /// The suffix without its leading dot, as the claim `base_domain` of an access token has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KommoCom => "kommo.com",
            Self::AmocrmRu => "amocrm.ru",
            Self::AmocrmCom => "amocrm.com",
        }
    }

    /// The platform that runs hosts with this suffix (rule A6).
    #[must_use]
    pub const fn platform(self) -> Platform {
        match self {
            Self::AmocrmRu => Platform::Russia,
            Self::KommoCom | Self::AmocrmCom => Platform::Global,
        }
    }
}

impl fmt::Display for HostSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The platform that an account belongs to: the parameter `platform` of an OAuth redirect.
///
/// Source: rule A6 of `docs/protocol.md`. One of the two documentations does not know the
/// parameter, so its absence is to be accepted; a number that is there must
/// [agree](Self::agrees_with) with the account's suffix.
///
/// # Examples
///
/// ```
/// # use kommo_account::{AccountHost, Platform};
/// let host = AccountHost::parse("myshop.amocrm.com")?;
/// assert_eq!(Platform::from_number(2)?, host.platform());
/// assert!(!Platform::Russia.agrees_with(host.suffix()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// `platform=1`: accounts under `amocrm.ru`.
    Russia = 1,
    /// `platform=2`: accounts under `kommo.com` and `amocrm.com`.
    Global = 2,
}

impl Platform {
    /// Reads the number of the parameter `platform`.
    ///
    /// # Errors
    ///
    /// Every number but 1 and 2: [`UnknownPlatform`].
    pub const fn from_number(number: u64) -> Result<Self, UnknownPlatform> {
        match number {
            1 => Ok(Self::Russia),
            2 => Ok(Self::Global),
            _ => Err(UnknownPlatform { number }),
        }
    }

    /// The number of the parameter `platform`.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::Russia => 1,
            Self::Global => 2,
        }
    }

    /// Whether accounts of this platform may have this suffix.
    #[must_use]
    pub fn agrees_with(self, suffix: HostSuffix) -> bool {
        suffix.platform() == self
    }

    /// The host of the consent page: `www.amocrm.ru` or `www.kommo.com`.
    #[must_use]
    pub const fn consent_host(self) -> &'static str {
        match self {
            Self::Russia => "www.amocrm.ru",
            Self::Global => "www.kommo.com",
        }
    }
}
