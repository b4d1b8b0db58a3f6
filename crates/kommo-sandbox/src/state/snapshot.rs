//! What a client must know of the sandbox to talk to it: `GET state` of the control API.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::config::account::Account;
use crate::state::connection::Connection;

/// Names, secrets, accounts and the time of a sandbox. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SandboxState {
    /// The integration's id.
    pub client_id: String,
    /// The integration's key.
    pub client_secret: String,
    /// Where the consent page sends the browser back to.
    pub redirect_uri: String,
    /// The chat channel's id.
    pub channel_id: String,
    /// The key of the channel's signatures.
    pub channel_secret: String,
    /// The amojo id of the channel's bot.
    #[serde(default)]
    pub channel_bot_id: String,
    /// The Open API application.
    pub appid: String,
    /// The Open API key.
    pub app_secret: String,
    /// The accounts of the platform.
    pub accounts: Vec<Account>,
    /// The accounts that the channel is connected to.
    pub connections: Vec<Connection>,
    /// The virtual clock, in Unix seconds.
    pub now: u64,
}

impl fmt::Debug for SandboxState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxState")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &self.redirect_uri)
            .field("channel_id", &self.channel_id)
            .field("channel_bot_id", &self.channel_bot_id)
            .field("appid", &self.appid)
            .field("accounts", &self.accounts)
            .field("connections", &self.connections)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
