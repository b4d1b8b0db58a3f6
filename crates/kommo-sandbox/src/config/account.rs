//! The accounts of the sandbox's platform, and the rules that their names follow (rules A1, A3, A4,
//! N1, N3).

use serde::{Deserialize, Serialize};

use crate::error::ConfigError;
use crate::wire::platform_host::is_account_host;

/// An account of the made-up platform. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// The CRM's number of the account, not zero.
    pub id: u64,
    /// The account's host, for example `sandbox-one.kommo.com`.
    pub host: String,
    /// The account's id in the Chats API, a lower-case UUID; `account_id` in connect and
    /// disconnect.
    pub amojo_id: String,
    /// The people who work in the account.
    #[serde(default)]
    pub users: Vec<User>,
    /// Whether a private channel admits this account; without meaning for a public one.
    #[serde(default = "listed_by_default")]
    pub listed: bool,
}

/// A user of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct User {
    /// The CRM's number of the user.
    pub id: u64,
    /// The name that is shown.
    pub name: String,
    /// The user's id in the Chats API; the real platform has users without one.
    #[serde(default)]
    pub amojo_id: Option<String>,
    /// What the user types to log in; the same person may work in several accounts under one login.
    /// Left empty, it becomes `user` and the id.
    #[serde(default)]
    pub login: String,
    /// Whether the user is an administrator of the account: may install integrations, and grants
    /// all rights.
    #[serde(default = "admin_by_default")]
    pub admin: bool,
}

const fn listed_by_default() -> bool {
    true
}

const fn admin_by_default() -> bool {
    true
}

/// The login of every made-up administrator: one person who works in all made-up accounts.
pub(crate) const MADE_UP_LOGIN: &str = "admin@sandbox.example";

impl User {
    /// A user with the login `user` and the id, and without an id in the Chats API.
    pub fn new(id: u64, name: impl Into<String>, admin: bool) -> Self {
        Self {
            id,
            name: name.into(),
            amojo_id: None,
            login: format!("user{id}"),
            admin,
        }
    }
}

impl Account {
    /// An account without users that a private channel admits.
    pub fn new(id: u64, host: impl Into<String>, amojo_id: impl Into<String>) -> Self {
        Self {
            id,
            host: host.into(),
            amojo_id: amojo_id.into(),
            users: Vec::new(),
            listed: true,
        }
    }

    /// The user with this id.
    #[must_use]
    pub fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// The first administrator.
    #[must_use]
    pub fn administrator(&self) -> Option<&User> {
        self.users.iter().find(|user| user.admin)
    }

    /// The label before the suffix, for example `sandbox-one`.
    #[must_use]
    pub fn subdomain(&self) -> &str {
        self.host.split_once('.').map_or("", |(label, _)| label)
    }

    /// The suffix without its dot: `kommo.com`, `amocrm.ru` or `amocrm.com`.
    #[must_use]
    pub fn base_domain(&self) -> &str {
        self.host.split_once('.').map_or("", |(_, base)| base)
    }

    /// Gives every user without a login one.
    pub(crate) fn with_logins(mut self) -> Self {
        for user in &mut self.users {
            if user.login.is_empty() {
                user.login = format!("user{}", user.id);
            }
        }
        self
    }

    /// The made-up account number `n`, with one administrator; its ids are clearly made up.
    pub(crate) fn made_up(n: u64, host: String) -> Self {
        let mut account = Self::new(
            10_000_000 + n,
            host,
            format!("acc00000-0000-4000-8000-{n:012}"),
        );
        account.users.push(User {
            id: 20_000_000 + n,
            name: format!("Manager {n}"),
            amojo_id: Some(format!("0be70000-0000-4000-8000-{n:012}")),
            login: MADE_UP_LOGIN.into(),
            admin: true,
        });
        account
    }
}

/// Checks all accounts; `field` of an error says which one is wrong.
pub(crate) fn check_accounts(accounts: &[Account]) -> Result<(), ConfigError> {
    for (n, account) in accounts.iter().enumerate() {
        check_account(account, n)?;
        let twice = |field: &str| {
            Err(ConfigError::Twice {
                field: format!("accounts[{n}].{field}"),
            })
        };
        for earlier in accounts.iter().take(n) {
            if earlier.id == account.id {
                return twice("id");
            }
            if earlier.host == account.host {
                return twice("host");
            }
            if earlier.amojo_id == account.amojo_id {
                return twice("amojo_id");
            }
        }
    }
    Ok(())
}

fn check_account(account: &Account, n: usize) -> Result<(), ConfigError> {
    let field = |name: &str| format!("accounts[{n}].{name}");
    if account.id == 0 {
        return Err(ConfigError::ZeroId { field: field("id") });
    }
    if !is_account_host(&account.host) {
        return Err(ConfigError::NotAccountHost {
            field: field("host"),
        });
    }
    if !is_uuid(&account.amojo_id) {
        return Err(ConfigError::NotUuid {
            field: field("amojo_id"),
        });
    }
    for (at, user) in account.users.iter().enumerate() {
        let field = |name: &str| format!("accounts[{n}].users[{at}].{name}");
        if user.id == 0 {
            return Err(ConfigError::ZeroId { field: field("id") });
        }
        if account
            .users
            .iter()
            .take(at)
            .any(|other| other.id == user.id)
        {
            return Err(ConfigError::Twice { field: field("id") });
        }
    }
    Ok(())
}

/// Whether `text` is a UUID of any version, in lower case (rule N1).
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}
