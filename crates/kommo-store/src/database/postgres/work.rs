//! The operations of a store on the database. Every method is one transaction: if its future is
//! dropped, the transaction happened as a whole or not at all.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use kommo_hooks::inbox::Put;
use kommo_keeper::CodePut;
use sqlx::{Connection as _, query_as};
use tokio::time::{sleep, timeout};

use crate::database::statements::{all_statements, methods_by_statements};
use crate::error::{DatabaseFault, StoreFault};
use crate::records::rows::{
    AnswerKept, BucketRow, ClaimedHookRow, ClaimedRow, CodeClaim, CodeRoom, CodeRow, EndedState,
    Erased, GrantRow, HistoryRow, HookChoice, HookDepthRow, HookPage, HookRow, InboxRow, KeyUseRow,
    ListedHookRow, ListedRow, OfAccount, OfInbox, OfIntegration, SealedRow, SealedTable, SecretPut,
    SecretRoom, SecretRow, SettledHookRow, SettledRow, StoredRow, WaitingRow, accounts_done,
};
use crate::spool::Seen;

use super::connections::Postgres;
use super::lock_sessions::PostgresLock;
use super::statements;

/// Each statement sees what was committed before it, whatever the database's default is.
const READ_COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// The server ends a transaction of a store that stands still after the limit of the store. One
/// that works has as long for each statement.
const LOOKS_IN_A_LIMIT: u32 = 200;
const LOOKS_AT_WRITERS: u32 = 4 * LOOKS_IN_A_LIMIT;

impl Postgres {
    all_statements!(methods_by_statements);

    pub(in crate::database) async fn try_lock(
        &self,
        key: &str,
    ) -> Result<Option<PostgresLock>, StoreFault> {
        let Some(sessions) = &self.sessions else {
            return Err(StoreFault::looked_at_only());
        };
        sessions.try_lock(key).await
    }

    pub(in crate::database) async fn unlock(&self, lock: PostgresLock) -> Result<(), StoreFault> {
        lock.unlock(self.wait_at_most).await
    }

    pub(in crate::database) async fn still_held(
        &self,
        lock: &mut PostgresLock,
    ) -> Result<bool, StoreFault> {
        lock.is_held(self.wait_at_most).await
    }

    pub(in crate::database) async fn load_locked(
        &self,
        lock: &mut PostgresLock,
        key: &str,
    ) -> Result<Option<StoredRow>, StoreFault> {
        let work = statements::load(lock.connection(), key);
        let done = self.within("reading a grant under its lock", work).await;
        done.map_err(|error| lock.judge(error))
            .inspect(|_| lock.answered())
    }

    pub(in crate::database) async fn write(
        &self,
        lock: Option<&mut PostgresLock>,
        grant: &GrantRow,
        line: &HistoryRow,
    ) -> Result<bool, StoreFault> {
        let Some(lock) = lock else {
            return self
                .within("writing a grant", async {
                    let mut connection = self.writer().await?;
                    let is_written = statements::write_grant(&mut connection, grant, line).await?;
                    connection.sound();
                    Ok(is_written)
                })
                .await;
        };
        let connection = lock.connection();
        let work = statements::write_grant(connection, grant, line);
        let done = self.within("writing a grant under its lock", work).await;
        done.map_err(|error| lock.judge(error))
            .inspect(|_| lock.answered())
    }

    pub(in crate::database) async fn settle_due(
        &self,
        settled: &[SettledRow],
    ) -> Result<(), StoreFault> {
        self.within("settling due grants", async {
            let mut connection = self.writer().await?;
            statements::settle_all(&mut connection, settled).await?;
            connection.sound();
            Ok(())
        })
        .await
    }

    /// Group commit: one way there and back for all hooks, however many they are.
    pub(in crate::database) async fn put_hooks(
        &self,
        of: &OfInbox,
        hooks: &[HookRow],
        most_unsigned: i64,
        seen: Option<&Seen>,
    ) -> Result<Option<Vec<Put>>, StoreFault> {
        self.within("keeping hooks", async {
            let put = self.put_hooks_by(statements::PUT_HOOKS, of, hooks, most_unsigned, seen);
            match put.await {
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                    let statement = statements::PUT_CONTENDED_HOOKS;
                    self.put_hooks_by(statement, of, hooks, most_unsigned, seen)
                        .await
                }
                put => put,
            }
        })
        .await
    }

    async fn put_hooks_by(
        &self,
        statement: &'static str,
        of: &OfInbox,
        hooks: &[HookRow],
        most_unsigned: i64,
        seen: Option<&Seen>,
    ) -> sqlx::Result<Option<Vec<Put>>> {
        let mut connection = self.writer().await?;
        let mut all = connection.begin_with(READ_COMMITTED).await?;
        let conversations = hooks.iter().filter_map(|hook| hook.conversation.as_deref());
        statements::lock_conversations(&mut all, conversations).await?;
        let mut room = BTreeMap::new();
        let mut leading = BTreeSet::new();
        let mut known = BTreeSet::new();
        // A repeat takes no room.
        let unsigned: Vec<&str> = hooks
            .iter()
            .filter_map(|hook| hook.is_unsigned.then_some(&*hook.key))
            .collect();
        let stored = match unsigned.is_empty() {
            true => Vec::new(),
            false => statements::known_hooks(&mut all, unsigned).await?,
        };
        known.extend(stored.iter().map(String::as_str));
        let mut chosen = Vec::with_capacity(hooks.len());
        let mut done = Vec::with_capacity(hooks.len());
        for hook in hooks {
            if known.contains(&*hook.key) {
                done.push(Put::Duplicate);
                continue;
            }
            if hook.is_unsigned {
                let account = hook.account.as_deref();
                let room = match room.get_mut(&account) {
                    Some(room) => room,
                    None => {
                        let waiting =
                            statements::unsigned_waiting(&mut all, of, account, most_unsigned);
                        let left = most_unsigned - waiting.await?;
                        room.entry(account).or_insert(left)
                    }
                };
                if *room <= 0 {
                    done.push(Put::Full);
                    continue;
                }
                *room -= 1;
            }
            done.push(Put::Duplicate);
            known.insert(&*hook.key);
            let may_lead = hook
                .conversation
                .as_deref()
                .is_none_or(|conversation| leading.insert(conversation));
            chosen.push((hook, may_lead));
        }
        let new = statements::put_hooks(&mut all, of, &chosen, statement).await?;
        let mut new: BTreeSet<&str> = new.iter().map(String::as_str).collect();
        // The first of a conversation was known, so another may have to lead.
        for (hook, may_lead) in &chosen {
            if let (true, Some(conversation), false) =
                (may_lead, &hook.conversation, new.contains(&*hook.key))
            {
                statements::promote_hook(&mut all, conversation).await?;
            }
        }
        // After the insertion, which an erasure sees under its lock of the table.
        if let Some(seen) = seen
            && !seen.is_so_still().await
        {
            all.rollback().await?;
            connection.sound();
            return Ok(None);
        }
        all.commit().await?;
        connection.sound();
        for (put, hook) in done.iter_mut().zip(hooks) {
            if *put == Put::Duplicate && new.remove(&*hook.key) {
                *put = Put::Stored;
            }
        }
        Ok(Some(done))
    }

    /// Waits until the transactions that write hooks at this moment have ended, and for none that
    /// begins meanwhile. A commit whose answer was lost is among them.
    pub(in crate::database) async fn hook_writers_end(&self) -> Result<(), StoreFault> {
        let mut left: Option<BTreeSet<String>> = None;
        for _ in 0..LOOKS_AT_WRITERS {
            let looking = async {
                let mut connection = self.reader().await?;
                let writers = statements::hook_writers(&mut connection).await?;
                connection.sound();
                Ok(writers.into_iter().collect::<BTreeSet<String>>())
            };
            let now = self.within("waiting for writers of hooks", looking).await?;
            let still = match left {
                Some(left) => left.intersection(&now).cloned().collect(),
                None => now,
            };
            if still.is_empty() {
                return Ok(());
            }
            left = Some(still);
            sleep(self.wait_at_most / LOOKS_IN_A_LIMIT).await;
        }
        Err(StoreFault::Database {
            doing: "waiting for writers of hooks",
            source: DatabaseFault::too_slow(),
        })
    }

    pub(in crate::database) async fn settle_hooks(
        &self,
        of: &OfInbox,
        settled: &[SettledHookRow],
        known_at_most: i64,
    ) -> Result<Vec<bool>, StoreFault> {
        self.within("settling hooks", async {
            let mut connection = self.writer().await?;
            let mut all = connection.begin_with(READ_COMMITTED).await?;
            let conversations = settled
                .iter()
                .filter_map(|hook| hook.conversation.as_deref());
            statements::lock_conversations(&mut all, conversations).await?;
            let done = statements::settle_hooks(&mut all, settled).await?;
            for account in accounts_done(settled, &done) {
                statements::forget_known_hooks(&mut all, of, account, known_at_most).await?;
            }
            all.commit().await?;
            connection.sound();
            Ok(done)
        })
        .await
    }

    /// The rows are out of sight at once and leave the files with the next vacuum, which is left to
    /// the database: on a large table it takes longer than a caller would wait.
    pub(in crate::database) async fn scrub(&self) -> Result<bool, StoreFault> {
        Ok(false)
    }

    /// Whether this user can write, on a server that accepts writes. Damaged pages are left to the
    /// server.
    pub(in crate::database) async fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        let (standby, reads_only, forbidden): (bool, bool, i64) = self
            .within("checking the server", async {
                let mut connection = self.reader().await?;
                let row = query_as(
                    "SELECT pg_is_in_recovery(), \
                     (SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only'), \
                     (SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'kommo\\_%' AND relkind = 'r' \
                     AND pg_table_is_visible(oid) AND NOT (has_table_privilege(oid, 'SELECT') AND \
                     has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')))",
                )
                .fetch_one(&mut *connection)
                .await?;
                connection.sound();
                Ok(row)
            })
            .await?;
        let mut problems = Vec::new();
        for (is_bad, what) in [
            (standby, "the server is a stand-by, which accepts no writes"),
            (
                reads_only,
                "default_transaction_read_only is on: writes are refused",
            ),
            (
                forbidden > 0,
                "the user of the database may not write to all tables",
            ),
        ] {
            if is_bad {
                problems.push(StoreFault::misconfigured(what));
            }
        }
        Ok(problems)
    }

    pub(in crate::database) async fn close(&self, limit: Duration) -> bool {
        if let Some(sessions) = &self.sessions {
            sessions.close();
        }
        timeout(limit, self.pool.close()).await.is_ok()
    }
}
