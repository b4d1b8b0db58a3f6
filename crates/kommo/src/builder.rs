//! The settings, from texts.

use core::fmt;

use kommo_account::Endpoints;
#[cfg(any(feature = "chats", feature = "open-api"))]
use kommo_http::{Transport, TransportBuilder};
#[cfg(feature = "chats")]
use {kommo_account::ChatsHost, kommo_http::ChatsClient, kommo_sign::ChannelSecret};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use {
    kommo_account::ClientId,
    kommo_keeper::{Alarm, NewGrant},
    kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri},
    kommo_store::{EncryptionKeys, StoreLocation},
    std::path::PathBuf,
};
#[cfg(feature = "open-api")]
use {
    kommo_account::OpenApiHost, kommo_http::OpenApiClient, kommo_open_api::AppId,
    kommo_sign::AppSecret,
};

use crate::error::Error;

/// Settings. A text that cannot be used is reported by the call that ends the setting up.
#[must_use]
pub struct Builder {
    pub(crate) endpoints: Endpoints,
    pub(crate) problem: Option<Error>,
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) grants: GrantSettings,
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
type OnGrant = Box<dyn Fn(&NewGrant) + Send + Sync>;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
type OnAlarm = Box<dyn Fn(&Alarm) + Send + Sync>;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[derive(Default)]
pub(crate) struct GrantSettings {
    pub(crate) credentials: Option<Credentials>,
    pub(crate) location: Option<StoreLocation>,
    pub(crate) encryption: Option<EncryptionKeys>,
    pub(crate) lifeboat: Option<PathBuf>,
    #[cfg(feature = "hooks")]
    pub(crate) spool: Option<PathBuf>,
    pub(crate) on_grant: Option<OnGrant>,
    pub(crate) on_alarm: Option<OnAlarm>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            endpoints: Endpoints::real(),
            problem: None,
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            grants: GrantSettings::default(),
        }
    }
}

impl Builder {
    /// Everything goes to a sandbox at this address, `http://127.0.0.1:4000`, and nothing to the
    /// real platform.
    pub fn sandbox(mut self, url: &str) -> Self {
        let endpoints = Endpoints::loopback_url(url);
        if let Some(endpoints) = self.read("sandbox", endpoints) {
            self.endpoints = endpoints;
        }
        self
    }

    /// A client of the Chats API with the secret of one channel.
    ///
    /// # Errors
    ///
    /// A setting that cannot be used; [`Error::Http`].
    #[cfg(feature = "chats")]
    pub fn chats(self, host: ChatsHost, channel_secret: &str) -> Result<ChatsClient, Error> {
        let secret = ChannelSecret::new(channel_secret);
        let secret = secret.map_err(|error| Error::setting("channel_secret", error))?;
        let (transport, endpoints) = self.transport()?;
        Ok(ChatsClient::new(transport, endpoints, host, &secret))
    }

    /// A client of the chat Open API with the secret of one application.
    ///
    /// # Errors
    ///
    /// A setting that cannot be used; [`Error::Http`].
    #[cfg(feature = "open-api")]
    pub fn open_api(self, app_id: &str, app_secret: &str) -> Result<OpenApiClient, Error> {
        let app_id = AppId::new(app_id).map_err(|error| Error::setting("app_id", error))?;
        let secret = AppSecret::new(app_secret);
        let secret = secret.map_err(|error| Error::setting("app_secret", error))?;
        let (transport, endpoints) = self.transport()?;
        let host = OpenApiHost::default();
        Ok(OpenApiClient::new(
            transport, endpoints, host, app_id, &secret,
        ))
    }

    #[cfg(any(feature = "chats", feature = "open-api"))]
    fn transport(self) -> Result<(Transport, Endpoints), Error> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let transport = TransportBuilder::new().build();
        let transport = transport.map_err(|error| Error::Http(Box::new(error)))?;
        Ok((transport, self.endpoints))
    }

    /// The first problem is kept: those after it may come from it.
    pub(crate) fn read<T, E: core::error::Error + Send + Sync + 'static>(
        &mut self,
        name: &'static str,
        read: Result<T, E>,
    ) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                let problem = Error::setting(name, error);
                self.problem.get_or_insert(problem);
                None
            }
        }
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl Builder {
    /// The integration: its id, its secret and its Redirect URI, as in its settings. A program with
    /// long-lived tokens alone needs none.
    pub fn integration(mut self, client_id: &str, client_secret: &str, redirect_uri: &str) -> Self {
        let client_id = self.read("client_id", ClientId::parse(client_id));
        let secret = self.read("client_secret", ClientSecret::new(client_secret));
        let redirect_uri = self.read("redirect_uri", RedirectUri::parse(redirect_uri));
        self.grants.credentials = match (client_id, secret, redirect_uri) {
            (Some(client_id), Some(secret), Some(redirect_uri)) => {
                Some(Credentials::new(client_id, secret, redirect_uri))
            }
            _ => None,
        };
        self
    }

    /// Where the grants are: `sqlite:grants.db`, or `postgres://…`.
    pub fn store(mut self, location: &str) -> Self {
        self.grants.location = self.read("store", location.parse::<StoreLocation>());
        self
    }

    /// Encrypts the store and its lifeboat.
    pub fn encrypted(mut self, keys: EncryptionKeys) -> Self {
        self.grants.encryption = Some(keys);
        self
    }

    /// The directory of the lifeboat, for pairs that the store does not take. A `SQLite` store has
    /// one beside its file without this.
    pub fn lifeboat(mut self, directory: impl Into<PathBuf>) -> Self {
        self.grants.lifeboat = Some(directory.into());
        self
    }

    /// The directory of the spool, for hooks that the store does not take; best on another disk. A
    /// `SQLite` store has one beside its file without this.
    #[cfg(feature = "hooks")]
    pub fn spool(mut self, directory: impl Into<PathBuf>) -> Self {
        self.grants.spool = Some(directory.into());
        self
    }

    /// Called for each new grant, at least once, after it is durable.
    pub fn on_grant(mut self, listener: impl Fn(&NewGrant) + Send + Sync + 'static) -> Self {
        self.grants.on_grant = Some(Box::new(listener));
        self
    }

    /// Called for each alarm: what a person should know.
    pub fn on_alarm(mut self, listener: impl Fn(&Alarm) + Send + Sync + 'static) -> Self {
        self.grants.on_alarm = Some(Box::new(listener));
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}
