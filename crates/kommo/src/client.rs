//! An open store with its keeper.

use alloc::sync::Arc;
use core::fmt;
use std::path::PathBuf;

use kommo_account::{AccountHost, Endpoints};
use kommo_http::{HttpTokenEndpoint, RequestBudget, TransportBuilder};
use kommo_keeper::{CodeOrigin, CodeOutcome};
use kommo_oauth::grant::GrantKey;
use kommo_oauth::token::AuthorizationCode;
use kommo_store::{Lifeboat, Store, StoreLocation, StoreSettings};

#[cfg(feature = "crm")]
use crate::account::Calls;
use crate::account::{Account, Keeper};
use crate::builder::Builder;
use crate::error::Error;

/// How many grants are read at once while an account is looked for.
const LISTED_AT_ONCE: u32 = 500;

/// Sets up the routes of a consent, over the grants of a store.
#[cfg(feature = "axum")]
pub type ConnectBuilder = kommo_axum::ConnectBuilder<Arc<Store>>;

/// The grants of an integration, and what is done with them. Cheap to clone.
///
/// It needs a Tokio runtime. Before the program ends, call [`close`](Self::close).
#[derive(Clone)]
pub struct Kommo {
    keeper: Keeper,
    #[cfg(any(feature = "chats", feature = "crm"))]
    transport: kommo_http::Transport,
    #[cfg(feature = "crm")]
    budget: RequestBudget,
    #[cfg(feature = "hooks")]
    pub(crate) spool: Option<PathBuf>,
}

impl Builder {
    /// Opens the store, and saves what an earlier run could not. No request is sent.
    ///
    /// # Errors
    ///
    /// A setting that cannot be used or is missing; [`Error::Store`], [`Error::Recovery`],
    /// [`Error::Http`].
    pub async fn open(self) -> Result<Kommo, Error> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let (endpoints, grants) = (self.endpoints, self.grants);
        let location = grants.location.ok_or(Error::Missing { name: "store" })?;
        let lifeboat = grants.lifeboat.or_else(|| beside(&location, ".lifeboat"));
        #[cfg(feature = "hooks")]
        let spool = grants.spool.or_else(|| beside(&location, ".spool"));
        let http = |error| Error::Http(Box::new(error));
        let budget = RequestBudget::default();
        let endpoint = HttpTokenEndpoint::new(TransportBuilder::new(), endpoints).map_err(http)?;
        let endpoint = match &grants.credentials {
            Some(credentials) => endpoint.with_budget(budget.clone(), credentials.client_id),
            None => endpoint,
        };
        let mut settings = StoreSettings::new();
        settings.encryption.clone_from(&grants.encryption);
        let store = Store::open(location, settings).await.map_err(Error::from)?;
        let mut builder = Keeper::builder(Arc::new(store), endpoint, endpoints);
        if let Some(directory) = lifeboat {
            let lifeboat = Lifeboat::in_directory(directory, grants.encryption);
            builder = builder.lifeboat(lifeboat.map_err(Error::from)?);
        }
        if let Some(credentials) = grants.credentials {
            builder = builder.credentials(credentials);
        }
        if let Some(listener) = grants.on_grant {
            builder = builder.on_grant(listener);
        }
        if let Some(listener) = grants.on_alarm {
            builder = builder.on_alarm(listener);
        }
        let keeper = builder.build();
        keeper.recover_unsaved().await.map_err(Error::Recovery)?;
        Ok(Kommo {
            keeper,
            #[cfg(any(feature = "chats", feature = "crm"))]
            transport: TransportBuilder::new().build().map_err(http)?,
            #[cfg(feature = "crm")]
            budget,
            #[cfg(feature = "hooks")]
            spool,
        })
    }
}

/// `grants.db.lifeboat`, beside the file of a store that is one.
fn beside(location: &StoreLocation, ending: &str) -> Option<PathBuf> {
    let file = match location {
        #[cfg(feature = "sqlite")]
        StoreLocation::Sqlite(path) => Some(path.as_os_str()),
        _ => None::<&std::ffi::OsStr>,
    };
    let mut name = file?.to_owned();
    name.push(ending);
    Some(PathBuf::from(name))
}

impl Kommo {
    /// Begins to set up: the real platform, unless [`Builder::sandbox`] says otherwise.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The account at this host, `shop.kommo.com`, with its primary grant. The grants of the store
    /// are looked through: keep the value, or the key that it has.
    ///
    /// # Errors
    ///
    /// [`Error::NoGrant`], [`Error::Store`]; a text that is not a host: [`Error::Setting`].
    pub async fn account(&self, host: &str) -> Result<Account, Error> {
        let host = account_host(host)?;
        let ours = self.keeper.credentials().map(|known| known.client_id);
        let realm = self.endpoints().realm();
        let (store, mut after) = (self.keeper.store(), None);
        loop {
            let listed = store.list(after.as_ref(), LISTED_AT_ONCE).await;
            let listed = listed.map_err(Error::from)?;
            let is_meant = |key: &GrantKey| {
                key.realm == realm && ours.is_none_or(|ours| key.client_id == ours)
            };
            let found = listed
                .iter()
                .find(|one| one.host == host && is_meant(&one.key));
            if let Some(key) = found.map(|one| one.key) {
                let primary = store.primary(realm, &key.client_id, key.account_id).await;
                let primary = primary.map_err(Error::from)?.ok_or(Error::NoGrant)?;
                return self.grant(&primary);
            }
            after = Some(listed.last().ok_or(Error::NoGrant)?.key);
        }
    }

    /// The account of a grant whose key is known. It neither reads the store nor sends a request.
    ///
    /// # Errors
    ///
    /// [`Error::Token`]: a grant of another realm or another integration.
    pub fn grant(&self, key: &GrantKey) -> Result<Account, Error> {
        let grant = self.keeper.grant(key).map_err(Error::from)?;
        Ok(Account::new(
            grant,
            #[cfg(feature = "crm")]
            Calls {
                endpoints: self.endpoints(),
                transport: self.transport.clone(),
                budget: self.budget.clone(),
            },
        ))
    }

    /// Exchanges a code that a user brought, after it is durable, and returns the account.
    ///
    /// # Errors
    ///
    /// [`Error::Exchange`], [`Error::Code`]; a text that is not a host or not a code:
    /// [`Error::Setting`].
    pub async fn accept_code(&self, host: &str, code: &str) -> Result<Account, Error> {
        let host = account_host(host)?;
        let code = AuthorizationCode::new(code).map_err(|error| Error::setting("code", error))?;
        let pending = self.keeper.pending_code(host, code, CodeOrigin::Pasted);
        let pending = pending.map_err(Error::Exchange)?;
        self.keeper
            .accept_code(&pending)
            .await
            .map_err(Error::Exchange)?;
        let outcome = self.keeper.exchange_code(&pending).await;
        match outcome.map_err(Error::Exchange)? {
            CodeOutcome::Granted(granted) => self.grant(&granted.key),
            outcome => Err(Error::Code(Box::new(outcome))),
        }
    }

    /// A client of the Chats API with the secret of one channel.
    ///
    /// # Errors
    ///
    /// A secret that cannot be one: [`Error::Setting`].
    #[cfg(feature = "chats")]
    pub fn chats(
        &self,
        host: kommo_account::ChatsHost,
        channel_secret: &str,
    ) -> Result<kommo_http::ChatsClient, Error> {
        let secret = kommo_sign::ChannelSecret::new(channel_secret);
        let secret = secret.map_err(|error| Error::setting("channel_secret", error))?;
        let transport = self.transport.clone();
        let endpoints = self.endpoints();
        Ok(kommo_http::ChatsClient::new(
            transport, endpoints, host, &secret,
        ))
    }

    /// Begins to set up the routes for consent and hooks, with the key for states.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn routes(
        &self,
        platform: kommo_account::Platform,
        key: kommo_axum::StateKey,
    ) -> ConnectBuilder {
        kommo_axum::Connect::builder(self.keeper.clone(), platform, key)
    }

    /// The keeper, for what is not shortened here: sweeps, hooks, metrics.
    #[must_use]
    pub const fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// The realm that it is for, and its hosts.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        self.keeper.settings().endpoints
    }

    /// Waits for what is on its way, and closes the store.
    pub async fn close(self) {
        self.keeper.drain().await;
        self.keeper.store().close().await;
    }
}

fn account_host(text: &str) -> Result<AccountHost, Error> {
    AccountHost::parse(text).map_err(|error| Error::setting("host", error))
}

impl fmt::Debug for Kommo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kommo")
            .field("endpoints", &self.endpoints())
            .finish_non_exhaustive()
    }
}
