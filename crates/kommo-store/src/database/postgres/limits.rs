//! Time limits: a server that hangs is treated as unreachable, and no caller waits for ever.

use core::time::Duration;

use tokio::time::timeout;

use crate::error::{DatabaseFault, StoreFault};

/// One limit over one step.
pub(super) async fn within<T>(
    wait_at_most: Duration,
    doing: &'static str,
    work: impl Future<Output = sqlx::Result<T>> + Send,
) -> Result<T, StoreFault> {
    let judged = async {
        work.await.map_err(|error| StoreFault::Database {
            doing,
            source: DatabaseFault::from(error),
        })
    };
    all_within(wait_at_most, doing, judged).await
}

/// One limit over several steps.
pub(super) async fn all_within<T>(
    wait_at_most: Duration,
    doing: &'static str,
    work: impl Future<Output = Result<T, StoreFault>> + Send,
) -> Result<T, StoreFault> {
    timeout(wait_at_most, work).await.unwrap_or_else(|_| {
        Err(StoreFault::Database {
            doing,
            source: DatabaseFault::too_slow(),
        })
    })
}
