//! A store: grants, codes and what belongs to them, over one of the two databases. Here is
//! everything that both have in common; what lies sealed is sealed and opened here, so the
//! databases see no token.

mod accounts;
mod buckets;
mod codes;
mod due;
mod grants;
mod moving;
mod rotation;
mod secrets;

use core::fmt;
use core::time::Duration;

use crate::backend::Backend;
use crate::error::StoreFault;
use crate::sealed::Sealer;
use crate::settings::StoreSettings;

/// Grants in a database. [`SqliteStore`](crate::SqliteStore) and
/// [`PostgresStore`](crate::PostgresStore) are the two kinds.
///
/// It implements `GrantStore`, `DueGrants` and `PendingCodes` of `kommo-keeper`, and so does an
/// `Arc` of it: one store serves the keepers of several integrations, and whatever else of the
/// program asks it.
pub struct Store<B: Backend> {
    backend: B,
    sealer: Sealer,
    settings: StoreSettings,
}

impl<B: Backend> Store<B> {
    pub(crate) fn with_backend(backend: B, settings: StoreSettings) -> Self {
        Self {
            backend,
            sealer: Sealer::new(settings.encryption.clone()),
            settings,
        }
    }

    /// Whether records are encrypted.
    #[must_use]
    pub const fn encrypts(&self) -> bool {
        self.sealer.encrypts()
    }

    /// What is wrong with the store as it is: damaged pages (`SQLite`'s `quick_check`), a database
    /// that cannot be written to, lock files that cannot be opened. Changes nothing, also in a
    /// store that was opened [read-only](StoreSettings::read_only). Records are not opened: load
    /// the grants for that.
    ///
    /// # Errors
    ///
    /// What keeps this from being found out.
    pub async fn problems(&self) -> Result<Vec<StoreFault>, StoreFault> {
        self.backend.problems().await
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
        self.backend.close(limit).await
    }
}

impl<B: Backend> fmt::Debug for Store<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// One record that cannot be read does not keep the others from their worker: it stays leased,
/// comes again with the next lease, and is an error as soon as nothing else was claimed with it.
/// Until then the log names it.
fn readable<T>(claims: Vec<Result<T, StoreFault>>) -> Result<Vec<T>, StoreFault> {
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
        tracing::error!(%problem, "a claimed record was passed over");
    }
    returned.map_or(Ok(read), Err)
}

/// Sixteen bytes for a lease.
fn lease_token() -> Result<u128, StoreFault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| StoreFault::misconfigured("operating system gives no random bytes"))?;
    Ok(u128::from_be_bytes(bytes))
}

/// No lease and no pause is longer. One that ends later than twice this from now was written by a
/// clock far ahead, and does not count.
const LONGEST_LEASE: Duration = Duration::from_secs(24 * 60 * 60);

fn lease_milliseconds(lease: Duration) -> i64 {
    milliseconds(lease.min(LONGEST_LEASE))
}

/// A length of time as the databases count it. Sums of a few of these fit.
fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis())
        .unwrap_or(i64::MAX / 4)
        .min(i64::MAX / 4)
}
