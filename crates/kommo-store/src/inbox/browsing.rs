//! What is in an inbox, for a person to see.

use core::time::Duration;

use crate::error::StoreFault;
use crate::records::rows::HookPage;
use crate::store::Store;

use super::Inbox;
use super::lists::{HookFilter, HookLine, InboxDepth, StoredHook, to_line};
use super::name::{InboxLine, to_inbox_line};

impl Inbox {
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
