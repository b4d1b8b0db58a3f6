//! Time limits: a server that hangs is treated as unreachable, and no caller waits for ever.
//!
//! No `async fn`: each would hold the work twice, as its argument and as what it waits for, and a
//! statement's future is some thousands of bytes that are moved each time.

use core::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::timeout;

use crate::error::{DatabaseFault, StoreFault};

/// One limit over one step.
pub(super) fn within<T>(
    wait_at_most: Duration,
    doing: &'static str,
    work: impl Future<Output = sqlx::Result<T>> + Send,
) -> impl Future<Output = Result<T, StoreFault>> + Send {
    timeout(wait_at_most, work).map(move |done| {
        let source = match done {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => DatabaseFault::from(error),
            Err(_) => DatabaseFault::too_slow(),
        };
        Err(StoreFault::Database { doing, source })
    })
}

/// One limit over several steps.
pub(super) fn all_within<T>(
    wait_at_most: Duration,
    doing: &'static str,
    work: impl Future<Output = Result<T, StoreFault>> + Send,
) -> impl Future<Output = Result<T, StoreFault>> + Send {
    timeout(wait_at_most, work).map(move |done| {
        done.unwrap_or_else(|_| {
            Err(StoreFault::Database {
                doing,
                source: DatabaseFault::too_slow(),
            })
        })
    })
}
