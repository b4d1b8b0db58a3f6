//! One account: its tokens, and calls with them.

use alloc::sync::Arc;
use core::fmt;

#[cfg(feature = "crm")]
use kommo_http::CrmClient;
use kommo_keeper::GrantHandle;
use kommo_oauth::grant::{GrantKey, UsableToken};
use kommo_store::Store;

use crate::error::Error;

/// The keeper of the grants of a store.
pub type Keeper = kommo_keeper::Keeper<Arc<Store>>;

/// A grant of a store.
pub type Grant = GrantHandle<Arc<Store>>;

/// An account with its primary grant, or one that you chose. Cheap to clone: get it once and keep
/// it.
#[derive(Clone)]
pub struct Account {
    grant: Grant,
    #[cfg(feature = "crm")]
    calls: Calls,
}

/// What calls need besides a token.
#[cfg(feature = "crm")]
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) endpoints: kommo_account::Endpoints,
    pub(crate) transport: kommo_http::Transport,
    pub(crate) budget: kommo_http::RequestBudget,
}

impl Account {
    pub(crate) const fn new(grant: Grant, #[cfg(feature = "crm")] calls: Calls) -> Self {
        Self {
            grant,
            #[cfg(feature = "crm")]
            calls,
        }
    }

    /// A token that may be used now: from memory while it is fresh, else after one refresh, by
    /// whichever process does it.
    ///
    /// # Errors
    ///
    /// [`Error::Token`]: none is valid, and none came within 30 seconds.
    pub async fn fresh_token(&self) -> Result<Arc<UsableToken>, Error> {
        self.grant.token().await.map_err(Error::from)
    }

    /// A client of the CRM API. It takes a fresh token for each call, and counts in the budget of
    /// the whole program.
    ///
    /// # Errors
    ///
    /// None as long as the account came from this program: [`Error::Http`].
    #[cfg(feature = "crm")]
    pub fn crm(&self) -> Result<CrmClient, Error> {
        let Calls {
            endpoints,
            transport,
            budget,
        } = self.calls.clone();
        let tokens = Arc::new(self.grant.clone());
        let client = CrmClient::new(transport, endpoints, *self.key(), tokens);
        let client = client.map_err(|error| Error::Http(Box::new(error)))?;
        Ok(client.with_budget(budget))
    }

    /// The key of the grant: `Kommo::grant` finds it again without a search.
    #[must_use]
    pub fn key(&self) -> &GrantKey {
        self.grant.key()
    }

    /// The grant, for what is not shortened here: 401s, refreshes on order.
    #[must_use]
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("key", self.key())
            .finish_non_exhaustive()
    }
}
