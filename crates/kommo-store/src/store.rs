//! A store: grants, codes and what belongs to them, over one of the two databases. Here is everything that both have in
//! common; what lies sealed is sealed and opened here, so the databases see no token.

mod accounts;
mod buckets;
mod codes;
mod due;
mod grants;
mod moving;
pub(crate) mod rotation;
mod secrets;

use core::fmt;

use crate::backend::Backend;
use crate::error::StoreFault;
use crate::sealed::Sealer;
use crate::settings::StoreSettings;

/// Grants in a database. [`SqliteStore`](crate::SqliteStore) and [`PostgresStore`](crate::PostgresStore) are the two kinds.
///
/// It implements `GrantStore`, `DueGrants` and `PendingCodes` of `kommo-keeper`, and so does an `Arc` of it: one store serves the keepers
/// of several integrations, and whatever else of the program asks it.
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

    /// Waits for what is being written and closes the connections. Later calls fail.
    pub async fn close(&self) {
        self.backend.close().await;
    }
}

impl<B: Backend> fmt::Debug for Store<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// One record that cannot be read does not keep the others from their worker: it stays leased, comes again with the next lease, and
/// is an error as soon as nothing else was claimed with it. Until then the log names it.
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

/// A lease in milliseconds, for the database's clock.
fn lease_milliseconds(lease: core::time::Duration) -> i64 {
    i64::try_from(lease.as_millis())
        .unwrap_or(i64::MAX / 4)
        .min(i64::MAX / 4)
}
