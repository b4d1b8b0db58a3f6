//! Profiles: settings that need not be typed each time. They contain no secret, only the file or
//! variable of each.

use core::fmt::Display;
use core::str::FromStr;
use std::path::PathBuf;

use clap::ValueEnum;
use kommo_account::{AccountHost, AmojoId, ChannelId, ChatsHost, ClientId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::input::secret_source::SecretSource;
use crate::profile::setting::{EnvName, KindName, PlatformName, RedirectUri, SandboxUrl, StoreUrl};

/// Which of the platform's three secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SecretKind {
    /// Of a chat channel.
    Channel,
    /// Of the integration.
    Client,
    /// Of an Open API application.
    App,
}

impl SecretKind {
    /// The name in a profile, on the command line and in results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Client => "client",
            Self::App => "app",
        }
    }
}

/// What a secret beside the current one is kept for. Both are tried for what arrives, neither is
/// used for what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SecretRole {
    /// It will be the current one.
    Next,
    /// It was the current one.
    Previous,
}

/// Where a secret besides the current one is stored, during a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretEntry {
    pub(crate) kind: SecretKind,
    pub(crate) role: SecretRole,
    pub(crate) file: Option<PathBuf>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) env: Option<EnvName>,
    /// Of a previous one: not tried after this instant, in Unix seconds.
    pub(crate) until: Option<u64>,
}

impl SecretEntry {
    pub(crate) fn source(&self) -> Option<SecretSource> {
        let file = self.file.clone().map(SecretSource::File);
        file.or_else(|| {
            let name = self.env.as_ref();
            name.map(|name| SecretSource::Env(name.to_string()))
        })
    }

    /// Whether it is tried for what arrives now.
    pub(crate) fn is_tried_at(&self, now: u64) -> bool {
        self.until.is_none_or(|until| now <= until)
    }
}

/// The settings of a profile. For a secret they name only its file or variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) platform: Option<PlatformName>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) client_id: Option<ClientId>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) redirect_uri: Option<RedirectUri>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) account: Option<AccountHost>,
    /// Of the integration, for `doctor`.
    pub(crate) name: Option<String>,
    pub(crate) description_file: Option<PathBuf>,
    pub(crate) disconnect_hook: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) kind: Option<KindName>,
    pub(crate) accounts: Option<u32>,
    pub(crate) technical_account: Option<bool>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) account_amojo_id: Option<AmojoId>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) channel_id: Option<ChannelId>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) chats_host: Option<ChatsHost>,
    /// Of an Open API application.
    pub(crate) appid: Option<String>,
    /// A sandbox, in place of the real platform.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) sandbox: Option<SandboxUrl>,
    pub(crate) sandbox_ca_file: Option<PathBuf>,
    pub(crate) client_secret_file: Option<PathBuf>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) client_secret_env: Option<EnvName>,
    pub(crate) channel_secret_file: Option<PathBuf>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) channel_secret_env: Option<EnvName>,
    pub(crate) app_secret_file: Option<PathBuf>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) app_secret_env: Option<EnvName>,
    /// Not of the platform: it signs what is handed over to a program of the operator's.
    pub(crate) webhook_secret_file: Option<PathBuf>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) webhook_secret_env: Option<EnvName>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) store: Option<StoreUrl>,
    pub(crate) store_file: Option<PathBuf>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) store_env: Option<EnvName>,
    pub(crate) encryption_key_file: Option<PathBuf>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write",
        deserialize_with = "read"
    )]
    pub(crate) encryption_key_env: Option<EnvName>,
    /// Secrets beside the current ones. Last: in TOML a table comes after the plain settings.
    #[serde(default, rename = "secret", skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets: Vec<SecretEntry>,
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn write<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

fn read<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

impl Profile {
    /// The settings that `kommo profile set` changes, each by its name in the file.
    pub(crate) const SETTINGS: &[&str] = &[
        "platform",
        "client_id",
        "redirect_uri",
        "account",
        "name",
        "description_file",
        "disconnect_hook",
        "kind",
        "accounts",
        "technical_account",
        "account_amojo_id",
        "channel_id",
        "chats_host",
        "appid",
        "sandbox",
        "sandbox_ca_file",
        "client_secret_file",
        "client_secret_env",
        "channel_secret_file",
        "channel_secret_env",
        "app_secret_file",
        "app_secret_env",
        "webhook_secret_file",
        "webhook_secret_env",
        "store",
        "store_file",
        "store_env",
        "encryption_key_file",
        "encryption_key_env",
    ];

    /// What is wrong between settings that are right each on its own.
    pub(crate) fn check(&self) -> Result<(), String> {
        let places = [
            (
                "client_secret",
                self.client_secret_file.is_some(),
                self.client_secret_env.is_some(),
            ),
            (
                "channel_secret",
                self.channel_secret_file.is_some(),
                self.channel_secret_env.is_some(),
            ),
            (
                "app_secret",
                self.app_secret_file.is_some(),
                self.app_secret_env.is_some(),
            ),
            (
                "webhook_secret",
                self.webhook_secret_file.is_some(),
                self.webhook_secret_env.is_some(),
            ),
            (
                "encryption_key",
                self.encryption_key_file.is_some(),
                self.encryption_key_env.is_some(),
            ),
        ];
        if let Some((name, ..)) = places.iter().find(|(_, file, env)| *file && *env) {
            return Err(format!(
                "{name} is given twice: as a file and as a variable"
            ));
        }
        let stores = [
            self.store.is_some(),
            self.store_file.is_some(),
            self.store_env.is_some(),
        ];
        if stores.iter().filter(|given| **given).count() > 1 {
            return Err("store is given more than once".to_owned());
        }
        for entry in &self.secrets {
            let kind = entry.kind.name();
            if entry.file.is_some() == entry.env.is_some() {
                return Err(format!(
                    "a {kind} secret must have either a file or a variable"
                ));
            }
            let is_same =
                |other: &&SecretEntry| other.kind == entry.kind && other.role == SecretRole::Next;
            if self.secrets.iter().filter(is_same).count() > 1 {
                return Err(format!("there are two next {kind} secrets"));
            }
        }
        match (self.platform, &self.account) {
            (Some(platform), Some(account)) if !platform.agrees_with(account.suffix()) => Err(
                format!("account {account} does not belong to the platform {platform}"),
            ),
            _ => Ok(()),
        }
    }

    /// Where one of the secrets is stored.
    pub(crate) fn secret(&self, kind: SecretKind) -> Option<SecretSource> {
        let (file, env) = match kind {
            SecretKind::Channel => (&self.channel_secret_file, &self.channel_secret_env),
            SecretKind::Client => (&self.client_secret_file, &self.client_secret_env),
            SecretKind::App => (&self.app_secret_file, &self.app_secret_env),
        };
        let file = file.clone().map(SecretSource::File);
        file.or_else(|| env.as_ref().map(|name| SecretSource::Env(name.to_string())))
    }

    /// Where the secrets are stored that are tried for what arrives: the current one first.
    pub(crate) fn secrets_to_try(&self, kind: SecretKind, now: u64) -> Vec<SecretSource> {
        let beside = self
            .secrets
            .iter()
            .filter(|entry| entry.kind == kind && entry.is_tried_at(now));
        self.secret(kind)
            .into_iter()
            .chain(beside.filter_map(SecretEntry::source))
            .collect()
    }

    /// Where the secret is stored that signs what is handed over.
    pub(crate) fn webhook_secret(&self) -> Option<SecretSource> {
        let file = self.webhook_secret_file.clone().map(SecretSource::File);
        file.or_else(|| {
            let name = self.webhook_secret_env.as_ref();
            name.map(|name| SecretSource::Env(name.to_string()))
        })
    }

    /// Where the key that encrypts grants is stored.
    pub(crate) fn encryption_key(&self) -> Option<SecretSource> {
        let file = self.encryption_key_file.clone().map(SecretSource::File);
        file.or_else(|| {
            let name = self.encryption_key_env.as_ref();
            name.map(|name| SecretSource::Env(name.to_string()))
        })
    }

    /// The host of the Chats API: as set, else that of the account, else that of the platform.
    pub(crate) fn chats_host(&self) -> Option<ChatsHost> {
        let of_account = || self.account.as_ref().map(ChatsHost::for_account);
        let of_platform = || {
            self.platform
                .map(|platform| ChatsHost::for_suffix(platform.suffix()))
        };
        self.chats_host.or_else(of_account).or_else(of_platform)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::Profile;

    #[test]
    fn the_settings_are_the_fields_of_the_file_but_the_tables_of_secrets() {
        let refused = toml::from_str::<Profile>("none = 1").unwrap_err();
        let named: Vec<_> = refused.message().split('`').skip(1).step_by(2).collect();
        let fields = Profile::SETTINGS.iter().copied().chain(["secret"]);
        assert_eq!(named[1..], fields.collect::<Vec<_>>());
    }
}
