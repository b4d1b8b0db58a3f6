//! The settings of a profile that no library knows: their checks, each with a typed error.

use core::error::Error;
use core::fmt;
use core::str::FromStr;

use kommo_account::HostSuffix;

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

/// Where the consent page sends the browser back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedirectUri(String);

impl FromStr for RedirectUri {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let rest = text
            .strip_prefix("https://")
            .ok_or(SettingError::RedirectNotHttps)?;
        if let Some(at) = text
            .bytes()
            .position(|byte| !byte.is_ascii_graphic() || byte == b'\\')
        {
            return Err(SettingError::RedirectCharacter { at });
        }
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() || host.starts_with(':') {
            return Err(SettingError::RedirectNoHost);
        }
        if host.contains('@') {
            return Err(SettingError::RedirectUserInfo);
        }
        if text.contains('#') {
            return Err(SettingError::RedirectFragment);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where grants are kept: `sqlite:PATH`, or `postgres://…` without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreUrl(String);

impl FromStr for StoreUrl {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return if path.is_empty() {
                Err(SettingError::StoreNoPath)
            } else {
                Ok(Self(text.to_owned()))
            };
        }
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or(SettingError::StoreScheme)?;
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
    /// `http://…`, or no URL at all.
    RedirectNotHttps,
    /// `https:///path`.
    RedirectNoHost,
    /// `https://user@host/`.
    RedirectUserInfo,
    /// `https://host/#part`.
    RedirectFragment,
    /// A space, a control character, a backslash or a byte outside ASCII.
    RedirectCharacter {
        /// Where it stands, in bytes.
        at: usize,
    },
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
            Self::RedirectNotHttps => f.write_str("redirect uri does not begin with 'https://'"),
            Self::RedirectNoHost => f.write_str("redirect uri has no host"),
            Self::RedirectUserInfo => f.write_str("redirect uri has a user name in it"),
            Self::RedirectFragment => f.write_str("redirect uri has a fragment"),
            Self::RedirectCharacter { at } => {
                write!(
                    f,
                    "redirect uri has a character that no url has at byte {at}"
                )
            }
            Self::StoreScheme => f.write_str("store is neither 'sqlite:PATH' nor 'postgres://…'"),
            Self::StoreNoPath => f.write_str("store has no path behind 'sqlite:'"),
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
