//! The names and secrets of the channel and of the Open API.

use serde::{Deserialize, Serialize};

use crate::config::account::Account;
use crate::config::sandbox_config::SandboxConfig;
use crate::error::{ConfigError, StartError};
use crate::secrets::channel_key::ChannelKey;
use crate::secrets::random_text::random_hex;
use crate::state::connection::ChannelView;

/// Makes the secrets that the configuration does not give.
pub(crate) fn make_secrets(config: &mut SandboxConfig) -> Result<(), StartError> {
    if config.channel_secret.is_none() {
        config.channel_secret = Some(random_hex::<20>()?);
    }
    if config.client_secret.is_none() {
        config.client_secret = Some(random_hex::<32>()?);
    }
    if config.app_secret.is_none() {
        config.app_secret = Some(random_hex::<16>()?);
    }
    Ok(())
}

/// The channel, as the state's document shows it. What is left out is as at the start.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ChannelFields {
    pub(crate) id: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) bot_id: Option<String>,
    pub(crate) private: Option<bool>,
    pub(crate) nested_chat_profile: Option<bool>,
}

/// The application of the Open API, as the state's document shows it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ApplicationFields {
    pub(crate) appid: Option<String>,
    pub(crate) secret: Option<String>,
}

/// What the channel and the Open API are called, and their secrets. It has no `Debug`.
pub(crate) struct Names {
    pub(crate) channel_id: String,
    pub(crate) channel_secret: String,
    pub(crate) channel_key: ChannelKey,
    pub(crate) channel_title: String,
    pub(crate) channel_bot_id: String,
    pub(crate) nested_chat_profile: bool,
    pub(crate) private_channel: bool,
    pub(crate) appid: String,
    pub(crate) app_secret: String,
}

impl Names {
    /// Those of the configuration, unless the fields say otherwise.
    pub(crate) fn new(
        config: &SandboxConfig,
        channel: &ChannelFields,
        application: &ApplicationFields,
    ) -> Result<Self, ConfigError> {
        let or =
            |given: &Option<String>, usual: &str| given.clone().unwrap_or_else(|| usual.to_owned());
        let secret = |secret: &Option<String>| secret.clone().unwrap_or_default();
        let channel_secret = or(&channel.secret, &secret(&config.channel_secret));
        Ok(Self {
            channel_id: or(&channel.id, &config.channel_id),
            channel_key: ChannelKey::new(&channel_secret)?,
            channel_secret,
            channel_title: or(&channel.title, &config.channel_title),
            channel_bot_id: or(&channel.bot_id, &config.channel_bot_id),
            nested_chat_profile: channel
                .nested_chat_profile
                .unwrap_or(config.nested_chat_profile),
            private_channel: channel.private.unwrap_or(config.private_channel),
            appid: or(&application.appid, &config.appid),
            app_secret: or(&application.secret, &secret(&config.app_secret)),
        })
    }

    pub(crate) fn channel(&self) -> ChannelFields {
        ChannelFields {
            id: Some(self.channel_id.clone()),
            secret: Some(self.channel_secret.clone()),
            title: Some(self.channel_title.clone()),
            bot_id: Some(self.channel_bot_id.clone()),
            private: Some(self.private_channel),
            nested_chat_profile: Some(self.nested_chat_profile),
        }
    }

    pub(crate) fn application(&self) -> ApplicationFields {
        ApplicationFields {
            appid: Some(self.appid.clone()),
            secret: Some(self.app_secret.clone()),
        }
    }

    pub(crate) fn channel_view<'a>(&'a self, accounts: &'a [Account]) -> ChannelView<'a> {
        ChannelView {
            channel_id: &self.channel_id,
            default_title: &self.channel_title,
            private: self.private_channel,
            accounts,
            bot_id: &self.channel_bot_id,
            nested_profile: self.nested_chat_profile,
        }
    }
}
