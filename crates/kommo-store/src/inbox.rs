//! The inbox: hooks that are durable before they are answered, and are handed out in order.
//!
//! ```text
//!   put ──┐
//!   put ──┼─> one task ──> one transaction for all that wait ──> each learns what became of its own
//!   put ──┘
//!   claim ──> lease ──> a handler ──> settle: done, again after a pause, or failed for good
//! ```
//!
//! The rules are those of [`kommo_hooks::inbox`].

mod name;
mod settings;
mod claimed;
mod lists;
mod group_commit;

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::path::Path;

use kommo_account::Realm;
use kommo_hooks::inbox::{HandlingOutcome, HookAccount, NewHook, Put, Settlement};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::error::{DatabaseFault, StoreFault};
use crate::records::hook_record::{key_of, open_record, to_row};
use crate::records::rows::{
    ClaimedHookRow, EndedState, HookChoice, HookPage, OfInbox, SettledHookRow,
};
use crate::spool::{Spool, SpoolPlace};
use crate::store::{Store, lease_milliseconds, lease_token, milliseconds, readable};

use group_commit::GroupCommit;
use lists::to_line;
use name::to_inbox_line;

pub use claimed::ClaimedHook;
pub use lists::{HookFilter, HookLine, HookState, InboxDepth, StoredHook, Swept};
pub use name::{InboxLine, InboxName, InboxNameError};
pub use settings::InboxSettings;

/// How many rows a sweep takes in one transaction.
const AT_A_TIME: i64 = 1_000;

/// How many a replay takes: new hooks of their conversations wait until it ends.
const REPLAYED_AT_A_TIME: i64 = 100;

/// What is written of an entry whose workers all ended without a word.
const NO_WORD: &str = "every attempt ended without a result";

/// When a hook that this process cannot open is there again, for a worker that has the key; sooner
/// if leases are shorter.
const LATER_BY: Duration = Duration::from_secs(10);

/// The inbox of an integration, in a [`Store`]. Clones share it.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// # use kommo_account::Realm;
/// # use kommo_hooks::inbox::{HandlingOutcome, HookFacts, NewHook, Put};
/// # use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
/// # use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
/// # use kommo_store::{Inbox, InboxName, InboxSettings, Store, StoreSettings};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("store.db");
/// # let key = ChatHookKey::new(&ChannelSecret::new("channel-secret")?);
/// # let (body, now) = (br#"{"account_id":"x","time":1}"#, 1_796_000_000);
/// # let signature = key.sign(body);
/// # let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
/// # keys.insert(KeyId::parse("2026-11")?, key, None)?;
/// # let signature = ReceivedSignature::from_text(signature.as_str());
/// # let proven = ChatHookVerifier::new(keys).verify(body, signature, now)?;
/// let store = Arc::new(Store::open(path, StoreSettings::new()).await?);
/// let name = InboxName::parse("chats")?;
/// let inbox = Inbox::new(&store, Realm::Real, name, InboxSettings::new());
///
/// // Durable before the answer 200; a repeat is known.
/// let hook = NewHook::proven(&proven, HookFacts::new("message"));
/// assert_eq!(inbox.put(&hook).await?, Put::Stored);
/// assert_eq!(inbox.put(&hook).await?, Put::Duplicate);
///
/// // A worker.
/// for hook in inbox.claim(10).await? {
///     let proven = hook.proven().ok_or("not proven")?;
///     assert_eq!(proven.proof().key_id.as_str(), "2026-11");
///     assert!(inbox.settle(&hook, HandlingOutcome::Done).await?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Inbox {
    store: Arc<Store>,
    of: OfInbox,
    settings: InboxSettings,
    writing: GroupCommit,
}

impl Inbox {
    /// The inbox of this name. Begins the task that writes, which ends with the last clone; so it
    /// needs a tokio runtime.
    #[must_use]
    pub fn new(store: &Arc<Store>, realm: Realm, name: InboxName, settings: InboxSettings) -> Self {
        Self::start(store, OfInbox::new(realm, name), settings, None)
    }

    /// The same with a spool: a directory, best on another disk, for hooks that the database does
    /// not take. Makes it, with mode 0700, if it is not there. Several inboxes and several
    /// processes may share it.
    ///
    /// What is in the spool is merged as soon as the database takes it, in its order, and what
    /// comes until then goes there too.
    ///
    /// # Errors
    ///
    /// The directory cannot be made or read: [`StoreFault::File`].
    pub fn with_spool(
        store: &Arc<Store>,
        realm: Realm,
        name: InboxName,
        settings: InboxSettings,
        directory: &Path,
    ) -> Result<Self, StoreFault> {
        let of = OfInbox::new(realm, name);
        let place = SpoolPlace {
            directory: directory.to_owned(),
            of: of.clone(),
            bytes_at_most: settings.spool_bytes_at_most,
        };
        let spool = place.open()?;
        store.add_spool(&place);
        Ok(Self::start(store, of, settings, Some((place, spool))))
    }

    fn start(
        store: &Arc<Store>,
        of: OfInbox,
        settings: InboxSettings,
        spool: Option<(SpoolPlace, Spool)>,
    ) -> Self {
        let writing = GroupCommit::start(Arc::clone(store), of.clone(), &settings, spool);
        Self {
            store: Arc::clone(store),
            of,
            settings,
            writing,
        }
    }

    /// Wakes one worker of this process when hooks were stored.
    pub(crate) fn stored(&self) -> &Notify {
        self.writing.stored()
    }

    pub(crate) const fn lease(&self) -> Duration {
        self.settings.lease
    }

    /// Whether hooks go to the spool now, or an earlier one waits to be merged.
    #[must_use]
    pub fn is_spooling(&self) -> bool {
        self.writing.is_spooling()
    }

    /// How many files of the spool could not be read when it was merged last. Hooks of the
    /// conversations in them wait behind them, all others pass, and the log has their paths: worth
    /// an alarm.
    #[must_use]
    pub fn unreadable_spool_files(&self) -> usize {
        self.writing.unreadable()
    }

    /// Takes a hook. When this returns [`Put::Stored`], [`Put::Duplicate`] or [`Put::Spooled`], the
    /// hook is durable: answer 200 then, and not before. With an error, answer 503.
    ///
    /// Hooks that are put at the same time are written in one transaction. If this future is
    /// dropped, the hook may be stored all the same; its repeat is then a duplicate.
    ///
    /// # Errors
    ///
    /// The database's, and with a spool the spool's; trouble `Unavailable` also if neither was
    /// ready within four times [`put_within`](InboxSettings::put_within). The hook may have been
    /// stored nevertheless. Unsigned hooks are not spooled.
    pub async fn put(&self, hook: &NewHook<'_>) -> Result<Put, StoreFault> {
        let row = to_row(&self.store.sealer, &self.of, hook)?;
        let written = timeout(self.settings.put_within * 4, self.writing.write(row)).await;
        written.unwrap_or_else(|_| {
            Err(StoreFault::Database {
                doing: "keeping a hook",
                source: DatabaseFault::too_slow(),
            })
        })
    }

    /// The name of a hook in this inbox, which it has once it is stored: [`HookLine::key`],
    /// [`ClaimedHook::key`].
    #[must_use]
    pub fn key_of(&self, hook: &NewHook<'_>) -> String {
        key_of(&self.of, hook)
    }

    /// Begins attempts at the `limit` hooks that are due for the longest time, for
    /// [`lease`](InboxSettings::lease). Of a conversation at most one is being handled at a time,
    /// whoever claims.
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
            let written = self.store.database.settle_hooks(&ended).await;
            if let Err(problem) = written {
                tracing::warn!(%problem, hooks = ended.len(), "unreadable hooks stay leased");
            }
        }
        readable(read)
    }

    async fn give_up(&self, over: &[ClaimedHookRow], token: u128) -> Result<(), StoreFault> {
        let rows: Vec<_> = over.iter().map(|row| failed(row, token, NO_WORD)).collect();
        self.store.database.settle_hooks(&rows).await.map(|_| ())
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
            rows.push(hook.settled(settlement));
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.store.database.settle_hooks(&rows).await
    }

    /// Hooks that match a filter, the oldest first, after the one with the id `after`, at most
    /// `limit`. Opens no record.
    ///
    /// # Errors
    ///
    /// The database's; a column that cannot be read is [`StoreFault::Damaged`].
    pub async fn list(
        &self,
        filter: &HookFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<HookLine>, StoreFault> {
        self.page(filter, Some(after), None, false, limit).await
    }

    /// The same, the newest first, before the one with the id `before`.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub async fn list_newest(
        &self,
        filter: &HookFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<HookLine>, StoreFault> {
        self.page(filter, None, before, true, limit).await
    }

    async fn page(
        &self,
        filter: &HookFilter,
        after: Option<i64>,
        before: Option<i64>,
        newest_first: bool,
        limit: u32,
    ) -> Result<Vec<HookLine>, StoreFault> {
        let page = HookPage {
            after,
            before,
            newest_first,
            limit: i64::from(limit),
            with_records: false,
        };
        let database = &self.store.database;
        let chosen = filter.choice();
        let rows = database.list_hooks(&self.of, &chosen, &page).await?;
        rows.into_iter().map(to_line).collect()
    }

    /// The hook with this number, with its bytes unless it is done. `None`: it is not there.
    ///
    /// # Errors
    ///
    /// The database's, or that of a record that cannot be read.
    pub async fn hook(&self, id: i64) -> Result<Option<StoredHook>, StoreFault> {
        let mut filter = HookFilter::new();
        filter.id = Some(id);
        let page = HookPage {
            after: None,
            before: None,
            newest_first: false,
            limit: 1,
            with_records: true,
        };
        let database = &self.store.database;
        let chosen = filter.choice();
        let mut rows = database.list_hooks(&self.of, &chosen, &page).await?;
        let row = rows.pop();
        row.map(|row| StoredHook::open(&self.store.sealer, row))
            .transpose()
    }

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

    /// Forgets what ended long enough ago ([`keep_done`](InboxSettings::keep_done),
    /// [`keep_failed`](InboxSettings::keep_failed)), and mends instants that a clock which was far
    /// ahead left. An [`InboxWorker`](crate::InboxWorker) does so by itself.
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

    /// How many wait and have failed, and how long the oldest has waited. It counts the rows that
    /// wait, so ask once a minute and not once a hook.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn depth(&self) -> Result<InboxDepth, StoreFault> {
        let row = self.store.database.hook_depth(&self.of).await?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let age = row.oldest.map(|oldest| count(row.now - oldest));
        Ok(InboxDepth {
            waiting: count(row.waiting),
            failed: count(row.failed),
            oldest: age.map(Duration::from_millis),
        })
    }

    /// Erases all hooks of an account, in the spool and in the database. Returns their number; one
    /// that is in both counts twice. Attempts at them that are on their way end without an effect
    /// here. What was answered 200 before the call is handed over no more when this has returned.
    ///
    /// It reaches the spools of all inboxes with this name that were made with this value of
    /// [`Store`], whichever processes write to them. Spools that other machines have, it does not:
    /// call it there too.
    ///
    /// [`Store::erase_account`] erases those that name the account by its number in the CRM, in the
    /// inbox that has the integration's id as its name. Chat hooks name it by its id in the Chats
    /// API, which nothing in the store ties to the number: erase them by this.
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

impl Store {
    /// The inboxes that have taken a hook, of all realms.
    ///
    /// # Errors
    ///
    /// The database's; a column that cannot be read is [`StoreFault::Damaged`].
    pub async fn inboxes(&self) -> Result<Vec<InboxLine>, StoreFault> {
        let rows = self.database.list_inboxes().await?;
        rows.iter().map(to_inbox_line).collect()
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
    /// The row that ends the attempt.
    fn settled(&self, settlement: Settlement) -> SettledHookRow {
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
        SettledHookRow {
            id: self.id(),
            conversation: self.conversation().map(str::to_owned),
            token: self.lease().token.to_be_bytes().to_vec(),
            attempts: i64::from(self.attempt()),
            // Two equal unsigned hooks are two, so nothing is to be known again.
            is_removed: state == HookState::Done && self.unsigned().is_some(),
            is_uncounted,
            state: state.name(),
            pause,
            reason,
        }
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("of", &self.of)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
