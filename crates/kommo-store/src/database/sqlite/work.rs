//! The operations of a store on the file. Every method is one transaction: if its future is
//! dropped, the transaction happened as a whole or not at all.

use alloc::collections::BTreeMap;
use core::time::Duration;

use kommo_hooks::inbox::Put;
use kommo_keeper::CodePut;
use sqlx::{Connection as _, query_as};
use tokio::time::timeout;

use crate::database::statements::{all_statements, methods_by_statements};
use crate::error::StoreFault;
use crate::records::rows::{
    AnswerKept, BucketRow, ClaimedHookRow, ClaimedRow, CodeClaim, CodeRoom, CodeRow, EndedState,
    Erased, GrantRow, HistoryRow, HookChoice, HookDepthRow, HookPage, HookRow, InboxRow, KeyUseRow,
    ListedHookRow, ListedRow, OfAccount, OfInbox, OfIntegration, SealedRow, SealedTable, SecretPut,
    SecretRoom, SecretRow, SettledHookRow, SettledRow, StoredRow, WaitingRow, accounts_done,
};
use crate::spool::Seen;

use super::connections::Sqlite;
use super::lock_files::SqliteLock;
use super::statements;

impl Sqlite {
    all_statements!(methods_by_statements);

    pub(in crate::database) fn try_lock(
        &self,
        key: &str,
    ) -> Result<Option<SqliteLock>, StoreFault> {
        if self.is_read_only {
            return Err(StoreFault::looked_at_only());
        }
        self.lock_files.try_lock(key)
    }

    pub(in crate::database) async fn write(
        &self,
        grant: &GrantRow,
        line: &HistoryRow,
    ) -> Result<bool, StoreFault> {
        self.within("writing a grant", async {
            let mut writer = self.writer().await?;
            let mut all = self.begin(&mut writer).await?;
            let is_written = statements::write_grant(&mut all, grant, line).await?;
            if is_written {
                statements::write_line(&mut all, grant, line).await?;
                all.commit().await?;
            } else {
                all.rollback().await?;
            }
            writer.sound();
            Ok(is_written)
        })
        .await
    }

    pub(in crate::database) async fn settle_due(
        &self,
        settled: &[SettledRow],
    ) -> Result<(), StoreFault> {
        self.within("settling due grants", async {
            let mut writer = self.writer().await?;
            let mut all = self.begin(&mut writer).await?;
            for claim in settled {
                statements::settle_one(&mut all, claim).await?;
            }
            all.commit().await?;
            writer.sound();
            Ok(())
        })
        .await
    }

    pub(in crate::database) async fn put_hooks(
        &self,
        of: &OfInbox,
        hooks: &[HookRow],
        most_unsigned: i64,
        seen: Option<&Seen>,
    ) -> Result<Option<Vec<Put>>, StoreFault> {
        self.within("keeping hooks", async {
            let mut writer = self.writer().await?;
            let mut all = self.begin(&mut writer).await?;
            let mut done = Vec::with_capacity(hooks.len());
            // Of each account once: a flood is many in one group.
            let mut room = BTreeMap::new();
            for hook in hooks {
                let account = hook.account.as_deref();
                if hook.is_unsigned && !room.contains_key(&account) {
                    let waiting =
                        statements::unsigned_waiting(&mut all, of, account, most_unsigned).await?;
                    room.insert(account, most_unsigned - waiting);
                }
                let left = room.get_mut(&account).filter(|_| hook.is_unsigned);
                if left.as_ref().is_some_and(|left| **left <= 0) {
                    done.push(match statements::is_known(&mut all, &hook.key).await? {
                        true => Put::Duplicate,
                        false => Put::Full,
                    });
                    continue;
                }
                let is_new = statements::put_hook(&mut all, of, hook).await?;
                if let Some(left) = left {
                    *left -= i64::from(is_new);
                }
                done.push(match is_new {
                    true => Put::Stored,
                    false => Put::Duplicate,
                });
            }
            if let Some(seen) = seen
                && !seen.is_so_still().await
            {
                all.rollback().await?;
                writer.sound();
                return Ok(None);
            }
            all.commit().await?;
            writer.sound();
            Ok(Some(done))
        })
        .await
    }

    /// The transactions that put hooks at this moment have ended: there is one writer at a time.
    pub(in crate::database) async fn hook_writers_end(&self) -> Result<(), StoreFault> {
        Ok(())
    }

    pub(in crate::database) async fn settle_hooks(
        &self,
        of: &OfInbox,
        settled: &[SettledHookRow],
        known_at_most: i64,
    ) -> Result<Vec<bool>, StoreFault> {
        self.within("settling hooks", async {
            let mut writer = self.writer().await?;
            let mut all = self.begin(&mut writer).await?;
            let mut done = Vec::with_capacity(settled.len());
            for hook in settled {
                let is_settled = statements::settle_hook(&mut all, hook).await?;
                if let (true, Some(conversation)) = (is_settled, &hook.conversation) {
                    statements::promote_hook(&mut all, conversation).await?;
                }
                done.push(is_settled);
            }
            for account in accounts_done(settled, &done) {
                statements::forget_known_hooks(&mut all, of, account, known_at_most).await?;
            }
            all.commit().await?;
            writer.sound();
            Ok(done)
        })
        .await
    }

    /// Deleted rows are overwritten (`secure_delete`); the log still has them until it is emptied.
    /// `SQLite` waits for readers as long as for a writer, then reports that it was busy, which is
    /// not an error. `false`: not now.
    pub(in crate::database) async fn scrub(&self) -> Result<bool, StoreFault> {
        self.within("emptying the log", async {
            let mut writer = self.writer().await?;
            let (is_busy, _, _): (bool, i64, i64) = query_as("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(&mut *writer)
                .await?;
            writer.sound();
            Ok(!is_busy)
        })
        .await
    }

    /// `false`: not all connections were closed within the limit.
    pub(in crate::database) async fn close(&self, limit: Duration) -> bool {
        let closing = async {
            self.readers.close().await;
            let writer = self.writer.lock().await.take();
            if let Some(writer) = writer {
                // What was confirmed is on the disk; closing only tidies up.
                let _ = writer.close().await;
            }
        };
        timeout(limit, closing).await.is_ok()
    }
}
