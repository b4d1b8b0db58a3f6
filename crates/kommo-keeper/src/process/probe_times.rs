//! When each account was last asked about. Limits requests that others can trigger: probes after
//! disconnect hooks, look-ups of hosts.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kommo_account::AccountId;

/// Accounts whose last probe is remembered.
const ACCOUNTS_AT_MOST: usize = 10_000;

/// When each account was probed last, by the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct ProbeTimes {
    last: Mutex<HashMap<AccountId, Duration>>,
}

impl ProbeTimes {
    /// Whether the account may be probed now; if so it counts as probed.
    pub(crate) fn take(&self, account_id: AccountId, now: Duration, every: Duration) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= ACCOUNTS_AT_MOST {
            last.retain(|_, at| now.saturating_sub(*at) < every);
        }
        let is_early = last
            .get(&account_id)
            .is_some_and(|at| now.saturating_sub(*at) < every);
        if is_early || last.len() >= ACCOUNTS_AT_MOST {
            return false;
        }
        last.insert(account_id, now);
        true
    }
}
