//! The settings of a profile that no library knows: their checks, each with a typed error.

use core::error::Error;
use core::fmt;
use core::str::FromStr;

use kommo_account::HostSuffix;
use kommo_oauth::IntegrationKind;

/// Which platform the integration is registered at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlatformName {
    /// `kommo`: accounts under `.kommo.com` and `.amocrm.com`.
    Kommo,
    /// `amocrm`: accounts under `.amocrm.ru`.
    Amocrm,
}

impl PlatformName {
    pub(crate) const fn suffix(self) -> HostSuffix {
        match self {
            Self::Kommo => HostSuffix::KommoCom,
            Self::Amocrm => HostSuffix::AmocrmRu,
        }
    }

    pub(crate) fn agrees_with(self, suffix: HostSuffix) -> bool {
        self.suffix().platform() == suffix.platform()
    }
}

impl FromStr for PlatformName {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "kommo" => Ok(Self::Kommo),
            "amocrm" => Ok(Self::Amocrm),
            _ => Err(SettingError::Platform),
        }
    }
}

impl fmt::Display for PlatformName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kommo => "kommo",
            Self::Amocrm => "amocrm",
        })
    }
}

/// Where the consent page sends the browser back to: https, or http with a loopback host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedirectUri(kommo_oauth::RedirectUri);

impl RedirectUri {
    pub(crate) const fn as_uri(&self) -> &kommo_oauth::RedirectUri {
        &self.0
    }
}

impl FromStr for RedirectUri {
    type Err = kommo_oauth::WebUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        kommo_oauth::RedirectUri::parse(text).map(Self)
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// For whom an integration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KindName {
    /// `private`: for the one account that it was made in.
    Private,
    /// `public`: for the marketplace.
    Public,
}

impl KindName {
    pub(crate) const fn kind(self) -> IntegrationKind {
        match self {
            Self::Private => IntegrationKind::Private,
            Self::Public => IntegrationKind::Public,
        }
    }
}

impl FromStr for KindName {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "private" => Ok(Self::Private),
            "public" => Ok(Self::Public),
            _ => Err(SettingError::Kind),
        }
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "private",
            Self::Public => "public",
        })
    }
}

/// Where grants are kept: `sqlite:PATH`, or `postgres://…` without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreUrl(String);

impl StoreUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What kind of store a URL names; `Err` if none.
pub(crate) fn sqlite_path(text: &str) -> Result<Option<&str>, SettingError> {
    if let Some(path) = text.strip_prefix("sqlite:") {
        return if path.is_empty() {
            Err(SettingError::StoreNoPath)
        } else {
            Ok(Some(path))
        };
    }
    postgres_rest(text).map(|_| None)
}

fn postgres_rest(text: &str) -> Result<&str, SettingError> {
    text.strip_prefix("postgres://")
        .or_else(|| text.strip_prefix("postgresql://"))
        .ok_or(SettingError::StoreScheme)
}

impl FromStr for StoreUrl {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        if sqlite_path(text)?.is_some() {
            return Ok(Self(text.to_owned()));
        }
        let rest = postgres_rest(text)?;
        // To the last `@`, wherever it stands: a password with a slash in it is still a password.
        let user_info = rest.rsplit_once('@').map_or("", |(user_info, _)| user_info);
        if user_info.contains(':') || rest.to_ascii_lowercase().contains("password=") {
            return Err(SettingError::StorePassword);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvName(String);

impl FromStr for EnvName {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let starts_well = text
            .bytes()
            .next()
            .is_some_and(|byte| !byte.is_ascii_digit());
        if starts_well && text.bytes().all(is_name) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SettingError::EnvName)
        }
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a profile, which is also the name of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProfileName(String);

impl ProfileName {
    /// The one that is used when none is named.
    pub(crate) fn default_name() -> Self {
        Self("default".to_owned())
    }
}

impl FromStr for ProfileName {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.is_empty()
            || text.len() > 64
            || text.starts_with('.')
            || !text.bytes().all(is_plain)
        {
            return Err(SettingError::ProfileName);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a setting is refused. No message repeats what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SettingError {
    /// Neither `kommo` nor `amocrm`.
    Platform,
    /// Neither `private` nor `public`.
    Kind,
    /// Neither `sqlite:` nor `postgres://`.
    StoreScheme,
    /// `sqlite:` alone.
    StoreNoPath,
    /// `postgres://user:password@host/…`.
    StorePassword,
    /// A variable's name with other characters than letters, digits and underscores.
    EnvName,
    /// A profile's name that is no plain file name.
    ProfileName,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform is neither 'kommo' nor 'amocrm'"),
            Self::Kind => f.write_str("kind is neither 'private' nor 'public'"),
            Self::StoreScheme => f.write_str("store is neither 'sqlite:PATH' nor 'postgres://…'"),
            Self::StoreNoPath => f.write_str("store has no path after 'sqlite:'"),
            Self::StorePassword => f.write_str(
                "store has a password in it, which belongs into a file or the environment",
            ),
            Self::EnvName => {
                f.write_str("no name of an environment variable: letters, digits and underscores")
            }
            Self::ProfileName => {
                f.write_str("profile name is not 1 to 64 letters, digits, '-', '_' and '.'")
            }
        }
    }
}

impl Error for SettingError {}
