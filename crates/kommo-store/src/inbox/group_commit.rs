//! Group commit: while one transaction is written, the hooks that come wait for the next one, which
//! takes them all. So the disk is waited for once for many.

use alloc::sync::Arc;

use kommo_hooks::inbox::Put;
use tokio::sync::{mpsc, oneshot};

use crate::error::{DatabaseFault, StoreFault};
use crate::records::rows::{HookRow, OfInbox};
use crate::store::Store;

use super::settings::InboxSettings;

/// A hook that waits for its transaction, and whoever waits for its end.
struct Waiting {
    row: HookRow,
    answer: oneshot::Sender<Result<Put, StoreFault>>,
}

/// The way to the task that writes. It ends with the last clone.
#[derive(Clone)]
pub(super) struct GroupCommit(mpsc::Sender<Waiting>);

impl GroupCommit {
    pub(super) fn start(store: Arc<Store>, of: OfInbox, settings: &InboxSettings) -> Self {
        let (sender, receiver) = mpsc::channel(settings.waiting_at_most.max(1));
        let most = settings.group_at_most.max(1);
        let most_unsigned = i64::from(settings.unsigned_at_most);
        tokio::spawn(write_groups(store, of, most, most_unsigned, receiver));
        Self(sender)
    }

    /// Durable when this returns without an error.
    pub(super) async fn write(&self, row: HookRow) -> Result<Put, StoreFault> {
        let (answer, written) = oneshot::channel();
        let sent = self.0.send(Waiting { row, answer }).await;
        // The task ends only with its runtime.
        sent.map_err(|_| gone())?;
        written.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> StoreFault {
    StoreFault::Database {
        doing: "keeping a hook",
        source: DatabaseFault::closed(),
    }
}

async fn write_groups(
    store: Arc<Store>,
    of: OfInbox,
    most: usize,
    most_unsigned: i64,
    mut waiting: mpsc::Receiver<Waiting>,
) {
    let mut group = Vec::with_capacity(most);
    while waiting.recv_many(&mut group, most).await > 0 {
        // Whoever gave up meanwhile has answered otherwise, or will be asked again.
        group.retain(|one| !one.answer.is_closed());
        if group.is_empty() {
            continue;
        }
        let (rows, answers): (Vec<_>, Vec<_>) =
            group.drain(..).map(|one| (one.row, one.answer)).unzip();
        let mut puts = match store.database.put_hooks(&of, &rows, most_unsigned).await {
            Ok(puts) => puts.into_iter(),
            Err(fault) => {
                tracing::warn!(problem = %fault, hooks = rows.len(), "hooks were not kept");
                for answer in answers {
                    let _ = answer.send(Err(fault.repeated()));
                }
                continue;
            }
        };
        for answer in answers {
            let _ = answer.send(puts.next().ok_or_else(gone));
        }
    }
}
