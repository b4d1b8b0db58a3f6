//! The CRM webhooks that an account has, and the calls that list, add and remove them.

use serde::{Deserialize, Serialize};

/// The most webhooks of one account (source: limitations page).
pub(crate) const LIMIT: usize = 100;

/// A CRM webhook of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CrmWebhook {
    /// Counts from 1 in each account.
    pub id: u64,
    /// Where it is sent.
    pub destination: String,
    /// When it was added, in Unix seconds.
    pub created_at: u64,
    /// When it was changed last, in Unix seconds.
    pub updated_at: u64,
    /// The account.
    pub account_id: u64,
    /// The user who added it.
    pub created_by: u64,
    /// Its position in the list.
    pub sort: u64,
    /// Whether the platform switched it off after too many bad answers.
    pub disabled: bool,
    /// The events that it is sent for.
    pub settings: Vec<String>,
}

/// The webhooks of all accounts.
#[derive(Debug, Default)]
pub(crate) struct WebhookList(Vec<CrmWebhook>);

impl WebhookList {
    pub(crate) fn of(&self, account: u64) -> impl Iterator<Item = &CrmWebhook> {
        self.0
            .iter()
            .filter(move |webhook| webhook.account_id == account)
    }

    /// Adds a webhook, or replaces the events of the one with the same destination and switches it
    /// on; `None` if there are too many.
    pub(crate) fn add(
        &mut self,
        account: u64,
        user: u64,
        destination: String,
        settings: Vec<String>,
        sort: u64,
        now: u64,
    ) -> Option<CrmWebhook> {
        let known = self
            .0
            .iter_mut()
            .find(|webhook| webhook.account_id == account && webhook.destination == destination);
        if let Some(webhook) = known {
            webhook.settings = settings;
            webhook.sort = sort;
            webhook.updated_at = now;
            webhook.disabled = false;
            return Some(webhook.clone());
        }
        if self.of(account).count() >= LIMIT {
            return None;
        }
        let id = self
            .of(account)
            .map(|webhook| webhook.id)
            .max()
            .unwrap_or(0)
            + 1;
        let webhook = CrmWebhook {
            id,
            destination,
            created_at: now,
            updated_at: now,
            account_id: account,
            created_by: user,
            sort,
            disabled: false,
            settings,
        };
        self.0.push(webhook.clone());
        Some(webhook)
    }

    /// Whether there was one with this destination.
    pub(crate) fn remove(&mut self, account: u64, destination: &str) -> bool {
        let before = self.0.len();
        self.0
            .retain(|webhook| webhook.account_id != account || webhook.destination != destination);
        self.0.len() < before
    }

    /// Switches one off or on, as the platform does; whether there is one.
    pub(crate) fn disable(&mut self, account: u64, destination: &str, disabled: bool) -> bool {
        let found = self
            .0
            .iter_mut()
            .find(|webhook| webhook.account_id == account && webhook.destination == destination);
        match found {
            Some(webhook) => {
                webhook.disabled = disabled;
                true
            }
            None => false,
        }
    }
}
