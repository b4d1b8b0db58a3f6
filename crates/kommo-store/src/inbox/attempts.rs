//! Attempts: a worker claims hooks, keeps its leases, and settles.

use core::time::Duration;

use kommo_hooks::inbox::{HandlingOutcome, Settlement};

use crate::error::StoreFault;
use crate::records::hook_record::{NO_ACCOUNT, open_record};
use crate::records::rows::{ClaimedHookRow, SettledHookRow};
use crate::store::{lease_milliseconds, lease_token, milliseconds, readable};

use super::Inbox;
use super::claimed::ClaimedHook;
use super::lists::HookState;

/// What is written of an entry whose workers all ended without a word.
const NO_WORD: &str = "every attempt ended without a result";

/// When a hook that this process cannot open is there again, for a worker that has the key; sooner
/// if leases are shorter.
const LATER_BY: Duration = Duration::from_secs(10);

impl Inbox {
    /// Begins attempts at the `limit` hooks that are due for the longest time, for
    /// [`lease`](crate::InboxSettings::lease). Of a conversation at most one is being handled at a
    /// time, whoever claims.
    ///
    /// A hook whose attempts all ended without a word fails for good here, and so does one whose
    /// record is damaged, with that as its reason. One that only another program or another key
    /// opens waits again for a lease, at most ten seconds, and the attempt does not count. Both are
    /// logged, and an error as soon as nothing else was claimed with them.
    ///
    /// # Errors
    ///
    /// The database's, or that of an unreadable record.
    pub async fn claim(&self, limit: u32) -> Result<Vec<ClaimedHook>, StoreFault> {
        let token = lease_token()?;
        let rows = self
            .store
            .database
            .claim_hooks(
                &self.of,
                i64::from(limit),
                lease_milliseconds(self.settings.lease),
                &token.to_be_bytes(),
            )
            .await?;
        let attempt = |row: &ClaimedHookRow| u32::try_from(row.attempts).unwrap_or(u32::MAX);
        let (over, rows): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| self.settings.retry.is_over(attempt(row)));
        if !over.is_empty() {
            self.give_up(&over, token).await?;
        }
        let mut read = Vec::with_capacity(rows.len());
        let mut ended = Vec::new();
        for row in rows {
            match open_record(&self.store.sealer, &row.key, &row.kind, &row.record) {
                Ok(opened) => read.push(Ok(ClaimedHook::new(attempt(&row), row, token, opened))),
                Err(problem) => {
                    let pause = self.settings.lease.min(LATER_BY);
                    ended.push(unreadable(&row, token, pause, &problem));
                    read.push(Err(problem));
                }
            }
        }
        if !ended.is_empty() {
            // What was read is handled whether this is written or not: then the leases end.
            let written = self.settle_rows(&ended).await;
            if let Err(problem) = written {
                tracing::warn!(%problem, hooks = ended.len(), "unreadable hooks stay leased");
            }
        }
        readable(read)
    }

    async fn give_up(&self, over: &[ClaimedHookRow], token: u128) -> Result<(), StoreFault> {
        let rows: Vec<_> = over.iter().map(|row| failed(row, token, NO_WORD)).collect();
        self.settle_rows(&rows).await.map(|_| ())
    }

    /// Lengthens the lease of a hook that is still being handled. `false`: another attempt has
    /// begun, or the hook is gone: stop.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn renew(&self, hook: &ClaimedHook) -> Result<bool, StoreFault> {
        let lease = lease_milliseconds(self.settings.lease);
        let attempts = i64::from(hook.attempt());
        let token = hook.lease().token.to_be_bytes();
        self.store
            .database
            .renew_hook(hook.id(), &token, attempts, lease)
            .await
    }

    /// Ends an attempt. `false`: another attempt has begun since, or the hook was erased; nothing
    /// is changed then.
    ///
    /// # Errors
    ///
    /// The database's. Without an answer it is not known whether the attempt ended: settling again
    /// does no harm.
    pub async fn settle(
        &self,
        hook: &ClaimedHook,
        outcome: HandlingOutcome,
    ) -> Result<bool, StoreFault> {
        let settled = self.settle_all(&[(hook, outcome)]).await?;
        Ok(settled.first().copied().unwrap_or(false))
    }

    /// The same for several, in one transaction. The answers are in the order of the hooks.
    ///
    /// # Errors
    ///
    /// As [`settle`](Self::settle): all ended, or none.
    pub async fn settle_all(
        &self,
        outcomes: &[(&ClaimedHook, HandlingOutcome)],
    ) -> Result<Vec<bool>, StoreFault> {
        let mut rows = Vec::with_capacity(outcomes.len());
        for (hook, outcome) in outcomes {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(|_| {
                StoreFault::misconfigured("operating system returned no random bytes")
            })?;
            let random = u64::from_be_bytes(random);
            let retry = &self.settings.retry;
            let settlement = retry.settle(outcome.clone(), hook.attempt(), hook.age(), random);
            let is_known = self.settings.unsigned_known_at_most > 0;
            rows.push(hook.settled(settlement, is_known));
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.settle_rows(&rows).await
    }

    async fn settle_rows(&self, rows: &[SettledHookRow]) -> Result<Vec<bool>, StoreFault> {
        let known = i64::from(self.settings.unsigned_known_at_most);
        let database = &self.store.database;
        database.settle_hooks(&self.of, rows, known).await
    }
}

/// Ends an attempt at a hook that fails for good.
fn failed(row: &ClaimedHookRow, token: u128, reason: impl Into<String>) -> SettledHookRow {
    SettledHookRow {
        id: row.id,
        conversation: row.conversation.clone(),
        token: token.to_be_bytes().to_vec(),
        attempts: row.attempts,
        is_removed: false,
        known_of: None,
        is_uncounted: false,
        state: HookState::Failed.name(),
        pause: None,
        reason: Some(reason.into()),
    }
}

/// Ends an attempt that came to nothing since the record was not opened. What is damaged stays so;
/// what is not, another worker may open.
fn unreadable(
    row: &ClaimedHookRow,
    token: u128,
    pause: Duration,
    problem: &StoreFault,
) -> SettledHookRow {
    let failed = failed(row, token, problem.to_string());
    match problem {
        StoreFault::Damaged { .. } => failed,
        _ => SettledHookRow {
            state: HookState::Waiting.name(),
            pause: Some(milliseconds(pause)),
            is_uncounted: true,
            ..failed
        },
    }
}

impl ClaimedHook {
    /// The row that ends the attempt. Whether an unsigned hook that is done stays known.
    fn settled(&self, settlement: Settlement, is_known: bool) -> SettledHookRow {
        let is_uncounted = matches!(settlement, Settlement::Away { .. });
        let (state, pause, reason) = match settlement {
            Settlement::Done => (HookState::Done, None, None),
            Settlement::Again { pause, reason } | Settlement::Away { pause, reason } => {
                let pause = lease_milliseconds(pause);
                (HookState::Waiting, Some(pause), Some(reason))
            }
            Settlement::Failed { reason } => (HookState::Failed, None, Some(reason)),
            // A settlement of a newer version: the lease ends by itself.
            _ => (HookState::Waiting, Some(0), None),
        };
        let is_done = state == HookState::Done && self.unsigned().is_some();
        let account = self.account().unwrap_or(NO_ACCOUNT);
        SettledHookRow {
            id: self.id(),
            conversation: self.conversation().map(str::to_owned),
            token: self.lease().token.to_be_bytes().to_vec(),
            attempts: i64::from(self.attempt()),
            is_removed: is_done && !is_known,
            known_of: (is_done && is_known).then(|| account.to_owned()),
            is_uncounted,
            state: state.name(),
            pause,
            reason,
        }
    }
}
