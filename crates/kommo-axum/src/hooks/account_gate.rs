//! How much is taken of one account of what a tenant, or anyone who knows its address, can send at
//! will. What is turned away here was not written, and its body was not read.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use std::sync::{Mutex, PoisonError};

use kommo_account::AccountId;
use kommo_oauth::UnixSeconds;

use crate::exchange::code_gate::Bucket;
use crate::hooks::hook_refused::HookRefused;

/// What an account may send at once after a rest: a change of many entities is a hook for each.
const BURST: u64 = 1_200;
/// What it may send in a minute for ever.
const A_MINUTE: u64 = 1_200;
/// How many of one account are received at a time, each with a body.
const AT_ONCE: u32 = 16;
/// Above this number, accounts that rest are forgotten, at most once in a minute.
const ACCOUNTS_KEPT: usize = 4_096;
const FORGET_EVERY_SECONDS: u64 = 60;

/// The bounds of all accounts.
#[derive(Default)]
pub(crate) struct AccountGate(Mutex<Accounts>);

#[derive(Default)]
struct Accounts {
    by_id: BTreeMap<AccountId, OfAccount>,
    forgot_at: u64,
}

struct OfAccount {
    bucket: Bucket,
    received_now: u32,
}

/// One of an account is being received, until this is dropped.
pub(crate) struct AccountRoom {
    gate: Arc<AccountGate>,
    account: AccountId,
}

impl AccountGate {
    /// Takes one more of this account. `now` in Unix seconds.
    pub(crate) fn enter(
        self: &Arc<Self>,
        account: AccountId,
        now: u64,
    ) -> Result<AccountRoom, HookRefused> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.forget(now);
        let now = UnixSeconds::new(now);
        let of_account = accounts.by_id.entry(account).or_insert(OfAccount {
            bucket: Bucket::full(BURST, A_MINUTE, now),
            received_now: 0,
        });
        of_account.bucket = of_account.bucket.refilled(now);
        if of_account.received_now >= AT_ONCE {
            return Err(HookRefused::TooMany);
        }
        let left = of_account.bucket.without_one();
        of_account.bucket = left.ok_or(HookRefused::TooMany)?;
        of_account.received_now += 1;
        Ok(AccountRoom {
            gate: Arc::clone(self),
            account,
        })
    }
}

impl Accounts {
    fn forget(&mut self, now: u64) {
        let is_due = now.abs_diff(self.forgot_at) >= FORGET_EVERY_SECONDS;
        if self.by_id.len() > ACCOUNTS_KEPT && is_due {
            self.forgot_at = now;
            let now = UnixSeconds::new(now);
            self.by_id.retain(|_, account| {
                account.received_now > 0 || !account.bucket.refilled(now).is_full()
            });
        }
    }
}

impl Drop for AccountRoom {
    fn drop(&mut self) {
        let mut accounts = self.gate.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_account) = accounts.by_id.get_mut(&self.account) {
            of_account.received_now = of_account.received_now.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use kommo_account::AccountId;

    use super::{A_MINUTE, ACCOUNTS_KEPT, AT_ONCE, AccountGate, BURST};

    fn account(number: u64) -> AccountId {
        AccountId::from_number(number).unwrap()
    }

    #[test]
    fn an_account_has_its_burst_and_its_rate_and_others_have_theirs() {
        let gate = Arc::new(AccountGate::default());
        let taken = |of: u64, now| {
            let once = || gate.enter(account(of), now).is_ok();
            (0..BURST * 3).filter(|_| once()).count()
        };
        assert_eq!(taken(1, 1_000), usize::try_from(BURST).unwrap());
        assert_eq!(taken(2, 1_000), usize::try_from(BURST).unwrap());
        assert_eq!(taken(1, 1_003), usize::try_from(A_MINUTE / 20).unwrap());
        assert_eq!(taken(1, 900), 0, "a clock that is set back opens nothing");
    }

    #[test]
    fn so_many_of_an_account_are_received_at_a_time() {
        let gate = Arc::new(AccountGate::default());
        let mut inside: Vec<_> = (0..AT_ONCE)
            .map(|_| gate.enter(account(1), 0).unwrap())
            .collect();
        assert!(gate.enter(account(1), 0).is_err());
        assert!(gate.enter(account(2), 0).is_ok());
        inside.pop();
        assert!(gate.enter(account(1), 0).is_ok());
    }

    #[test]
    fn accounts_that_rest_are_forgotten() {
        let gate = Arc::new(AccountGate::default());
        let accounts = u64::try_from(ACCOUNTS_KEPT).unwrap() + 10;
        for number in 1..=accounts {
            drop(gate.enter(account(number), 0));
        }
        drop(gate.enter(account(1), 3_600));
        assert_eq!(gate.0.lock().unwrap().by_id.len(), 1);
    }
}
