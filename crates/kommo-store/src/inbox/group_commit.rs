//! Group commit: while one transaction is written, the hooks that come wait for the next one, which
//! takes them all. So the disk is waited for once for many.
//!
//! If the database does not confirm a group, the group goes to the spool, and so does what comes
//! until the spool is merged: else a later hook would overtake an earlier one. One task does all of
//! it, so the order in which hooks came is the order in which they are stored.

use alloc::sync::Arc;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use kommo_hooks::inbox::Put;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::error::{DatabaseFault, StoreFault};
use crate::records::rows::{HookRow, OfInbox};
use crate::store::Store;

use super::settings::InboxSettings;
use super::spool::Spool;

/// How many hooks of the spool are merged in one transaction, or a group more. It is more than come
/// meanwhile, so the spool becomes empty while hooks keep coming; and few enough that a small
/// PostgreSQL has room for a lock of each conversation.
const MERGED_AT_A_TIME: usize = 256;

/// The longest pause between two attempts to merge.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A hook that waits for its transaction, and whoever waits for its end.
struct Waiting {
    row: HookRow,
    answer: oneshot::Sender<Result<Put, StoreFault>>,
}

/// The way to the task that writes. It ends with the last clone.
#[derive(Clone)]
pub(super) struct GroupCommit {
    waiting: mpsc::Sender<Waiting>,
    is_spooling: Arc<AtomicBool>,
    stored: Arc<Notify>,
}

impl GroupCommit {
    pub(super) fn start(
        store: Arc<Store>,
        of: OfInbox,
        settings: &InboxSettings,
        spool: Option<Spool>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(settings.waiting_at_most.max(1));
        // What an earlier process left is merged before anything else.
        let is_spooling = Arc::new(AtomicBool::new(spool.is_some()));
        let stored = Arc::new(Notify::new());
        let writer = Writer {
            store,
            of,
            settings: settings.clone(),
            spool,
            is_spooling: Arc::clone(&is_spooling),
            stored: Arc::clone(&stored),
            is_named: false,
        };
        tokio::spawn(writer.run(receiver));
        Self {
            waiting: sender,
            is_spooling,
            stored,
        }
    }

    /// Durable when this returns without an error.
    pub(super) async fn write(&self, row: HookRow) -> Result<Put, StoreFault> {
        let (answer, written) = oneshot::channel();
        let sent = self.waiting.send(Waiting { row, answer }).await;
        // The task ends only with its runtime.
        sent.map_err(|_| gone())?;
        written.await.unwrap_or_else(|_| Err(gone()))
    }

    pub(super) fn stored(&self) -> &Notify {
        &self.stored
    }

    pub(super) fn is_spooling(&self) -> bool {
        self.is_spooling.load(Ordering::Relaxed)
    }
}

fn gone() -> StoreFault {
    StoreFault::Database {
        doing: "keeping a hook",
        source: DatabaseFault::closed(),
    }
}

fn too_slow() -> StoreFault {
    StoreFault::Database {
        doing: "keeping hooks",
        source: DatabaseFault::too_slow(),
    }
}

/// How far a merge came.
enum Merged {
    /// Nothing is in the spool any more.
    All,
    /// More is there.
    Some,
    /// The database or the spool failed.
    Failed,
}

/// The task that writes.
struct Writer {
    store: Arc<Store>,
    of: OfInbox,
    settings: InboxSettings,
    spool: Option<Spool>,
    is_spooling: Arc<AtomicBool>,
    /// Wakes a worker.
    stored: Arc<Notify>,
    /// Whether the store lists the inbox.
    is_named: bool,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let most = self.settings.group_at_most.max(1);
        let mut group = Vec::with_capacity(most);
        let mut pause = self.settings.spool_retry;
        let mut timer = pin!(sleep(pause));
        let mut is_due = true;
        loop {
            if !self.is_spooling.load(Ordering::Relaxed) {
                if waiting.recv_many(&mut group, most).await == 0 {
                    return;
                }
                if !self.put_group(&mut group).await {
                    self.is_spooling.store(true, Ordering::Relaxed);
                    pause = self.settings.spool_retry;
                    timer.set(sleep(pause));
                    is_due = false;
                }
            } else if is_due {
                match self.merge().await {
                    Merged::All => self.is_spooling.store(false, Ordering::Relaxed),
                    Merged::Some => {
                        // Those that wait for this do not wait for the whole spool.
                        while group.len() < most
                            && let Ok(one) = waiting.try_recv()
                        {
                            group.push(one);
                        }
                        self.spool_group(&mut group).await;
                    }
                    Merged::Failed => {
                        timer.set(sleep(pause));
                        pause = (pause * 2).min(LONGEST_PAUSE);
                        is_due = false;
                    }
                }
            } else {
                tokio::select! {
                    () = &mut timer => is_due = true,
                    count = waiting.recv_many(&mut group, most) => {
                        if count == 0 {
                            return;
                        }
                        self.spool_group(&mut group).await;
                    }
                }
            }
        }
    }

    /// `false`: some of it went to the spool.
    async fn put_group(&mut self, group: &mut Vec<Waiting>) -> bool {
        // Whoever gave up meanwhile has answered otherwise, or will be asked again.
        group.retain(|one| !one.answer.is_closed());
        if group.is_empty() {
            return true;
        }
        let rows: Vec<HookRow> = group.iter().map(|one| one.row.clone()).collect();
        match self.put_rows(&rows).await {
            Ok(puts) => {
                let mut puts = puts.into_iter();
                for one in group.drain(..) {
                    let _ = one.answer.send(puts.next().ok_or_else(gone));
                }
                true
            }
            Err(problem) if self.spool.is_some() => {
                tracing::warn!(%problem, hooks = rows.len(), "hooks go to the spool");
                self.spool_group(group).await;
                false
            }
            Err(problem) => {
                tracing::warn!(%problem, hooks = rows.len(), "hooks were not kept");
                refuse(group.drain(..), &problem);
                true
            }
        }
    }

    async fn put_rows(&mut self, rows: &[HookRow]) -> Result<Vec<Put>, StoreFault> {
        let most = i64::from(self.settings.unsigned_at_most);
        let database = &self.store.database;
        let putting = async {
            if !self.is_named {
                database.name_inbox(&self.of).await?;
            }
            database.put_hooks(&self.of, rows, most).await
        };
        let put = timeout(self.settings.put_within, putting).await;
        let put = put.unwrap_or_else(|_| Err(too_slow()))?;
        self.is_named = true;
        self.stored.notify_one();
        Ok(put)
    }

    /// Proven hooks only: of the others a stranger may send as many as he likes, and the platform
    /// repeats them.
    async fn spool_group(&mut self, group: &mut Vec<Waiting>) {
        group.retain(|one| !one.answer.is_closed());
        let unsigned = group.extract_if(.., |one| one.row.is_unsigned);
        refuse(unsigned, &too_slow());
        if group.is_empty() {
            return;
        }
        let rows: Vec<HookRow> = group.iter().map(|one| one.row.clone()).collect();
        let written = self.on_disk(move |spool| spool.write(&rows)).await;
        match written {
            Ok(()) => {
                for one in group.drain(..) {
                    let _ = one.answer.send(Ok(Put::Spooled));
                }
            }
            Err(problem) => {
                tracing::error!(%problem, hooks = group.len(), "hooks were neither stored nor spooled");
                refuse(group.drain(..), &problem);
            }
        }
    }

    /// The oldest groups first, in one transaction, so that none overtakes another.
    async fn merge(&mut self) -> Merged {
        match self.merge_some().await {
            Ok(true) => Merged::All,
            Ok(false) => Merged::Some,
            Err(problem) => {
                tracing::warn!(%problem, "the spool waits to be merged");
                Merged::Failed
            }
        }
    }

    /// `true`: that was all there was.
    async fn merge_some(&mut self) -> Result<bool, StoreFault> {
        let (hooks, groups, is_all) = self
            .on_disk(|spool| {
                let waiting = spool.waiting()?;
                let (mut hooks, mut groups) = (Vec::new(), Vec::new());
                for path in &waiting {
                    if hooks.len() >= MERGED_AT_A_TIME {
                        break;
                    }
                    hooks.extend(spool.read(path)?);
                    groups.push(path.clone());
                }
                let is_all = groups.len() == waiting.len();
                Ok((hooks, groups, is_all))
            })
            .await?;
        if !hooks.is_empty() {
            self.put_rows(&hooks).await?;
        }
        self.on_disk(move |spool| groups.iter().try_for_each(|path| spool.forget(path)))
            .await?;
        Ok(is_all)
    }

    /// Files are written and read where nobody waits for them.
    async fn on_disk<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Spool) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let Some(mut spool) = self.spool.take() else {
            return Err(gone());
        };
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut spool);
            (spool, done)
        });
        let (spool, done) = done.await.map_err(|_| gone())?;
        self.spool = Some(spool);
        done
    }
}

fn refuse(group: impl IntoIterator<Item = Waiting>, problem: &StoreFault) {
    for one in group {
        let _ = one.answer.send(Err(problem.repeated()));
    }
}
