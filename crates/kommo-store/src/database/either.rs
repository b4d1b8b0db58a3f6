//! A database of either kind, and its locks. Only this file distinguishes the two.

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
use core::convert::Infallible;
use core::time::Duration;
#[cfg(feature = "sqlite")]
use std::path::Path;

use kommo_hooks::inbox::Put;
use kommo_keeper::CodePut;

use crate::database::statements::all_statements;
use crate::error::StoreFault;
use crate::records::rows::{
    AnswerKept, BucketRow, ClaimedHookRow, ClaimedRow, CodeClaim, CodeRoom, CodeRow, EndedState,
    Erased, GrantRow, HistoryRow, HookChoice, HookDepthRow, HookPage, HookRow, InboxRow, KeyUseRow,
    ListedHookRow, ListedRow, OfAccount, OfInbox, OfIntegration, SealedRow, SealedTable, SecretPut,
    SecretRoom, SecretRow, SettledHookRow, SettledRow, StoredRow, WaitingRow,
};
use crate::settings::StoreSettings;
use crate::spool::Seen;

#[cfg(feature = "postgres")]
use super::postgres::connections::Postgres;
#[cfg(feature = "postgres")]
use super::postgres::lock_sessions::PostgresLock;
#[cfg(feature = "sqlite")]
use super::sqlite::connections::Sqlite;
#[cfg(feature = "sqlite")]
use super::sqlite::lock_files::SqliteLock;
#[cfg(feature = "postgres")]
use super::url::DatabaseUrl;

/// How many hooks a step of an erasure reads.
const READ_AT_A_TIME: i64 = 2_000;

/// How many it erases: new hooks of their conversations wait until it ends.
const ERASED_AT_A_TIME: i64 = 100;

/// A database.
#[derive(Debug)]
pub(crate) enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
    /// No database is compiled in, so there is no value of this type.
    #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
    Absent(Infallible),
}

/// A grant's lock.
#[derive(Debug)]
pub(crate) enum DatabaseLock {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteLock),
    #[cfg(feature = "postgres")]
    Postgres(PostgresLock),
    /// No database is compiled in, so there is no value of this type.
    #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
    Absent(Infallible),
}

/// Makes the same call to either database.
macro_rules! on_either {
    ($database:expr, $one:ident => $call:expr) => {
        match $database {
            #[cfg(feature = "sqlite")]
            Self::Sqlite($one) => $call,
            #[cfg(feature = "postgres")]
            Self::Postgres($one) => $call,
            #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
            Self::Absent(never) => match *never {},
        }
    };
}

/// The methods that both have.
macro_rules! handed_on {
    ($($connection:ident $doing:literal
        fn $name:ident($($argument:ident: $of:ty),*) -> $output:ty;)*) => {
        $(
            pub(crate) async fn $name(
                &self,
                $($argument: $of),*
            ) -> Result<$output, StoreFault> {
                on_either!(self, one => one.$name($($argument),*).await)
            }
        )*
    };
}

const OTHER_LOCK: StoreFault = StoreFault::misconfigured("this is the lock of another store");

#[cfg_attr(
    not(all(feature = "sqlite", feature = "postgres")),
    allow(
        unreachable_patterns,
        reason = "with one database there is no lock of another"
    )
)]
impl Database {
    #[cfg(feature = "sqlite")]
    pub(crate) async fn sqlite(path: &Path, settings: &StoreSettings) -> Result<Self, StoreFault> {
        Sqlite::open(path, settings).await.map(Self::Sqlite)
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn postgres(
        url: &DatabaseUrl,
        settings: &StoreSettings,
    ) -> Result<Self, StoreFault> {
        Postgres::connect(url, settings).await.map(Self::Postgres)
    }

    all_statements!(handed_on);

    /// Erases the hooks of an account. In steps: each reads so many rows and locks no more than the
    /// conversations that it erases, so hooks keep coming, and no step comes near the limit of a
    /// statement. What came before the call is erased, also if its transaction is on its way; what
    /// comes during it may be.
    pub(crate) async fn erase_all_hooks(
        &self,
        of: &OfInbox,
        account: &str,
    ) -> Result<u64, StoreFault> {
        let ended: Result<_, StoreFault> = on_either!(self, one => one.hook_writers_end().await);
        ended?;
        let (mut after, mut all) = (0, 0);
        loop {
            let step = self.erase_hooks(of, account, after, READ_AT_A_TIME, ERASED_AT_A_TIME);
            let (last, erased) = step.await?;
            all += erased;
            match last {
                Some(last) => after = last,
                None => return Ok(all),
            }
        }
    }

    pub(crate) async fn try_lock(&self, key: &str) -> Result<Option<DatabaseLock>, StoreFault> {
        Ok(match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(one) => one.try_lock(key)?.map(DatabaseLock::Sqlite),
            #[cfg(feature = "postgres")]
            Self::Postgres(one) => one.try_lock(key).await?.map(DatabaseLock::Postgres),
            #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
            Self::Absent(never) => match *never {},
        })
    }

    pub(crate) async fn unlock(&self, lock: DatabaseLock) -> Result<(), StoreFault> {
        match (self, lock) {
            #[cfg(feature = "postgres")]
            (Self::Postgres(one), DatabaseLock::Postgres(lock)) => one.unlock(lock).await,
            // A file is closed with its lock.
            _ => Ok(()),
        }
    }

    /// `false`: the lock is lost.
    pub(crate) async fn still_held(&self, lock: &mut DatabaseLock) -> Result<bool, StoreFault> {
        match (self, lock) {
            #[cfg(feature = "sqlite")]
            (Self::Sqlite(_), DatabaseLock::Sqlite(lock)) => lock.is_held(),
            #[cfg(feature = "postgres")]
            (Self::Postgres(one), DatabaseLock::Postgres(lock)) => one.still_held(lock).await,
            _ => Err(OTHER_LOCK),
        }
    }

    /// Reads a grant over the lock's connection, if it has one.
    pub(crate) async fn load_locked(
        &self,
        lock: &mut DatabaseLock,
        key: &str,
    ) -> Result<Option<StoredRow>, StoreFault> {
        match (self, lock) {
            #[cfg(feature = "sqlite")]
            (Self::Sqlite(one), DatabaseLock::Sqlite(_)) => one.load(key).await,
            #[cfg(feature = "postgres")]
            (Self::Postgres(one), DatabaseLock::Postgres(lock)) => one.load_locked(lock, key).await,
            _ => Err(OTHER_LOCK),
        }
    }

    /// Writes the row in place of the revision before it, and the line. `false`: that revision is
    /// not there, or has a later generation; or this is the first one, and an erasure removed the
    /// code of its pair, or it begins too early.
    pub(crate) async fn write(
        &self,
        lock: Option<&mut DatabaseLock>,
        grant: &GrantRow,
        line: &HistoryRow,
    ) -> Result<bool, StoreFault> {
        match (self, lock) {
            #[cfg(feature = "sqlite")]
            (Self::Sqlite(one), None | Some(DatabaseLock::Sqlite(_))) => {
                one.write(grant, line).await
            }
            #[cfg(feature = "postgres")]
            (Self::Postgres(one), None) => one.write(None, grant, line).await,
            #[cfg(feature = "postgres")]
            (Self::Postgres(one), Some(DatabaseLock::Postgres(lock))) => {
                one.write(Some(lock), grant, line).await
            }
            _ => Err(OTHER_LOCK),
        }
    }

    pub(crate) async fn settle_due(&self, settled: &[SettledRow]) -> Result<(), StoreFault> {
        on_either!(self, one => one.settle_due(settled).await)
    }

    /// Takes hooks into an inbox, all of them or none, in their order; of unsigned ones of an
    /// account at most so many wait. Durable when this returns. `None`: what was seen of a spool is
    /// not so any more right before the commit, and nothing was put.
    pub(crate) async fn put_hooks(
        &self,
        of: &OfInbox,
        hooks: &[HookRow],
        most_unsigned: i64,
        seen: Option<&Seen>,
    ) -> Result<Option<Vec<Put>>, StoreFault> {
        on_either!(self, one => one.put_hooks(of, hooks, most_unsigned, seen).await)
    }

    /// Ends attempts, in their order; of unsigned hooks of an account that are done, so many stay
    /// known at most. `false`: not the lease of the last attempt.
    pub(crate) async fn settle_hooks(
        &self,
        of: &OfInbox,
        settled: &[SettledHookRow],
        known_at_most: i64,
    ) -> Result<Vec<bool>, StoreFault> {
        on_either!(self, one => one.settle_hooks(of, settled, known_at_most).await)
    }

    /// After an erasure: also removes what the database keeps beside the tables, as far as it can.
    /// `false`: not now.
    pub(crate) async fn scrub(&self) -> Result<bool, StoreFault> {
        on_either!(self, one => one.scrub().await)
    }

    /// Problems of the database as it is. Changes nothing.
    pub(crate) async fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        on_either!(self, one => one.problems().await)
    }

    /// `false`: not all connections were closed within the limit.
    pub(crate) async fn close(&self, limit: Duration) -> bool {
        on_either!(self, one => one.close(limit).await)
    }
}

impl DatabaseLock {
    pub(crate) fn key(&self) -> &str {
        on_either!(self, one => one.key())
    }
}
