//! Hooks that arrive: the receivers that prove them, and whose routes keep them in an inbox before
//! the answer.

use kommo_axum::{BotHooks, ChatHooks, CrmHooks, CrmPaths, WidgetCalls};
use kommo_hooks::{BotTokenVerifier, ChatHookVerifier, WidgetTokenVerifier};
use kommo_oauth::integration::Credentials;
use kommo_sign::{ChannelSecret, ChatHookKey, ClientSecret, JwsAlgorithm, JwsKey, KeyId, KeyRing};
#[cfg(feature = "open-api")]
use {
    kommo_axum::OpenApiHooks, kommo_hooks::OpenApiVerifier, kommo_sign::AppSecret,
    kommo_sign::OpenApiKey,
};

use crate::client::Kommo;
use crate::error::Error;

/// What the one key of a ring is called here.
const KEY_ID: &str = "current";

/// Hooks. The receivers have one secret each: for a rotation, make them of a `KeyRing`.
impl Kommo {
    /// Receives the chat hooks of the channel with this secret.
    ///
    /// # Errors
    ///
    /// A secret that cannot be one: [`Error::Setting`].
    pub fn chat_hooks(&self, channel_secret: &str) -> Result<ChatHooks, Error> {
        let secret = ChannelSecret::new(channel_secret);
        let secret = secret.map_err(|error| Error::setting("channel_secret", error))?;
        Ok(ChatHooks::new(ChatHookVerifier::new(ring(
            ChatHookKey::new(&secret),
        ))))
    }

    /// Receives webhooks of the Open API for the application with this secret.
    ///
    /// # Errors
    ///
    /// A secret that cannot be one: [`Error::Setting`].
    #[cfg(feature = "open-api")]
    pub fn open_api_hooks(&self, app_secret: &str) -> Result<OpenApiHooks, Error> {
        let secret = AppSecret::new(app_secret);
        let secret = secret.map_err(|error| Error::setting("app_secret", error))?;
        Ok(OpenApiHooks::new(OpenApiVerifier::new(ring(
            OpenApiKey::new(&secret),
        ))))
    }

    /// Receives the requests of bots of the integration.
    ///
    /// # Errors
    ///
    /// There is no integration: [`Error::Missing`].
    pub fn bot_hooks(&self) -> Result<BotHooks, Error> {
        let (ours, key) = self.token_key(JwsAlgorithm::Hs512)?;
        Ok(BotHooks::new(BotTokenVerifier::new(
            ours.client_id,
            ring(key),
        )))
    }

    /// Lets calls of the integration's widget through to your routes.
    ///
    /// # Errors
    ///
    /// There is no integration: [`Error::Missing`].
    pub fn widget_calls(&self) -> Result<WidgetCalls, Error> {
        let (ours, key) = self.token_key(JwsAlgorithm::Hs256)?;
        let address = ours.redirect_uri.as_str();
        Ok(WidgetCalls::new(WidgetTokenVerifier::new(
            ours.client_id,
            address,
            ring(key),
        )))
    }

    /// Receives webhooks of the CRM and of the Digital Pipeline, which are not signed: at an
    /// address for each account, which is made of this key. The key has at least 32 random bytes
    /// and stays the same while webhooks are registered. Give them an inbox of their own, so that a
    /// flood of them delays no proven hook.
    ///
    /// # Errors
    ///
    /// There is no integration: [`Error::Missing`]; a key that is too short: [`Error::Setting`].
    pub fn crm_hooks(&self, key: &[u8]) -> Result<CrmHooks, Error> {
        let ours = self.integration()?;
        let paths = CrmPaths::new(key, self.endpoints().realm(), ours.client_id);
        let paths = paths.map_err(|error| Error::setting("crm_hooks", error))?;
        Ok(CrmHooks::new(paths))
    }

    fn integration(&self) -> Result<Credentials, Error> {
        let ours = self.keeper().credentials();
        ours.ok_or(Error::Missing {
            name: "integration",
        })
    }

    fn token_key(&self, algorithm: JwsAlgorithm) -> Result<(Credentials, JwsKey), Error> {
        let ours = self.integration()?;
        let secret = ClientSecret::new(ours.client_secret.expose_secret());
        let secret = secret.map_err(|error| Error::setting("client_secret", error))?;
        let key = JwsKey::new(algorithm, &secret);
        Ok((ours, key))
    }
}

fn ring<K>(key: K) -> KeyRing<K> {
    let mut keys = KeyRing::new();
    if let Ok(id) = KeyId::parse(KEY_ID) {
        // INVARIANT: an empty ring has room for one.
        let _ = keys.insert(id, key, None);
    }
    keys
}
