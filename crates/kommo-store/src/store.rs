//! A store: grants, codes and what belongs to them, over one of the two databases. Records are
//! sealed and opened here, so the databases see no token.

mod spools;
mod accounts;
mod buckets;
mod codes;
mod due;
mod grants;
mod secrets;
mod rotation;
mod transfer;

use core::fmt;
use core::time::Duration;

use crate::database::either::{Database, DatabaseLock};
use crate::error::StoreFault;
use crate::location::StoreLocation;
use crate::sealing::sealer::Sealer;
use crate::settings::StoreSettings;

use spools::Spools;

/// Grants in a database: the one that its [`StoreLocation`] names.
///
/// It implements `GrantStore`, `DueGrants` and `PendingCodes` of `kommo-keeper`, and so does an
/// `Arc` of it: one store serves the keepers of several integrations and the rest of the program.
pub struct Store {
    pub(crate) database: Database,
    pub(crate) sealer: Sealer,
    settings: StoreSettings,
    /// Where inboxes of this value have spools.
    spools: Spools,
}

/// The lock of one grant in a [`Store`]. It dies with this value, with its process, and with its
/// connection to a server.
#[derive(Debug)]
pub struct StoreLock(DatabaseLock);

impl Store {
    /// Opens a store, and creates its tables if they do not exist: `"sqlite:grants.db"`,
    /// `"postgres://…"`, a path or a [`DatabaseUrl`](crate::DatabaseUrl).
    ///
    /// The file of `SQLite`, its two companions and the lock files get modes 0600 and 0700. A
    /// server is checked first. With [`is_read_only`](StoreSettings::is_read_only) none of this is
    /// done: the tables must exist, and stay as they are.
    ///
    /// # Errors
    ///
    /// - [`StoreFault::Misconfigured`]: a text that is not a location; a world-writable directory;
    ///   a server that could lose a commit (`fsync`, `full_page_writes` or `synchronous_commit`
    ///   off), that is older than 14, or that is behind a pooler which gives each transaction
    ///   another connection, so that a lock would have no effect;
    /// - a file that is not a database: [`StoreFault::Database`], of the kind `Damaged`;
    /// - a server that cannot be reached, does not answer within
    ///   [`wait_at_most`](StoreSettings::wait_at_most), or accepts no writes (a stand-by,
    ///   `default_transaction_read_only`): [`StoreFault::Database`], of the kind `Unavailable`;
    /// - a store of a newer program that excludes this one: [`StoreFault::NewerSchema`];
    /// - a read-only store without the tables: [`StoreFault::OlderSchema`].
    pub async fn open<L>(location: L, settings: StoreSettings) -> Result<Self, StoreFault>
    where
        L: TryInto<StoreLocation>,
        StoreFault: From<L::Error>,
    {
        let database = match location.try_into()? {
            #[cfg(feature = "sqlite")]
            StoreLocation::Sqlite(path) => Database::sqlite(&path, &settings).await?,
            #[cfg(feature = "postgres")]
            StoreLocation::Postgres(url) => Database::postgres(&url, &settings).await?,
        };
        Ok(Self {
            database,
            sealer: Sealer::new(settings.encryption.clone()),
            settings,
            spools: Spools::default(),
        })
    }

    /// Whether records are encrypted.
    #[must_use]
    pub const fn encrypts(&self) -> bool {
        self.sealer.encrypts()
    }

    /// The problems of the store as it is: damaged pages (`SQLite`'s `quick_check`), a database
    /// that cannot be written to, lock files that cannot be opened. Changes nothing, also in a
    /// store that was opened [read-only](StoreSettings::read_only). Records are not opened: load
    /// the grants for that.
    ///
    /// # Errors
    ///
    /// The check itself failed.
    pub async fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        self.database.problems().await
    }

    /// Waits for what is being written and closes the connections, for
    /// [`wait_at_most`](StoreSettings::wait_at_most) at the longest. Later calls fail. What was
    /// confirmed is durable already, so show results before this.
    pub async fn close(&self) {
        self.close_within(self.settings.wait_at_most).await;
    }

    /// The same with a limit of its own. `false`: a connection did not close in time; it ends with
    /// the process.
    pub async fn close_within(&self, limit: Duration) -> bool {
        self.database.close(limit).await
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// One record that cannot be read does not block the others: it stays leased, comes again with the
/// next lease, and is an error as soon as it is the only one claimed. Until then it is logged.
pub(crate) fn readable<T>(claims: Vec<Result<T, StoreFault>>) -> Result<Vec<T>, StoreFault> {
    let mut problems = Vec::new();
    let mut read = Vec::with_capacity(claims.len());
    for claim in claims {
        match claim {
            Ok(claim) => read.push(claim),
            Err(problem) => problems.push(problem),
        }
    }
    let returned = if read.is_empty() {
        problems.pop()
    } else {
        None
    };
    for problem in &problems {
        tracing::error!(%problem, "a claimed record was skipped");
    }
    returned.map_or(Ok(read), Err)
}

/// Sixteen bytes for a lease.
pub(crate) fn lease_token() -> Result<u128, StoreFault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| StoreFault::misconfigured("operating system returned no random bytes"))?;
    Ok(u128::from_be_bytes(bytes))
}

/// No lease and no pause is longer. One that ends later than twice this from now was written by a
/// clock far ahead, and does not count.
const LONGEST_LEASE: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn lease_milliseconds(lease: Duration) -> i64 {
    milliseconds(lease.min(LONGEST_LEASE))
}

/// A length of time as the databases count it. Sums of a few of these fit.
pub(crate) fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis())
        .unwrap_or(i64::MAX / 4)
        .min(i64::MAX / 4)
}
