//! What is old is forgotten while hooks are handled.

use core::time::Duration;

use tokio::time::sleep;

use crate::inbox::{Inbox, Swept};
use crate::store::lease_token;

/// The shortest pause.
const SHORTEST: Duration = Duration::from_millis(1);

/// Sweeps again and again; ends when it is dropped. Several workers of an inbox do so, each at
/// another time: a sweep that finds nothing looks into three indexes.
pub(super) async fn sweep_now_and_then(inbox: Inbox, every: Duration) {
    loop {
        sleep(pause(every)).await;
        match inbox.sweep().await {
            Ok(swept) if swept == Swept::default() => {}
            Ok(swept) => tracing::debug!(?swept, "an inbox was swept"),
            Err(problem) => tracing::warn!(%problem, "an inbox was not swept"),
        }
    }
}

/// Between a half and the whole, so that workers which began together do not sweep together.
fn pause(every: Duration) -> Duration {
    let half = every / 2;
    let span = half.as_millis().max(1);
    let extra = lease_token().unwrap_or_default() % span;
    (half + Duration::from_millis(u64::try_from(extra).unwrap_or_default())).max(SHORTEST)
}
