//! What is done to many hooks at once, in steps: replay, sweep, erasure.

use core::time::Duration;

use kommo_hooks::inbox::HookAccount;

use crate::error::StoreFault;
use crate::records::rows::{EndedState, HookChoice};
use crate::store::milliseconds;

use super::Inbox;
use super::lists::{HookFilter, Swept};

/// How many rows a sweep takes in one transaction.
const AT_A_TIME: i64 = 1_000;

/// How many a replay takes: new hooks of their conversations wait until it ends.
const REPLAYED_AT_A_TIME: i64 = 100;

impl Inbox {
    /// Returns all failed hooks that match a filter to the queue, in their original order. Returns
    /// their number. The filter's state does not count. One that fails again meanwhile is not
    /// replayed again.
    ///
    /// # Errors
    ///
    /// The database's. It is done in steps; what was done stays done.
    pub async fn replay(&self, filter: &HookFilter) -> Result<u64, StoreFault> {
        let chosen = HookChoice {
            state: None,
            ..filter.choice()
        };
        let database = &self.store.database;
        let (mut after, mut all) = (0, 0);
        loop {
            let step = database.replay_hooks(&self.of, &chosen, after, REPLAYED_AT_A_TIME);
            let (last, replayed) = step.await?;
            all += replayed;
            match last {
                Some(last) => after = last,
                None => return Ok(all),
            }
            self.stored().notify_one();
        }
    }

    /// Forgets what ended long enough ago ([`keep_done`](crate::InboxSettings::keep_done),
    /// [`keep_failed`](crate::InboxSettings::keep_failed)), and mends instants that a clock which
    /// was far ahead left. An [`InboxWorker`](crate::InboxWorker) does so by itself.
    ///
    /// # Errors
    ///
    /// The database's. It is done in steps; what was done stays done.
    pub async fn sweep(&self) -> Result<Swept, StoreFault> {
        Ok(Swept {
            mended: self.mend().await?,
            done: self
                .forget(EndedState::Done, self.settings.keep_done)
                .await?,
            failed: self
                .forget(EndedState::Failed, self.settings.keep_failed)
                .await?,
        })
    }

    async fn mend(&self) -> Result<u64, StoreFault> {
        let mut all = 0;
        loop {
            let some = self.store.database.mend_due_hooks(&self.of, AT_A_TIME);
            let some = some.await?;
            all += some;
            if some < AT_A_TIME.unsigned_abs() {
                return Ok(all);
            }
        }
    }

    async fn forget(&self, state: EndedState, age: Duration) -> Result<u64, StoreFault> {
        let age = milliseconds(age);
        let mut all = 0;
        loop {
            let database = &self.store.database;
            let some = database.forget_hooks(&self.of, state, age, AT_A_TIME);
            let some = some.await?;
            all += some;
            if some < AT_A_TIME.unsigned_abs() {
                return Ok(all);
            }
        }
    }

    /// Erases all hooks of an account, in the spool and in the database. Returns their number; one
    /// that is in both counts twice. Attempts at them that are on their way end without an effect
    /// here. What was answered 200 before the call is handed over no more when this has returned.
    ///
    /// It reaches the spools of all inboxes with this name that were made with this value of
    /// [`Store`](crate::Store), whichever processes write to them. Spools that other machines have,
    /// it does not: call it there too.
    ///
    /// [`Store::erase_account`](crate::Store::erase_account) erases those that name the account by
    /// its number in the CRM, in inboxes with the integration's id as their name, alone or before a
    /// dot. Chat hooks name it by its id in the Chats API, which nothing in the store ties to the
    /// number: erase them by this.
    ///
    /// # Errors
    ///
    /// The database's. A file of the spool that cannot be read, or that a newer program wrote: what
    /// is in it is not known, so nothing is confirmed; call it again when it was merged.
    pub async fn erase_account(&self, account: HookAccount) -> Result<u64, StoreFault> {
        let account = account.to_string();
        let erased = self.store.erase_hooks(&self.of, &account).await?;
        self.store.database.scrub().await?;
        Ok(erased)
    }
}
