//! Where a secret is, as it is typed at a terminal: a path, or `env:NAME`.

use std::path::PathBuf;

use crate::input::private_file;
use crate::profile::setting::EnvName;

/// A file or an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SecretPlace {
    File(PathBuf),
    Env(EnvName),
}

impl SecretPlace {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("env:") {
            return name
                .parse()
                .map(Self::Env)
                .map_err(|error: crate::profile::setting::SettingError| error.to_string());
        }
        if text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(
                "that looks like the secret itself; give the file that holds it, or env:NAME"
                    .to_owned(),
            );
        }
        let path = match (text.strip_prefix("~/"), std::env::var_os("HOME")) {
            (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
            _ => PathBuf::from(text),
        };
        private_file::lasting(&path).map(Self::File)
    }

    /// The two settings of a profile that name a place.
    pub(super) fn into_parts(self) -> (Option<PathBuf>, Option<EnvName>) {
        match self {
            Self::File(file) => (Some(file), None),
            Self::Env(name) => (None, Some(name)),
        }
    }
}
