//! The CRM webhooks that an account has, and the calls that list, add and remove them.

use alloc::collections::VecDeque;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::tracked::{Changes, Part};

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

/// A webhook is switched off by the bad answer that makes them more than this many within
/// [`WINDOW_SECONDS`] (source: CRM webhooks page).
const BAD_ANSWERS: usize = 100;
const WINDOW_SECONDS: u64 = 2 * 3600;

/// The webhooks of all accounts.
#[derive(Debug, Default)]
pub(crate) struct WebhookList {
    all: Part<Vec<CrmWebhook>>,
    /// When bad answers came, by account and destination.
    bad_answers: HashMap<(u64, String), VecDeque<u64>>,
}

impl From<Vec<CrmWebhook>> for WebhookList {
    /// Nothing of it counts as changed.
    fn from(all: Vec<CrmWebhook>) -> Self {
        Self {
            all: Part::new(all),
            bad_answers: HashMap::new(),
        }
    }
}

impl WebhookList {
    pub(crate) fn all(&self) -> &[CrmWebhook] {
        &self.all
    }

    pub(crate) fn take_changes(&mut self, to: Option<&mut Changes>) {
        self.all.take_changes("webhooks", to);
    }

    /// A bad answer to a hook of a webhook. Whether that switches the webhook off.
    pub(crate) fn note_bad_answer(&mut self, account: u64, destination: &str, now: u64) -> bool {
        let known = self
            .all
            .iter_mut()
            .find(|webhook| webhook.account_id == account && webhook.destination == destination);
        let Some(webhook) = known.filter(|webhook| !webhook.disabled) else {
            return false;
        };
        let key = (account, destination.to_owned());
        let answers = self.bad_answers.entry(key).or_default();
        answers.push_back(now);
        answers.retain(|at| at.saturating_add(WINDOW_SECONDS) > now);
        if answers.len() <= BAD_ANSWERS {
            return false;
        }
        answers.clear();
        webhook.disabled = true;
        webhook.updated_at = now;
        true
    }

    /// Whether this is the destination of a webhook that is switched off.
    pub(crate) fn is_switched_off(&self, account: u64, destination: &str) -> bool {
        self.of(account)
            .any(|webhook| webhook.destination == destination && webhook.disabled)
    }

    /// The destinations that want hooks about this event.
    pub(crate) fn wanting(&self, account: u64, code: &str) -> Vec<String> {
        self.of(account)
            .filter(|webhook| !webhook.disabled)
            .filter(|webhook| webhook.settings.iter().any(|wanted| wanted == code))
            .map(|webhook| webhook.destination.clone())
            .collect()
    }

    pub(crate) fn of(&self, account: u64) -> impl Iterator<Item = &CrmWebhook> {
        self.all
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
            .all
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
        self.all.push(webhook.clone());
        Some(webhook)
    }

    /// Whether there was one with this destination.
    pub(crate) fn remove(&mut self, account: u64, destination: &str) -> bool {
        let before = self.all.len();
        self.all
            .retain(|webhook| webhook.account_id != account || webhook.destination != destination);
        self.all.len() < before
    }

    /// Switches one off or on, as the platform does; whether there is one.
    pub(crate) fn disable(&mut self, account: u64, destination: &str, disabled: bool) -> bool {
        let found = self
            .all
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
