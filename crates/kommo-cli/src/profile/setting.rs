//! The settings of a profile that no library knows: their checks, each with a typed error.

use core::error::Error;
use core::fmt;
use core::str::FromStr;

use kommo_account::{Endpoints, HostSuffix};
use kommo_oauth::integration::IntegrationKind;

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
pub(crate) struct RedirectUri(kommo_oauth::integration::RedirectUri);

impl RedirectUri {
    pub(crate) const fn as_uri(&self) -> &kommo_oauth::integration::RedirectUri {
        &self.0
    }
}

impl FromStr for RedirectUri {
    type Err = kommo_oauth::integration::WebUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        kommo_oauth::integration::RedirectUri::parse(text).map(Self)
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
    if let Some(path) = without_scheme(text, "sqlite:") {
        return file_path(path).map(Some);
    }
    postgres_rest(text).map(|_| None)
}

/// The path after `sqlite:`, which is the name of a file and no address: what has a host or
/// credentials in it was meant otherwise, and a name that is printed must not have a password in
/// it.
fn file_path(path: &str) -> Result<&str, SettingError> {
    if has_credentials(path) {
        return Err(SettingError::StorePassword);
    }
    // Three slashes are an empty host and a path from the root, as other programs write it.
    let path = match path.strip_prefix("//") {
        Some(rest) if rest.starts_with('/') => rest,
        Some(_) => return Err(SettingError::StoreHost),
        None => path,
    };
    match path {
        "" => Err(SettingError::StoreNoPath),
        path if path.contains("://") => Err(SettingError::StoreHost),
        path => Ok(path),
    }
}

fn postgres_rest(text: &str) -> Result<&str, SettingError> {
    without_scheme(text, "postgres://")
        .or_else(|| without_scheme(text, "postgresql://"))
        .ok_or_else(|| match has_credentials(text) {
            true => SettingError::StorePassword,
            false => SettingError::StoreScheme,
        })
}

/// A scheme counts in any case.
fn without_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Whether there is a password in a text that may be an address: between a colon and an `@`, or as
/// a parameter; written plainly or with percent signs.
fn has_credentials(text: &str) -> bool {
    let plain = percent_decoded(text).to_ascii_lowercase();
    let rest = plain.split_once("://").map_or(&*plain, |(_, rest)| rest);
    let rest = rest.trim_start_matches('/');
    // To the last `@`, wherever it is: a password with a slash in it is still a password.
    let is_user_info = |rest: &str| {
        let user_info = rest.rsplit_once('@').map_or("", |(user_info, _)| user_info);
        user_info
            .split_once(':')
            .is_some_and(|(user, _)| !user.contains('/'))
    };
    is_user_info(rest) || plain.contains("password=") || plain.contains("pwd=")
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8_lossy(&decoded).into_owned(),
            [b'%', high, low, after @ ..] if hex_byte(*high, *low).is_some() => {
                decoded.extend(hex_byte(*high, *low));
                after
            }
            [byte, after @ ..] => {
                decoded.push(*byte);
                after
            }
        };
    }
}

impl FromStr for StoreUrl {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        if sqlite_path(text)?.is_none() && has_credentials(text) {
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

/// The address of a sandbox on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SandboxUrl(String);

impl FromStr for SandboxUrl {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match Endpoints::loopback_url(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(SettingError::SandboxUrl),
        }
    }
}

impl fmt::Display for SandboxUrl {
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
    /// `sqlite://host/…`, or an address after `sqlite:`.
    StoreHost,
    /// `postgres://user:password@host/…`, or credentials under any other scheme.
    StorePassword,
    /// Anything but `http://127.0.0.1:PORT` and its like.
    SandboxUrl,
    /// A variable's name with other characters than letters, digits and underscores.
    EnvName,
    /// A profile's name that is not a plain file name.
    ProfileName,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform is neither 'kommo' nor 'amocrm'"),
            Self::Kind => f.write_str("kind is neither 'private' nor 'public'"),
            Self::StoreScheme => f.write_str("store is neither 'sqlite:PATH' nor 'postgres://…'"),
            Self::StoreNoPath => f.write_str("store has no path after 'sqlite:'"),
            Self::StoreHost => {
                f.write_str("store has a host after 'sqlite:', which takes the path of a file")
            }
            Self::StorePassword => f.write_str(
                "store has a password in it, which belongs into a file or the environment",
            ),
            Self::SandboxUrl => {
                f.write_str("sandbox is not an address on this machine: http://127.0.0.1:PORT")
            }
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

#[cfg(test)]
mod tests {
    use super::{SettingError, StoreUrl, sqlite_path};

    #[test]
    fn credentials_are_refused_whatever_the_scheme_and_the_spelling() {
        for text in [
            "sqlite://user:pw@host",
            "sqlite://user:pw@host/grants.db",
            "SQLite://user:pw@host",
            "sqlite:user:pw@host/db",
            "sqlite:postgres://user:pw@host/db",
            "sqlite://user%3Apw%40host",
            "POSTGRES://user:pw@host/db",
            "postgresql://user:pw@host/db",
            "postgres://user:p/w@host/db",
            "postgres://host/db?password=pw",
            "postgres://host/db?PassWord=pw",
            "postgres://host/db?pass%77ord=pw",
            "mysql://user:pw@host/db",
            "user:pw@host",
        ] {
            assert_eq!(
                text.parse::<StoreUrl>(),
                Err(SettingError::StorePassword),
                "{text}"
            );
        }
        // Under sqlite also where a password could be: the path is printed.
        for text in ["sqlite://user:pw@host", "sqlite:postgres://u:p@h/db"] {
            assert_eq!(sqlite_path(text), Err(SettingError::StorePassword));
        }
    }

    #[test]
    fn a_path_is_a_path_and_a_host_is_none() {
        for (text, path) in [
            ("sqlite:grants.db", "grants.db"),
            ("sqlite:/srv/a@b/grants.db", "/srv/a@b/grants.db"),
            ("sqlite:/srv/a:b@c/grants.db", "/srv/a:b@c/grants.db"),
            ("sqlite:///srv/grants.db", "/srv/grants.db"),
            ("SQLITE:/srv/grants.db", "/srv/grants.db"),
        ] {
            assert_eq!(sqlite_path(text), Ok(Some(path)), "{text}");
        }
        for text in ["sqlite://host/grants.db", "sqlite:postgres://host/db"] {
            assert_eq!(sqlite_path(text), Err(SettingError::StoreHost), "{text}");
        }
        for text in ["postgres://user@host/db", "Postgres://host:5432/db"] {
            assert_eq!(sqlite_path(text), Ok(None), "{text}");
            assert!(text.parse::<StoreUrl>().is_ok(), "{text}");
        }
    }
}
