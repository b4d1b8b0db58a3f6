//! Where grants are kept, and what they are encrypted with.

use std::path::PathBuf;

use clap::Args;
use kommo_store::{EncryptionKey, EncryptionKeys};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::input::environment;
use crate::input::private_file;
use crate::input::secret_source::{SecretSource, SecretText};
use crate::input::standard_input::is_dash;
use crate::profile::setting::{SettingError, StoreUrl, sqlite_path};
use crate::run::context::Context;

/// `--store` and its companions.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreArgs {
    /// Where grants are kept: sqlite:PATH, or postgres://… without a password; else KOMMO_STORE,
    /// else the user's data directory
    #[arg(long, value_name = "URL", conflicts_with = "store_file")]
    store: Option<StoreUrl>,

    /// The file that holds the store's URL, with a password if need be
    #[arg(long, value_name = "FILE")]
    store_file: Option<PathBuf>,

    /// The file with the encryption key of the grants, 64 hex digits. During a rotation once for
    /// each key: the first one encrypts
    #[arg(long, value_name = "FILE")]
    encryption_key_file: Vec<PathBuf>,

    /// The environment variable with such a key; keys of files come first
    #[arg(long, value_name = "NAME")]
    encryption_key_env: Vec<String>,
}

/// Which store.
pub(crate) enum StorePlace {
    /// A file.
    Sqlite(PathBuf),
    /// A server. The URL may have a password in it.
    Postgres(SecretText),
}

impl StorePlace {
    /// The name to be printed. A server's URL may have a password in it, so it is not printed.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(_) => "postgres".to_owned(),
        }
    }

    /// Whether it is a file that does not exist yet.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Sqlite(path) => private_file::is_absent(path),
            Self::Postgres(_) => false,
        }
    }

    fn of_text(text: SecretText, origin: &str) -> Result<Self, Failure> {
        let wrong = |error| {
            // Here a password may stand; what is wrong is the kind of store.
            let error = match error {
                SettingError::StorePassword => SettingError::StoreScheme,
                error => error,
            };
            Failure::new(
                ErrorCode::StoreMisconfigured,
                format!("{error}, in {origin}"),
            )
        };
        match sqlite_path(text.expose()).map_err(wrong)? {
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
            None => Ok(Self::Postgres(text)),
        }
    }
}

impl StoreArgs {
    /// Nothing typed: the environment, the profile or the default say.
    pub(crate) const fn unsaid() -> Self {
        Self {
            store: None,
            store_file: None,
            encryption_key_file: Vec::new(),
            encryption_key_env: Vec::new(),
        }
    }

    /// The options' names, and whether each is standard input.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let store = self.store_file.as_ref().is_some_and(is_dash);
        let keys = self.encryption_key_file.iter().map(is_dash);
        core::iter::once(("--store-file", store))
            .chain(keys.map(|is_dash| ("--encryption-key-file", is_dash)))
    }

    /// What was typed, else the environment, else the profile, else the user's data directory.
    pub(crate) fn place(&self, context: &Context) -> Result<StorePlace, Failure> {
        if let Some(url) = &self.store {
            return StorePlace::of_text(SecretText::new(url.as_str()), "--store");
        }
        if let Some(file) = &self.store_file {
            let source = SecretSource::File(file.clone());
            return StorePlace::of_text(source.read()?, &source.label());
        }
        if let Some(text) = environment::text("KOMMO_STORE")? {
            return StorePlace::of_text(SecretText::new(&text), "KOMMO_STORE");
        }
        let profile = context.profile()?;
        if let Some(url) = &profile.store {
            return StorePlace::of_text(SecretText::new(url.as_str()), "the profile");
        }
        let file = profile.store_file.clone().map(SecretSource::File);
        let env = profile.store_env.as_ref();
        match file.or_else(|| env.map(|name| SecretSource::Env(name.to_string()))) {
            Some(source) => StorePlace::of_text(source.read()?, &source.label()),
            None => Ok(StorePlace::Sqlite(
                private_file::data_directory()?.join("grants.db"),
            )),
        }
    }

    /// Where the keys are stored: as typed, files first, else as the profile says.
    pub(crate) fn key_sources(&self, context: &Context) -> Result<Vec<SecretSource>, Failure> {
        let files = self.encryption_key_file.iter().cloned();
        let names = self.encryption_key_env.iter().cloned();
        let typed: Vec<_> = files
            .map(SecretSource::File)
            .chain(names.map(SecretSource::Env))
            .collect();
        if typed.is_empty() {
            return Ok(context.profile()?.encryption_key().into_iter().collect());
        }
        Ok(typed)
    }

    /// The keys, the one that writes first; `None` if no key was named.
    pub(crate) fn keys(&self, context: &Context) -> Result<Option<EncryptionKeys>, Failure> {
        let mut ring: Option<EncryptionKeys> = None;
        for source in self.key_sources(context)? {
            let wrong = |error| {
                let message = format!("{error}, in {}", source.label());
                Failure::new(ErrorCode::SecretInvalid, message)
            };
            let key = EncryptionKey::parse(source.read()?.expose()).map_err(wrong)?;
            ring = Some(match ring {
                None => EncryptionKeys::new(key),
                Some(ring) => ring.and_reading(key).map_err(wrong)?,
            });
        }
        Ok(ring)
    }
}
