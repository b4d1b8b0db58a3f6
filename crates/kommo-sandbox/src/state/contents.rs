//! Everything of a platform that a restart keeps, as rows: what a new platform begins with, what a
//! document says, and what is read back from a directory.

use alloc::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::{Clock, wall_unix};
use crate::config::account::Account;
use crate::config::crm_rules::CrmRules;
use crate::config::integration::{Integration, IntegrationKind};
use crate::config::oauth_rules::OauthRules;
use crate::config::outward_rules::OutwardRules;
use crate::config::sandbox_config::SandboxConfig;
use crate::grants::GrantRows;
use crate::state::chat_book::ChatRows;
use crate::state::connection::Connection;
use crate::state::crm_book::{Entity, EntityKey};
use crate::state::names::{ApplicationFields, ChannelFields};
use crate::state::open_api_book::OpenApiRows;
use crate::state::webhook_list::CrmWebhook;

/// The rules that a caller can change while the sandbox runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    pub(crate) oauth: OauthRules,
    pub(crate) crm: CrmRules,
    pub(crate) outward: OutwardRules,
}

/// An integration and the account that has it installed.
pub(crate) type Installed = (String, u64);

/// What is kept. It has no `Debug`: secrets are in it.
pub(crate) struct Contents {
    pub(crate) clock: Clock,
    pub(crate) channel: ChannelFields,
    pub(crate) application: ApplicationFields,
    /// The configured one first.
    pub(crate) integrations: Vec<Integration>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) old_hosts: BTreeMap<String, u64>,
    pub(crate) installed: BTreeSet<Installed>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) made_users: u64,
    pub(crate) rules: Rules,
    pub(crate) webhooks: Vec<CrmWebhook>,
    pub(crate) chats: ChatRows,
    pub(crate) grants: GrantRows,
    pub(crate) open_api: OpenApiRows,
    pub(crate) entities: BTreeMap<EntityKey, Entity>,
}

impl Contents {
    /// What a platform of this configuration begins with.
    pub(crate) fn first(config: &SandboxConfig) -> Self {
        let clock = match config.now {
            _ if config.follow_wall_clock => Clock::following(),
            Some(now) => Clock::standing(now),
            None => Clock::standing(wall_unix()),
        };
        let accounts = config.accounts.iter().cloned();
        let accounts: Vec<_> = accounts.map(Account::with_logins).collect();
        let mut settings = config.integration.clone();
        if settings.kind != IntegrationKind::Public && settings.private_account.is_none() {
            settings.private_account = accounts.first().map(|account| account.id);
        }
        Self {
            clock,
            channel: ChannelFields::default(),
            application: ApplicationFields::default(),
            integrations: vec![Integration {
                client_id: config.client_id.clone(),
                client_secret: config.client_secret.clone().unwrap_or_default(),
                previous_secret: None,
                redirect_uri: config.redirect_uri.clone(),
                settings,
            }],
            accounts,
            old_hosts: BTreeMap::new(),
            installed: BTreeSet::new(),
            connections: Vec::new(),
            made_users: 0,
            rules: Rules {
                oauth: config.oauth.clone(),
                crm: config.crm.clone(),
                outward: config.outward.clone(),
            },
            webhooks: Vec::new(),
            chats: ChatRows::default(),
            grants: GrantRows::default(),
            open_api: OpenApiRows::default(),
            entities: BTreeMap::new(),
        }
    }

    /// Takes over one change that was kept as a line. `None`: nothing that this version writes.
    pub(crate) fn apply(&mut self, line: &[u8]) -> Option<()> {
        let (table, key, row): (&str, Value, Value) = serde_json::from_slice(line).ok()?;
        match table {
            "clock" => self.clock = read(row)?,
            "channel" => self.channel = read(row)?,
            "application" => self.application = read(row)?,
            "integrations" => self.integrations = read(row)?,
            "accounts" => self.accounts = read(row)?,
            "old_hosts" => self.old_hosts = read(row)?,
            "installed" => self.installed = read(row)?,
            "connections" => self.connections = read(row)?,
            "made_users" => self.made_users = read(row)?,
            "oauth" => self.rules.oauth = read(row)?,
            "crm" => self.rules.crm = read(row)?,
            "outward" => self.rules.outward = read(row)?,
            "webhooks" => self.webhooks = read(row)?,
            "talks" => set(&mut self.chats.talks, key, row)?,
            "customers" => set(&mut self.chats.customers, key, row)?,
            "messages" => set(&mut self.chats.messages, key, row)?,
            "codes" => set(&mut self.grants.codes, key, row)?,
            "grants" => set_at(&mut self.grants.grants, key, row)?,
            "pairs" => set_at(&mut self.grants.pairs, key, row)?,
            "long_lived" => set(&mut self.grants.long_lived, key, row)?,
            "open_api_customers" => set_at(&mut self.open_api.customers, key, row)?,
            "open_api_chats" => set(&mut self.open_api.chats, key, row)?,
            "open_api_chats_made" => self.open_api.chats_made = read(row)?,
            "open_api_seen" => set(&mut self.open_api.seen, key, row)?,
            "entities" => set(&mut self.entities, key, row)?,
            _ => return None,
        }
        Some(())
    }
}

fn read<T: DeserializeOwned>(row: Value) -> Option<T> {
    serde_json::from_value(row).ok()
}

/// A row of `null` is one that was removed.
fn set<K: Ord + DeserializeOwned, V: DeserializeOwned>(
    rows: &mut BTreeMap<K, V>,
    key: Value,
    row: Value,
) -> Option<()> {
    let key = read(key)?;
    match row {
        Value::Null => rows.remove(&key),
        row => rows.insert(key, read(row)?),
    };
    Some(())
}

/// Rows by position are never removed, and a new one comes after the last.
fn set_at<V: DeserializeOwned>(rows: &mut Vec<V>, key: Value, row: Value) -> Option<()> {
    let at: usize = read(key)?;
    let row = read(row)?;
    if at == rows.len() {
        rows.push(row);
        return Some(());
    }
    *rows.get_mut(at)? = row;
    Some(())
}
