//! Everything of a platform that changes, behind one lock.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;

use crate::clock::Clock;
use crate::config::account::{Account, User};
use crate::config::crm_rules::CrmRules;
use crate::config::integration::{Integration, IntegrationKind, IntegrationSettings};
use crate::config::oauth_rules::OauthRules;
use crate::config::outward_rules::OutwardRules;
use crate::config::sandbox_config::SandboxConfig;
use crate::error::ConfigError;
use crate::faults::queue::FaultQueue;
use crate::grants::{GrantBook, GrantKey};
use crate::secrets::random_text::{as_uuid, random_hex};
use crate::secrets::token_text::{Fingerprint, new_code};
use crate::state::chat_book::ChatBook;
use crate::state::connection::Connection;
use crate::state::consent_session::Sessions;
use crate::state::contents::{Contents, Installed};
use crate::state::counters::Counters;
use crate::state::crm_book::CrmBook;
use crate::state::deliveries::Deliveries;
use crate::state::grant_error::GrantError;
use crate::state::journal::Journal;
use crate::state::names::Names;
use crate::state::open_api_book::OpenApiBook;
use crate::state::webhook_list::WebhookList;
use crate::tracked::{Changes, Part};
use crate::wire::own_links::Served;

/// What changes: first what a restart keeps, then what belongs to one run.
pub(crate) struct PlatformState {
    pub(crate) clock: Part<Clock>,
    pub(crate) names: Arc<Names>,
    pub(crate) accounts: Part<Vec<Account>>,
    /// Which account a host belonged to before it was renamed.
    pub(crate) old_hosts: Part<BTreeMap<String, u64>>,
    pub(crate) connections: Part<Vec<Connection>>,
    pub(crate) chats: ChatBook,
    /// The configured integration first, then those made on the fly.
    pub(crate) integrations: Part<Vec<Integration>>,
    /// Client id and account of what is installed.
    pub(crate) installed: Part<BTreeSet<Installed>>,
    pub(crate) grants: GrantBook,
    pub(crate) webhooks: WebhookList,
    pub(crate) entities: CrmBook,
    pub(crate) open_api: OpenApiBook,
    pub(crate) oauth: Part<OauthRules>,
    pub(crate) crm: Part<CrmRules>,
    pub(crate) outward: Part<OutwardRules>,
    /// Users who were made with their grants; no account's list shows them.
    pub(crate) made_users: Part<u64>,

    /// `None` without a socket.
    pub(crate) served: Option<Served>,
    pub(crate) faults: FaultQueue,
    pub(crate) journal: Journal,
    pub(crate) counters: Counters,
    /// Requests that a fault holds back now.
    pub(crate) held: usize,
    pub(crate) deliveries: Deliveries,
    pub(crate) sessions: Sessions,
}

/// The ids of users who were made with their grants come after this one.
const MADE_USERS_FROM: u64 = 60_000_000;

/// What an integration made on the fly is made of; its id and secret are new.
pub(crate) struct ExternalIntegration {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) redirect_uri: String,
    pub(crate) logo: Option<String>,
    pub(crate) scopes: Vec<String>,
}

impl PlatformState {
    /// A platform of this configuration that has these contents; nothing of them counts as changed.
    pub(crate) fn new(config: &SandboxConfig, contents: Contents) -> Result<Self, ConfigError> {
        let names = Names::new(config, &contents.channel, &contents.application)?;
        Ok(Self {
            clock: Part::new(contents.clock),
            names: Arc::new(names),
            accounts: Part::new(contents.accounts),
            old_hosts: Part::new(contents.old_hosts),
            connections: Part::new(contents.connections),
            chats: ChatBook::from(contents.chats),
            integrations: Part::new(contents.integrations),
            installed: Part::new(contents.installed),
            grants: GrantBook::from(contents.grants),
            webhooks: WebhookList::from(contents.webhooks),
            entities: CrmBook::from(contents.entities),
            open_api: OpenApiBook::from(contents.open_api),
            oauth: Part::new(contents.rules.oauth),
            crm: Part::new(contents.rules.crm),
            outward: Part::new(contents.rules.outward),
            made_users: Part::new(contents.made_users),
            served: None,
            faults: FaultQueue::default(),
            journal: Journal::default(),
            counters: Counters::default(),
            held: 0,
            deliveries: Deliveries::default(),
            sessions: Sessions::default(),
        })
    }

    /// Takes what a restart keeps from `new`, and gives it its own; what belongs to this run stays.
    pub(crate) fn exchange(&mut self, new: &mut Self) {
        use core::mem::swap;
        swap(self, new);
        swap(&mut self.served, &mut new.served);
        swap(&mut self.faults, &mut new.faults);
        swap(&mut self.journal, &mut new.journal);
        swap(&mut self.counters, &mut new.counters);
        swap(&mut self.held, &mut new.held);
        swap(&mut self.deliveries, &mut new.deliveries);
        swap(&mut self.sessions, &mut new.sessions);
    }

    /// Forgets which parts were changed, and writes them down if somebody keeps them.
    pub(crate) fn take_changes(&mut self, mut to: Option<&mut Changes>) {
        self.clock.take_changes("clock", to.as_deref_mut());
        self.accounts.take_changes("accounts", to.as_deref_mut());
        self.old_hosts.take_changes("old_hosts", to.as_deref_mut());
        self.connections
            .take_changes("connections", to.as_deref_mut());
        self.integrations
            .take_changes("integrations", to.as_deref_mut());
        self.installed.take_changes("installed", to.as_deref_mut());
        self.oauth.take_changes("oauth", to.as_deref_mut());
        self.crm.take_changes("crm", to.as_deref_mut());
        self.outward.take_changes("outward", to.as_deref_mut());
        self.made_users
            .take_changes("made_users", to.as_deref_mut());
        self.webhooks.take_changes(to.as_deref_mut());
        self.entities.take_changes(to.as_deref_mut());
        self.chats.take_changes(to.as_deref_mut());
        self.grants.take_changes(to.as_deref_mut());
        self.open_api.take_changes(to);
    }

    pub(crate) fn integration(&self, client_id: &str) -> Option<&Integration> {
        self.integrations
            .iter()
            .find(|integration| integration.client_id == client_id)
    }

    pub(crate) fn account(&self, id: u64) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    pub(crate) fn account_at(&self, host: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.host == host)
    }

    /// The places where someone with this login works.
    pub(crate) fn people(&self, login: &str) -> impl Iterator<Item = (&Account, &User)> {
        self.accounts.iter().flat_map(move |account| {
            let users = account.users.iter().filter(move |user| user.login == login);
            users.map(move |user| (account, user))
        })
    }

    /// The accounts in which someone with this login may grant this integration: as an
    /// administrator, or as anyone where it is installed (source: OAuth, permissions page).
    pub(crate) fn may_grant(&self, client_id: &str, login: &str) -> Vec<(&Account, &User)> {
        self.people(login)
            .filter(|(account, user)| self.check_grant(client_id, account.id, user.id).is_ok())
            .collect()
    }

    pub(crate) fn is_installed(&self, client_id: &str, account: u64) -> bool {
        self.installed.contains(&(client_id.to_owned(), account))
    }

    /// Whether this user may grant this integration; its key if so.
    pub(crate) fn check_grant(
        &self,
        client_id: &str,
        account: u64,
        user: u64,
    ) -> Result<GrantKey, GrantError> {
        let integration = self
            .integration(client_id)
            .ok_or(GrantError::IntegrationUnknown)?;
        let place = self.account(account).ok_or(GrantError::AccountUnknown)?;
        let who = place.user(user).ok_or(GrantError::UserUnknown)?;
        if !integration.settings.active {
            return Err(GrantError::IntegrationOff);
        }
        if !integration.admits(account) || !integration.serves(place.base_domain()) {
            return Err(GrantError::AccountNotAdmitted);
        }
        if !who.admin && !self.is_installed(client_id, account) {
            return Err(GrantError::NotAdministrator);
        }
        Ok(GrantKey {
            client_id: client_id.to_owned(),
            account,
            user,
        })
    }

    /// Installs the integration if an administrator grants, and issues a code.
    pub(crate) fn issue_code(
        &mut self,
        client_id: &str,
        account: u64,
        user: u64,
    ) -> Result<String, GrantError> {
        let key = self.check_grant(client_id, account, user)?;
        let code = new_code().map_err(|_| GrantError::Random)?;
        self.install(client_id, account);
        let expires_at = self
            .clock
            .now()
            .saturating_add(self.oauth.code_lifetime_seconds);
        self.grants
            .add_code(Fingerprint::of(&code), key, expires_at);
        Ok(code)
    }

    /// A new administrator whom no account's list shows, because there may be a hundred thousand.
    pub(crate) fn next_made_user(&mut self) -> u64 {
        *self.made_users += 1;
        MADE_USERS_FROM + *self.made_users
    }

    /// Whether someone is an administrator; `None` for someone who is not there.
    pub(crate) fn person(&self, account: u64, user: u64) -> Option<bool> {
        let made = MADE_USERS_FROM..=MADE_USERS_FROM + *self.made_users;
        match self.account(account)?.user(user) {
            Some(user) => Some(user.admin),
            None => (user > MADE_USERS_FROM && made.contains(&user)).then_some(true),
        }
    }

    /// Marks the integration as installed; whether it was not before.
    pub(crate) fn install(&mut self, client_id: &str, account: u64) -> bool {
        !self.is_installed(client_id, account)
            && self.installed.insert((client_id.to_owned(), account))
    }

    /// Switches the integration off in one account: its codes and grants there end. Whether it was
    /// installed.
    pub(crate) fn deactivate(&mut self, client_id: &str, account: u64) -> bool {
        self.grants
            .end(|key| key.client_id == client_id && key.account == account);
        self.is_installed(client_id, account)
            && self.installed.remove(&(client_id.to_owned(), account))
    }

    /// Makes an integration on the fly, in one account (source: OAuth, button page).
    pub(crate) fn register_external(
        &mut self,
        wanted: ExternalIntegration,
        account: u64,
    ) -> Result<Integration, GrantError> {
        self.account(account).ok_or(GrantError::AccountUnknown)?;
        let random = || random_hex::<16>().map_err(|_| GrantError::Random);
        let integration = Integration {
            client_id: as_uuid(&random()?),
            client_secret: random_hex::<32>().map_err(|_| GrantError::Random)?,
            previous_secret: None,
            redirect_uri: wanted.redirect_uri,
            settings: IntegrationSettings {
                name: wanted.name,
                description: wanted.description,
                logo: wanted.logo,
                scopes: wanted.scopes,
                kind: IntegrationKind::External,
                private_account: Some(account),
                ..IntegrationSettings::default()
            },
        };
        self.integrations.push(integration.clone());
        Ok(integration)
    }
}
