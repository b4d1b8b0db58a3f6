//! What an owner does to an integration, and a customer to an account: switch off, rotate, rename,
//! revoke.

use crate::config::account::{Account, User, check_accounts};
use crate::config::crm_rules::CrmRules;
use crate::config::integration::IntegrationSettings;
use crate::config::oauth_rules::OauthRules;
use crate::error::{ConfigError, StartError};
use crate::grants::GrantKey;
use crate::secrets::random_text::random_hex;
use crate::state::grant_error::GrantError;
use crate::state::platform::Platform;
use crate::state::webhook_list::CrmWebhook;

impl Platform {
    /// Switches the integration off in one account, or in all of them and altogether: its codes and
    /// grants there end. Each account where it was installed sends the disconnect hook, if an
    /// address is configured.
    ///
    /// # Errors
    ///
    /// An account that is not there: [`GrantError::AccountUnknown`].
    ///
    /// # Panics
    ///
    /// With an address for the disconnect hook, outside a tokio runtime.
    pub fn deactivate(&self, account: Option<u64>) -> Result<(), GrantError> {
        let mut state = self.lock();
        let (client_id, wanted) = match (state.integrations.first_mut(), account) {
            (None, _) => return Err(GrantError::IntegrationUnknown),
            (Some(own), None) => {
                own.settings.active = false;
                (own.client_id.clone(), None)
            }
            (Some(own), Some(account)) => (own.client_id.clone(), Some(account)),
        };
        let places: Vec<u64> = match wanted {
            Some(account) => vec![state.account(account).ok_or(GrantError::AccountUnknown)?.id],
            None => state.accounts.iter().map(|account| account.id).collect(),
        };
        let mut left = Vec::new();
        for account in places {
            if state.deactivate(&client_id, account) {
                left.push(account);
            }
        }
        drop(state);
        for account in left {
            self.start_disconnect_hook(account);
        }
        Ok(())
    }

    /// Switches the integration on again; grants that ended stay ended.
    pub fn activate(&self) {
        if let Some(own) = self.lock().integrations.first_mut() {
            own.settings.active = true;
        }
    }

    /// Gives the integration a new secret, and ends its grants unless they are kept. The new
    /// secret.
    ///
    /// # Errors
    ///
    /// [`StartError::Random`] if the operating system returns no random bytes.
    pub fn rotate_secret(&self, keep_grants: bool) -> Result<String, StartError> {
        let secret = random_hex::<32>()?;
        let mut state = self.lock();
        let Some(own) = state.integrations.first_mut() else {
            return Ok(secret);
        };
        let old = core::mem::replace(&mut own.client_secret, secret.clone());
        own.previous_secret = Some(old);
        let client_id = own.client_id.clone();
        if !keep_grants {
            state.grants.end(|key| key.client_id == client_id);
        }
        Ok(secret)
    }

    /// Moves an account to another label under its suffix; the old host answers as the rules say.
    ///
    /// # Errors
    ///
    /// An unknown account, or a name that is invalid or taken.
    pub fn rename_account(&self, account: u64, subdomain: &str) -> Result<Account, GrantError> {
        let mut state = self.lock();
        let mut accounts = state.accounts.to_vec();
        let place = accounts
            .iter_mut()
            .find(|place| place.id == account)
            .ok_or(GrantError::AccountUnknown)?;
        let new = format!("{subdomain}.{}", place.base_domain());
        let old = core::mem::replace(&mut place.host, new.clone());
        let renamed = place.clone();
        check_accounts(&accounts).map_err(|_| GrantError::Name)?;
        state.accounts.set(accounts);
        state.old_hosts.insert(old, account);
        state.old_hosts.remove(&new);
        Ok(renamed)
    }

    /// Ends one user's grants, as an administrator or the user does in the list of issued accesses.
    /// Whether there was one that lived. If one of them was to the configured integration, its
    /// disconnect hook is sent, if an address is configured.
    ///
    /// # Panics
    ///
    /// With an address for the disconnect hook, outside a tokio runtime.
    #[must_use = "it says whether there was a grant"]
    pub fn revoke_grant(&self, account: u64, user: u64) -> bool {
        let mut state = self.lock();
        let own = state.integrations.first();
        let own = own.map(|integration| integration.client_id.clone());
        let of_user = |key: &GrantKey| key.account == account && key.user == user;
        let grants = &mut state.grants;
        let own_ended = grants.end(|key| of_user(key) && Some(&key.client_id) == own.as_ref());
        // What integrations made on the fly had: they have no disconnect hook.
        let others_ended = grants.end(of_user);
        drop(state);
        if own_ended > 0 {
            self.start_disconnect_hook(account);
        }
        own_ended + others_ended > 0
    }

    /// Changes what the integration shows and may; who granted before keeps what was granted.
    pub fn set_integration(&self, settings: IntegrationSettings) {
        if let Some(own) = self.lock().integrations.first_mut() {
            own.settings = settings;
        }
    }

    /// What the integration shows and may.
    #[must_use]
    pub fn integration_settings(&self) -> IntegrationSettings {
        let state = self.lock();
        let own = state.integrations.first();
        own.map_or_else(IntegrationSettings::default, |own| own.settings.clone())
    }

    /// Sends the browser somewhere else from now on, and the exchange must name it.
    pub fn set_redirect_uri(&self, redirect_uri: impl Into<String>) {
        if let Some(own) = self.lock().integrations.first_mut() {
            own.redirect_uri = redirect_uri.into();
        }
    }

    /// Adds a user to an account.
    ///
    /// # Errors
    ///
    /// An account that is not there: [`ConfigError::NoSuchAccount`]. An id that is zero or taken.
    pub fn add_user(&self, account: u64, user: User) -> Result<Account, ConfigError> {
        let mut state = self.lock();
        let mut accounts = state.accounts.to_vec();
        let place = accounts
            .iter_mut()
            .find(|place| place.id == account)
            .ok_or_else(|| ConfigError::NoSuchAccount {
                field: "account".into(),
            })?;
        place.users.push(user);
        *place = place.clone().with_logins();
        let changed = place.clone();
        check_accounts(&accounts)?;
        state.accounts.set(accounts);
        Ok(changed)
    }

    /// The switches of the token endpoint.
    #[must_use]
    pub fn oauth_rules(&self) -> OauthRules {
        self.lock().oauth.clone()
    }

    /// Changes the switches of the token endpoint; what was issued keeps its lifetime.
    ///
    /// # Errors
    ///
    /// A status that the platform never answers there: [`ConfigError::Status`].
    pub fn set_oauth_rules(&self, rules: OauthRules) -> Result<(), ConfigError> {
        rules.check()?;
        self.lock().oauth.set(rules);
        Ok(())
    }

    /// Changes the switches of the CRM API.
    pub fn set_crm_rules(&self, rules: CrmRules) {
        self.lock().crm.set(rules);
    }

    /// The CRM webhooks of an account.
    #[must_use]
    pub fn crm_webhooks(&self, account: u64) -> Vec<CrmWebhook> {
        self.lock().webhooks.of(account).cloned().collect()
    }

    /// Switches a CRM webhook off or on, as the platform does after bad answers. Whether there is
    /// one.
    #[must_use = "it says whether there is such a webhook"]
    pub fn disable_crm_webhook(&self, account: u64, destination: &str, disabled: bool) -> bool {
        self.lock().webhooks.disable(account, destination, disabled)
    }
}
