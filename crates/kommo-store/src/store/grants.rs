//! The store as the keeper sees it: `GrantStore`.

use kommo_account::{AccountId, ClientId, Realm};
use kommo_keeper::{GrantStore, Written};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Generation, Grant, GrantEvent, GrantKey, Transition};

use crate::error::StoreFault;
use crate::records::grant_record::{from_columns, parse_key, to_columns, to_history_line, to_line};
use crate::records::rows::GrantRow;
use crate::records::summaries::{GrantSummary, HistoryLine};

use super::{Store, StoreLock};

const OTHER_LOCK: StoreFault = StoreFault::misconfigured("this is the lock of another grant");

impl Store {
    /// The lines of a grant's history, the newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// The database's; a line with a number below zero is [`StoreFault::Damaged`].
    pub async fn history(
        &self,
        key: &GrantKey,
        limit: u32,
    ) -> Result<Vec<HistoryLine>, StoreFault> {
        let lines = self
            .database
            .history(&key.to_string(), i64::from(limit))
            .await?;
        let lines = lines.into_iter();
        lines.map(|line| to_history_line(key, line)).collect()
    }

    /// Drops the lines of all histories that are older than this instant. Returns their number.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn forget_history(&self, before: UnixSeconds) -> Result<u64, StoreFault> {
        self.database
            .forget_history(crate::records::grant_record::number(before.get()))
            .await
    }

    /// The grants in the order of their keys, after `after`, at most `limit`. Opens no record, so
    /// it works without the encryption key.
    ///
    /// # Errors
    ///
    /// The database's; a column that cannot be read is [`StoreFault::Damaged`].
    pub async fn list(
        &self,
        after: Option<&GrantKey>,
        limit: u32,
    ) -> Result<Vec<GrantSummary>, StoreFault> {
        let after = after.map(ToString::to_string).unwrap_or_default();
        let rows = self.database.list(&after, i64::from(limit)).await?;
        rows.into_iter().map(to_line).collect()
    }

    /// Writes a grant in place of the revision that it names.
    pub(super) async fn put(
        &self,
        lock: Option<&mut StoreLock>,
        grant: &Grant,
        happened: GrantEvent,
        at: UnixSeconds,
    ) -> Result<Written, StoreFault> {
        self.put_imported(lock, grant, happened, at, None).await
    }

    /// The same, and notes the export that it came from.
    pub(super) async fn put_imported(
        &self,
        lock: Option<&mut StoreLock>,
        grant: &Grant,
        happened: GrantEvent,
        at: UnixSeconds,
        import_hash: Option<&str>,
    ) -> Result<Written, StoreFault> {
        let revision = grant.revision.next();
        let (mut columns, line) = to_columns(
            &self.sealer,
            grant,
            revision,
            happened,
            at,
            self.settings.refresh_before,
        )?;
        columns.history_lines = i64::from(self.settings.history_lines.max(1));
        columns.import_hash = import_hash.map(str::to_owned);
        if lock
            .as_ref()
            .is_some_and(|lock| lock.0.key() != columns.key)
        {
            return Err(OTHER_LOCK);
        }
        match self
            .database
            .write(lock.map(|lock| &mut lock.0), &columns, &line)
            .await?
        {
            true => Ok(Written::Confirmed(revision)),
            false if columns.revision == 1 => self.why_not_first(&columns).await,
            false => Ok(Written::Conflict),
        }
    }

    async fn why_not_first(&self, columns: &GrantRow) -> Result<Written, StoreFault> {
        let erased = self.database.erased_generation().await?;
        Ok(match u64::try_from(erased) {
            Ok(last) if columns.generation <= erased => Written::BeginAfter(Generation::new(last)),
            _ => Written::Conflict,
        })
    }

    pub(super) async fn lock(&self, key: &GrantKey) -> Result<Option<StoreLock>, StoreFault> {
        let locked = self.database.try_lock(&key.to_string()).await?;
        Ok(locked.map(StoreLock))
    }

    pub(super) async fn get(&self, key: &GrantKey) -> Result<Option<Grant>, StoreFault> {
        let columns = self.database.load(&key.to_string()).await?;
        columns
            .map(|columns| from_columns(&self.sealer, key, &columns))
            .transpose()
    }
}

impl GrantStore for Store {
    type Error = StoreFault;
    type Lock = StoreLock;

    async fn load(&self, key: &GrantKey) -> Result<Option<Grant>, StoreFault> {
        self.get(key).await
    }

    async fn load_locked(
        &self,
        lock: &mut StoreLock,
        key: &GrantKey,
    ) -> Result<Option<Grant>, StoreFault> {
        let name = key.to_string();
        if lock.0.key() != name {
            return Err(OTHER_LOCK);
        }
        let columns = self.database.load_locked(&mut lock.0, &name).await?;
        columns
            .map(|columns| from_columns(&self.sealer, key, &columns))
            .transpose()
    }

    async fn try_lock(&self, key: &GrantKey) -> Result<Option<StoreLock>, StoreFault> {
        self.lock(key).await
    }

    async fn still_held(&self, lock: &mut StoreLock) -> Result<bool, StoreFault> {
        self.database.still_held(&mut lock.0).await
    }

    async fn write(
        &self,
        lock: Option<&mut StoreLock>,
        moved: &Transition,
        at: UnixSeconds,
    ) -> Result<Written, StoreFault> {
        self.put(lock, &moved.grant, moved.event, at).await
    }

    async fn unlock(&self, lock: StoreLock) -> Result<(), StoreFault> {
        self.database.unlock(lock.0).await
    }

    async fn keys(
        &self,
        after: Option<&GrantKey>,
        limit: u32,
    ) -> Result<Vec<GrantKey>, StoreFault> {
        let after = after.map(ToString::to_string).unwrap_or_default();
        let keys = self.database.keys(&after, i64::from(limit)).await?;
        keys.iter().map(|key| parse_key(key)).collect()
    }

    async fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Result<Vec<GrantKey>, StoreFault> {
        let lines = self.list_account(realm, client_id, account_id).await?;
        Ok(lines.iter().map(|line| line.key).collect())
    }
}
